"""Arithmetic, comparisons and reductions, by Keras 2's names."""

from __future__ import annotations

from numbers import Number
from typing import Any

from .. import config, ops
from ..ops import operation

__all__ = [
    "abs",
    "all",
    "any",
    "argmax",
    "argmin",
    "clip",
    "cos",
    "cumprod",
    "cumsum",
    "equal",
    "exp",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "log",
    "logsumexp",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "not_equal",
    "pow",
    "prod",
    "round",
    "sign",
    "sin",
    "sqrt",
    "square",
    "std",
    "sum",
    "var",
]

# --- reductions: over all axes unless told ----------------------------------------------------------------


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Maximum.

    Examples
    --------
    >>> import numpy as np
    >>> max(np.array([[1.0, 4.0], [3.0, 2.0]]), axis=1)
    array([4., 3.])
    """
    return ops.max(x, axis=axis, keepdims=keepdims)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Minimum.

    Examples
    --------
    >>> import numpy as np
    >>> min(np.array([[1.0, 4.0], [3.0, 2.0]]), axis=1)
    array([1., 2.])
    """
    return ops.min(x, axis=axis, keepdims=keepdims)


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum.

    Examples
    --------
    >>> import numpy as np
    >>> sum(np.ones((2, 3), "float32"), axis=1)
    array([3., 3.], dtype=float32)
    """
    return ops.sum(x, axis=axis, keepdims=keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Product.

    Examples
    --------
    >>> import numpy as np
    >>> prod(np.array([[1.0, 4.0], [3.0, 2.0]]), axis=1)
    array([4., 6.])
    """
    return ops.prod(x, axis=axis, keepdims=keepdims)


@operation
def as_floats(x):
    return ops.cast(x, config.floatx()) if x.dtype == "bool" else x


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Mean; truth values count as 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> mean(np.array([True, False]))
    array(0.5, dtype=float32)
    """
    return ops.mean(as_floats(x), axis=axis, keepdims=keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Variance: mean square distance from the mean.

    Examples
    --------
    >>> import numpy as np
    >>> var(np.array([1.0, 3.0]))
    array(1.)
    """
    x = as_floats(x)
    return ops.mean(ops.square(x - ops.mean(x, axis=axis, keepdims=True)), axis=axis, keepdims=keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Standard deviation: square root of the variance.

    Examples
    --------
    >>> import numpy as np
    >>> std(np.array([1.0, 5.0]))
    array(2.)
    """
    return ops.sqrt(var(x, axis=axis, keepdims=keepdims))


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether any element is true, or not zero.

    Examples
    --------
    >>> import numpy as np
    >>> any(np.array([[0, 2], [0, 0]]), axis=1)
    array([ True, False])
    """
    return ops.any(ops.cast(x, "bool"), axis=axis, keepdims=keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether all elements are true, or not zero.

    Examples
    --------
    >>> import numpy as np
    >>> all(np.array([[1, 2], [0, 1]]), axis=1)
    array([ True, False])
    """
    return ops.all(ops.cast(x, "bool"), axis=axis, keepdims=keepdims)


def argmax(x: Any, axis: int = -1) -> Any:
    """Index of the maximum along an axis.

    Examples
    --------
    >>> import numpy as np
    >>> argmax(np.array([[1.0, 4.0], [3.0, 2.0]])).tolist()
    [1, 0]
    """
    return ops.argmax(x, axis=axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """Index of the minimum along an axis.

    Examples
    --------
    >>> import numpy as np
    >>> argmin(np.array([[1.0, 4.0], [3.0, 2.0]])).tolist()
    [0, 1]
    """
    return ops.argmin(x, axis=axis)


def cumsum(x: Any, axis: int = 0) -> Any:
    """Sums of all elements up to each, along an axis.

    Examples
    --------
    >>> import numpy as np
    >>> cumsum(np.array([1.0, 2.0, 3.0]))
    array([1., 3., 6.])
    """
    return ops.cumsum(x, axis=axis)


def cumprod(x: Any, axis: int = 0) -> Any:
    """Products of all elements up to each, along an axis.

    Examples
    --------
    >>> import numpy as np
    >>> cumprod(np.array([1.0, 2.0, 3.0]))
    array([1., 2., 6.])
    """
    return ops.cumprod(x, axis=axis)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Logarithm of the sum of exponentials, without overflow.

    Examples
    --------
    >>> import numpy as np
    >>> float(logsumexp(np.array([1000.0, 1000.0])).round(3))
    1000.693
    """
    return ops.logsumexp(x, axis=axis, keepdims=keepdims)


# --- one argument -----------------------------------------------------------------------------------------


def square(x: Any) -> Any:
    """Square.

    Examples
    --------
    >>> import numpy as np
    >>> square(np.array([-3.0, 2.0]))
    array([9., 4.])
    """
    return ops.square(x)


def abs(x: Any) -> Any:
    """Absolute value.

    Examples
    --------
    >>> import numpy as np
    >>> abs(np.array([-3.0, 2.0]))
    array([3., 2.])
    """
    return ops.abs(x)


def sqrt(x: Any) -> Any:
    """Square root; zero for negative numbers.

    Examples
    --------
    >>> import numpy as np
    >>> sqrt(np.array([4.0, -1.0], "float32"))
    array([2., 0.], dtype=float32)
    """
    return ops.sqrt(ops.maximum(x, 0.0))


def exp(x: Any) -> Any:
    """Exponential.

    Examples
    --------
    >>> import numpy as np
    >>> exp(np.array([0.0]))
    array([1.])
    """
    return ops.exp(x)


def log(x: Any) -> Any:
    """Natural logarithm.

    Examples
    --------
    >>> import numpy as np
    >>> log(np.array([1.0]))
    array([0.])
    """
    return ops.log(x)


def round(x: Any) -> Any:
    """Nearest whole number, halves to the even one.

    Examples
    --------
    >>> import numpy as np
    >>> round(np.array([0.5, 1.5]))
    array([0., 2.])
    """
    return ops.round(x)


def sign(x: Any) -> Any:
    """-1, 0 or 1.

    Examples
    --------
    >>> import numpy as np
    >>> sign(np.array([-3.0, 0.0, 2.0]))
    array([-1.,  0.,  1.])
    """
    return ops.sign(x)


def sin(x: Any) -> Any:
    """Sine.

    Examples
    --------
    >>> import numpy as np
    >>> sin(np.array([0.0]))
    array([0.])
    """
    return ops.sin(x)


def cos(x: Any) -> Any:
    """Cosine.

    Examples
    --------
    >>> import numpy as np
    >>> cos(np.array([0.0]))
    array([1.])
    """
    return ops.cos(x)


# --- two arguments ----------------------------------------------------------------------------------------


def pow(x: Any, a: Any) -> Any:
    """`x` to the power of `a`.

    Examples
    --------
    >>> import numpy as np
    >>> pow(np.array([2.0, 3.0]), 2)
    array([4., 9.])
    """
    return ops.power(x, a)


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    """`x` kept within two bounds; either may be None or a tensor.

    Examples
    --------
    >>> import numpy as np
    >>> clip(np.array([-2.0, 0.5, 2.0], "float32"), 0.0, 1.0)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    if isinstance(min_value, Number) and isinstance(max_value, Number):
        return ops.clip(x, min_value, min_value if max_value < min_value else max_value)
    if max_value is not None:
        x = ops.minimum(x, max_value)
    return x if min_value is None else ops.maximum(x, min_value)


def maximum(x: Any, y: Any) -> Any:
    """Larger of two, element by element.

    Examples
    --------
    >>> import numpy as np
    >>> maximum(np.array([1.0, 4.0]), np.array([3.0, 2.0]))
    array([3., 4.])
    """
    return ops.maximum(x, y)


def minimum(x: Any, y: Any) -> Any:
    """Smaller of two, element by element.

    Examples
    --------
    >>> import numpy as np
    >>> minimum(np.array([1.0, 4.0]), np.array([3.0, 2.0]))
    array([1., 2.])
    """
    return ops.minimum(x, y)


def equal(x: Any, y: Any) -> Any:
    """Whether ``x == y``, element by element.

    Examples
    --------
    >>> import numpy as np
    >>> equal(np.array([1, 2]), np.array([1, 3]))
    array([ True, False])
    """
    return ops.equal(x, y)


def not_equal(x: Any, y: Any) -> Any:
    """Whether ``x != y``, element by element.

    Examples
    --------
    >>> import numpy as np
    >>> not_equal(np.array([1, 2]), np.array([1, 3]))
    array([False,  True])
    """
    return ops.not_equal(x, y)


def greater(x: Any, y: Any) -> Any:
    """Whether ``x > y``, element by element.

    Examples
    --------
    >>> import numpy as np
    >>> greater(np.array([1, 4]), np.array([1, 3]))
    array([False,  True])
    """
    return ops.greater(x, y)


def greater_equal(x: Any, y: Any) -> Any:
    """Whether ``x >= y``, element by element.

    Examples
    --------
    >>> import numpy as np
    >>> greater_equal(np.array([1, 2]), np.array([1, 3]))
    array([ True, False])
    """
    return ops.greater_equal(x, y)


def less(x: Any, y: Any) -> Any:
    """Whether ``x < y``, element by element.

    Examples
    --------
    >>> import numpy as np
    >>> less(np.array([1, 2]), np.array([1, 3]))
    array([False,  True])
    """
    return ops.less(x, y)


def less_equal(x: Any, y: Any) -> Any:
    """Whether ``x <= y``, element by element.

    Examples
    --------
    >>> import numpy as np
    >>> less_equal(np.array([1, 4]), np.array([1, 3]))
    array([ True, False])
    """
    return ops.less_equal(x, y)
