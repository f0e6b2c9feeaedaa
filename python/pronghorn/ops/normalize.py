"""Normalisation by mean and variance."""

from __future__ import annotations

from .dispatch import emit, operation
from .layout import _axes, _axis, _tensor, full, reshape
from .tensor import operations

__all__ = ["batch_norm_train", "batch_normalization", "moments"]


@operation
def moments(x, axes, keepdims=False):
    """The mean and the (biased) variance of `x` over some axes.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> [float(v) for v in ops.moments(np.array([1.0, 3.0]), 0)]
    [2.0, 1.0]
    """
    x = _tensor(x)
    mean = operations["mean"](x, axis=axes, keepdims=True)
    variance = operations["mean"](operations["square"](x - mean), axis=axes, keepdims=keepdims)
    if not keepdims:
        reduced = _axes(axes, x.ndim, "moments")
        mean = reshape(mean, [n for a, n in enumerate(x.shape) if a not in reduced])
    return mean, variance


@operation
def batch_norm_train(x, gamma=None, beta=None, epsilon=1e-3):
    """`x` normalised by its own mean and variance over all axes but the last, in one step.

    Parameters
    ----------
    x : tensor
        Channels last.
    gamma, beta : tensors, optional
        Scale and offset per channel.
    epsilon : float
        Added to the variance.

    Returns
    -------
    (y, mean, variance)
        The variance is the biased one.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> y, mean, variance = ops.batch_norm_train(np.array([[1.0], [3.0]]), epsilon=0.0)
    >>> y[:, 0], mean, variance
    (array([-1.,  1.]), array([2.]), array([1.]))
    """
    x = _tensor(x)
    gamma = full(x.shape[-1:], 1, x.dtype) if gamma is None else gamma
    beta = full(x.shape[-1:], 0, x.dtype) if beta is None else beta
    return emit("batch_norm_train", [x, gamma, beta], epsilon=float(epsilon))


@operation
def batch_normalization(x, mean, variance, axis=-1, offset=None, scale=None, epsilon=1e-3):
    """`x` normalised by a given mean and variance per element of `axis`, then scaled and moved.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.batch_normalization(np.array([[3.0]]), np.array([1.0]), np.array([4.0]), epsilon=0.0)
    array([[1.]])
    """
    x = _tensor(x)
    axis = _axis(axis, x.ndim, "batch_normalization")

    def along(parameter):
        return reshape(parameter, [x.shape[axis] if i == axis else 1 for i in range(x.ndim)])

    factor = operations["rsqrt"](along(variance) + epsilon)
    if scale is not None:
        factor = factor * along(scale)
    y = (x - along(mean)) * factor
    return y if offset is None else y + along(offset)
