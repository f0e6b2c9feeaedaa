"""Counting true and false, positives and negatives, at many thresholds at once."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np

from .. import config, ops
from . import losses_utils

NEG_INF = -1e10  # below every prediction


class ConfusionMatrix(Enum):
    """The four counts."""

    TRUE_POSITIVES = "tp"
    FALSE_POSITIVES = "fp"
    TRUE_NEGATIVES = "tn"
    FALSE_NEGATIVES = "fn"


class AUCCurve(Enum):
    """The curve under which the area is taken: receiver operating characteristic, or precision and recall."""

    ROC = "ROC"
    PR = "PR"

    @staticmethod
    def from_str(key: str) -> AUCCurve:
        """The curve of a name."""
        if key in ("pr", "PR"):
            return AUCCurve.PR
        if key in ("roc", "ROC"):
            return AUCCurve.ROC
        raise ValueError(f'Invalid AUC curve value "{key}"; expected "ROC" or "PR".')


class AUCSummationMethod(Enum):
    """The Riemann sum of the area: trapezoids, or rectangles from below or from above."""

    INTERPOLATION = "interpolation"
    MAJORING = "majoring"
    MINORING = "minoring"

    @staticmethod
    def from_str(key: str) -> AUCSummationMethod:
        """The summation method of a name."""
        try:
            return AUCSummationMethod(key.lower())
        except ValueError:
            expected = [method.value for method in AUCSummationMethod]
            raise ValueError(
                f'Invalid AUC summation method value "{key}"; expected one of {expected}.'
            ) from None


def to_list(value: Any) -> Any:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list) else [value]


def assert_thresholds_range(thresholds: Any) -> None:
    """Raises ValueError where a threshold is not within [0, 1]."""
    invalid = [threshold for threshold in thresholds or () if threshold is None or not 0 <= threshold <= 1]
    if invalid:
        raise ValueError(f"Threshold values must be in [0, 1]. Invalid values: {invalid}")


def parse_init_thresholds(thresholds: Any, default_threshold: float = 0.5) -> Any:
    """The thresholds as a list."""
    if thresholds is None:
        return to_list(default_threshold)
    thresholds = list(thresholds) if isinstance(thresholds, tuple) else to_list(thresholds)
    assert_thresholds_range(thresholds)
    return thresholds


def filter_top_k(x: Any, k: int) -> Any:
    """The `k` highest values of the last axis, and all others lowered below every threshold."""
    _, indices = ops.top_k(x, k)
    kept = ops.sum(ops.one_hot(indices, x.shape[-1], dtype=x.dtype), axis=-2)
    return x * kept + NEG_INF * (1.0 - kept)


def update_confusion_matrix_variables(
    variables_to_update: dict,
    y_true: Any,
    y_pred: Any,
    thresholds: Any = 0.5,
    top_k: int | None = None,
    class_id: int | None = None,
    sample_weight: Any = None,
) -> None:
    """Adds a batch to counts of a confusion matrix, one count per threshold.

    Parameters
    ----------
    variables_to_update : dict
        From `ConfusionMatrix` to the variable of that count, of the thresholds' number.
    y_true, y_pred : tensor
        Targets, taken as booleans, and predictions in [0, 1].
    thresholds : float or list of float
        A prediction above the threshold is positive.
    top_k : int, optional
        Only the `top_k` highest predictions of the last axis count as positive.
    class_id : int, optional
        Count this class of the last axis alone.
    sample_weight : tensor, optional
        What each element counts for.
    """
    if variables_to_update is None:
        return
    invalid = [key for key in variables_to_update if not isinstance(key, ConfusionMatrix)]
    if invalid or not variables_to_update:
        raise ValueError(
            "Please provide at least one valid confusion matrix variable to update. "
            f"Valid keys: {list(ConfusionMatrix)}. Received: {list(variables_to_update)}"
        )
    floatx = config.floatx()
    y_true, y_pred = ops.cast(y_true, floatx), ops.cast(y_pred, floatx)
    if top_k is not None:
        y_pred = filter_top_k(y_pred, top_k)
    if class_id is not None:
        y_true, y_pred = y_true[..., class_id], y_pred[..., class_id]
    if sample_weight is None:
        y_pred, y_true = losses_utils.squeeze_or_expand_dimensions(y_pred, y_true=y_true)
    else:
        y_pred, y_true, sample_weight = losses_utils.squeeze_or_expand_dimensions(
            y_pred, y_true=y_true, sample_weight=ops.cast(sample_weight, floatx)
        )
    if tuple(y_pred.shape) != tuple(y_true.shape):
        raise ValueError(f"Shapes {tuple(y_pred.shape)} and {tuple(y_true.shape)} are incompatible")
    weights = None
    if sample_weight is not None:
        weights = ops.reshape(losses_utils.broadcast_weights(y_pred, sample_weight), (1, -1))

    column = np.array(to_list(thresholds), floatx).reshape(-1, 1)
    positive = ops.cast(ops.greater(ops.reshape(y_pred, (1, -1)), column), floatx)
    label = ops.reshape(ops.cast(ops.not_equal(y_true, 0.0), floatx), (1, -1))
    counted = {
        ConfusionMatrix.TRUE_POSITIVES: (label, positive),
        ConfusionMatrix.FALSE_POSITIVES: (1.0 - label, positive),
        ConfusionMatrix.TRUE_NEGATIVES: (1.0 - label, 1.0 - positive),
        ConfusionMatrix.FALSE_NEGATIVES: (label, 1.0 - positive),
    }
    for condition, variable in variables_to_update.items():
        of_label, of_prediction = counted[condition]
        values = of_label * of_prediction
        variable.assign_add(ops.sum(values if weights is None else values * weights, axis=1))
