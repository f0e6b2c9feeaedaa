"""Softmax and the cross-entropies, with the semantics of Keras 2's backend on probabilities.

On probabilities one node each is emitted; where these come straight from a softmax or a sigmoid, the core
puts the stable form on logits in its place.
"""

from __future__ import annotations

import numpy as np

from .. import config
from .dispatch import emit, operation
from .layout import _axis, _tensor, broadcast_to, moveaxis, reshape
from .tensor import operations

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "log_softmax",
    "softmax",
    "sparse_categorical_crossentropy",
]


def _float(x):
    x = _tensor(x)
    return x if x.dtype in ("float32", "float64") else operations["cast"](x, config.floatx())


def _cast(x, dtype):
    return x if x.dtype == dtype else operations["cast"](x, dtype)


def _along(op, x, axis):
    """`op`, which works along the last axis, along `axis`."""
    x = _float(x)
    axis = _axis(axis, x.ndim, op)
    if axis == x.ndim - 1:
        return emit(op, [x])
    return moveaxis(emit(op, [moveaxis(x, axis, -1)]), -1, axis)


@operation
def softmax(x, axis=-1):
    """exp(x) divided by its sum along `axis`.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.softmax(np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    return _along("softmax", x, axis)


@operation
def log_softmax(x, axis=-1):
    """The logarithm of the softmax along `axis`, exact also where the softmax rounds to 0."""
    return _along("log_softmax", x, axis)


@operation
def binary_crossentropy(target, output, from_logits=False):
    """Cross-entropy of probabilities and 0/1 targets, element by element.

    Parameters
    ----------
    target, output : tensors
        Broadcast against each other.
    from_logits : bool
        Whether `output` holds logits, of which the sigmoid is the probability. Otherwise it is clipped to
        [epsilon, 1 - epsilon].

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.binary_crossentropy(np.array([1.0, 0.0]), np.array([0.5, 0.5])).round(4)
    array([0.6931, 0.6931])
    """
    output = _float(output)
    target = _cast(_tensor(target), output.dtype)
    if target.shape != output.shape:
        shape = np.broadcast_shapes(target.shape, output.shape)
        target, output = broadcast_to(target, shape), broadcast_to(output, shape)
    if from_logits:
        return emit("sigmoid_cross_entropy", [output, target])
    return emit("binary_crossentropy", [target, output], epsilon=float(config.epsilon()))


@operation
def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """Cross-entropy of class probabilities and a target distribution, one value per row.

    Parameters
    ----------
    target, output : tensors of one shape
    from_logits : bool
        Whether `output` holds logits, of which the softmax is the probabilities. Otherwise it is divided by
        its sum and clipped to [epsilon, 1 - epsilon].
    axis : int
        Where the classes are.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.categorical_crossentropy(np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]])).round(4)
    array([0.6931])
    """
    output = _float(output)
    target = _cast(_tensor(target), output.dtype)
    if target.shape != output.shape:
        raise ValueError(
            f"categorical_crossentropy: the target has shape {target.shape}, but the output {output.shape}"
        )
    axis = _axis(axis, output.ndim, "categorical_crossentropy")
    target, output = moveaxis(target, axis, -1), moveaxis(output, axis, -1)
    if from_logits:
        return emit("softmax_cross_entropy", [output, target])[0]
    return emit("categorical_crossentropy", [target, output], epsilon=float(config.epsilon()))


@operation
def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """Cross-entropy of class probabilities and integer labels, one value per row.

    Parameters
    ----------
    target : tensor
        Class indices, of the shape of `output` without the axis of classes (or with size 1 there). A label
        that is no class is an error when the program runs.
    output : tensor
    from_logits : bool
        Whether `output` holds logits. Otherwise it is clipped to [epsilon, 1 - epsilon].
    axis : int
        Where the classes are.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.sparse_categorical_crossentropy(np.array([1]), np.array([[0.5, 0.5]])).round(4)
    array([0.6931])
    """
    output = _float(output)
    output = moveaxis(output, _axis(axis, output.ndim, "sparse_categorical_crossentropy"), -1)
    target = _tensor(target)
    if target.dtype not in ("int32", "int64"):
        target = operations["cast"](target, "int32")
    rows = output.shape[:-1]
    if int(np.prod(target.shape)) != int(np.prod(rows)):
        raise ValueError(
            f"sparse_categorical_crossentropy: the labels have shape {target.shape}, but outputs of shape"
            f" {output.shape} need {rows}"
        )
    target = reshape(target, rows)
    if from_logits:
        return emit("sparse_softmax_cross_entropy", [output, target])[0]
    return emit("sparse_categorical_crossentropy", [target, output], epsilon=float(config.epsilon()))
