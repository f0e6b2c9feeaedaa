"""Keras 2's dictionaries over HDF5 groups, and HDF5 files in streams of bytes."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .guarded import check_group, is_group
from .hdf5_files import h5py, opened_to_write
from .hdf5_group import load_attributes_from_hdf5_group, save_attributes_to_hdf5_group


class H5Dict:
    """A dictionary whose contents are in an HDF5 file or group, or in a plain dictionary.

    Arrays become data sets, lists of names and everything else attributes. A name that is not there is made a
    group, unless the dictionary was opened to read.

    Parameters
    ----------
    path
        Path of a file, h5py group, or dictionary.
    mode
        ``"r"``, ``"w"`` or ``"a"``.

    Examples
    --------
    >>> import numpy as np
    >>> contents = {}
    >>> file = H5Dict(contents, mode="w")
    >>> file["weights"]["kernel"] = np.ones(2)
    >>> H5Dict(contents, mode="r")["weights"]["kernel"]
    array([1., 1.])
    """

    def __init__(self, path: Any, mode: str = "a"):
        if not self.is_supported_type(path):
            raise TypeError(f"Required Group, str, Path or dict. Received: {type(path)}.")
        self._is_file = isinstance(path, (str, os.PathLike))
        self.data = h5py().File(path, mode) if self._is_file else path
        if self._is_file and mode == "r":
            check_group(self.data)
        if isinstance(path, dict) and mode == "w":
            path.clear()
        self.read_only = mode == "r"

    @staticmethod
    def is_supported_type(path: Any) -> bool:
        """Tell whether `path` is something to make a dictionary of.

        Examples
        --------
        >>> H5Dict.is_supported_type("model.h5"), H5Dict.is_supported_type(3)
        (True, False)
        """
        return isinstance(path, (str, os.PathLike, dict)) or is_group(path)

    def __setitem__(self, name: Any, value: Any) -> None:
        if self.read_only:
            raise ValueError("Cannot set item in read-only mode.")
        name = name.decode("utf-8") if isinstance(name, bytes) else name
        if isinstance(self.data, dict):
            self.data[name] = value
        elif name in self.data:
            raise KeyError(f'Cannot set attribute. Group with name "{name}" exists.')
        elif isinstance(value, (np.ndarray, np.generic)):
            self.data.create_dataset(name, data=value)
        elif isinstance(value, (list, tuple)):
            encoded = [item.encode("utf-8") if isinstance(item, str) else item for item in value]
            save_attributes_to_hdf5_group(self.data, name, encoded)
        else:
            self.data.attrs[name] = value

    def __getitem__(self, name: Any) -> Any:
        name = name.decode("utf-8") if isinstance(name, bytes) else name
        if isinstance(self.data, dict):
            found = self.data.get(name)
        elif name in self.data.attrs:
            found = self.data.attrs[name]
            if isinstance(found, np.ndarray) and found.dtype.kind in "SO":
                found = found.tolist()
        elif name in self.data:
            found = self.data[name]
            found = np.asarray(found) if isinstance(found, h5py().Dataset) else found
        else:
            found = load_attributes_from_hdf5_group(self.data, name) or None
        if found is None:
            if self.read_only:
                raise ValueError("Cannot create group in read-only mode.")
            found = self.data.setdefault(name, {}) if self._in_memory() else self.data.create_group(name)
        return H5Dict(found, "r" if self.read_only else "a") if self._is_inner(found) else found

    def _in_memory(self) -> bool:
        return isinstance(self.data, dict)

    def _is_inner(self, value: Any) -> bool:
        return isinstance(value, dict) or is_group(value)

    def __contains__(self, name: str) -> bool:
        return name in self.data or (not self._in_memory() and name in self.data.attrs)

    def get(self, name: str, default: Any = None) -> Any:
        """Return what is under a name, or `default`."""
        return self[name] if name in self else default  # noqa: SIM401

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def close(self) -> None:
        """Write everything out; close the file that was opened."""
        if not self._in_memory():
            self.data.file.flush()
            if self._is_file:
                self.data.close()

    def __enter__(self) -> H5Dict:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def load_from_binary_h5py(load_function: Callable[[Any], Any], stream: Any) -> Any:
    """Return what a function makes of the h5py file that is in a stream.

    Parameters
    ----------
    load_function
        Takes an ``h5py.File``.
    stream
        Object with a ``read`` method.
    """
    with h5py().File(io.BytesIO(stream.read()), "r") as file:
        check_group(file)
        return load_function(file)


def save_to_binary_h5py(save_function: Callable[[Any], Any], stream: Any) -> Any:
    """Write the h5py file that a function fills into a stream; return what the function returns.

    Parameters
    ----------
    save_function
        Takes an empty ``h5py.File``.
    stream
        Object with a ``write`` method.
    """
    with opened_to_write(stream) as file:
        return save_function(file)
