"""The links of a group: names and the addresses of what they name."""

from __future__ import annotations

from ..errors import UnsafeFileError
from .headers import LINK, LINK_INFO, SYMBOL_TABLE, Message
from .heap import heap_objects
from .image import Cursor, Image

_LIMIT = 1_000_000


def read_links(image: Image, messages: list[Message], where: str) -> dict[str, int]:
    """Return the links of a group; anything but a name for an object of this very file is refused."""
    links: dict[str, int] = {}
    for message in messages:
        if message.kind == SYMBOL_TABLE:
            _read_symbols(image, *Cursor(image, message.data).numbers("QQ"), links, where)
        elif message.kind == LINK:
            _read_link(image, message.data, links, where)
        elif message.kind == LINK_INFO:
            for data in heap_objects(image, message.data, 8):
                _read_link(image, data, links, where)
    return links


def _add(image: Image, links: dict[str, int], name: bytes, address: int, where: str) -> None:
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        raise image.damaged(f"a name in {where} is not UTF-8") from None
    if not text or "/" in text or text == "." or text in links:
        raise image.damaged(f"a name in {where} is empty, has a slash or comes twice: {text[:80]!r}")
    if len(links) >= _LIMIT:
        raise UnsafeFileError(f"{image.what}: group {where} has more than {_LIMIT} members")
    links[text] = address


def _refuse(image: Image, kind: str, name: bytes, where: str, target: bytes = b"") -> UnsafeFileError:
    to = f" to {target.replace(bytes(1), b':').decode('utf-8', 'replace')[:200]!r}" if target else ""
    return UnsafeFileError(
        f"{image.what}: {where.rstrip('/')}/{name.decode('utf-8', 'replace')} is {kind} link{to}. A "
        "model's file names nothing outside of itself: it was refused. Where you trust it, copy the data "
        "into a plain file"
    )


def _read_link(image: Image, data: bytes, links: dict[str, int], where: str) -> None:
    cursor = Cursor(image, data)
    version, flags = cursor.numbers("BB")
    if version != 1:
        raise image.damaged(f"a link has version {version}, which is not known")
    kind = cursor.number(1) if flags & 8 else 0
    cursor.bytes((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
    name = cursor.bytes(cursor.number(1 << (flags & 3)))
    if kind == 0:
        _add(image, links, name, cursor.number(8), where)
        return
    target = cursor.bytes(min(cursor.number(2), cursor.left()))
    raise _refuse(
        image, {1: "a soft", 64: "an external"}.get(kind, "an unknown"), name, where, target.strip(b"\0")
    )


def _read_symbols(image: Image, tree: int, heap: int, links: dict[str, int], where: str) -> None:
    """Read the members of a group of the old kind: a tree of tables, the names in a heap."""
    cursor = Cursor(image, image.bytes(heap, 32))
    cursor.signature(b"HEAP")
    cursor.bytes(4)
    size, _, address = cursor.numbers("QQQ")
    names = image.bytes(address, size)
    waiting, seen = [(tree, None)], set()
    while waiting:
        node, level = waiting.pop()
        if node in seen:
            raise image.damaged(f"the tree of group {where} runs in a circle")
        seen.add(node)
        if level == 0:
            _read_table(image, node, names, links, where)
            continue
        cursor = Cursor(image, image.bytes(node, 24))
        cursor.signature(b"TREE")
        kind, found, entries, _, _ = cursor.numbers("BBHQQ")
        if kind != 0 or (level is not None and found != level - 1):
            raise image.damaged(f"the tree of group {where} is not one of names")
        cursor = Cursor(image, image.bytes(node + 24, 8 + 16 * entries))
        children = [cursor.numbers("QQ")[1] for _ in range(entries)]
        waiting += [(child, found) for child in reversed(children)]


def _read_table(image: Image, node: int, names: bytes, links: dict[str, int], where: str) -> None:
    cursor = Cursor(image, image.bytes(node, 8))
    cursor.signature(b"SNOD")
    cursor.bytes(2)
    entries = cursor.number(2)
    cursor = Cursor(image, image.bytes(node + 8, 40 * entries))
    for _ in range(entries):
        start, address, kind, _, _, target, _ = cursor.numbers("QQIIIIQ")
        end = names.find(b"\0", start) if start < len(names) else -1
        if end < 0:
            raise image.damaged(f"a name in {where} has no end")
        if kind == 2:
            raise _refuse(image, "a soft", names[start:end], where, names[target:].split(b"\0")[0])
        _add(image, links, names[start:end], address, where)
