"""The data of a data set: in its header, in one piece, or in chunks that may be compressed."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from ..errors import UnsafeFileError
from .headers import EXTERNAL, FILL, FILTERS, LAYOUT, SPACE, TYPE, Message
from .image import UNDEFINED, Cursor, Image
from .types import as_array, count, only_numbers, read_shape, read_type

_DEFLATE, _SHUFFLE, _CHECKSUM = 1, 2, 3
_OTHER = {4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf", 32001: "blosc", 32004: "lz4", 32015: "zstd"}
_UNWRITTEN = 1 << 20  # bytes of which nothing was written that are filled in all the same


class Layout:
    """Where the numbers of a data set are, and what they are; checked before any of them is read."""

    def __init__(self, image: Image, messages: list[Message], name: str):
        self.image, self.name = image, name
        parts = {message.kind: message.data for message in messages}
        if EXTERNAL in parts:
            raise UnsafeFileError(
                f"{image.what}: {name} keeps its data in other files. A file of a model names nothing "
                "outside of itself: it was refused"
            )
        for kind in (SPACE, TYPE, LAYOUT):
            if kind not in parts:
                raise image.damaged(f"{name} has no type, shape or place")
        self.type = read_type(Cursor(image, parts[TYPE]))
        shape = read_shape(Cursor(image, parts[SPACE]))
        self.shape = (0,) if shape is None else shape
        self.nbytes = self.type.size * count(self.shape)
        self._fill = _fill_value(Cursor(image, parts[FILL])) if FILL in parts else b""
        self._filters = _read_filters(Cursor(image, parts[FILTERS]), name) if FILTERS in parts else []
        self._place = self._read_place(Cursor(image, parts[LAYOUT]))

    def _read_place(self, cursor: Cursor) -> tuple:
        version = cursor.number(1)
        if version in (1, 2):
            rank, kind = cursor.numbers("BB")
            cursor.bytes(5)
            address = cursor.number(8) if kind else 0
            lengths = cursor.numbers(f"{rank}I")
            if kind == 0:
                return "compact", cursor.bytes(cursor.number(4))
            return ("piece", address, self.nbytes) if kind == 1 else ("chunks", address, lengths)
        if version not in (3, 4):
            raise cursor.image.damaged(f"the layout of {self.name} has version {version}, which is not known")
        kind = cursor.number(1)
        if kind == 0:
            return "compact", cursor.bytes(cursor.number(2))
        if kind == 1:
            return ("piece", *cursor.numbers("QQ"))
        if kind == 2 and version == 3:
            rank = cursor.number(1)
            address = cursor.number(8)
            return "chunks", address, cursor.numbers(f"{rank}I")
        if kind == 3:
            raise UnsafeFileError(
                f"{cursor.image.what}: {self.name} is a virtual data set, put together from other files. A "
                "file of a model names nothing outside of itself: it was refused"
            )
        raise cursor.image.damaged(
            f"{self.name} lies in chunks that are indexed in a way this reader does not know; open it with "
            "h5py and pass the open file"
        )

    def read(self) -> np.ndarray:
        """Return the numbers; sizes are checked before memory is taken."""
        only_numbers(self.type, self.name, self.image)
        kind = self._place[0]
        if kind == "compact":
            data = self._place[1]
            if len(data) < self.nbytes:
                raise self._too_short(len(data))
            return as_array(self.type, data[: self.nbytes], self.shape)
        if self.nbytes == 0:
            return as_array(self.type, b"", self.shape)
        if kind == "piece":
            _, address, size = self._place
            if address == UNDEFINED:
                return self._unwritten()
            if size < self.nbytes:
                raise self._too_short(size)
            self.image.take(self.nbytes, self.name)
            return as_array(self.type, self.image.buffer(address, self.nbytes), self.shape)
        return self._read_chunks(*self._place[1:])

    def _too_short(self, size: int) -> Exception:
        return UnsafeFileError(
            f"{self.image.what}: {self.name} claims the shape {self.shape}, {self.nbytes} bytes, but the "
            f"file holds {size} of it; it was refused"
        )

    def _unwritten(self) -> np.ndarray:
        if self.nbytes > _UNWRITTEN:
            raise self._too_short(0)
        fill = self._fill if len(self._fill) == self.type.size else bytes(self.type.size)
        return as_array(self.type, fill * count(self.shape), self.shape)

    def _read_chunks(self, tree: int, lengths: tuple[int, ...]) -> np.ndarray:
        rank = len(self.shape)
        if len(lengths) != rank + 1 or 0 in lengths or lengths[-1] != self.type.size or rank == 0:
            raise self.image.damaged(f"the chunks of {self.name} do not fit its shape")
        chunk_shape = lengths[:-1]
        chunk_size = count(lengths)
        chunks = [] if tree == UNDEFINED else _chunk_list(self.image, tree, rank, self.name)
        stored = sum(size for size, _, _, _ in chunks)
        # Zeros compress a thousandfold: more than that, or memory beyond reason, is no honest file.
        if self.nbytes > max(_UNWRITTEN, 1032 * stored):
            raise self._too_short(stored)
        if chunk_size > max(64 << 20, 4 * self.nbytes):
            raise UnsafeFileError(f"{self.image.what}: {self.name} has chunks of {chunk_size} bytes; refused")
        self.image.take(self.nbytes + chunk_size, self.name)
        whole = np.zeros(self.shape, self.type.dtype)
        if len(self._fill) == self.type.size:
            whole[...] = np.frombuffer(self._fill, self.type.dtype)[0]
        if len(chunks) > count(tuple(-(-n // c) for n, c in zip(self.shape, chunk_shape))):
            raise self.image.damaged(f"{self.name} has more chunks than fit into it")
        for size, mask, start, address in chunks:
            if any(s >= n or s % c for s, n, c in zip(start, self.shape, chunk_shape)):
                raise self.image.damaged(f"a chunk of {self.name} lies outside of it")
            data = self._unpacked(self.image.bytes(address, size), mask, chunk_size)
            chunk = np.frombuffer(data, self.type.dtype).reshape(chunk_shape)
            target = tuple(slice(s, min(s + c, n)) for s, c, n in zip(start, chunk_shape, self.shape))
            whole[target] = chunk[tuple(slice(0, t.stop - t.start) for t in target)]
        return as_array(self.type, whole.tobytes(), self.shape)

    def _unpacked(self, data: bytes, mask: int, chunk_size: int) -> bytes:
        for i, (number, values) in reversed(list(enumerate(self._filters))):
            if mask >> i & 1:
                continue
            if number == _CHECKSUM:
                data = data[:-4]
            elif number == _DEFLATE:
                try:
                    data = zlib.decompressobj().decompress(data, chunk_size + 4)
                except zlib.error as error:
                    raise self.image.damaged(f"a chunk of {self.name} cannot be unpacked: {error}") from None
            elif number == _SHUFFLE and (values[0] if values else self.type.size) > 1:
                width = values[0] if values else self.type.size
                if len(data) % width:
                    raise self.image.damaged(f"a chunk of {self.name} is cut short")
                data = np.frombuffer(data, np.uint8).reshape(width, -1).T.tobytes()
        if len(data) != chunk_size:
            raise self.image.damaged(f"a chunk of {self.name} has {len(data)} bytes, not {chunk_size}")
        return data


def _fill_value(cursor: Cursor) -> bytes:
    version = cursor.number(1)
    if version in (1, 2):
        _, _, defined = cursor.numbers("BBB")
        return cursor.bytes(cursor.number(4)) if (defined or version == 1) and cursor.left() >= 4 else b""
    return cursor.bytes(cursor.number(4)) if version == 3 and cursor.number(1) & 0x20 else b""


def _read_filters(cursor: Cursor, name: str) -> list[tuple[int, Any]]:
    version, number = cursor.numbers("BB")
    cursor.bytes(6 if version == 1 else 0)
    found = []
    for _ in range(number):
        kind = cursor.number(2)
        length = cursor.number(2) if version == 1 or kind >= 256 else 0
        _, values = cursor.numbers("HH")
        cursor.bytes(-(-length // 8) * 8 if version == 1 else length)
        found.append((kind, cursor.numbers(f"{values}I")))
        cursor.bytes(4 if version == 1 and values % 2 else 0)
    for kind, _ in found:
        if kind not in (_DEFLATE, _SHUFFLE, _CHECKSUM):
            raise cursor.image.damaged(
                f"{name} is packed by {_OTHER.get(kind, f'filter {kind}')}, which this reader does not know; "
                "open it with h5py and pass the open file"
            )
    if len({kind for kind, _ in found}) != len(found):
        raise UnsafeFileError(f"{cursor.image.what}: {name} is packed several times over; it was refused")
    return found


def _chunk_list(image: Image, tree: int, rank: int, name: str) -> list[tuple]:
    """Return size, filter mask, start and address of each chunk."""
    found, waiting, seen = [], [(tree, None)], set()
    while waiting:
        node, level = waiting.pop()
        if node in seen:
            raise image.damaged(f"the tree of {name} runs in a circle")
        seen.add(node)
        cursor = Cursor(image, image.bytes(node, 24))
        cursor.signature(b"TREE")
        kind, own_level, entries, _, _ = cursor.numbers("BBHQQ")
        if kind != 1 or (level is not None and own_level != level - 1):
            raise image.damaged(f"the tree of {name} is not one of chunks")
        cursor = Cursor(image, image.bytes(node + 24, (16 + 8 * rank) * entries + 8 * entries))
        for _ in range(entries):
            size, mask, *start, _ = cursor.numbers(f"II{rank + 1}Q")
            address = cursor.number(8)
            if own_level:
                waiting.append((address, own_level))
            else:
                found.append((size, mask, tuple(start), address))
    return found
