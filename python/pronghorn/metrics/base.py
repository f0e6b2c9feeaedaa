"""What a metric is: state that batches are added to, and a result computed from it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import config, ops
from ..engine.base_layer import Layer
from ..engine.registry import register
from ..ops.dispatch import operation
from ..utils import losses_utils


class Reduction:
    """How a `Reduce` metric makes one number of many values."""

    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
    WEIGHTED_MEAN = "weighted_mean"


def _leaves(structure):
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, (list, tuple)):
        return [leaf for value in structure for leaf in _leaves(value)]
    return [structure]


def _traced_for_arrays(method):
    """Makes a method, written on tensors, run at once where it is called with arrays outside a trace."""

    @functools.wraps(method)
    def wrapper(self, *args, **kwargs):
        if ops.current_trace() is not None:
            return method(self, *args, **kwargs)
        arguments = [_as_array(value) for value in args]
        named = {name: _as_array(value) for name, value in kwargs.items()}
        arrays = [value for value in (*arguments, *named.values()) if isinstance(value, np.ndarray)]
        key = (
            method,
            len(arguments),
            *((name, None if value is None else 0) for name, value in named.items()),
            *((array.shape, array.dtype.str) for array in arrays),
        )
        found = self._programs.get(key)
        if found is None:
            found = self._programs[key] = _trace(method, self, arguments, named)
        program, dtypes, has_result = found
        outputs = program.run([array.astype(dtype, copy=False) for array, dtype in zip(arrays, dtypes)])
        return outputs[0] if has_result else None

    return wrapper


def _trace(method, metric, arguments, named):
    dtypes = []
    with ops.Trace(training=False) as trace:

        def feed(value):
            if not isinstance(value, np.ndarray):
                return value
            dtypes.append(trace.core_dtype(value))
            return trace.feed(value.shape, dtypes[-1])

        result = method(metric, *map(feed, arguments), **{name: feed(value) for name, value in named.items()})
        has_result = isinstance(result, ops.Tensor)
        if has_result:
            trace.fetch(result)
        return trace.compile(), dtypes, has_result


def _as_array(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, ops.Variable):
        return value.numpy()
    array = np.asarray(value)
    if array.dtype == np.float64 and not isinstance(value, (np.ndarray, np.generic)):
        array = array.astype(config.floatx())
    return np.ascontiguousarray(array)


class Metric(Layer):
    """Base class of metrics: make state by `add_weight`, override `update_state` and `result`.

    Within a model a metric is part of the compiled step. Called with arrays it does the same at once:
    `update_state` adds them to the state, `result` returns a NumPy value, and calling the metric does one
    after the other.

    Parameters
    ----------
    name : str, optional
        Name of the metric, in the history and in `metrics_names`.
    dtype : str, optional
        Type of state and result.

    Examples
    --------
    >>> class Highest(Metric):
    ...     def __init__(self, name="highest", dtype=None):
    ...         super().__init__(name=name, dtype=dtype)
    ...         self.highest = self.add_weight("highest", initializer="zeros")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.highest.assign(ops.maximum(self.highest, ops.max(y_pred)))
    ...     def result(self):
    ...         return ops.convert_to_tensor(self.highest)
    >>> metric = Highest()
    >>> metric.update_state([0.0], [2.0])
    >>> float(metric.result())
    2.0
    """

    _weights_are_in_files = False

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in ("update_state", "result"):
            if name in cls.__dict__:
                setattr(cls, name, _traced_for_arrays(cls.__dict__[name]))

    def __init__(self, name: str | None = None, dtype: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, dtype=dtype or config.floatx(), **kwargs)
        self.stateful = True
        self.built = True
        self._programs = {}  # for calls with arrays: what is called, shapes and dtypes -> program

    def __call__(self, *args, **kwargs):
        if any(isinstance(value, ops.KerasTensor) for value in _leaves((args, kwargs))):
            result = measured(self, args, kwargs)
            result._metric_obj = self
            return result
        self.update_state(*args, **kwargs)
        result = self.result()
        if isinstance(result, ops.Tensor):
            result = _Result(result, self)
        return result

    def get_config(self) -> dict:
        """The arguments to make an equal metric with."""
        return {"name": self.name, "dtype": self.dtype}

    def reset_states(self) -> None:
        """Sets all state to zero."""
        for variable in self.weights:
            variable.assign(np.zeros(variable.shape, variable.dtype))

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds a batch to the state."""
        raise NotImplementedError(f"{type(self).__name__} must implement `update_state`.")

    def result(self) -> Any:
        """Computes the value of the metric from its state."""
        raise NotImplementedError(f"{type(self).__name__} must implement `result`.")

    def add_weight(
        self, name: str | None, shape: Any = (), initializer: Any = None, dtype: str | None = None
    ) -> Any:
        """Makes a variable of state."""
        with ops.outside_traces():
            return super().add_weight(
                name=name, shape=shape, dtype=dtype or self.dtype, trainable=False, initializer=initializer
            )


class Reduce(Metric):
    """Reduces all values seen to one number.

    Parameters
    ----------
    reduction : str
        A value of `Reduction`.
    name : str
        Name of the metric.
    dtype : str, optional
        Type of the result.

    Examples
    --------
    >>> metric = Reduce(Reduction.SUM, "sum")
    >>> float(metric([1.0, 2.0]))
    3.0
    """

    def __init__(self, reduction: str, name: str, dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        if reduction not in (Reduction.SUM, Reduction.SUM_OVER_BATCH_SIZE, Reduction.WEIGHTED_MEAN):
            raise NotImplementedError(f"reduction [{reduction}] not implemented")
        self.reduction = reduction
        self.total = self.add_weight("total", initializer="zeros")
        if reduction != Reduction.SUM:
            self.count = self.add_weight("count", initializer="zeros")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds values, each multiplied by its weight."""
        values = ops.cast(values, self.dtype)
        if sample_weight is not None:
            sample_weight = ops.cast(sample_weight, self.dtype)
            values, _, sample_weight = losses_utils.squeeze_or_expand_dimensions(
                values, sample_weight=sample_weight
            )
            sample_weight = losses_utils.broadcast_weights(values, sample_weight)
            values = values * sample_weight
        self.total.assign_add(ops.sum(values))
        if self.reduction == Reduction.SUM:
            return
        if self.reduction == Reduction.WEIGHTED_MEAN and sample_weight is not None:
            self.count.assign_add(ops.sum(sample_weight))
        else:
            self.count.assign_add(float(np.prod(values.shape, dtype="int64")))

    def result(self) -> Any:
        """The sum, or the sum over the number of values or the sum of their weights."""
        return (
            ops.convert_to_tensor(self.total) if self.reduction == Reduction.SUM else self.total / self.count
        )


class Sum(Reduce):
    """The sum of all values.

    Examples
    --------
    >>> metric = Sum()
    >>> metric.update_state([1.0, 3.0, 5.0])
    >>> float(metric.result())
    9.0
    """

    def __init__(self, name: str | None = "sum", dtype: str | None = None) -> None:
        super().__init__(Reduction.SUM, name, dtype=dtype)


@register
class Mean(Reduce):
    """The mean of all values, weighted where weights are given.

    Examples
    --------
    >>> float(Mean()([1.0, 3.0], sample_weight=[3.0, 1.0]))
    1.5
    """

    def __init__(self, name: str | None = "mean", dtype: str | None = None) -> None:
        super().__init__(Reduction.WEIGHTED_MEAN, name, dtype=dtype)


class MeanMetricWrapper(Mean):
    """The mean of a function of targets and predictions.

    Parameters
    ----------
    fn : callable
        Function of `(y_true, y_pred, **kwargs)`.
    name : str, optional
        Name of the metric.
    dtype : str, optional
        Type that targets and predictions are cast to, and of the result.
    **kwargs
        Handed on to `fn`.

    Examples
    --------
    >>> metric = MeanMetricWrapper(lambda y_true, y_pred: ops.abs(y_true - y_pred), name="distance")
    >>> float(metric([0.0, 1.0], [1.0, 4.0]))
    2.0
    """

    def __init__(
        self, fn: Callable, name: str | None = None, dtype: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Adds the values of the function for a batch."""
        y_true = ops.cast(y_true, self.dtype)
        y_pred = ops.cast(y_pred, self.dtype)
        y_pred, y_true = losses_utils.squeeze_or_expand_dimensions(y_pred, y_true)
        return super().update_state(self._fn(y_true, y_pred, **self._fn_kwargs), sample_weight=sample_weight)

    def get_config(self) -> dict:
        """The arguments to make an equal metric with."""
        return {**super().get_config(), **self._fn_kwargs}


@operation
def measured(metric: Any, args: Any, kwargs: Any) -> Any:
    """A metric's result after an update: what calling it on symbolic tensors stands for."""
    return metric(*args, **kwargs)


class _Result(ops.Tensor):
    """The result of a metric within a trace; `add_metric` sees by it that the metric is up to date."""

    __slots__ = ("_metric_obj",)

    def __init__(self, tensor, metric):
        super().__init__(tensor.trace, tensor.value, tensor.shape, tensor.dtype)
        self._metric_obj = metric


def clone_metric(metric: Any) -> Any:
    """A fresh metric of the same class and arguments; functions are returned as they are."""
    return type(metric).from_config(metric.get_config()) if isinstance(metric, Metric) else metric


def clone_metrics(metrics: Any) -> Any:
    """Clones of the metrics of a list or dictionary."""
    if metrics is None:
        return None
    if isinstance(metrics, dict):
        return {key: clone_metric(value) for key, value in metrics.items()}
    return [clone_metric(metric) for metric in metrics]
