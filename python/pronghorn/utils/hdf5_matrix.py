"""`HDF5Matrix`: rows of a dataset in an HDF5 file, read when they are asked for."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


def read_rows(data: Any, indices: Any) -> np.ndarray:
    """Rows of an HDF5 dataset in any order.

    HDF5 reads ranges quickly, and scattered rows only in increasing order.

    Examples
    --------
    >>> read_rows(np.arange(10.0), [7, 2, 3]).tolist()
    [7.0, 2.0, 3.0]
    """
    indices = np.asarray(indices, dtype="int64")
    if not len(indices):
        return np.asarray(data[0:0])
    breaks = np.flatnonzero(np.diff(indices) != 1) + 1
    if len(breaks) < max(1, len(indices) // 8):
        runs = np.split(indices, breaks)
        parts = [np.asarray(data[int(run[0]) : int(run[-1]) + 1]) for run in runs]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
    rows, places = np.unique(indices, return_inverse=True)
    low, high = int(rows[0]), int(rows[-1]) + 1
    if high - low <= 2 * len(rows):
        return np.asarray(data[low:high])[indices - low]
    return np.asarray(data[rows.tolist()])[places]


class HDF5Matrix:
    """A dataset of an HDF5 file, or some of its rows, to be passed as data: it is never read as a whole.

    Parameters
    ----------
    datapath : str
        Path of the file.
    dataset : str
        Name of the dataset within it.
    start, end : int
        Range of rows to use; all by default.
    normalizer : callable, optional
        Applied to all that is read.

    Examples
    --------
    >>> import h5py, tempfile
    >>> path = tempfile.mktemp(".h5")
    >>> with h5py.File(path, "w") as file:
    ...     file["x"] = np.arange(6.0).reshape(3, 2)
    >>> x = HDF5Matrix(path, "x", start=1, normalizer=lambda rows: rows * 10)
    >>> x.shape, x[0].tolist()
    ((2, 2), [20.0, 30.0])
    """

    reads_from_disk = True
    # Files that are open, by path and process: a file must not be read through a handle made before a fork.
    refs: weakref.WeakValueDictionary = weakref.WeakValueDictionary()

    def __init__(
        self,
        datapath: Any,
        dataset: str,
        start: int = 0,
        end: int | None = None,
        normalizer: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        self.datapath = os.fspath(datapath)
        self.dataset = dataset
        self.start = start
        self.normalizer = normalizer
        self._open_in = None
        rows = self.data.shape[0]
        self.end = rows if end is None else end
        if not 0 <= start <= self.end <= rows:
            raise ValueError(
                f'HDF5Matrix: start={start} and end={end} are no range of the {rows} rows of "{dataset}".'
            )
        first = self._normalized(self.data[0:1])
        self._base_shape, self._base_dtype = first.shape[1:], first.dtype

    @property
    def data(self) -> Any:
        """The dataset, as h5py has it."""
        if self._open_in != os.getpid():
            self._file = _open(self.refs, self.datapath)
            self._data = self._file[self.dataset]
            self._open_in = os.getpid()
        return self._data

    def _normalized(self, rows):
        return rows if self.normalizer is None else self.normalizer(rows)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open_in": None, "_file": None, "_data": None}

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, key: int | slice | Iterable[int]) -> np.ndarray:
        if isinstance(key, slice):
            first = 0 if key.start is None else key.start
            last = len(self) if key.stop is None else key.stop
            first, last = (n + len(self) if n < 0 else n for n in (first, last))
            self._check(first, last)
            return self._normalized(self.data[first + self.start : last + self.start : key.step])
        if isinstance(key, (int, np.integer)):
            self._check(key, key + 1)
            return self._normalized(self.data[key + self.start : key + self.start + 1])[0]
        indices = np.asarray(list(key))
        if len(indices):
            self._check(indices.min(), indices.max() + 1)
        return self._normalized(read_rows(self.data, indices + self.start))

    def _check(self, first, last):
        if first < 0 or last > len(self):
            raise IndexError(f"rows {first} to {last} of an HDF5Matrix of {len(self)} rows")

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        array = self[:]
        return array if dtype is None else array.astype(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the rows in use."""
        return (len(self), *self._base_shape)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of what is read."""
        return self._base_dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape))


def _open(known, path):
    try:
        import h5py
    except ImportError as error:
        raise ImportError("HDF5Matrix needs h5py: `pip install pronghorn[hdf5]`") from error
    key = path, os.getpid()
    file = known.get(key)
    if not file:  # none, or closed by somebody
        file = known[key] = h5py.File(path, "r")
    return file
