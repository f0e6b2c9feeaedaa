"""Shapes and orders: joining, cutting, padding, repeating, by Keras 2's names."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from .. import config, ops
from ..ops import is_tensor, operation
from ..utils.generic_utils import transpose_shape
from .variables import int_shape

__all__ = [
    "arange",
    "batch_flatten",
    "concatenate",
    "expand_dims",
    "flatten",
    "one_hot",
    "permute_dimensions",
    "repeat",
    "repeat_elements",
    "reshape",
    "resize_images",
    "resize_volumes",
    "reverse",
    "slice",
    "spatial_2d_padding",
    "spatial_3d_padding",
    "squeeze",
    "stack",
    "temporal_padding",
    "tile",
]


def concatenate(tensors: list, axis: int = -1) -> Any:
    """Tensors one after another along an axis.

    Examples
    --------
    >>> concatenate([np.zeros((2, 3)), np.ones((2, 1))]).shape
    (2, 4)
    """
    return ops.concatenate(list(tensors), axis=axis)


def stack(x: list, axis: int = 0) -> Any:
    """Tensors one after another along a new axis.

    Examples
    --------
    >>> stack([np.zeros(3), np.ones(3)]).shape
    (2, 3)
    """
    return ops.stack(list(x), axis=axis)


def reshape(x: Any, shape: Any) -> Any:
    """`x` in another shape; one size may be -1 and is then what remains.

    Examples
    --------
    >>> reshape(np.zeros((2, 6)), (3, -1)).shape
    (3, 4)
    """
    return ops.reshape(x, tuple(shape))


def permute_dimensions(x: Any, pattern: Any) -> Any:
    """`x` with its axes in the order of `pattern`.

    Examples
    --------
    >>> permute_dimensions(np.zeros((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return ops.transpose(x, tuple(pattern))


def expand_dims(x: Any, axis: int = -1) -> Any:
    """`x` with a new axis of size one.

    Examples
    --------
    >>> expand_dims(np.zeros((2, 3)), 1).shape
    (2, 1, 3)
    """
    return ops.expand_dims(x, axis)


def squeeze(x: Any, axis: int) -> Any:
    """`x` without an axis of size one.

    Examples
    --------
    >>> squeeze(np.zeros((2, 1, 3)), 1).shape
    (2, 3)
    """
    return ops.squeeze(x, axis)


def flatten(x: Any) -> Any:
    """`x` as one axis.

    Examples
    --------
    >>> flatten(np.zeros((2, 3))).shape
    (6,)
    """
    return ops.reshape(x, (-1,))


def batch_flatten(x: Any) -> Any:
    """`x` as two axes, the first as it is.

    Examples
    --------
    >>> batch_flatten(np.ones((2, 3, 4), "float32")).shape
    (2, 12)
    """
    return ops.batch_flatten(x)


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Each slice along an axis `rep` times.

    Examples
    --------
    >>> repeat_elements(np.array([1, 2]), 2, 0)
    array([1, 1, 2, 2])
    """
    return ops.repeat(x, rep, axis=axis)


def repeat(x: Any, n: int) -> Any:
    """A matrix `n` times along a new second axis.

    Examples
    --------
    >>> repeat(np.ones((2, 3), "float32"), 4).shape
    (2, 4, 3)
    """
    if len(x.shape) != 2:
        raise ValueError(f"K.repeat: expected 2 axes, got shape {tuple(x.shape)}")
    return ops.repeat(ops.expand_dims(x, 1), n, axis=1)


def tile(x: Any, n: Any) -> Any:
    """`x` as a whole, `n` times along each axis; a short `n` counts from the last axis.

    Examples
    --------
    >>> tile(np.array([[1, 2]]), 2)
    array([[1, 2, 1, 2]])
    """
    n = (n,) if isinstance(n, int) else tuple(n)
    rank = len(int_shape(x))
    if len(n) > rank:
        raise NotImplementedError(f"K.tile: {n} has more entries than the tensor has axes ({rank})")
    return ops.tile(x, (1,) * (rank - len(n)) + n)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: str = "int32") -> Any:
    """Numbers from `start` (or 0) up to, without, `stop`.

    Examples
    --------
    >>> arange(3)
    array([0, 1, 2], dtype=int32)
    """
    if any(is_tensor(n) for n in (start, stop, step)):
        return ops.arange(start, stop, step, dtype=dtype)
    return (
        np.arange(start, stop, step).astype(dtype)
        if stop is not None
        else np.arange(start, step=step, dtype=dtype)
    )


def one_hot(indices: Any, num_classes: int) -> Any:
    """A row with a single one for each index.

    Examples
    --------
    >>> one_hot(np.array([1, 0]), 3)
    array([[0., 1., 0.],
           [1., 0., 0.]], dtype=float32)
    """
    return ops.one_hot(indices, num_classes, dtype=config.floatx())


def reverse(x: Any, axes: Any) -> Any:
    """`x` backwards along some axes.

    Examples
    --------
    >>> reverse(np.array([[1, 2], [3, 4]]), 1)
    array([[2, 1],
           [4, 3]])
    """
    axes = (axes,) if isinstance(axes, int) else tuple(axes)
    return ops.flip(x, axes)


def slice(x: Any, start: Any, size: Any) -> Any:
    """`size` elements from `start` on along each axis; -1 is all that follow.

    Examples
    --------
    >>> slice(np.arange(6).reshape(2, 3), (0, 1), (2, -1))
    array([[1, 2],
           [4, 5]])
    """
    start, size = (tuple(int(n) for n in np.asarray(v).reshape(-1)) for v in (start, size))
    if not len(start) == len(size) == len(int_shape(x)):
        raise ValueError(
            f"K.slice: `start` {start} and `size` {size} should have an entry for each axis of "
            f"shape {int_shape(x)}"
        )
    index = tuple(
        builtins.slice(begin, None if count == -1 else begin + count) for begin, count in zip(start, size)
    )
    return x[index] if is_tensor(x) else np.asarray(x)[index]


# --- borders ----------------------------------------------------------------------------------------------


def temporal_padding(x: Any, padding: Any = (1, 1)) -> Any:
    """Zeros before and after the middle axis of three.

    Examples
    --------
    >>> temporal_padding(np.ones((1, 2, 3)), (1, 2)).shape
    (1, 5, 3)
    """
    return ops.pad(x, ((0, 0), tuple(padding), (0, 0)))


def spatial_2d_padding(x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None) -> Any:
    """Zeros around images: ((top, bottom), (left, right)).

    Examples
    --------
    >>> spatial_2d_padding(np.ones((1, 2, 2, 3)), ((1, 1), (0, 2))).shape
    (1, 4, 4, 3)
    """
    return _spatial_padding(x, padding, data_format)


def spatial_3d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    """Zeros around volumes: a pair for each spatial axis.

    Examples
    --------
    >>> spatial_3d_padding(np.ones((1, 2, 2, 2, 3))).shape
    (1, 4, 4, 4, 3)
    """
    return _spatial_padding(x, padding, data_format)


def _spatial_padding(x, padding, data_format):
    axes = tuple(range(1, len(padding) + 1))
    data_format = config.standardize_data_format(data_format)
    return ops.pad(x, transpose_shape(((0, 0), *map(tuple, padding), (0, 0)), data_format, axes))


# --- other sizes ------------------------------------------------------------------------------------------


@operation
def resize_images(x, height_factor, width_factor, data_format, interpolation="nearest"):
    """Images enlarged by whole factors, by repeating pixels or by bilinear interpolation.

    Pixel i of the result lies at ``i / factor`` of the image, as in Keras 2.3: the first pixels fall
    together.

    Examples
    --------
    >>> resize_images(np.ones((1, 2, 2, 3), "float32"), 2, 3, "channels_last").shape
    (1, 4, 6, 3)
    """
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(f'interpolation should be one of "nearest" or "bilinear". Got: {interpolation!r}')
    data_format = config.standardize_data_format(data_format)
    first = 2 if data_format == "channels_first" else 1
    for axis, factor in enumerate((height_factor, width_factor), first):
        x = ops.repeat(x, factor, axis=axis) if interpolation == "nearest" else _stretched(x, factor, axis)
    return x


def _stretched(x, factor, axis):
    """Bilinear enlargement along one axis: between the pixels before and after each position."""
    size = x.shape[axis]
    position = np.arange(size * factor) / factor
    before = position.astype("int32")
    weight = (
        (position - before).astype(x.dtype).reshape([-1 if i == axis else 1 for i in range(len(x.shape))])
    )
    low = ops.take(x, before, axis=axis)
    return low + (ops.take(x, np.minimum(before + 1, size - 1), axis=axis) - low) * weight


def resize_volumes(x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str) -> Any:
    """Volumes enlarged by whole factors, by repeating elements.

    Examples
    --------
    >>> resize_volumes(np.ones((1, 2, 2, 2, 3)), 1, 2, 3, "channels_last").shape
    (1, 2, 4, 6, 3)
    """
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(f"Unknown data_format: {data_format}")
    first = 2 if data_format == "channels_first" else 1
    for axis, factor in enumerate((depth_factor, height_factor, width_factor), first):
        x = ops.repeat(x, factor, axis=axis)
    return x
