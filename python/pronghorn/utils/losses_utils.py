"""How the losses of single samples become one number: weights, their broadcasting, reductions."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..ops.dispatch import operation


class Reduction:
    """What a `Loss` makes of the losses of single samples.

    `NONE` keeps them, `SUM` adds them up, `SUM_OVER_BATCH_SIZE` divides that sum by their number.

    Examples
    --------
    >>> Reduction.all()
    ('none', 'sum', 'sum_over_batch_size')
    """

    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All values."""
        return (cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE)

    @classmethod
    def validate(cls, key: str) -> None:
        """Raises ValueError unless `key` is one of the values."""
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}. Expected one of {cls.all()}.")


def as_pair(y_true: Any, y_pred: Any) -> Any:
    """Targets and predictions as tensors of the prediction's dtype, a float."""
    y_pred = ops.convert_to_tensor(y_pred)
    if not y_pred.dtype.startswith("float"):
        y_pred = ops.cast(y_pred, config.floatx())
    return ops.cast(ops.convert_to_tensor(y_true), y_pred.dtype), y_pred


def squeeze_or_expand_dimensions(y_pred: Any, y_true: Any = None, sample_weight: Any = None) -> Any:
    """Brings targets and weights to the rank of the predictions where they differ by one.

    Returns `(y_pred, y_true)`, or `(y_pred, y_true, sample_weight)` where weights are given. Of predictions
    and targets the one of higher rank loses its last axis if that is 1; weights lose or gain a last axis;
    scalar weights stay.
    """
    if y_true is not None:
        difference = len(y_pred.shape) - len(y_true.shape)
        if difference == 1 and y_pred.shape[-1] == 1:
            y_pred = ops.squeeze(y_pred, -1)
        elif difference == -1 and y_true.shape[-1] == 1:
            y_true = ops.squeeze(y_true, -1)
    if sample_weight is None:
        return y_pred, y_true
    weight_rank = len(sample_weight.shape)
    if weight_rank:
        difference = weight_rank - len(y_pred.shape)
        if weight_rank == 1 and difference == 1:
            y_pred = ops.expand_dims(y_pred, -1)
        elif difference == 1:
            sample_weight = ops.squeeze(sample_weight, -1)
        elif difference == -1:
            sample_weight = ops.expand_dims(sample_weight, -1)
    return y_pred, y_true, sample_weight


def broadcast_weights(values: Any, sample_weight: Any) -> Any:
    """Gives the weights the shape of the values: axes are added behind, axes of 1 are repeated."""
    shape, weights_shape = tuple(values.shape), tuple(sample_weight.shape)
    if shape == weights_shape:
        return sample_weight
    fits = len(weights_shape) <= len(shape) and all(
        weight in (1, size) for weight, size in zip(weights_shape, shape)
    )
    if not fits:
        raise ValueError(
            f"Incompatible shapes: `values` {shape} vs `sample_weight` {weights_shape}: "
            "the weights have to fit the leading axes of the values."
        )
    sample_weight = ops.reshape(sample_weight, weights_shape + (1,) * (len(shape) - len(weights_shape)))
    return ops.broadcast_to(sample_weight, shape)


@operation
def compute_weighted_loss(
    losses: Any,
    sample_weight: Any = None,
    reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
    name: str | None = None,
) -> Any:
    """Weighs losses and reduces them.

    Parameters
    ----------
    losses : tensor
        Loss of each element, of shape `(batch, d1, ..., dn)`.
    sample_weight : tensor, optional
        A scalar, or weights that fit the leading axes of `losses`.
    reduction : str
        A value of `Reduction`.
    name : str, optional
        Accepted for Keras's sake.

    Examples
    --------
    >>> import numpy as np
    >>> float(compute_weighted_loss(np.array([1.0, 3.0], "float32"), np.array([1.0, 0.5], "float32")))
    1.25
    """
    Reduction.validate(reduction)
    dtype = losses.dtype
    losses = ops.cast(losses, config.floatx())
    if sample_weight is not None:
        sample_weight = ops.cast(sample_weight, config.floatx())
        losses, _, sample_weight = squeeze_or_expand_dimensions(losses, None, sample_weight)
        losses = losses * broadcast_weights(losses, sample_weight)
    if reduction == Reduction.SUM:
        losses = ops.sum(losses)
    elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
        losses = ops.mean(losses)
    return ops.cast(losses, dtype)
