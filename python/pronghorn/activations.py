"""Activation functions, by name or by hand: ``Dense(10, activation="relu")``, ``activations.relu(x)``."""

from __future__ import annotations

from typing import Any, Callable

from . import ops
from .utils.generic_utils import deserialize_keras_object
from .utils.serialization import get_registered_name, nameable
from .utils.warn import warn


def softmax(x, axis=-1):
    """Exponentials normalised to sum one along `axis`.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.zeros((1, 4), "float32"))
    array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """
    if len(x.shape) < 2:
        raise ValueError(
            "Cannot apply softmax to a tensor that is 1D: there is one score per row. "
            f"Received shape {x.shape}"
        )
    return ops.softmax(x, axis=axis)


def elu(x, alpha=1.0):
    """`x` where positive, else ``alpha * (exp(x) - 1)`` (Clevert, Unterthiner, Hochreiter 2015).

    Examples
    --------
    >>> import numpy as np
    >>> elu(np.array([0.0, 2.0]))
    array([0., 2.])
    """
    return ops.elu(x, alpha)


def selu(x):
    """Scaled elu that keeps mean 0 and variance 1 through layers (Klambauer et al. 2017).

    To be used with the initializer `lecun_normal` and with `AlphaDropout`.

    Examples
    --------
    >>> import numpy as np
    >>> selu(np.array([0.0, 1.0])).round(4)
    array([0.    , 1.0507])
    """
    return ops.selu(x)


def softplus(x):
    """``log(1 + exp(x))``.

    Examples
    --------
    >>> import numpy as np
    >>> softplus(np.array([100.0]))
    array([100.])
    """
    return ops.softplus(x)


def softsign(x):
    """``x / (1 + |x|)``.

    Examples
    --------
    >>> import numpy as np
    >>> softsign(np.array([1.0, -3.0]))
    array([ 0.5 , -0.75])
    """
    return ops.softsign(x)


def relu(x, alpha=0.0, max_value=None, threshold=0.0):
    """Rectified linear unit.

    Parameters
    ----------
    x : tensor
    alpha : float
        Slope below `threshold`.
    max_value : float, optional
        Saturation.
    threshold : float
        Below it the output is ``alpha * (x - threshold)``.

    Examples
    --------
    >>> import numpy as np
    >>> relu(np.array([-1.0, 0.5, 7.0], "float32"), alpha=0.5, max_value=6.0)
    array([-0.5,  0.5,  6. ], dtype=float32)
    """
    if threshold == 0.0 and max_value is None:
        return ops.leaky_relu(x, alpha) if alpha else ops.relu(x)
    if threshold == 0.0:
        kept = ops.relu(x)
    else:
        kept = x * ops.cast(ops.greater(x, threshold), str(x.dtype))
    if max_value is not None:
        kept = ops.clip(kept, 0.0, max_value)
    return kept - alpha * ops.relu(threshold - x) if alpha else kept


def tanh(x):
    """Hyperbolic tangent.

    Examples
    --------
    >>> import numpy as np
    >>> tanh(np.array([0.0]))
    array([0.])
    """
    return ops.tanh(x)


def sigmoid(x):
    """``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid(np.array([0.0]))
    array([0.5])
    """
    return ops.sigmoid(x)


def hard_sigmoid(x):
    """``0.2 x + 0.5`` kept within 0 and 1: a sigmoid without an exponential.

    Examples
    --------
    >>> import numpy as np
    >>> hard_sigmoid(np.array([-9.0, 0.0, 9.0]))
    array([0. , 0.5, 1. ])
    """
    return ops.hard_sigmoid(x)


def exponential(x):
    """``exp(x)``.

    Examples
    --------
    >>> import numpy as np
    >>> exponential(np.array([0.0]))
    array([1.])
    """
    return ops.exp(x)


def relu6(x):
    """`x` where between 0 and 6, else the nearer of the two; a name that files of MobileNets have for it.

    Examples
    --------
    >>> import numpy as np
    >>> relu6(np.array([-1.0, 2.0, 9.0]))
    array([0., 2., 6.])
    """
    return ops.clip(x, 0.0, 6.0)


def swish(x):
    """``x * sigmoid(x)``, also called ``silu`` (Ramachandran, Zoph, Le 2017).

    Examples
    --------
    >>> import numpy as np
    >>> swish(np.array([0.0, 2.0])).round(4)
    array([0.    , 1.7616])
    """
    return x * ops.sigmoid(x)


def gelu(x, approximate=False):
    """`x` times the probability that a normal variable is below it (Hendrycks, Gimpel 2016).

    With `approximate` the probability is computed by way of tanh.

    Examples
    --------
    >>> import numpy as np
    >>> gelu(np.array([0.0, 2.0])).round(4)
    array([0.    , 1.9545])
    """
    if approximate:
        return 0.5 * x * (1.0 + ops.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))  # sqrt(2 / pi)
    return 0.5 * x * (1.0 + ops.erf(x * 0.7071067811865476))  # sqrt(1 / 2)


silu = swish


def linear(x):
    """`x` itself.

    Examples
    --------
    >>> import numpy as np
    >>> linear(np.array([3.0]))
    array([3.])
    """
    return x


def serialize(activation) -> str:
    """Return an activation function's name.

    Examples
    --------
    >>> serialize(relu)
    'relu'
    """
    return get_registered_name(activation)


def deserialize(name, custom_objects=None) -> Any:
    """Find an activation function by name.

    Examples
    --------
    >>> deserialize("relu") is relu
    True
    """
    return deserialize_keras_object(
        name,
        module_objects=nameable(globals()),
        custom_objects=custom_objects,
        printable_module_name="activation function",
    )


def get(identifier) -> Callable[..., Any]:
    """Find an activation function by name, or take the callable itself; None is `linear`.

    Examples
    --------
    >>> get(None).__name__, get("relu").__name__
    ('linear', 'relu')
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return deserialize(identifier)
    if callable(identifier):
        from .engine.base_layer import Layer  # layers import this module

        if isinstance(identifier, Layer):
            warn(
                f"A layer instance ({type(identifier).__name__}) was given as activation of another layer. "
                "Use it as a layer of its own in the model."
            )
        return identifier
    raise ValueError(f"Could not interpret activation function identifier: {identifier!r}")
