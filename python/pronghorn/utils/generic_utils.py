"""Small helpers over lists, and Keras 2's names for serialisation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .arguments import has_arg
from .serialization import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    func_dump,
    func_load,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)

__all__ = [
    "CustomObjectScope",
    "check_for_unexpected_keys",
    "custom_object_scope",
    "deserialize_keras_object",
    "func_dump",
    "func_load",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "has_arg",
    "is_all_none",
    "object_list_uid",
    "register_keras_serializable",
    "serialize_keras_object",
    "slice_arrays",
    "to_list",
    "transpose_shape",
    "unpack_singleton",
]


def to_list(x: Any, allow_tuple: bool = False) -> list:
    """Return a list as it is, anything else as a list of one.

    Examples
    --------
    >>> to_list(3), to_list((1, 2), allow_tuple=True), to_list((1, 2))
    ([3], [1, 2], [(1, 2)])
    """
    if isinstance(x, list):
        return x
    if allow_tuple and isinstance(x, tuple):
        return list(x)
    return [x]


def unpack_singleton(x: Any) -> Any:
    """Return the only element of a list of one, any other list as it is.

    Examples
    --------
    >>> unpack_singleton([7]), unpack_singleton([1, 2])
    (7, [1, 2])
    """
    return x[0] if len(x) == 1 else x


def object_list_uid(object_list: Any) -> str:
    """Return a text that identifies the very objects of a list.

    Examples
    --------
    >>> a = object()
    >>> object_list_uid(a) == object_list_uid([a])
    True
    """
    return ", ".join(str(abs(id(x))) for x in to_list(object_list))


def is_all_none(iterable_or_element: Any) -> bool:
    """Tell whether a value, or each of a list, is None.

    Examples
    --------
    >>> is_all_none([None, None]), is_all_none(0)
    (True, False)
    """
    return all(x is None for x in to_list(iterable_or_element, allow_tuple=True))


def slice_arrays(arrays: Any, start: Any = None, stop: int | None = None) -> Any:
    """Take rows `start` to `stop`, or the rows listed in `start`, of an array or of each of a list.

    Examples
    --------
    >>> slice_arrays([[1, 2, 3], None], 1, 3)
    [[2, 3], None]
    """
    if arrays is None:
        return [None]
    if hasattr(start, "__len__"):
        rows = start.tolist() if hasattr(start, "shape") else start  # HDF5 data sets take lists only
    else:
        rows = slice(start, stop)
    if isinstance(arrays, list):
        return [None if x is None else x[rows] for x in arrays]
    return arrays[rows] if hasattr(arrays, "__getitem__") else [None]


def transpose_shape(shape: Sequence, target_format: str, spatial_axes: Sequence[int]) -> Any:
    """Return a channels-last shape in `target_format`; `spatial_axes` are its image axes.

    Examples
    --------
    >>> transpose_shape((16, 128, 120, 3), "channels_first", spatial_axes=(1, 2))
    (16, 3, 128, 120)
    """
    if target_format == "channels_last":
        return shape
    if target_format != "channels_first":
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last". '
            f"Received: {target_format}"
        )
    moved = [*shape[: spatial_axes[0]], shape[-1], *(shape[axis] for axis in spatial_axes)]
    return moved if isinstance(shape, list) else tuple(moved)


def check_for_unexpected_keys(name: str, input_dict: dict, expected_values: Iterable[str]) -> None:
    """Raise where a dictionary of the argument `name` holds keys that nobody reads.

    Examples
    --------
    >>> check_for_unexpected_keys("loss", {"out": "mse"}, ["out"])
    """
    unknown = [key for key in input_dict if key not in set(expected_values)]
    if unknown:
        raise ValueError(
            f"Unknown entries in {name} dictionary: {unknown}. "
            f"Only expected following keys: {expected_values}"
        )


def __getattr__(name: str) -> Any:
    if name == "Progbar":
        from .progbar import Progbar

        return Progbar
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
