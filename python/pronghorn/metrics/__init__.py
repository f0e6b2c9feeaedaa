"""Metrics: functions, and objects that gather a value over many batches."""

from __future__ import annotations

from typing import Any

from ..losses import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    kullback_leibler_divergence,
    logcosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from ..utils.generic_utils import deserialize_keras_object, serialize_keras_object
from ..utils.serialization import nameable
from .base import Mean, MeanMetricWrapper, Metric, Reduce, Sum, clone_metric, clone_metrics
from .confusion import (
    AUC,
    FalseNegatives,
    FalsePositives,
    MeanIoU,
    Precision,
    Recall,
    SensitivityAtSpecificity,
    SensitivitySpecificityBase,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from .functions import (
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    cosine_proximity,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .means import (
    Accuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy,
    SquaredHinge,
    TopKCategoricalAccuracy,
)

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
cosine = cosine_similarity = cosine_proximity

__all__ = [name for name in globals() if not name.startswith("_") and name not in ("Any", "annotations")]


def serialize(metric: Any) -> Any:
    """What `deserialize` makes the metric from again: a name, or a dictionary of class and arguments."""
    return serialize_keras_object(metric)


def deserialize(config: dict, custom_objects: dict | None = None) -> Any:
    """The metric with a name, or of a dictionary that `serialize` returned."""
    return deserialize_keras_object(
        config,
        module_objects=nameable(globals()),
        custom_objects=custom_objects,
        printable_module_name="metric function",
    )


def get(identifier: Any) -> Any:
    """The metric that `identifier` (a name, a dictionary, a function or a metric) stands for.

    Examples
    --------
    >>> get("binary_accuracy") is binary_accuracy
    True
    """
    if isinstance(identifier, (str, dict)):
        found = deserialize(identifier)
        return found() if isinstance(found, type) else found
    if callable(identifier):
        return identifier
    raise ValueError(f"Could not interpret metric function identifier: {identifier!r}")
