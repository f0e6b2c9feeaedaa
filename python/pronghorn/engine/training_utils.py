"""What `compile` accepts, brought into order: losses, weights and metrics per output. Checks of targets."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import numpy as np

from .. import config, losses, ops
from .. import metrics as metrics_module
from ..utils.generic_utils import check_for_unexpected_keys, to_list
from ..utils.losses_utils import Reduction
from ..utils.warn import warn
from .batch_streams import is_generator_or_sequence, is_sequence  # noqa: F401 (Keras's place for these)
from .data import (  # noqa: F401 (Keras's place for these)
    batch_shuffle,
    check_array_length_consistency,
    make_batches,
    standardize_class_weights,
    standardize_input_data,
    standardize_sample_or_class_weights,
    standardize_sample_weights,
    standardize_weights,
)

# Losses whose targets have the shape of the output.
_SAME_SHAPE_FUNCTIONS = (
    losses.mean_squared_error,
    losses.binary_crossentropy,
    losses.categorical_crossentropy,
)


def loss_function_of(loss: Any) -> Any:
    """The function within a loss object, or None where it is the user's own class."""
    return getattr(loss, "fn", None)


def is_sparse(loss: Any) -> bool:
    """Whether the targets of a loss are class indices."""
    return loss_function_of(loss) is losses.sparse_categorical_crossentropy


def get_loss_function(loss: Any) -> Any:
    """The object that computes a loss: from a name, function, dictionary or `Loss`; None for None."""
    if loss is None or isinstance(loss, losses.Loss):
        return loss
    if isinstance(loss, Mapping):
        loss = losses.get(dict(loss))
        if isinstance(loss, losses.Loss):
            return loss
    if callable(loss) and not hasattr(loss, "__name__"):
        return loss  # an object with a `__call__` of its own
    function = losses.get(loss)
    if isinstance(function, losses.Loss):
        return function
    return losses.LossFunctionWrapper(
        function, name=function.__name__, reduction=Reduction.SUM_OVER_BATCH_SIZE
    )


def weighted_masked_objective(fn: Callable) -> Any:
    """Keras 2.2's form of a loss: a function of `(y_true, y_pred, weights, mask)` to a scalar."""
    if fn is None:
        return None

    def weighted(y_true, y_pred, weights, mask=None):
        score = fn(y_true, y_pred)
        if mask is not None:
            mask = ops.cast(mask, config.floatx())
            score = score * mask / (ops.mean(mask) + config.epsilon())
        if weights is not None:
            axes = tuple(range(len(weights.shape), len(score.shape)))
            score = ops.mean(score, axis=axes) if axes else score
            score = score * weights
            score = score / ops.mean(ops.cast(ops.not_equal(weights, 0.0), config.floatx()))
        return ops.mean(score)

    return weighted


def prepare_loss_functions(loss: Any, output_names: Sequence[str]) -> list:
    """One loss object per output; None where an output has no loss."""
    if isinstance(loss, Mapping):
        check_for_unexpected_keys("loss", loss, output_names)
        for name in output_names:
            if name not in loss:
                warn(
                    f"Output {name} missing from loss dictionary. We assume this was done on purpose. "
                    f"The fit and evaluate APIs will not be expecting any data to be passed to {name}."
                )
        return [get_loss_function(loss.get(name)) for name in output_names]
    if isinstance(loss, (list, tuple)):
        if len(loss) != len(output_names):
            raise ValueError(
                "When passing a list as loss, it should have one entry per model outputs. "
                f"The model has {len(output_names)} outputs, but you passed loss={loss}"
            )
        return [get_loss_function(entry) for entry in loss]
    return [get_loss_function(loss) for _ in output_names]


def prepare_loss_weights(output_names: Sequence[str], loss_weights: Any = None) -> list:
    """What the loss of each output is multiplied by."""
    if loss_weights is None:
        return [1.0] * len(output_names)
    if isinstance(loss_weights, Mapping):
        check_for_unexpected_keys("loss_weights", loss_weights, output_names)
        return [loss_weights.get(name, 1.0) for name in output_names]
    if isinstance(loss_weights, list):
        if len(loss_weights) != len(output_names):
            raise ValueError(
                "When passing a list as loss_weights, it should have one entry per model output. "
                f"The model has {len(output_names)} outputs, but you passed loss_weights={loss_weights}"
            )
        return list(loss_weights)
    raise TypeError(
        f"Could not interpret loss_weights argument: {loss_weights} - expected a list or a dict of numbers."
    )


def prepare_sample_weight_modes(sample_weight_mode: Any, output_names: Sequence[str], skipped: Any) -> list:
    """None or "temporal" for each output; `skipped` are the indices of outputs without weights."""
    if isinstance(sample_weight_mode, Mapping):
        unknown = set(sample_weight_mode) - set(output_names)
        if unknown:
            raise ValueError(
                f'Unknown entry in sample_weight_mode dictionary: "{unknown}". '
                f"Only expected the following keys: {list(output_names)}"
            )
        for i, name in enumerate(output_names):
            if i not in skipped and name not in sample_weight_mode:
                raise ValueError(f"Output {name} missing from sample_weight_modes dictionary")
        modes = [sample_weight_mode.get(name) for name in output_names]
    elif isinstance(sample_weight_mode, (list, tuple)):
        if len(sample_weight_mode) != len(output_names):
            raise ValueError(
                "When passing a list as sample_weight_mode, it should have one entry per model output. "
                f"The model has {len(output_names)} outputs, but you passed {len(sample_weight_mode)} "
                "sample_weight_modes"
            )
        modes = list(sample_weight_mode)
    else:
        modes = [sample_weight_mode] * len(output_names)
    # Keras takes every other mode for sample-wise weights.
    return ["temporal" if mode == "temporal" and i not in skipped else None for i, mode in enumerate(modes)]


def collect_per_output_metric_info(
    metrics: Any, output_names: Any, output_shapes: Any, loss_fns: Any, is_weighted: bool = False
) -> list[dict]:
    """For each output a dictionary, metric name to `Metric`, of what `compile` was given as `metrics`.

    Parameters
    ----------
    metrics : list or dict or None
        A list for all outputs, a list of one list (or single metric) per output, or a dictionary by output
        name.
    output_names, output_shapes, loss_fns : list
        Names, shapes and losses of the outputs.
    is_weighted : bool
        Accepted for Keras's sake.
    """
    if not metrics:
        return [{} for _ in output_names]
    if isinstance(metrics, (list, tuple)):
        if any(isinstance(entry, (list, tuple)) for entry in metrics):
            if len(metrics) != len(output_names):
                raise ValueError(
                    "When passing a list of lists as `metrics`, it should have one entry per model output. "
                    f"The model has {len(output_names)} outputs, but you passed metrics={metrics}"
                )
            nested = [to_list(entry, allow_tuple=True) for entry in metrics]
        elif len(output_names) > 1:
            nested = [[metrics_module.clone_metric(entry) for entry in metrics] for _ in output_names]
        else:
            nested = [list(metrics)]
    elif isinstance(metrics, Mapping):
        check_for_unexpected_keys("metrics", metrics, output_names)
        nested = [to_list(metrics.get(name, []), allow_tuple=True) for name in output_names]
    else:
        raise TypeError(
            f"Type of `metrics` argument not understood. Expected a list or dictionary, found: {metrics}"
        )
    per_output = []
    for entries, shape, loss_fn in zip(nested, output_shapes, loss_fns):
        found = {}
        for entry in entries:
            name = get_metric_name(entry, is_weighted)
            function = get_metric_function(entry, output_shape=shape, loss_fn=loss_fn)
            if not isinstance(function, metrics_module.Metric):
                function = metrics_module.MeanMetricWrapper(function, name=name)
            found[name] = function
        per_output.append(found)
    return per_output


def get_metric_name(metric: Any, weighted: bool = False) -> str:
    """The name of a metric: the very string that was given, or that of the function or object."""
    if isinstance(metric, str):
        return metric
    metric = metrics_module.get(metric)
    return metric.name if hasattr(metric, "name") else metric.__name__


def get_metric_function(metric: Any, output_shape: Any = None, loss_fn: Any = None) -> Any:
    """The function or object of a metric; "accuracy" and "crossentropy" follow the output's shape and loss.

    Examples
    --------
    >>> get_metric_function("accuracy", (None, 1)).__name__
    'binary_accuracy'
    """
    kinds = {"accuracy": "accuracy", "acc": "accuracy", "crossentropy": "crossentropy", "ce": "crossentropy"}
    if not isinstance(metric, str) or metric not in kinds:
        return metrics_module.get(metric)
    if output_shape[-1] == 1 or loss_function_of(loss_fn) is losses.binary_crossentropy:
        prefix = "binary_"
    elif is_sparse(loss_fn):
        prefix = "sparse_categorical_"
    else:
        prefix = "categorical_"
    return getattr(metrics_module, prefix + kinds[metric])


def target_shape(loss_fn: Any, output_shape: Any) -> Any:
    """The shape that targets of an output need: None where the loss is the user's own and decides itself."""
    if is_sparse(loss_fn):
        if config.image_data_format() == "channels_first" and len(output_shape) in (4, 5):
            return (output_shape[0], 1, *output_shape[2:])
        return (*output_shape[:-1], 1)
    function = loss_function_of(loss_fn)
    name = getattr(function, "__name__", "")
    if function is None or getattr(losses, name, None) is not function:
        return None
    return tuple(output_shape)


def check_loss_and_target_compatibility(
    targets: Any, loss_fns: Any, output_shapes: Any, output_names: Any = None
) -> None:
    """Raises ValueError where targets cannot be meant for their loss.

    Beside the shapes this looks at the content: NaN in targets of built-in losses, and class indices beyond
    the number of classes, of which the predictions' shapes would say nothing.
    """
    for i, (y, loss, shape) in enumerate(zip(targets, loss_fns, output_shapes)):
        if y is None or loss is None:
            continue
        name = output_names[i] if output_names else f"output {i + 1}"
        if losses.is_categorical_crossentropy(loss) and y.shape[-1] == 1:
            raise ValueError(
                f'You are passing a target array of shape {y.shape} for "{name}" while using as loss '
                "`categorical_crossentropy`, which expects targets to be binary matrices (1s and 0s) of "
                "shape (samples, classes). If your targets are integer classes, convert them by "
                "`keras.utils.to_categorical(y)`, or use the loss `sparse_categorical_crossentropy`."
            )
        function = loss_function_of(loss)
        if function not in _SAME_SHAPE_FUNCTIONS or shape is None:
            continue
        if any(out is not None and out != size for size, out in zip(y.shape[1:], shape[1:])):
            raise ValueError(
                f'A target array with shape {y.shape} was passed for "{name}", an output of shape '
                f"{shape}, while using as loss `{loss.name}`. This loss expects targets to have the same "
                "shape as the output."
            )


def check_target_values(y: Any, loss: Any, output_shape: Any, name: str, refuse_nan: bool = True) -> None:
    """Raises ValueError for NaN among the targets of a built-in loss and for class indices out of range."""
    function = loss_function_of(loss)
    sparse = function is losses.sparse_categorical_crossentropy
    if function is None or getattr(losses, function.__name__, None) is not function or not y.size:
        return
    if not (sparse or refuse_nan):
        return
    low, high = y.min(), y.max()
    if refuse_nan and y.dtype.kind == "f" and high != high:
        rows = np.flatnonzero(np.isnan(y).reshape(len(y), -1).any(axis=1))
        raise ValueError(
            f'Error when checking target: the targets of "{name}" hold NaN in {len(rows)} of {len(y)} '
            f"samples, the first of them at index {rows[0]}; the loss would be NaN from that batch on."
        )
    if sparse:
        axis = 1 if config.image_data_format() == "channels_first" and len(output_shape) in (4, 5) else -1
        classes = output_shape[axis]
        if classes is not None and (low < 0 or high >= classes):
            wrong = low if low < 0 else high
            raise ValueError(
                f'Error when checking target: "{name}" has {classes} classes, so its targets have to be '
                f"indices from 0 to {classes - 1}, but the class index {wrong:g} was found."
            )


def check_generator_arguments(
    y: Any = None, sample_weight: Any = None, validation_split: float = None
) -> None:
    """Raises ValueError for arguments that say nothing where the data come from a generator."""
    if y is not None:
        raise ValueError(
            "`y` argument is not supported when data is a generator or Sequence instance. "
            "Instead pass targets as the second element of the generator."
        )
    if sample_weight is not None:
        raise ValueError(
            "`sample_weight` argument is not supported when data is a generator or Sequence instance. "
            "Instead pass sample weights as the third element of the generator."
        )
    if validation_split:
        raise ValueError(
            "If your data is in the form of a Python generator, you cannot use `validation_split`."
        )


def iter_sequence_infinite(sequence: Any) -> Any:
    """Yields the batches of a sequence over and over."""
    while True:
        yield from (sequence[i] for i in range(len(sequence)))


def should_run_validation(validation_freq: Any, epoch: int) -> bool:
    """Whether the epoch (from 0) is one after which `fit` validates.

    Examples
    --------
    >>> [should_run_validation(2, epoch) for epoch in range(4)]
    [False, True, False, True]
    """
    if isinstance(validation_freq, int):
        if validation_freq < 1:
            raise ValueError(f"`validation_freq` can not be less than 1; got {validation_freq}.")
        return (epoch + 1) % validation_freq == 0
    if not isinstance(validation_freq, Container):
        raise ValueError(
            f"`validation_freq` must be an Integer or `collections.abc.Container` (e.g. list, tuple, etc.); "
            f"got {validation_freq!r}."
        )
    return epoch + 1 in validation_freq


def check_num_samples(
    ins: Any, batch_size: int | None = None, steps: int | None = None, steps_name: str = "steps"
) -> int | None:
    """Number of rows of the data; None where steps are counted instead."""
    if steps is not None and batch_size is not None:
        raise ValueError(f"If {steps_name} is set, the `batch_size` must be None.")
    if not ins:
        if steps is None:
            raise ValueError(f"Without data you should specify the `{steps_name}` argument.")
        return None
    return int(ins[0].shape[0]) if hasattr(ins[0], "shape") else None


def check_steps(x: Any, steps: int | None, name: str) -> None:
    """Raises ValueError where data are variables, which have no batches, and no number of steps is given."""
    leaves = list(x.values()) if isinstance(x, Mapping) else to_list(x, allow_tuple=True)
    if steps is None and any(ops.is_tensor(leaf) for leaf in leaves):
        raise ValueError(
            f"If your data is in the form of symbolic tensors, you should specify the `{name}` argument "
            "(instead of the `batch_size` argument, because symbolic tensors are expected to produce batches "
            "of input data)."
        )


def get_static_batch_size(layer: Any) -> int | None:
    """The batch size that an input layer was made with, or None."""
    shape, _ = get_input_shape_and_dtype(layer)
    return shape[0] if shape is not None else None


def get_input_shape_and_dtype(layer: Any) -> Any:
    """Shape and dtype that a layer or a model's first layer was made for; `(None, None)` where unknown."""
    while getattr(layer, "_is_graph_network", False) or type(layer).__name__ == "Sequential":
        if not layer.layers:
            raise ValueError("An empty Model cannot be used as a Layer.")
        layer = layer.layers[0]
    shape = getattr(layer, "_batch_input_shape", None) or getattr(layer, "batch_input_shape", None)
    return (shape, layer.dtype) if shape is not None else (None, None)
