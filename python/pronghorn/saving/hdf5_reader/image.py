"""The bytes of an HDF5 file: numbers and blocks at addresses, never beyond the end of the file."""

from __future__ import annotations

import os
import struct
from typing import Any

from ..errors import FileFormatError, UnsafeFileError

UNDEFINED = 0xFFFFFFFFFFFFFFFF  # the address of what was never written
SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SLACK = 64 << 20  # bytes that any file may unfold to
_EXPANSION = 100  # times its size that a file may unfold to when it is compressed


class Image:
    """A seekable binary file of known size.

    Parameters
    ----------
    file
        Object with ``seek`` and ``read``.
    what
        How errors name it.
    """

    def __init__(self, file: Any, what: str):
        self.what = what
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self.base = 0
        self._budget = _SLACK + _EXPANSION * self.size

    def bytes(self, address: int, size: int) -> bytes:
        """Return the `size` bytes at an address."""
        start = self.base + address
        if address == UNDEFINED or size < 0 or start + size > self.size:
            raise self.damaged(f"it ends before byte {start + size}, at {self.size}")
        self._file.seek(start)
        data = self._file.read(size)
        if len(data) != size:
            raise self.damaged(f"{size} bytes at {start} cannot be read")
        return data

    def buffer(self, address: int, size: int) -> bytearray:
        """Return the `size` bytes at an address, in memory that may be written to."""
        start = self.base + address
        if start + size > self.size:
            raise self.damaged(f"it ends before byte {start + size}, at {self.size}")
        data = bytearray(size)
        self._file.seek(start)
        if self._file.readinto(data) != size:
            raise self.damaged(f"{size} bytes at {start} cannot be read")
        return data

    def take(self, size: int, name: str) -> None:
        """Account for memory that data unfold to; refuse what no honest file of this size holds."""
        self._budget -= size
        if self._budget < 0:
            raise UnsafeFileError(
                f"{self.what}: {name} unfolds to {size} bytes, far beyond what a file of {self.size} bytes "
                "can hold; it was refused"
            )

    def damaged(self, why: str) -> FileFormatError:
        """Return an error that says what is wrong with the file."""
        return FileFormatError(f"{self.what} is not a whole HDF5 file: {why}")


class Cursor:
    """Reads numbers one after the other from a block of bytes."""

    def __init__(self, image: Image, data: bytes, position: int = 0):
        self.image = image
        self.data = data
        self.position = position

    def bytes(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        end = self.position + size
        if size < 0 or end > len(self.data):
            raise self.image.damaged("a block ends before what it should hold")
        self.position = end
        return self.data[end - size : end]

    def number(self, size: int) -> int:
        """Return the next `size` bytes as an unsigned number."""
        return int.from_bytes(self.bytes(size), "little")

    def numbers(self, layout: str) -> tuple:
        """Return numbers as `struct` lays them out."""
        return struct.unpack("<" + layout, self.bytes(struct.calcsize("<" + layout)))

    def signature(self, expected: bytes) -> None:
        """Raise unless the next bytes are a structure's signature."""
        if self.bytes(len(expected)) != expected:
            raise self.image.damaged(f"there is no {expected.decode('latin1')} where one should be")

    def left(self) -> int:
        """Return how many bytes are left."""
        return len(self.data) - self.position


def root_address(image: Image) -> int:
    """Find the superblock, and return the address of the root group's header."""
    start = 0
    while image.size >= start + 48 and image.bytes(start, 8) != SIGNATURE:
        start = start * 2 or 512  # a file may begin with a block of the user's
    if image.size < start + 48:
        raise FileFormatError(f"{image.what} is not an HDF5 file")
    cursor = Cursor(image, image.bytes(start, min(120, image.size - start)), 8)
    version = cursor.number(1)
    if version in (0, 1):
        cursor.bytes(4)
        sizes = cursor.numbers("BB")
        cursor.bytes(9 if version == 0 else 13)
        image.base = cursor.numbers("QQQQ")[0]
        _, address = cursor.numbers("QQ")
    elif version in (2, 3):
        sizes = cursor.numbers("BB")
        cursor.bytes(1)
        image.base, _, _, address = cursor.numbers("QQQQ")
    else:
        raise image.damaged(f"its superblock has version {version}, which is not known")
    if sizes != (8, 8):
        raise image.damaged(f"its addresses have {sizes[0]} bytes and its lengths {sizes[1]}, not 8")
    return address
