"""Which format a file has, or is to have."""

from __future__ import annotations

import io
import os
from typing import Any

from .guarded import is_group, open_hdf5

HDF5 = "HDF5 in the layout of Keras 2"
KERAS_ZIP = "a .keras archive of Keras 3"
WEIGHTS_H5 = "a .weights.h5 file of Keras 3"
SAFETENSORS = "a .safetensors file"


def format_to_write(target: Any) -> str:
    """Tell by the name of a file which format it is to have.

    Examples
    --------
    >>> format_to_write("model.keras"), format_to_write("model.h5")
    ('a .keras archive of Keras 3', 'HDF5 in the layout of Keras 2')
    """
    name = os.fspath(target) if isinstance(target, (str, os.PathLike)) else ""
    for ending, kind in ((".keras", KERAS_ZIP), (".weights.h5", WEIGHTS_H5), (".safetensors", SAFETENSORS)):
        if str(name).endswith(ending):
            return kind
    return HDF5


def rewound(source: Any) -> Any:
    """Return what can be read more than once: a stream's content in memory, anything else as it is."""
    if (
        is_group(source)
        or isinstance(source, (str, os.PathLike))
        or not callable(getattr(source, "read", None))
    ):
        return source
    return io.BytesIO(source.read())


def size_of(source: Any) -> int:
    """Return how many bytes a file has: a path, an h5py group, or what `rewound` gave."""
    if is_group(source):
        return source.file.id.get_filesize()
    if isinstance(source, io.BytesIO):
        return source.getbuffer().nbytes
    return os.path.getsize(source) if isinstance(source, (str, os.PathLike)) and os.path.isfile(source) else 0


def is_zip(source: Any) -> bool:
    """Tell whether a path or a stream begins as zip archives do."""
    return _beginning(source).startswith(b"PK")


def _beginning(source: Any) -> bytes:
    if isinstance(source, (str, os.PathLike)):
        if not os.path.isfile(source):
            return b""
        with open(source, "rb") as file:
            return file.read(8)
    if isinstance(source, io.BytesIO):
        return bytes(source.getbuffer()[:8])
    return b""


def format_to_read(source: Any) -> str:
    """Tell by its content which format a file has, whatever its name; only safetensors go by their name.

    Parameters
    ----------
    source
        Path, h5py group, or what `rewound` gave.
    """
    if is_zip(source):
        return KERAS_ZIP
    if isinstance(source, (str, os.PathLike)) and os.fspath(source).endswith(".safetensors"):
        return SAFETENSORS
    if is_group(source) or _beginning(source).startswith(b"\x89HDF"):
        with open_hdf5(source) as group:
            found = "layer_names" not in group.attrs and "model_weights" not in group
            if found and any(name in group for name in ("layers", "_layer_checkpoint_dependencies", "vars")):
                return WEIGHTS_H5
        if isinstance(source, io.BytesIO):
            source.seek(0)
    return HDF5
