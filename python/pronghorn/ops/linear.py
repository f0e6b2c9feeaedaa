"""Products of matrices and contractions of axes."""

from __future__ import annotations

import math

import numpy as np

from .dispatch import emit, operation
from .trace import current_trace

__all__ = ["batch_dot", "dot", "matmul", "tensordot"]


def _reshape(x, shape):
    shape = [int(size) for size in shape]
    return x if list(x.shape) == shape else emit("reshape", [x], shape=shape)


def _transpose(x, axes):
    axes = list(axes)
    return x if axes == sorted(axes) else emit("transpose", [x], axes=axes)


def _cast(x, dtype):
    return x if x.dtype == dtype else emit("cast", [x], dtype=dtype)


def _operands(x1, x2):
    """Both operands as tensors of one floating point type, and the type that the result shall have."""
    trace = current_trace()
    kinds = [getattr(x, "dtype", None) for x in (x1, x2)]
    tensors = [trace.convert(x, kinds[1 - i] if kinds[i] is None else None) for i, x in enumerate((x1, x2))]
    result = np.result_type(*(x.dtype for x in tensors)).name
    working = result if result.startswith("float") else "float64"
    return [_cast(x, working) for x in tensors], result


def _matmul(x1, x2, transpose_a=False, transpose_b=False):
    return emit("matmul", [x1, x2], transpose_a=transpose_a, transpose_b=transpose_b)


@operation
def matmul(x1, x2):
    """Matrix product, broadcast over leading axes, as ``numpy.matmul`` has it.

    Parameters
    ----------
    x1, x2 : tensor
        Vectors, matrices or batches of matrices. A vector stands for a row on the left and
        for a column on the right.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.matmul(np.ones((2, 3), "float32"), np.ones((3,), "float32"))
    array([3., 3.], dtype=float32)
    """
    (a, b), dtype = _operands(x1, x2)
    if not a.shape or not b.shape:
        raise ValueError(
            f"matmul: needs at least one axis in each operand, got shapes {a.shape} and {b.shape}"
        )
    left, right = a.ndim == 1, b.ndim == 1
    result = _matmul(_reshape(a, (1, *a.shape)) if left else a, _reshape(b, (*b.shape, 1)) if right else b)
    shape = list(result.shape)
    if right:
        shape.pop()
    if left:
        shape.pop(-1 if right else -2)
    return _cast(_reshape(result, shape), dtype)


@operation
def dot(x1, x2):
    """Sum over the last axis of `x1` and the last but one of `x2`, as ``numpy.dot`` and ``K.dot`` have it.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.dot(np.ones((4, 2, 3), "float32"), np.ones((5, 3, 6), "float32")).shape
    (4, 2, 5, 6)
    """
    (a, b), dtype = _operands(x1, x2)
    if not a.shape or not b.shape:
        return _cast(emit("multiply", [a, b]), dtype)
    return _cast(_contract(a, b, [a.ndim - 1], [max(b.ndim - 2, 0)], "dot"), dtype)


@operation
def tensordot(x1, x2, axes=2):
    """Sum over several axes of both operands, as ``numpy.tensordot`` has it.

    Parameters
    ----------
    axes : int or pair of lists of int
        The number of last axes of `x1` and first ones of `x2`, or the axes of each.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.tensordot(np.ones((4, 2, 3)), np.ones((3, 2, 6)), axes=([1, 2], [1, 0])).shape
    (4, 6)
    """
    (a, b), dtype = _operands(x1, x2)
    if isinstance(axes, (int, np.integer)):
        a_axes, b_axes = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    else:
        a_axes, b_axes = ([x] if isinstance(x, (int, np.integer)) else list(x) for x in axes)
    return _cast(
        _contract(a, b, [x % a.ndim for x in a_axes], [x % b.ndim for x in b_axes], "tensordot"), dtype
    )


def _contract(a, b, a_axes, b_axes, who):
    sizes = [a.shape[x] for x in a_axes]
    if sizes != [b.shape[x] for x in b_axes]:
        raise ValueError(f"{who}: axes {a_axes} of {a.shape} and {b_axes} of {b.shape} differ in size")
    a_rest = [x for x in range(a.ndim) if x not in a_axes]
    b_rest = [x for x in range(b.ndim) if x not in b_axes]
    summed = math.prod(sizes)
    shape = [a.shape[x] for x in a_rest] + [b.shape[x] for x in b_rest]
    a = _reshape(_transpose(a, a_rest + a_axes), (math.prod(a.shape[x] for x in a_rest), summed))
    b = _reshape(_transpose(b, b_axes + b_rest), (summed, math.prod(b.shape[x] for x in b_rest)))
    return _reshape(_matmul(a, b), shape)


@operation
def batch_dot(x, y, axes=None):
    """Sum over one axis of each operand, sample by sample, as ``K.batch_dot`` has it.

    Parameters
    ----------
    x, y : tensor
        At least two axes each; the first is the batch.
    axes : int or pair of int, optional
        The axis of each to sum over: by default the last of `x`, and the last but one of `y`
        (its last if it has two).

    Returns
    -------
    tensor
        The batch, what is left of `x`, then what is left of `y`. Two operands of two axes
        give ``(batch, 1)``.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.batch_dot(np.ones((8, 2, 3), "float32"), np.ones((8, 3, 5), "float32")).shape
    (8, 2, 5)
    """
    (a, b), dtype = _operands(x, y)
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(
            f"batch_dot: both operands need two axes or more, got shapes {a.shape} and {b.shape}"
        )
    if a.shape[0] != b.shape[0]:
        raise ValueError(f"batch_dot: the batches of {a.shape} and {b.shape} differ in size")
    if axes is None:
        axes = (a.ndim - 1, b.ndim - 1 if b.ndim == 2 else b.ndim - 2)
    elif isinstance(axes, (int, np.integer)):
        axes = (axes, axes)
    if any(isinstance(axis, (list, tuple)) for axis in axes):
        raise ValueError(f"batch_dot: axes must be None, an int or two ints, got {axes}")
    i, j = axes[0] + a.ndim * (axes[0] < 0), axes[1] + b.ndim * (axes[1] < 0)
    if i == 0 or j == 0:
        raise ValueError(
            "batch_dot: axis 0 is the batch and cannot be summed over; add a batch axis of size 1 first"
        )
    if not (0 < i < a.ndim and 0 < j < b.ndim) or a.shape[i] != b.shape[j]:
        raise ValueError(f"batch_dot: axis {i} of {a.shape} and axis {j} of {b.shape} do not match")
    batch, summed = a.shape[0], a.shape[i]
    a_rest = [axis for axis in range(1, a.ndim) if axis != i]
    b_rest = [axis for axis in range(1, b.ndim) if axis != j]
    shape = [batch] + [a.shape[axis] for axis in a_rest] + [b.shape[axis] for axis in b_rest]
    m, n = math.prod(a.shape[axis] for axis in a_rest), math.prod(b.shape[axis] for axis in b_rest)
    # an axis at either end is summed over in place; one in the middle is moved
    transpose_a, transpose_b = i == 1 and a.ndim > 2, j == b.ndim - 1 and b.ndim > 2
    if transpose_a:
        a = _reshape(a, (batch, summed, m))
    else:
        a = _reshape(_transpose(a, [0, *a_rest, i]), (batch, m, summed))
    if transpose_b:
        b = _reshape(b, (batch, n, summed))
    else:
        b = _reshape(_transpose(b, [0, j, *b_rest]), (batch, summed, n))
    result = _matmul(a, b, transpose_a, transpose_b)
    return _cast(_reshape(result, shape if len(shape) > 1 else [batch, 1]), dtype)
