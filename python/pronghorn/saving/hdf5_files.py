"""HDF5 files to read from and write to: paths, open files and groups, streams of bytes."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .atomic import written_whole
from .guarded import is_group, open_hdf5


def h5py() -> Any:
    """Return the module h5py, or say how to get it."""
    try:
        import h5py
    except ImportError:
        raise ImportError(
            "HDF5 files need h5py, which is not installed: pip install pronghorn[hdf5]"
        ) from None
    return h5py


@contextmanager
def opened_to_read(source: Any) -> Iterator[Any]:
    """Give the HDF5 group of a path, a group, or a stream with a ``read`` method."""
    if isinstance(source, (str, os.PathLike)) and not os.path.exists(source):
        raise OSError(f"Unable to open file: there is no {os.fspath(source)!r}")
    if not (
        is_group(source) or isinstance(source, (str, os.PathLike)) or callable(getattr(source, "read", None))
    ):
        raise ValueError(f"unexpected type {type(source)} for `filepath`")
    with open_hdf5(source) as group:
        yield group


@contextmanager
def opened_to_write(target: Any) -> Iterator[Any]:
    """Give an empty HDF5 group that becomes a path's content, or goes to a stream; an open group as it is."""
    module = h5py()
    if is_group(target):
        yield target
        target.file.flush()
    elif isinstance(target, (str, os.PathLike)):
        with written_whole(target) as beside, module.File(beside, "w") as file:
            yield file
    elif callable(getattr(target, "write", None)):
        image = io.BytesIO()
        with module.File(image, "w") as file:
            yield file
        target.write(image.getvalue())
    else:
        raise ValueError(f"unexpected type {type(target)} for `filepath`")
