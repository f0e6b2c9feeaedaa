"""Nonlinear functions of layers, element by element."""

from __future__ import annotations

import math

from .dispatch import emit, operation
from .elementwise import erf, maximum, minimum
from .promotion import as_float, floats, promote

__all__ = [
    "elu", "gelu", "hard_sigmoid", "leaky_relu", "log_sigmoid", "logaddexp", "relu", "relu6", "selu",
    "sigmoid", "silu", "softplus", "softsign", "tanh",
]  # fmt: skip


@operation
def relu(x):
    """max(x, 0).

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return emit("relu", [promote(x, least="uint8")[0]])


@operation
def relu6(x):
    """x cut off below 0 and above 6."""
    return minimum(6.0, relu(x))


@operation
def leaky_relu(x, negative_slope=0.2):
    """x, times `negative_slope` where it is negative."""
    return emit("leaky_relu", [as_float(x)], alpha=float(negative_slope))


@operation
def elu(x, alpha=1.0):
    """x where it is positive, alpha (exp(x) - 1) elsewhere."""
    return emit("elu", [as_float(x)], alpha=float(alpha))


@operation
def selu(x):
    """`elu` with the alpha and the scale that keep mean 0 and variance 1 through deep networks."""
    return emit("selu", [as_float(x)])


@operation
def sigmoid(x):
    """1 / (1 + exp(-x)).

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.sigmoid(np.array([0.0]))
    array([0.5])
    """
    return emit("sigmoid", [as_float(x)])


@operation
def hard_sigmoid(x):
    """0.2 x + 0.5, cut off below 0 and above 1, as Keras 2 has it."""
    return emit("hard_sigmoid", [as_float(x)])


@operation
def log_sigmoid(x):
    """log(sigmoid(x)), without underflow."""
    return -softplus(-as_float(x))


@operation
def tanh(x):
    """The hyperbolic tangent of x."""
    return emit("tanh", [as_float(x)])


@operation
def softplus(x):
    """log(1 + exp(x)), without overflow."""
    return emit("softplus", [as_float(x)])


@operation
def softsign(x):
    """x / (1 + abs(x))."""
    return emit("softsign", [as_float(x)])


@operation
def silu(x):
    """x sigmoid(x), also known as swish."""
    x = as_float(x)
    return x * sigmoid(x)


@operation
def gelu(x, approximate=True):
    """x times the probability that a normal variable is less than x; by tanh where `approximate`."""
    x = as_float(x)
    if approximate:
        inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
        return x * 0.5 * (tanh(inner) + 1.0)
    return x * 0.5 * (erf(x * math.sqrt(0.5)) + 1.0)


@operation
def logaddexp(x1, x2):
    """log(exp(x1) + exp(x2)), without overflow."""
    a, b = floats(x1, x2)
    return maximum(a, b) + softplus(minimum(a, b) - maximum(a, b))
