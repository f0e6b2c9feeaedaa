"""Data that stay in a file, read block by block while the batches before are computed."""

from __future__ import annotations

from typing import Any

import numpy as np

# Bytes read at once, so that batches of small rows do not cost a read each.
BLOCK_BYTES = 4 << 20


def is_on_disk(x: Any) -> bool:
    """Whether `x` is a dataset of h5py, an `HDF5Matrix` or rows of one."""
    if getattr(x, "reads_from_disk", False):
        return True
    return type(x).__module__.split(".")[0] == "h5py" and hasattr(x, "shape")


class DiskRows:
    """Rows of a dataset in a file, looking like an array of at least two axes; slices of it read nothing.

    Examples
    --------
    >>> rows = DiskRows(np.arange(6.0))
    >>> rows.shape, rows[2:].shape, rows[2:].read([3, 0]).tolist()
    ((6, 1), (4, 1), [[5.0], [2.0]])
    """

    reads_from_disk = True

    def __init__(self, data: Any, start: int = 0, stop: int | None = None) -> None:
        self.data = data
        self.start = start
        self.stop = len(data) if stop is None else stop
        self.dtype = np.dtype(data.dtype)
        self.shape = (self.stop - self.start, *(tuple(data.shape[1:]) or (1,)))
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice) and key.step in (None, 1):
            first, last, _ = key.indices(len(self))
            return DiskRows(self.data, self.start + first, self.start + max(first, last))
        if isinstance(key, (int, np.integer)):
            return self.read([range(len(self))[key]])[0]
        return self.read(np.arange(len(self))[key])

    def read(self, indices: Any) -> np.ndarray:
        """Returns rows as an array."""
        from ..utils.hdf5_matrix import HDF5Matrix, read_rows

        indices = np.asarray(indices, dtype="int64") + self.start
        rows = self.data[indices] if isinstance(self.data, HDF5Matrix) else read_rows(self.data, indices)
        return np.asarray(rows).reshape(len(indices), *self.shape[1:])

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        array = self.read(np.arange(len(self)))
        return array if dtype is None else array.astype(dtype)


def read_block(sources: list, rows: np.ndarray) -> list:
    """The rows of each source, from the disk or from memory."""
    return [source.read(rows) if isinstance(source, DiskRows) else source[rows] for source in sources]


def bytes_per_row(sources: list) -> int:
    """Bytes that a row takes in all sources."""
    return sum(int(np.prod(source.shape[1:])) * source.dtype.itemsize for source in sources)
