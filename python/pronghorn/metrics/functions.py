"""Metrics as functions of `(y_true, y_pred)` to a value per sample."""

from __future__ import annotations

from typing import Any

from .. import config, losses, ops
from ..ops.dispatch import operation
from ..utils.losses_utils import as_pair


@operation
def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where prediction and target are equal, else 0.

    Examples
    --------
    >>> import numpy as np
    >>> accuracy(np.array([1, 2, 3]), np.array([1.0, 2.0, 4.0], "float32"))
    array([1., 1., 0.], dtype=float32)
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    return ops.cast(ops.equal(y_true, y_pred), config.floatx())


@operation
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """Share, over the last axis, of predictions that are on the target's side of the threshold."""
    y_true, y_pred = as_pair(y_true, y_pred)
    if threshold != 0.5:
        y_pred = ops.cast(ops.greater(y_pred, threshold), y_pred.dtype)
    hits = ops.equal(y_true, ops.round(y_pred))
    return ops.mean(ops.cast(hits, config.floatx()), axis=-1)


@operation
def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the highest prediction is that of the highest target, else 0."""
    y_true, y_pred = as_pair(y_true, y_pred)
    hits = ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1))
    return ops.cast(hits, config.floatx())


@operation
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the highest prediction is that of the target's class index, else 0."""
    y_true, y_pred = as_pair(y_true, y_pred)
    if len(y_true.shape) == len(y_pred.shape):
        y_true = ops.squeeze(y_true, -1)
    labels = ops.cast(ops.argmax(y_pred, axis=-1), y_true.dtype)
    return ops.cast(ops.equal(y_true, labels), config.floatx())


@operation
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the class of the highest target is among the `k` highest predictions, else 0."""
    y_true, y_pred = as_pair(y_true, y_pred)
    target = ops.one_hot(ops.argmax(y_true, axis=-1), y_pred.shape[-1], dtype=y_pred.dtype)
    return _in_top_k(target, y_pred, k)


@operation
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the target's class index is among the `k` highest predictions, else 0."""
    y_true, y_pred = as_pair(y_true, y_pred)
    indices = ops.cast(ops.reshape(y_true, y_pred.shape[:-1]), "int32")
    return _in_top_k(ops.one_hot(indices, y_pred.shape[-1], dtype=y_pred.dtype), y_pred, k)


def _in_top_k(target, y_pred, k):
    # Classes as high as the target's do not push it out, whatever their order.
    score = ops.sum(ops.where(ops.greater(target, 0.5), y_pred, 0.0), axis=-1, keepdims=True)
    higher = ops.sum(ops.cast(ops.greater(y_pred, score), config.floatx()), axis=-1)
    return ops.cast(ops.less(higher, float(k)), config.floatx())


@operation
def cosine_proximity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between target and prediction: 1 where they point the same way."""
    return -losses.cosine_proximity(y_true, y_pred, axis=axis)
