"""Fractal heaps and the trees over them, where new files keep many links or attributes."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import UnsafeFileError
from .image import UNDEFINED, Cursor, Image

_RECORD_LIMIT = 1_000_000


def heap_objects(image: Image, info: bytes, width: int) -> list[bytes]:
    """Return what the heap that a message names holds, in the order of its tree; nothing where it names none.

    Parameters
    ----------
    image
        The file.
    info
        Data of the message: link info or attribute info.
    width
        Bytes of the largest creation index, where the message has one.
    """
    cursor = Cursor(image, info)
    _, flags = cursor.numbers("BB")
    cursor.bytes(width if flags & 1 else 0)
    heap, index = cursor.numbers("QQ")
    if UNDEFINED in (heap, index):
        return []
    table = _Heap.read(image, heap)
    kind, records = _records(image, index)
    # A record of link names is a hash and the identifier; one of attribute names begins with the identifier.
    if kind not in (5, 8):
        raise image.damaged(f"a tree of kind {kind} stands where names should")
    start = 4 if kind == 5 else 0
    return [table.object(image, record[start : start + table.id_size]) for record in records]


def _records(image: Image, address: int) -> tuple[int, list[bytes]]:
    cursor = Cursor(image, image.bytes(address, 38))
    cursor.signature(b"BTHD")
    _, kind, node_size, record_size, depth, _, _, root, root_count, total = cursor.numbers("BBIHHBBQHQ")
    if record_size == 0 or depth > 8 or total > _RECORD_LIMIT or node_size < 10 + record_size:
        raise image.damaged("the tree of a heap has impossible sizes")
    # A node knows how many records its children hold; the widths of these numbers follow from the most that
    # there can be.
    most = [(node_size - 10) // record_size]
    totals = [most[0]]
    pointer = []
    for level in range(1, depth + 1):
        pointer.append(8 + _width(most[level - 1]) + (_width(totals[level - 1]) if level > 1 else 0))
        most.append((node_size - 10 - pointer[-1]) // (record_size + pointer[-1]))
        totals.append((most[level] + 1) * totals[level - 1] + most[level])
    found: list[bytes] = []
    waiting, seen = [(root, root_count, depth)] if root_count else [], set()
    while waiting:
        node, records, level = waiting.pop()
        if node in seen:
            raise image.damaged("the tree of a heap runs in a circle")
        seen.add(node)
        cursor = Cursor(image, image.bytes(node, node_size))
        cursor.signature(b"BTIN" if level else b"BTLF")
        cursor.bytes(2)
        found += [cursor.bytes(record_size) for _ in range(records)]
        if level:
            for _ in range(records + 1):
                child = cursor.number(8)
                child_records = cursor.number(_width(most[level - 1]))
                cursor.bytes(_width(totals[level - 1]) if level > 1 else 0)
                waiting.append((child, child_records, level - 1))
        if len(found) > _RECORD_LIMIT:
            raise UnsafeFileError(f"{image.what}: a heap has more than {_RECORD_LIMIT} records")
    return kind, found


def _width(most: int) -> int:
    return max(1, (max(1, most).bit_length() + 7) // 8)


class _Heap(NamedTuple):
    id_size: int
    offset_size: int
    length_size: int
    width: int
    start_size: int
    direct_rows: int
    root: int
    rows: int

    @classmethod
    def read(cls, image: Image, address: int) -> _Heap:
        cursor = Cursor(image, image.bytes(address, 142))
        cursor.signature(b"FRHP")
        _, id_size, filters, _, most_managed = cursor.numbers("BHHBI")
        cursor.bytes(96)
        width, start_size, most_direct, bits, _, root, rows = cursor.numbers("HQQHHQH")
        if filters:
            raise image.damaged("it compresses the names in a heap, which this reader does not do")
        if not (0 < start_size <= most_direct and width and rows <= 64 and bits <= 64 and id_size <= 64):
            raise image.damaged("a heap has impossible sizes")
        direct_rows = most_direct.bit_length() - start_size.bit_length() + 2
        length_size = max(1, (min(most_direct, most_managed).bit_length() + 7) // 8)
        return cls(id_size, (bits + 7) // 8, length_size, width, start_size, direct_rows, root, rows)

    def object(self, image: Image, identifier: bytes) -> bytes:
        cursor = Cursor(image, identifier)
        kind = cursor.number(1)
        if kind & 0x30 == 0x20:  # so small that the identifier is the object
            return cursor.bytes((kind & 15) + 1)
        if kind & 0x30:
            raise image.damaged("an attribute or a name is too large for this reader")
        offset, length = cursor.number(self.offset_size), cursor.number(self.length_size)
        return image.bytes(self._address(image, offset), length)

    def _address(self, image: Image, offset: int) -> int:
        """Find the block that a heap offset lies in: rows of blocks, each row twice as large as the last."""
        block, rows, begin = self.root, self.rows, 0
        if rows == 0:
            return block + offset
        for _ in range(16):
            cursor = Cursor(image, image.bytes(block, 13 + self.offset_size + 8 * rows * self.width))
            cursor.signature(b"FHIB")
            cursor.bytes(9 + self.offset_size)
            for row in range(rows):
                size = self.start_size << max(0, row - 1)
                addresses = cursor.numbers(f"{self.width}Q")
                if begin <= offset < begin + size * self.width:
                    column = (offset - begin) // size
                    block, begin = addresses[column], begin + column * size
                    if row < self.direct_rows:
                        return block + offset - begin
                    rows = (size // self.start_size // self.width).bit_length()
                    break
                begin += size * self.width
            else:
                break
        raise image.damaged("a name lies outside of its heap")
