"""Activations, losses, normalisation and dropout, by Keras 2's names."""

from __future__ import annotations

from typing import Any

from .. import activations, config, ops
from ..ops import operation
from ..utils.generic_utils import transpose_shape

__all__ = [
    "batch_normalization",
    "bias_add",
    "binary_crossentropy",
    "categorical_crossentropy",
    "dropout",
    "elu",
    "hard_sigmoid",
    "in_top_k",
    "l2_normalize",
    "normalize_batch_in_training",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "sparse_categorical_crossentropy",
    "tanh",
]


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Rectified linear unit; see :func:`pronghorn.activations.relu`.

    Examples
    --------
    >>> import numpy as np
    >>> relu(np.array([-1.0, 2.0]), alpha=0.1)
    array([-0.1,  2. ])
    """
    return activations.relu(x, alpha=alpha, max_value=max_value, threshold=threshold)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """`x` where positive, else ``alpha * (exp(x) - 1)``.

    Examples
    --------
    >>> import numpy as np
    >>> elu(np.array([0.0, 2.0]))
    array([0., 2.])
    """
    return ops.elu(x, alpha)


def softmax(x: Any, axis: int = -1) -> Any:
    """Exponentials normalised to sum one along an axis.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.zeros((1, 2)))
    array([[0.5, 0.5]])
    """
    return ops.softmax(x, axis=axis)


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``.

    Examples
    --------
    >>> import numpy as np
    >>> softplus(np.array([100.0]))
    array([100.])
    """
    return ops.softplus(x)


def softsign(x: Any) -> Any:
    """``x / (1 + |x|)``.

    Examples
    --------
    >>> import numpy as np
    >>> softsign(np.array([1.0]))
    array([0.5])
    """
    return ops.softsign(x)


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid(np.array([0.0]))
    array([0.5])
    """
    return ops.sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    """``0.2 x + 0.5`` kept within 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> hard_sigmoid(np.array([-9.0, 0.0]))
    array([0. , 0.5])
    """
    return ops.hard_sigmoid(x)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

    Examples
    --------
    >>> import numpy as np
    >>> tanh(np.array([0.0]))
    array([0.])
    """
    return ops.tanh(x)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Cross-entropy of probabilities (or of logits) with one-hot targets, one number per row.

    Examples
    --------
    >>> import numpy as np
    >>> categorical_crossentropy(np.eye(2), np.full((2, 2), 0.5)).round(4)
    array([0.6931, 0.6931])
    """
    return ops.categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Cross-entropy of probabilities (or of logits) with class numbers, one number per row.

    Examples
    --------
    >>> import numpy as np
    >>> sparse_categorical_crossentropy(np.array([0, 1]), np.full((2, 2), 0.5)).round(4)
    array([0.6931, 0.6931])
    """
    return ops.sparse_categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Cross-entropy of each probability (or logit) with a target of 0 or 1.

    Examples
    --------
    >>> import numpy as np
    >>> binary_crossentropy(np.array([1.0]), np.array([0.5])).round(4)
    array([0.6931])
    """
    return ops.binary_crossentropy(target, output, from_logits=from_logits)


def dropout(x: Any, level: float, noise_shape: Any = None, seed: int | None = None) -> Any:
    """`x` with a fraction `level` of its elements set to zero and the others scaled up, in testing too.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(set(dropout(np.ones(100), 0.5, seed=1).tolist()))
    [0.0, 2.0]
    """
    return ops.dropout(x, level, noise_shape=noise_shape, seed=seed)


def l2_normalize(x: Any, axis: Any = None) -> Any:
    """`x` scaled to norm one along an axis.

    Examples
    --------
    >>> import numpy as np
    >>> l2_normalize(np.array([3.0, 4.0], "float32"))
    array([0.6, 0.8], dtype=float32)
    """
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Whether each row's target is among the `k` classes with the largest predictions; ties count.

    Examples
    --------
    >>> import numpy as np
    >>> in_top_k(np.array([[0.1, 0.7, 0.2]], "float32"), np.array([2]), 2)
    array([ True])
    """
    return ops.in_top_k(targets, predictions, k)


# --- normalisation ----------------------------------------------------------------------------------------


@operation
def normalize_batch_in_training(x, gamma, beta, reduction_axes, epsilon=1e-3):
    """`x` normalised by its own mean and variance over `reduction_axes`.

    Returns
    -------
    tuple
        The normalised tensor, the mean and the variance.

    Examples
    --------
    >>> import numpy as np
    >>> normalize_batch_in_training(np.array([[1.0], [3.0]]), None, None, [0], 0.0)[1]
    array([2.])
    """
    axes = [axis % len(x.shape) for axis in reduction_axes]
    kept = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
    mean = ops.mean(x, axis=axes, keepdims=True)
    variance = ops.mean(ops.square(x - mean), axis=axes, keepdims=True)
    scaled = (x - mean) * ops.rsqrt(variance + epsilon)
    if gamma is not None:
        scaled = scaled * ops.reshape(gamma, kept)
    if beta is not None:
        scaled = scaled + ops.reshape(beta, kept)
    flat = [size for axis, size in enumerate(x.shape) if axis not in axes]
    return scaled, ops.reshape(mean, flat), ops.reshape(variance, flat)


def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3
) -> Any:
    """`x` normalised by a given mean and variance, then scaled by `gamma` and moved by `beta`.

    The parameters broadcast against `x`; vectors run along `axis`.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1, "float32")
    >>> batch_normalization(np.array([[3.0]], "float32"), one, one, None, None, epsilon=0.0)
    array([[2.]], dtype=float32)
    """
    return normalized_by(x, mean, var, beta, gamma, axis, epsilon)


@operation
def normalized_by(x, mean, var, beta, gamma, axis, epsilon):
    """What `batch_normalization` records."""
    along = [-1 if i == axis % len(x.shape) else 1 for i in range(len(x.shape))]
    mean, var, beta, gamma = (
        ops.reshape(p, along) if p is not None and len(p.shape) == 1 else p for p in (mean, var, beta, gamma)
    )
    scale = ops.rsqrt(var + epsilon)
    if gamma is not None:
        scale = scale * gamma
    scaled = (x - mean) * scale
    return scaled if beta is None else scaled + beta


@operation
def bias_add(x, bias, data_format=None):
    """`x` plus a bias: one number per channel, or one per element of a sample.

    Examples
    --------
    >>> import numpy as np
    >>> bias_add(np.zeros((1, 2, 3), "float32"), np.array([1.0, 2.0, 3.0], "float32"))[0, 1]
    array([1., 2., 3.], dtype=float32)
    """
    data_format = config.standardize_data_format(data_format)
    rank, shape = len(x.shape), tuple(bias.shape)
    if len(shape) not in (1, rank - 1):
        raise ValueError(
            f"Unexpected bias dimensions {len(shape)} {shape}, expect to be 1 or {rank - 1} dimensions"
        )
    if rank < 3:
        return x + bias
    full = (1,) * (rank - len(shape)) + shape
    # Keras reshapes a bias per element to channels_first without moving its values.
    return x + ops.reshape(bias, transpose_shape(full, data_format, tuple(range(1, rank - 1))))
