"""Object headers: the messages that describe a group or a data set, its attributes among them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import UnsafeFileError
from .heap import heap_objects
from .image import Cursor, Image
from .types import as_array, count, heap_text, read_shape, read_type

SPACE, LINK_INFO, TYPE, FILL, LINK, EXTERNAL, LAYOUT = 1, 2, 3, 5, 6, 7, 8
FILTERS, ATTRIBUTE, CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 11, 12, 16, 17, 21
_LIMIT = 100_000  # messages of one object


class Message(NamedTuple):
    """A message of an object header."""

    kind: int
    data: bytes


def read_messages(image: Image, address: int) -> list[Message]:
    """Return the messages of the object at an address."""
    if image.bytes(address, 4) == b"OHDR":
        return _read_version_2(image, address)
    version, _, _, _, size = Cursor(image, image.bytes(address, 12)).numbers("BBHII")
    if version != 1:
        raise image.damaged(f"there is no object at address {address}")
    return _collect(image, Cursor(image, image.bytes(address + 16, size)), "HHB3x", b"")


def _read_version_2(image: Image, address: int) -> list[Message]:
    cursor = Cursor(image, image.bytes(address, min(64, image.size - image.base - address)), 4)
    version, flags = cursor.numbers("BB")
    if version != 2:
        raise image.damaged(f"an object header has version {version}, which is not known")
    cursor.bytes((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
    size = cursor.number(1 << (flags & 3))
    block = Cursor(image, image.bytes(address + cursor.position, size))
    return _collect(image, block, "BHB2x" if flags & 4 else "BHB", b"OCHK")


def _collect(image: Image, block: Cursor, layout: str, signature: bytes) -> list[Message]:
    """Read messages from a block and from those that continue it."""
    header = {"HHB3x": 8, "BHB2x": 6, "BHB": 4}[layout]
    messages: list[Message] = []
    blocks, seen = [block], set()
    while blocks:
        cursor = blocks.pop(0)
        while cursor.left() >= header:
            kind, size, flags = cursor.numbers(layout)
            data = cursor.bytes(size)
            if kind == CONTINUATION:
                address, length = Cursor(image, data).numbers("QQ")
                if address in seen:
                    raise image.damaged("an object header runs in a circle")
                seen.add(address)
                more = Cursor(image, image.bytes(address, length))
                if signature:
                    more.signature(signature)
                    more.data = more.data[: max(0, length - 4)]  # a checksum ends the block
                blocks.append(more)
            elif kind and flags & 2:
                raise image.damaged(
                    "it shares types or attributes between objects, which this reader does not do; open it "
                    "with h5py and pass the open file"
                )
            elif kind:
                messages.append(Message(kind, data))
                if len(messages) > _LIMIT:
                    raise UnsafeFileError(f"{image.what}: an object has more than {_LIMIT} messages")
    return messages


def read_attributes(image: Image, messages: list[Message], heaps: dict) -> dict[str, Any]:
    """Return the attributes of an object, unread: name → where and how."""
    found = {}
    for message in messages:
        if message.kind == ATTRIBUTE:
            attribute = Attribute(image, message.data, heaps)
            found[attribute.name] = attribute
        elif message.kind == ATTRIBUTE_INFO:
            for data in heap_objects(image, message.data, 2):
                attribute = Attribute(image, data, heaps)
                found[attribute.name] = attribute
    return found


class Attribute:
    """An attribute, decoded when it is asked for."""

    def __init__(self, image: Image, data: bytes, heaps: dict):
        cursor = Cursor(image, data)
        version, flags, name_size, type_size, space_size = cursor.numbers("BBHHH")
        if version not in (1, 2, 3):
            raise image.damaged(f"an attribute has version {version}, which is not known")
        if version > 1 and flags & 3:
            raise image.damaged("an attribute shares its type with others, which this reader does not do")
        cursor.bytes(1 if version == 3 else 0)
        padded = [-(-size // 8) * 8 if version == 1 else size for size in (name_size, type_size, space_size)]
        self.name = cursor.bytes(padded[0])[:name_size].split(b"\0")[0].decode("utf-8", "replace")
        self._type, self._space = cursor.bytes(padded[1]), cursor.bytes(padded[2])
        self._data = cursor.data[cursor.position :]
        self._image, self._heaps = image, heaps

    def value(self) -> Any:
        """Return the attribute as h5py would: a scalar, text, or an array."""
        image = self._image
        type_ = read_type(Cursor(image, self._type))
        shape = read_shape(Cursor(image, self._space))
        if shape is None:
            return None
        size = type_.size * count(shape)
        if size > len(self._data):
            raise image.damaged(f"attribute {self.name!r} claims {size} bytes, but has {len(self._data)}")
        if type_.kind == "heap text":
            return heap_text(image, self._data[:size], shape, self._heaps)
        if type_.dtype is None:
            raise image.damaged(f"attribute {self.name!r} is of type {type_.kind}, which is not read")
        array = as_array(type_, self._data[:size], shape)
        return array if shape else array[()]
