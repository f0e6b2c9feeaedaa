"""Files of others, opened so that reading them can do no harm."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import FileFormatError, UnsafeFileError, reading
from .hdf5_reader import open_image

__all__ = [
    "check_group",
    "is_group",
    "load_json",
    "open_hdf5",
    "open_zip",
]

_ENTRIES = 10_000  # in a zip archive
_SLACK = 64 << 20  # bytes that an archive's entry or a data set may unfold to, however small it is
_RATIO = 100  # times its packed size that it may unfold to beyond that


@contextmanager
def open_hdf5(source: Any, what: str | None = None) -> Iterator[Any]:
    """Give the root group of an HDF5 file, to read from.

    Parameters
    ----------
    source
        Path, bytes, or an object with a ``read`` method: read by a reader that can do nothing else. An h5py
        group is checked, and given as it is.
    what
        How errors name the file; by default its path.

    Examples
    --------
    >>> with open_hdf5(b"no such thing"):
    ...     pass
    Traceback (most recent call last):
    ...
    pronghorn.saving.errors.FileFormatError: the data is not an HDF5 file
    """
    if is_group(source):
        with reading(what or "the open HDF5 file"):
            check_group(source)
            yield source
    elif isinstance(source, (str, os.PathLike)):
        what = what or os.fspath(source)
        with open(source, "rb") as file, reading(what):
            yield open_image(file, what)
    else:
        data = source if isinstance(source, (bytes, bytearray)) else source.read()
        what = what or "the data"
        with reading(what):
            yield open_image(io.BytesIO(data), what)


def is_group(target: Any) -> bool:
    """Tell whether `target` is an open HDF5 file or a group in one.

    Examples
    --------
    >>> is_group("model.h5")
    False
    """
    module = sys.modules.get("h5py")  # where it was never imported, nothing is a group of it
    return module is not None and isinstance(target, module.Group)


def check_group(group: Any) -> None:
    """Raise where an h5py group holds links elsewhere, data in other files, or more than fits into memory.

    Parameters
    ----------
    group
        The group, opened by whoever calls.
    """
    import h5py

    size = group.file.id.get_filesize()
    budget = _SLACK + _RATIO * size
    waiting, seen = [group], {_address(group)}
    while waiting:
        current = waiting.pop()
        for name in current:
            where = f"{current.name.rstrip('/')}/{name}"
            link = current.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise UnsafeFileError(
                    f"{where} is a {type(link).__name__}. A file of a model names nothing outside of itself: "
                    "it was refused. Where you trust it, copy the data into a plain file"
                )
            member = current[name]
            if isinstance(member, h5py.Group):
                if _address(member) in seen:
                    raise UnsafeFileError(
                        f"{where} leads back to a group that was seen before; it was refused"
                    )
                seen.add(_address(member))
                waiting.append(member)
            elif isinstance(member, h5py.Dataset):
                budget -= _checked_size(member, where)
                if budget < 0:
                    raise UnsafeFileError(
                        f"the data sets claim far more than a file of {size} bytes can hold; it was refused"
                    )
            else:
                raise FileFormatError(f"{where} is neither a group nor a data set")


def _address(group: Any) -> int:
    import h5py

    return h5py.h5o.get_info(group.id).addr


def _checked_size(dataset: Any, where: str) -> int:
    if dataset.external or dataset.is_virtual:
        raise UnsafeFileError(
            f"{where} keeps its data in other files. A file of a model names nothing outside of itself: it "
            "was refused"
        )
    if dataset.dtype.kind not in "biuf":
        raise UnsafeFileError(
            f"{where} holds data of type {dataset.dtype}, where numbers belong; it was refused"
        )
    stored = dataset.id.get_storage_size()
    if dataset.nbytes > max(_SLACK, _RATIO * stored):
        raise UnsafeFileError(
            f"{where} claims the shape {dataset.shape}, {dataset.nbytes} bytes, but the file holds {stored} "
            "of it; it was refused"
        )
    return dataset.nbytes


@contextmanager
def open_zip(source: Any, what: str | None = None) -> Iterator[ZipReader]:
    """Give a reader of a zip archive in which every entry is a plain file with a plain name.

    Parameters
    ----------
    source
        Path, bytes, or an object with a ``read`` method.
    what
        How errors name the file; by default its path.
    """
    if isinstance(source, (str, os.PathLike)):
        what = what or os.fspath(source)
        file: Any = open(source, "rb")  # noqa: SIM115 - closed below
    else:
        file = io.BytesIO(source if isinstance(source, (bytes, bytearray)) else source.read())
        what = what or "the data"
    with file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise FileFormatError(f"{what} is not a whole zip archive: {error}") from None
        with archive, reading(what):
            yield ZipReader(archive, what)


class ZipReader:
    """The entries of a zip archive, checked before any of them is read."""

    def __init__(self, archive: zipfile.ZipFile, what: str):
        self.what = what
        self._archive = archive
        self._entries: dict[str, zipfile.ZipInfo] = {}
        entries = archive.infolist()
        if len(entries) > _ENTRIES:
            raise UnsafeFileError(f"{what} has {len(entries)} entries; more than {_ENTRIES} are refused")
        for entry in entries:
            self._check(entry)
            if entry.filename in self._entries:
                raise UnsafeFileError(f"{what} has two entries {entry.filename!r}; it was refused")
            self._entries[entry.filename] = entry
        end = 0
        for entry in sorted(entries, key=lambda entry: entry.header_offset):
            if entry.header_offset < end:
                raise UnsafeFileError(f"{what}: entry {entry.filename!r} overlaps another; it was refused")
            end = entry.header_offset + 30 + entry.compress_size

    def _check(self, entry: zipfile.ZipInfo) -> None:
        name, mode = entry.orig_filename, entry.external_attr >> 16
        parts = name.replace("\\", "/").split("/")
        if not name or name.startswith(("/", "\\")) or ".." in parts or "\0" in name or ":" in parts[0]:
            raise UnsafeFileError(f"{self.what}: entry {name!r} names a place outside the archive; refused")
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UnsafeFileError(f"{self.what}: entry {name!r} is a link or a device; it was refused")
        if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileFormatError(f"{self.what}: entry {name!r} is encrypted or packed in an unusual way")
        if entry.file_size > max(_SLACK, _RATIO * entry.compress_size):
            raise UnsafeFileError(
                f"{self.what}: entry {name!r} unfolds from {entry.compress_size} to {entry.file_size} bytes; "
                "it was refused"
            )

    def names(self) -> list[str]:
        """Return the names of the entries."""
        return list(self._entries)

    def read(self, name: str) -> bytes:
        """Return the content of an entry."""
        if name not in self._entries:
            raise FileFormatError(f"{self.what} has no entry {name!r}; it has {self.names()[:10]}")
        entry = self._entries[name]
        try:
            with self._archive.open(entry) as file:
                data = file.read(entry.file_size + 1)
        except (zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError) as error:
            raise FileFormatError(f"{self.what}: entry {name!r} is damaged: {error}") from None
        except Exception as error:  # zlib.error has no base of its own
            raise FileFormatError(f"{self.what}: entry {name!r} cannot be unpacked: {error}") from None
        if len(data) != entry.file_size:
            raise FileFormatError(f"{self.what}: entry {name!r} has {len(data)} bytes, not {entry.file_size}")
        return data


def load_json(text: str | bytes, what: str) -> Any:
    """Return what JSON says; numbers of absurd length and endless nesting are refused.

    Parameters
    ----------
    text
        The JSON.
    what
        How errors name it.

    Examples
    --------
    >>> load_json('{"units": 3}', "model_config")
    {'units': 3}
    """
    try:
        return json.loads(text, parse_int=_short_number)
    except RecursionError:
        raise FileFormatError(f"{what} is nested too deeply to be read") from None
    except (ValueError, TypeError) as error:
        raise FileFormatError(f"{what} is not valid JSON: {error}") from None


def _short_number(text: str) -> int:
    if len(text) > 40:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)
