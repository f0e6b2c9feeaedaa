"""Taking, adding and ordering elements by index.

An index that is out of range is an IndexError when the program runs. Negative ones count from the end only
where they are written out, as a number or in a list.
"""

from __future__ import annotations

import numpy as np

from .. import config
from .dispatch import emit, operation
from .layout import _axis, _sizes, _tensor, moveaxis, ravel, reshape
from .tensor import Tensor, operations

__all__ = [
    "argsort",
    "gather_nd",
    "in_top_k",
    "one_hot",
    "scatter_add",
    "sort",
    "take",
    "take_along_axis",
    "top_k",
]


def _indices(indices, size=None):
    """Indices as an int32 or int64 tensor."""
    if not isinstance(indices, Tensor) and not hasattr(indices, "state") and not hasattr(indices, "producer"):
        indices = np.asarray(indices)
        if indices.size == 0:
            indices = indices.astype("int32")
        if size is not None and indices.dtype.kind == "i":
            indices = np.where(indices < 0, indices + size, indices)
    indices = _tensor(indices)
    if indices.dtype in ("int32", "int64"):
        return indices
    if indices.dtype in ("float32", "float64"):
        raise TypeError(f"indices must be integers, not {indices.dtype}")
    return operations["cast"](indices, "int32")


@operation
def take(x, indices, axis=None):
    """The slices of `x` at `indices` along an axis, or its elements at them in row-major order.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.take(np.array([[1, 2], [3, 4], [5, 6]]), [2, 0], axis=0)
    array([[5, 6],
           [1, 2]])
    """
    x = _tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = _axis(axis, x.ndim, "take")
    return emit("take", [x, _indices(indices, x.shape[axis])], axis=axis)


@operation
def take_along_axis(x, indices, axis=-1):
    """For each position of `indices` the element of `x` that has that index along `axis`.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.take_along_axis(np.array([[1, 2, 3], [4, 5, 6]]), np.array([[2], [0]]))
    array([[3],
           [4]])
    """
    x = _tensor(x)
    axis = _axis(axis, x.ndim, "take_along_axis")
    indices = _indices(indices, x.shape[axis])
    return moveaxis(emit("take_along", [moveaxis(x, axis, -1), moveaxis(indices, axis, -1)]), -1, axis)


@operation
def gather_nd(x, indices):
    """The slices ``x[i, j, ...]`` for the tuples (i, j, ...) that stand along the last axis of `indices`.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.gather_nd(np.array([[1, 2], [3, 4]]), np.array([[0, 1], [1, 0]]))
    array([2, 3])
    """
    x, indices = _tensor(x), _indices(indices)
    depth = indices.shape[-1]
    if depth > x.ndim:
        raise ValueError(f"gather_nd: {depth} indices each for a tensor of {x.ndim} axes, shape {x.shape}")
    strides = np.cumprod([1, *x.shape[:depth][::-1]])[:-1][::-1].astype(indices.dtype)
    flat = operations["sum"](indices * strides, axis=-1)
    return take(reshape(x, (-1, *x.shape[depth:])), flat, axis=0)


@operation
def scatter_add(indices, updates, shape, axis=0):
    """Zeros of `shape` to which `updates` are added at `indices` along an axis, in their order.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.scatter_add(np.array([1, 1]), np.array([2.0, 3.0]), (3,))
    array([0., 5., 0.])
    """
    shape = _sizes(shape)
    axis = _axis(axis, len(shape), "scatter_add")
    return emit("scatter_add", [_indices(indices, shape[axis]), _tensor(updates)], shape=shape, axis=axis)


@operation
def one_hot(x, num_classes, axis=-1, dtype=None):
    """1 at each index and 0 elsewhere, along a new axis; nothing but 0 for an index that is no class.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.one_hot(np.array([1, 0]), 3)
    array([[0., 1., 0.],
           [1., 0., 0.]], dtype=float32)
    """
    x = _indices(x)
    y = emit("one_hot", [x], depth=int(num_classes), dtype=dtype or config.floatx())
    return moveaxis(y, -1, _axis(axis, y.ndim, "one_hot"))


@operation
def top_k(x, k, sorted=True):
    """The `k` greatest elements along the last axis, greatest first, and their int32 indices.

    Of equal elements the first counts as greater.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> values, indices = ops.top_k(np.array([1.0, 3.0, 2.0]), 2)
    >>> values, indices
    (array([3., 2.]), array([1, 2], dtype=int32))
    """
    return emit("top_k", [_tensor(x)], k=int(k))


@operation
def in_top_k(targets, predictions, k):
    """Whether fewer than `k` of a row's predictions are greater than that of its target.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.in_top_k(np.array([2]), np.array([[0.1, 0.7, 0.2]]), 2)
    array([ True])
    """
    return emit("in_top_k", [_tensor(predictions), _indices(targets)], k=int(k))


@operation
def argsort(x, axis=-1):
    """The int32 indices that put `x` in ascending order along an axis; equal elements keep their order.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.argsort(np.array([3.0, 1.0, 2.0]))
    array([1, 2, 0], dtype=int32)
    """
    x = _tensor(x)
    axis = _axis(axis, x.ndim, "argsort")
    return moveaxis(emit("argsort", [moveaxis(x, axis, -1)]), -1, axis)


@operation
def sort(x, axis=-1):
    """`x` in ascending order along an axis.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.sort(np.array([3.0, 1.0, 2.0]))
    array([1., 2., 3.])
    """
    x = _tensor(x)
    return take_along_axis(x, argsort(x, axis), axis)
