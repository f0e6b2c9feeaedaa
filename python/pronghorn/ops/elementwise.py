"""Arithmetic, comparisons and functions, element by element; operands broadcast as in NumPy."""

from __future__ import annotations

import math

import numpy as np

from .dispatch import emit, operation
from .promotion import as_bool, as_float, cast_tensor, floats, promote
from .trace import current_trace

__all__ = [
    "abs", "absolute", "add", "cast", "ceil", "clip", "cos", "divide", "equal", "erf", "exp", "expm1",
    "floor", "floor_divide", "greater", "greater_equal", "isfinite", "isinf", "isnan", "less", "less_equal",
    "log", "log10", "log1p", "log2", "logical_and", "logical_not", "logical_or", "logical_xor", "maximum",
    "minimum", "mod", "multiply", "negative", "not_equal", "ones_like", "power", "reciprocal", "round",
    "rsqrt", "sign", "sin", "sqrt", "square", "squared_difference", "subtract", "tan", "true_divide", "where",
    "zeros_like",
]  # fmt: skip


def _number(x):
    """`x` as a tensor to compute with: booleans become int32."""
    return promote(x, least="uint8")[0] if not isinstance(x, (bool, np.bool_)) else promote(int(x))[0]


def _numbers(x1, x2):
    a, b = promote(x1, x2)
    return [cast_tensor(a, "int32"), cast_tensor(b, "int32")] if a.dtype == "bool" else [a, b]


# --- arithmetic


@operation
def add(x1, x2):
    """x1 + x2.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.add(np.array([[1.0], [2.0]]), np.array([10.0, 20.0]))
    array([[11., 21.],
           [12., 22.]])
    """
    return emit("add", _numbers(x1, x2))


@operation
def subtract(x1, x2):
    """x1 - x2."""
    return emit("subtract", _numbers(x1, x2))


@operation
def multiply(x1, x2):
    """x1 * x2."""
    return emit("multiply", _numbers(x1, x2))


@operation
def divide(x1, x2):
    """x1 / x2, a fraction for integers too."""
    return emit("divide", floats(x1, x2))


@operation
def true_divide(x1, x2):
    """x1 / x2; the same as `divide`."""
    return divide(x1, x2)


@operation
def floor_divide(x1, x2):
    """The largest whole number not above x1 / x2, as Python's ``//``; an integer divided by 0 gives 0."""
    return emit("floor_divide", _numbers(x1, x2))


@operation
def mod(x1, x2):
    """What `floor_divide` leaves, with the sign of x2, as Python's ``%``."""
    return emit("mod", _numbers(x1, x2))


@operation
def power(x1, x2):
    """x1 to the power of x2.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.power(np.array([1.0, 2.0, 3.0]), 2)
    array([1., 4., 9.])
    """
    if isinstance(x2, (int, float)) and not isinstance(x2, bool):
        base = _number(x1)
        if x2 == 1:
            return base
        if x2 == 2:
            return emit("square", [base])
        if base.dtype.startswith("float") and x2 in (0.5, -0.5, -1):
            return emit({0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}[x2], [base])
    return emit("power", _numbers(x1, x2))


@operation
def maximum(x1, x2):
    """The larger of x1 and x2; NaN where either is."""
    return emit("maximum", _numbers(x1, x2))


@operation
def minimum(x1, x2):
    """The smaller of x1 and x2; NaN where either is."""
    return emit("minimum", _numbers(x1, x2))


@operation
def squared_difference(x1, x2):
    """(x1 - x2) squared."""
    return square(subtract(x1, x2))


@operation
def negative(x):
    """-x."""
    return emit("negative", [_number(x)])


@operation
def abs(x):
    """The absolute value of x."""
    return emit("abs", [_number(x)])


@operation
def absolute(x):
    """The absolute value of x; the same as `abs`."""
    return abs(x)


@operation
def sign(x):
    """-1, 0 or 1, as x is negative, 0 or positive."""
    return emit("sign", [_number(x)])


@operation
def square(x):
    """x * x."""
    return emit("square", [_number(x)])


@operation
def reciprocal(x):
    """1 / x."""
    return emit("reciprocal", [as_float(x)])


@operation
def sqrt(x):
    """The square root of x; NaN where x is negative."""
    return emit("sqrt", [as_float(x)])


@operation
def rsqrt(x):
    """1 / sqrt(x)."""
    return emit("rsqrt", [as_float(x)])


# --- comparisons and logic


@operation
def equal(x1, x2):
    """Whether x1 == x2, as booleans.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.equal(np.array([1, 2, 3]), 2)
    array([False,  True, False])
    """
    return emit("equal", promote(x1, x2))


@operation
def not_equal(x1, x2):
    """Whether x1 != x2, as booleans."""
    return emit("not_equal", promote(x1, x2))


@operation
def less(x1, x2):
    """Whether x1 < x2, as booleans."""
    return emit("less", _numbers(x1, x2))


@operation
def less_equal(x1, x2):
    """Whether x1 <= x2, as booleans."""
    return emit("less_equal", _numbers(x1, x2))


@operation
def greater(x1, x2):
    """Whether x1 > x2, as booleans."""
    return emit("greater", _numbers(x1, x2))


@operation
def greater_equal(x1, x2):
    """Whether x1 >= x2, as booleans."""
    return emit("greater_equal", _numbers(x1, x2))


@operation
def logical_and(x1, x2):
    """Whether both x1 and x2 are not zero."""
    return emit("logical_and", [as_bool(x1), as_bool(x2)])


@operation
def logical_or(x1, x2):
    """Whether x1 or x2 is not zero."""
    return emit("logical_or", [as_bool(x1), as_bool(x2)])


@operation
def logical_xor(x1, x2):
    """Whether exactly one of x1 and x2 is not zero."""
    return emit("not_equal", [as_bool(x1), as_bool(x2)])


@operation
def logical_not(x):
    """Whether x is zero."""
    return emit("logical_not", [as_bool(x)])


@operation
def isnan(x):
    """Whether x is not a number."""
    return emit("is_nan", [as_float(x)])


@operation
def isinf(x):
    """Whether x is infinite."""
    return emit("is_inf", [as_float(x)])


@operation
def isfinite(x):
    """Whether x is neither infinite nor NaN."""
    x = as_float(x)
    return emit("less", [emit("abs", [x]), math.inf])


# --- choices and conversions


@operation
def where(condition, x1=None, x2=None):
    """x1 where the condition holds, x2 elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.where(np.array([True, False]), np.array([1.0, 2.0]), 0.0)
    array([1., 0.])
    """
    if x1 is None or x2 is None:
        raise ValueError(
            "where: both x1 and x2 are needed; the number of positions of a condition is not static"
        )
    return emit("where", [as_bool(condition), *promote(x1, x2)])


@operation
def cast(x, dtype):
    """x in another dtype; fractions are cut off, and anything but 0 is True.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.cast(np.array([1.7, -1.7]), "int32")
    array([ 1, -1], dtype=int32)
    """
    return cast_tensor(
        current_trace().convert(x), str(np.dtype(dtype)) if not isinstance(dtype, str) else dtype
    )


@operation
def clip(x, x_min, x_max):
    """x, but x_min where it is less and x_max where it is more. None leaves a side open.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.clip(np.array([-2.0, 0.5, 3.0]), 0.0, 1.0)
    array([0. , 0.5, 1. ])
    """
    x = _number(x)
    limits = (int, float, np.integer, np.floating, type(None))
    if x.dtype.startswith("float") and isinstance(x_min, limits) and isinstance(x_max, limits):
        low = -math.inf if x_min is None else float(x_min)
        high = math.inf if x_max is None else float(x_max)
        return emit("clip", [x], min=low, max=high)
    x = x if x_min is None else maximum(x, x_min)
    return x if x_max is None else minimum(x, x_max)


@operation
def zeros_like(x, dtype=None):
    """Zeros of the shape and dtype of x."""
    return _filled_like(x, 0, dtype)


@operation
def ones_like(x, dtype=None):
    """Ones of the shape and dtype of x."""
    return _filled_like(x, 1, dtype)


def _filled_like(x, value, dtype):
    x = current_trace().convert(x)
    filled = current_trace().convert(np.asarray(value, dtype or x.dtype))
    return emit("broadcast_to", [filled], shape=list(x.shape)) if x.shape else filled


# --- functions


@operation
def exp(x):
    """e to the power of x."""
    return emit("exp", [as_float(x)])


@operation
def expm1(x):
    """exp(x) - 1, accurate for small x."""
    return emit("expm1", [as_float(x)])


@operation
def log(x):
    """The natural logarithm of x; -inf at 0, NaN where x is negative."""
    return emit("log", [as_float(x)])


@operation
def log1p(x):
    """log(1 + x), accurate for small x."""
    return emit("log1p", [as_float(x)])


@operation
def log2(x):
    """The logarithm of x to base 2."""
    return log(x) * (1 / math.log(2))


@operation
def log10(x):
    """The logarithm of x to base 10."""
    return log(x) * (1 / math.log(10))


@operation
def sin(x):
    """The sine of x in radians."""
    return emit("sin", [as_float(x)])


@operation
def cos(x):
    """The cosine of x in radians."""
    return emit("cos", [as_float(x)])


@operation
def tan(x):
    """The tangent of x in radians."""
    return emit("tan", [as_float(x)])


@operation
def erf(x):
    """The error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return emit("erf", [as_float(x)])


@operation
def floor(x):
    """The largest whole number not above x."""
    return _rounded("floor", x)


@operation
def ceil(x):
    """The smallest whole number not below x."""
    return _rounded("ceil", x)


@operation
def round(x):
    """The nearest whole number; halves go to the even one."""
    return _rounded("round", x)


def _rounded(op, x):
    x = current_trace().convert(x)
    return emit(op, [x]) if x.dtype.startswith("float") else x
