"""Reductions over axes: sums, means, extremes; positions of extremes; running totals."""

from __future__ import annotations

import builtins

from .dispatch import emit, operation
from .elementwise import isinf, where
from .promotion import as_bool, as_float, cast_tensor
from .trace import current_trace

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "count_nonzero", "cumprod", "cumsum", "logsumexp",
    "max", "mean", "min", "prod", "std", "sum", "var",
]  # fmt: skip


def _axes(axis, rank, who):
    """The axes as a sorted list of indices from 0 on; None stands for all."""
    if axis is None:
        return list(range(rank))
    axes = [int(a) for a in (axis if isinstance(axis, (list, tuple)) else [axis])]
    for a in axes:
        if not -rank <= a < rank:
            raise ValueError(f"{who}: axis {a} is out of range for a tensor with {rank} axes")
    found = sorted({a % rank for a in axes})
    if len(found) < len(axes):
        raise ValueError(f"{who}: an axis is given twice in {axis}")
    return found


def _reduce(op, x, axis, keepdims):
    axes = _axes(axis, len(x.shape), op)
    return emit(op, [x], axes=axes, keepdims=bool(keepdims)) if axes or op == "mean" else x


def _summable(x):
    x = current_trace().convert(x)
    return cast_tensor(x, "int32") if x.dtype in ("bool", "uint8") else x


@operation
def sum(x, axis=None, keepdims=False):
    """The sum over `axis`.

    Parameters
    ----------
    x : tensor
        Booleans are counted.
    axis : int or sequence of int, optional
        None: over all axes.
    keepdims : bool
        Keep the axes, with size 1.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([4., 6.])
    """
    return _reduce("sum", _summable(x), axis, keepdims)


@operation
def prod(x, axis=None, keepdims=False):
    """The product over `axis`; see `sum`."""
    return _reduce("prod", _summable(x), axis, keepdims)


@operation
def mean(x, axis=None, keepdims=False):
    """The arithmetic mean over `axis`; see `sum`. Integers become ``floatx``."""
    return _reduce("mean", as_float(x), axis, keepdims)


@operation
def max(x, axis=None, keepdims=False, initial=None):
    """The largest element over `axis` (and `initial`); see `sum`. NaN if any element is."""
    return _extreme("max", "maximum", x, axis, keepdims, initial)


@operation
def min(x, axis=None, keepdims=False, initial=None):
    """The smallest element over `axis` (and `initial`); see `sum`. NaN if any element is."""
    return _extreme("min", "minimum", x, axis, keepdims, initial)


def _extreme(op, pair, x, axis, keepdims, initial):
    x = current_trace().convert(x)
    if x.dtype == "bool":
        return _reduce("any" if op == "max" else "all", x, axis, keepdims)
    result = _reduce(op, x, axis, keepdims)
    return result if initial is None else emit(pair, [result, initial])


@operation
def amax(x, axis=None, keepdims=False):
    """The largest element over `axis`; the same as `max`."""
    return max(x, axis, keepdims)


@operation
def amin(x, axis=None, keepdims=False):
    """The smallest element over `axis`; the same as `min`."""
    return min(x, axis, keepdims)


@operation
def any(x, axis=None, keepdims=False):
    """Whether any element over `axis` is not zero."""
    return _reduce("any", as_bool(x), axis, keepdims)


@operation
def all(x, axis=None, keepdims=False):
    """Whether no element over `axis` is zero."""
    return _reduce("all", as_bool(x), axis, keepdims)


@operation
def count_nonzero(x, axis=None):
    """How many elements over `axis` are not zero."""
    return sum(as_bool(x), axis)


@operation
def var(x, axis=None, keepdims=False):
    """The variance over `axis`: the mean squared distance from the mean.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.var(np.array([1.0, 2.0, 3.0, 6.0]))
    array(3.5)
    """
    x = as_float(x)
    return mean(emit("square", [x - mean(x, axis, keepdims=True)]), axis, keepdims)


@operation
def std(x, axis=None, keepdims=False):
    """The standard deviation over `axis`: the square root of `var`."""
    return emit("sqrt", [var(x, axis, keepdims)])


@operation
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))) over `axis`, without overflow."""
    x = as_float(x)
    largest = emit("stop_gradient", [max(x, axis, keepdims=True)])
    # Taking infinity away from itself would give NaN.
    largest = where(isinf(largest), 0.0, largest)
    total = emit("log", [sum(emit("exp", [x - largest]), axis, keepdims=True)]) + largest
    return total if keepdims else _without(total, _axes(axis, len(x.shape), "logsumexp"))


def _without(x, axes):
    shape = [n for i, n in enumerate(x.shape) if i not in axes]
    return emit("reshape", [x], shape=shape)


@operation
def argmax(x, axis=None, keepdims=False):
    """The index of the largest element along `axis` (None: of the flattened tensor), the first one of equals.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.argmax(np.array([[1.0, 5.0, 2.0], [9.0, 0.0, 9.0]]), axis=-1)
    array([1, 0])
    """
    return _position("argmax", x, axis, keepdims)


@operation
def argmin(x, axis=None, keepdims=False):
    """The index of the smallest element along `axis`; see `argmax`."""
    return _position("argmin", x, axis, keepdims)


def _position(op, x, axis, keepdims):
    x = current_trace().convert(x)
    shape = list(x.shape)
    if axis is None:
        x = emit("reshape", [x], shape=[_count(shape)])
        result = emit(op, [x], axis=0)
        kept = [1] * len(shape)
    else:
        axis = _axes(axis, len(shape), op)[0]
        result = emit(op, [x], axis=axis)
        kept = shape[:axis] + [1] + shape[axis + 1 :]
    return emit("reshape", [result], shape=kept) if keepdims else result


def _count(shape):
    count = 1
    for n in shape:
        count *= n
    return count


@operation
def cumsum(x, axis=None, reverse=False, exclusive=False):
    """Running sums along `axis`.

    Parameters
    ----------
    x : tensor
    axis : int, optional
        None: along the flattened tensor.
    reverse : bool
        From the end to the beginning.
    exclusive : bool
        Without the element itself.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.cumsum(np.array([1.0, 2.0, 3.0]))
    array([1., 3., 6.])
    """
    return _cumulate("cumsum", x, axis, reverse, exclusive)


@operation
def cumprod(x, axis=None, reverse=False, exclusive=False):
    """Running products along `axis`; see `cumsum`."""
    return _cumulate("cumprod", x, axis, reverse, exclusive)


def _cumulate(op, x, axis, reverse, exclusive):
    x = _summable(x)
    if axis is None:
        x, axis = emit("reshape", [x], shape=[_count(x.shape)]), 0
    axis = _axes(axis, builtins.max(len(x.shape), 1), op)[0]
    return emit(op, [x], axis=axis, reverse=bool(reverse), exclusive=bool(exclusive))
