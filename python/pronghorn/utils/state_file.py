"""Files of nested data: arrays in NumPy's format, all else as JSON. Reading one runs no code."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np


def save_state(path: Any, state: Any) -> None:
    """Writes nested dictionaries and lists of arrays, numbers and text to a file.

    The file is written beside, brought to the disk and renamed: whenever the process or the machine dies,
    `path` is the old file or the new one, whole.

    Examples
    --------
    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "state.npz")
    >>> save_state(path, {"epoch": 3, "best": [np.zeros(2), None]})
    >>> load_state(path)
    {'epoch': 3, 'best': [array([0., 0.]), None]}
    """
    path = os.fspath(path)
    arrays: list = []
    text = json.dumps(_packed(state, arrays, ()))
    contents = {f"array_{i}": array for i, array in enumerate(arrays)}
    beside = path + ".partial"
    with open(beside, "wb") as file:
        np.savez(file, state=np.frombuffer(text.encode(), np.uint8), **contents)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_state(path: Any) -> Any:
    """Reads what `save_state` wrote."""
    with np.load(os.fspath(path), allow_pickle=False) as file:
        return _unpacked(json.loads(file["state"].tobytes()), file)


def _packed(value, arrays, place):
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise TypeError(f"an array of objects, at {_text(place)}, cannot be written")
        arrays.append(array)
        return {"$array": len(arrays) - 1, "scalar": isinstance(value, np.generic)}
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or key == "$array":
                raise TypeError(f"the key {key!r} of the dictionary at {_text(place)} cannot be written")
        return {key: _packed(item, arrays, (*place, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_packed(item, arrays, (*place, i)) for i, item in enumerate(value)]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        f"{value!r}, at {_text(place)}, cannot be written: expected an array, a number, text, or a list or "
        "dictionary of these"
    )


def _text(place):
    return "".join(f"[{key!r}]" for key in place) or "the top"


def _unpacked(value, file):
    if isinstance(value, dict):
        if "$array" in value:
            array = file[f"array_{value['$array']}"]
            return array[()] if value["scalar"] else array
        return {key: _unpacked(item, file) for key, item in value.items()}
    if isinstance(value, list):
        return [_unpacked(item, file) for item in value]
    return value
