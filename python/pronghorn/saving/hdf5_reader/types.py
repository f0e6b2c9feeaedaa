"""Types and shapes of HDF5 data, as NumPy's."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import FileFormatError, UnsafeFileError
from .image import Cursor, Image

_CLASSES = ["integer", "float", "time", "text", "bit field", "opaque", "compound", "reference", "enumeration"]
_CLASSES += ["variable-length", "array", "complex"]
# Size in bytes → bits of exponent, bits of mantissa.
_FLOATS = {2: (5, 10), 4: (8, 23), 8: (11, 52)}


class Type(NamedTuple):
    """A type: NumPy's, or text of any length in the global heap."""

    kind: str  # "number", "bfloat16", "text" of fixed length, "heap text", or the name of what is not read
    dtype: np.dtype | None
    size: int


def read_type(cursor: Cursor) -> Type:
    """Read a datatype message."""
    first, bits, more, _, size = cursor.numbers("BBBBI")
    version, number = first >> 4, first & 15
    if size == 0:
        raise cursor.image.damaged("a type has no size")
    if number == 0:
        cursor.bytes(4)
        if size not in (1, 2, 4, 8):
            return Type(f"integer of {size} bytes", None, size)
        return Type("number", np.dtype(f"{'>' if bits & 1 else '<'}{'i' if bits & 8 else 'u'}{size}"), size)
    if number == 1:
        _, _, _, exponent, _, mantissa, _ = cursor.numbers("HHBBBBI")
        order = ">" if bits & 1 else "<"
        if bits & 0x40 == 0 and _FLOATS.get(size) == (exponent, mantissa):
            return Type("number", np.dtype(f"{order}f{size}"), size)
        if bits & 0x40 == 0 and (size, exponent, mantissa) == (2, 8, 7):
            return Type("bfloat16", np.dtype(f"{order}u2"), size)
        return Type(f"float of {size} bytes", None, size)
    if number == 3:
        return Type("text", np.dtype(f"S{size}"), size)
    if number == 8:
        members = bits | more << 8
        base = read_type(cursor)
        names = [_member_name(cursor, version) for _ in range(min(members, 3))]
        if base.kind == "number" and base.size == 1 and members == 2 and names == [b"FALSE", b"TRUE"]:
            return Type("number", np.dtype(bool), 1)
        return base
    if number == 9 and bits & 15 == 1 and size == 16:
        return Type("heap text", None, size)
    return Type(_CLASSES[number] if number < len(_CLASSES) else f"class {number}", None, size)


def _member_name(cursor: Cursor, version: int) -> bytes:
    end = cursor.data.find(b"\0", cursor.position)
    if end < 0:
        raise cursor.image.damaged("the name in an enumeration has no end")
    name = cursor.bytes(end - cursor.position)
    padding = 1 if version >= 3 else 8 - len(name) % 8
    cursor.bytes(padding)
    return name


def read_shape(cursor: Cursor) -> tuple[int, ...] | None:
    """Read a dataspace message: a shape, or None where there are no data at all."""
    version, rank, flags = cursor.numbers("BBB")
    if version == 1:
        cursor.bytes(5)
    elif version == 2:
        if cursor.number(1) == 2:
            return None
    else:
        raise cursor.image.damaged(f"a dataspace has version {version}, which is not known")
    if rank > 32:
        raise cursor.image.damaged(f"a dataspace has {rank} dimensions")
    return cursor.numbers(f"{rank}Q")


def count(shape: tuple[int, ...]) -> int:
    """Return how many elements a shape has."""
    total = 1
    for length in shape:
        total *= length
    return total


def as_array(type_: Type, data: bytes | bytearray, shape: tuple[int, ...]) -> np.ndarray:
    """Return bytes as a native array that may be written to: a copy, unless they are in a bytearray."""
    values = np.frombuffer(data, type_.dtype).reshape(shape)
    if type_.kind == "bfloat16":
        return (values.astype(np.uint32) << 16).view(np.float32).reshape(shape)
    if type_.dtype.kind == "b":
        return values.view(np.uint8) != 0
    return values.astype(type_.dtype.newbyteorder("="), copy=not isinstance(data, bytearray))


def heap_text(image: Image, data: bytes, shape: tuple[int, ...], heaps: dict) -> Any:
    """Return text of any length: a str, or an array of them."""
    cursor = Cursor(image, data)
    texts = [_heap_object(image, *cursor.numbers("IQI"), heaps) for _ in range(count(shape))]
    if shape == ():
        return texts[0]
    values = np.empty(len(texts), dtype=object)
    values[:] = texts
    return values.reshape(shape)


def _heap_object(image: Image, length: int, address: int, index: int, heaps: dict) -> str:
    if length == 0:
        return ""
    if address not in heaps:
        heaps[address] = _read_heap(image, address)
    if index not in heaps[address]:
        raise image.damaged(f"text {index} is not in the heap at {address}")
    start, size = heaps[address][index]
    image.take(min(length, size), "text")
    text = image.bytes(start, min(length, size)).split(b"\0")[0]
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise image.damaged("text is not UTF-8") from None


def _read_heap(image: Image, address: int) -> dict[int, tuple[int, int]]:
    cursor = Cursor(image, image.bytes(address, 16))
    cursor.signature(b"GCOL")
    cursor.bytes(4)
    cursor = Cursor(image, image.bytes(address, cursor.number(8)), 16)
    found = {}
    while cursor.left() >= 16:
        index, _, _, size = cursor.numbers("HHIQ")
        if index == 0:
            break
        found[index] = (address + cursor.position, size)
        cursor.bytes(min(cursor.left(), -(-size // 8) * 8))
    return found


def only_numbers(type_: Type, name: str, image: Image) -> None:
    """Raise unless a type is one that arrays of numbers have."""
    if type_.kind in ("number", "bfloat16"):
        return
    if type_.kind in ("reference", "variable-length", "heap text"):
        raise UnsafeFileError(
            f"{image.what}: {name} holds data of type {type_.kind}, where numbers belong; it was refused"
        )
    raise FileFormatError(f"{image.what}: {name} holds data of type {type_.kind}, where numbers belong")
