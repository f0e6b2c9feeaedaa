"""Names and arrays in HDF5 groups, as Keras 2 lays them out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

HDF5_OBJECT_HEADER_LIMIT = 64512  # bytes that one attribute may have; HDF5 itself allows 64 kB for all


def as_text(value: Any) -> str:
    """Return an attribute as text: h5py gives text or bytes, depending on who wrote it."""
    if isinstance(value, np.ndarray):
        value = value.item()
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def save_attributes_to_hdf5_group(group: Any, name: str, data: Sequence[bytes]) -> None:
    """Write a list of names as the attribute `name` of a group.

    A list beyond what an attribute can hold is split over ``name0``, ``name1``, ….

    Parameters
    ----------
    group
        HDF5 group.
    name
        Name of the attribute.
    data
        Names, encoded.
    """
    too_long = [item for item in data if len(item) > HDF5_OBJECT_HEADER_LIMIT]
    if too_long:
        raise RuntimeError(
            f"The following attributes cannot be saved to HDF5 file because they are larger than "
            f"{HDF5_OBJECT_HEADER_LIMIT} bytes: {', '.join(as_text(item)[:80] + '…' for item in too_long)}"
        )
    array = np.asarray(data)
    # All items of an array of bytes are as long as the longest.
    per_chunk = max(1, HDF5_OBJECT_HEADER_LIMIT // max(1, array.dtype.itemsize))
    count = -(-len(data) // per_chunk) or 1
    if count == 1:
        group.attrs[name] = array
        return
    for i, chunk in enumerate(np.array_split(array, count)):
        group.attrs[f"{name}{i}"] = chunk


def load_attributes_from_hdf5_group(group: Any, name: str) -> list[str]:
    """Return the list of names that `save_attributes_to_hdf5_group` wrote; empty where there is none.

    Parameters
    ----------
    group
        HDF5 group.
    name
        Name of the attribute.
    """
    if name in group.attrs:
        return [as_text(item) for item in group.attrs[name]]
    names: list[str] = []
    chunk = 0
    while f"{name}{chunk}" in group.attrs:
        names += [as_text(item) for item in group.attrs[f"{name}{chunk}"]]
        chunk += 1
    return names


def write_arrays(group: Any, names: Iterable[str], arrays: Iterable[Any]) -> None:
    """Write arrays into a group and list their names, made unique, in ``weight_names``."""
    arrays = list(arrays)
    names = unique_names(names)
    save_attributes_to_hdf5_group(group, "weight_names", [name.encode("utf-8") for name in names])
    for name, array in zip(names, arrays):
        group.create_dataset(name, data=array, dtype=array.dtype)


def read_arrays(group: Any) -> list[np.ndarray]:
    """Return the arrays that ``weight_names`` of a group lists, in its order."""
    return [np.asarray(group[name]) for name in load_attributes_from_hdf5_group(group, "weight_names")]


def unique_names(names: Iterable[str]) -> list[str]:
    """Return the names, those that came before with a number behind.

    Examples
    --------
    >>> unique_names(["a", "b", "b", "b"])
    ['a', 'b', 'b_1', 'b_2']
    """
    found: dict[str, None] = {}
    for name in names:
        candidate, number = name, 1
        while candidate in found:
            candidate = f"{name}_{number}"
            number += 1
        found[candidate] = None
    return list(found)
