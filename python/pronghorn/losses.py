"""Losses: functions of `(y_true, y_pred)` to a value per sample, and the classes that wrap them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from . import config, ops
from .ops.dispatch import operation
from .utils.generic_utils import deserialize_keras_object, serialize_keras_object
from .utils.losses_utils import Reduction, as_pair, compute_weighted_loss
from .utils.serialization import nameable


class Loss:
    """Base class of losses: override `call`.

    Parameters
    ----------
    reduction : str
        What becomes of the losses of single samples: "none", "sum" or "sum_over_batch_size".
    name : str, optional
        Name of the loss.

    Examples
    --------
    >>> import numpy as np
    >>> class Distance(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean(ops.abs(y_true - y_pred), axis=-1)
    >>> float(Distance()(np.zeros((2, 3), "float32"), np.ones((2, 3), "float32")))
    1.0
    """

    def __init__(self, reduction: str = Reduction.SUM_OVER_BATCH_SIZE, name: str | None = None) -> None:
        self.reduction = reduction
        self.name = name

    def __call__(self, y_true, y_pred, sample_weight=None):
        return compute_weighted_loss(self.call(y_true, y_pred), sample_weight, reduction=self.reduction)

    @classmethod
    def from_config(cls, config: dict) -> Loss:
        """Makes a loss from what `get_config` returned."""
        return cls(**config)

    def get_config(self) -> dict:
        """The arguments to make an equal loss with."""
        return {"reduction": self.reduction, "name": self.name}

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        raise NotImplementedError(f"{type(self).__name__} must implement `call(y_true, y_pred)`.")


class LossFunctionWrapper(Loss):
    """A loss made of a function.

    Parameters
    ----------
    fn : callable
        Function of `(y_true, y_pred, **kwargs)` to the loss of each sample.
    reduction : str
        See `Loss`.
    name : str, optional
        Name of the loss.
    **kwargs
        Handed on to `fn`.

    Examples
    --------
    >>> LossFunctionWrapper(mean_squared_error, name="mse").name
    'mse'
    """

    def __init__(
        self,
        fn: Callable,
        reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(reduction=reduction, name=name)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict:
        """The arguments to make an equal loss with."""
        return {**super().get_config(), **self._fn_kwargs}


@operation
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `(y_pred - y_true)²`.

    Examples
    --------
    >>> import numpy as np
    >>> mean_squared_error(np.zeros((1, 2), "float32"), np.array([[1, 3]], "float32"))
    array([5.], dtype=float32)
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    return ops.mean(ops.square(y_pred - y_true), axis=-1)


@operation
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `|y_pred - y_true|`."""
    y_true, y_pred = as_pair(y_true, y_pred)
    return ops.mean(ops.abs(y_pred - y_true), axis=-1)


@operation
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `100 |y_true - y_pred| / max(|y_true|, epsilon)`."""
    y_true, y_pred = as_pair(y_true, y_pred)
    scale = ops.maximum(ops.abs(y_true), config.epsilon())
    return 100.0 * ops.mean(ops.abs((y_true - y_pred) / scale), axis=-1)


@operation
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `(log(y_pred + 1) - log(y_true + 1))²`, both at least epsilon."""
    y_true, y_pred = as_pair(y_true, y_pred)
    first = ops.log(ops.maximum(y_pred, config.epsilon()) + 1.0)
    second = ops.log(ops.maximum(y_true, config.epsilon()) + 1.0)
    return ops.mean(ops.square(first - second), axis=-1)


@operation
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `max(1 - y_true y_pred, 0)²`; targets are -1 and 1, or 0 and 1."""
    y_true, y_pred = as_pair(y_true, y_pred)
    y_true = _with_signs(y_true)
    return ops.mean(ops.square(ops.maximum(1.0 - y_true * y_pred, 0.0)), axis=-1)


@operation
def hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `max(1 - y_true y_pred, 0)`; targets are -1 and 1, or 0 and 1."""
    y_true, y_pred = as_pair(y_true, y_pred)
    y_true = _with_signs(y_true)
    return ops.mean(ops.maximum(1.0 - y_true * y_pred, 0.0), axis=-1)


def _with_signs(y_true):
    """Targets of 0 and 1 as -1 and 1; a batch that holds any other value is left as it is."""
    is_binary = ops.all(ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0)))
    return ops.where(is_binary, 2.0 * y_true - 1.0, y_true)


@operation
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """`max(0, neg - pos + 1)`: the prediction of the true class against the highest of the others."""
    y_true, y_pred = as_pair(y_true, y_pred)
    pos = ops.sum(y_true * y_pred, axis=-1)
    neg = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(neg - pos + 1.0, 0.0)


@operation
def logcosh(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `log(cosh(y_pred - y_true))`: a square near zero, a distance far from it.

    `log(cosh(x)) = x + softplus(-2x) - log(2)` does not overflow.
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    x = y_pred - y_true
    return ops.mean(x + ops.softplus(-2.0 * x) - math.log(2.0), axis=-1)


@operation
def huber_loss(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """`x²/2` up to `|x| = delta`, and a straight line beyond; one value per element."""
    y_true, y_pred = as_pair(y_true, y_pred)
    error = ops.abs(y_pred - y_true)
    quadratic = ops.minimum(error, delta)
    return 0.5 * ops.square(quadratic) + delta * (error - quadratic)


@operation
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0
) -> Any:
    """Cross-entropy between distributions over the last axis.

    Parameters
    ----------
    y_true : tensor
        Target distributions, mostly one-hot.
    y_pred : tensor
        Predicted distributions, or logits.
    from_logits : bool
        Whether `y_pred` are logits.
    label_smoothing : float
        Share of each target that is spread evenly over all classes.

    Examples
    --------
    >>> import numpy as np
    >>> loss = categorical_crossentropy(np.eye(2, dtype="float32"), np.full((2, 2), 0.5, "float32"))
    >>> loss.round(4)
    array([0.6931, 0.6931], dtype=float32)
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    if label_smoothing > 0:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_pred.shape[-1]
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits)


@operation
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Cross-entropy with class indices as targets, one per row of `y_pred`."""
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


@operation
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0
) -> Any:
    """Mean over the last axis of the cross-entropy between probabilities of two classes.

    `label_smoothing` is the share of each target that is replaced by one half.
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    if label_smoothing > 0:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=-1)


@operation
def kullback_leibler_divergence(y_true: Any, y_pred: Any) -> Any:
    """Sum over the last axis of `y_true log(y_true / y_pred)`, both clipped to [epsilon, 1]."""
    y_true, y_pred = as_pair(y_true, y_pred)
    y_true = ops.clip(y_true, config.epsilon(), 1.0)
    y_pred = ops.clip(y_pred, config.epsilon(), 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


@operation
def poisson(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `y_pred - y_true log(y_pred + epsilon)`."""
    y_true, y_pred = as_pair(y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), axis=-1)


@operation
def cosine_proximity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between target and prediction: -1 where they point the same way."""
    y_true, y_pred = as_pair(y_true, y_pred)
    return -ops.sum(_unit(y_true, axis) * _unit(y_pred, axis), axis=axis)


def _unit(x, axis):
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence
cosine = cosine_similarity = cosine_proximity


class MeanSquaredError(LossFunctionWrapper):
    """The loss `mean_squared_error`.

    Examples
    --------
    >>> import numpy as np
    >>> float(MeanSquaredError()(np.zeros((2, 2), "float32"), np.full((2, 2), 2, "float32")))
    4.0
    """

    def __init__(
        self, reduction: str = Reduction.SUM_OVER_BATCH_SIZE, name: str | None = "mean_squared_error"
    ) -> None:
        super().__init__(mean_squared_error, reduction, name)


class MeanAbsoluteError(LossFunctionWrapper):
    """The loss `mean_absolute_error`."""

    def __init__(
        self, reduction: str = Reduction.SUM_OVER_BATCH_SIZE, name: str | None = "mean_absolute_error"
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """The loss `mean_absolute_percentage_error`."""

    def __init__(
        self,
        reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        name: str | None = "mean_absolute_percentage_error",
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The loss `mean_squared_logarithmic_error`."""

    def __init__(
        self,
        reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        name: str | None = "mean_squared_logarithmic_error",
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name)


class BinaryCrossentropy(LossFunctionWrapper):
    """The loss `binary_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0,
        reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        name: str | None = "binary_crossentropy",
    ) -> None:
        super().__init__(
            binary_crossentropy, reduction, name, from_logits=from_logits, label_smoothing=label_smoothing
        )
        self.from_logits = from_logits


class CategoricalCrossentropy(LossFunctionWrapper):
    """The loss `categorical_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0,
        reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        name: str | None = "categorical_crossentropy",
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """The loss `sparse_categorical_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        name: str | None = "sparse_categorical_crossentropy",
    ) -> None:
        super().__init__(sparse_categorical_crossentropy, reduction, name, from_logits=from_logits)


class Hinge(LossFunctionWrapper):
    """The loss `hinge`."""

    def __init__(self, reduction: str = Reduction.SUM_OVER_BATCH_SIZE, name: str | None = "hinge") -> None:
        super().__init__(hinge, reduction, name)


class SquaredHinge(LossFunctionWrapper):
    """The loss `squared_hinge`."""

    def __init__(
        self, reduction: str = Reduction.SUM_OVER_BATCH_SIZE, name: str | None = "squared_hinge"
    ) -> None:
        super().__init__(squared_hinge, reduction, name)


class CategoricalHinge(LossFunctionWrapper):
    """The loss `categorical_hinge`."""

    def __init__(
        self, reduction: str = Reduction.SUM_OVER_BATCH_SIZE, name: str | None = "categorical_hinge"
    ) -> None:
        super().__init__(categorical_hinge, reduction, name)


class Poisson(LossFunctionWrapper):
    """The loss `poisson`."""

    def __init__(self, reduction: str = Reduction.SUM_OVER_BATCH_SIZE, name: str | None = "poisson") -> None:
        super().__init__(poisson, reduction, name)


class LogCosh(LossFunctionWrapper):
    """The loss `logcosh`."""

    def __init__(self, reduction: str = Reduction.SUM_OVER_BATCH_SIZE, name: str | None = "logcosh") -> None:
        super().__init__(logcosh, reduction, name)


class KLDivergence(LossFunctionWrapper):
    """The loss `kullback_leibler_divergence`."""

    def __init__(
        self, reduction: str = Reduction.SUM_OVER_BATCH_SIZE, name: str | None = "kullback_leibler_divergence"
    ) -> None:
        super().__init__(kullback_leibler_divergence, reduction, name)


class CosineSimilarity(LossFunctionWrapper):
    """The loss `cosine_proximity`."""

    def __init__(
        self,
        axis: int = -1,
        reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        name: str | None = "cosine_similarity",
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, axis=axis)


class Huber(LossFunctionWrapper):
    """The loss `huber_loss`: a square up to an error of `delta`, a straight line beyond."""

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        name: str | None = "huber_loss",
    ) -> None:
        super().__init__(huber_loss, reduction, name, delta=delta)


def is_categorical_crossentropy(loss: Any) -> bool:
    """Whether a loss, given as name, function or object, is the categorical cross-entropy."""
    return (
        isinstance(loss, CategoricalCrossentropy)
        or getattr(loss, "fn", None) is categorical_crossentropy
        or getattr(loss, "__name__", None) == "categorical_crossentropy"
        or (isinstance(loss, str) and loss == "categorical_crossentropy")
    )


def serialize(loss: Any) -> Any:
    """What `deserialize` makes the loss from again: a name, or a dictionary of class and arguments."""
    return serialize_keras_object(loss)


def deserialize(name: str | None, custom_objects: dict | None = None) -> Any:
    """The loss with a name, or of a dictionary that `serialize` returned."""
    return deserialize_keras_object(
        name,
        module_objects=nameable(globals()),
        custom_objects=custom_objects,
        printable_module_name="loss function",
    )


def get(identifier: Any) -> Any:
    """The loss that `identifier` (None, a name, a dictionary or a function) stands for.

    Examples
    --------
    >>> get("mse") is mean_squared_error
    True
    """
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, (str, dict)):
        found = deserialize(identifier)
        return found() if isinstance(found, type) else found
    raise ValueError(f"Could not interpret loss function identifier: {identifier!r}")
