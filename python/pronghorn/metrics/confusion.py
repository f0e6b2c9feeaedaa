"""The metrics that are computed from counts of true and false, positives and negatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import config, ops
from ..utils import losses_utils, metrics_utils
from ..utils.file_limits import take_memory
from ..utils.metrics_utils import AUCCurve, AUCSummationMethod, ConfusionMatrix
from .base import Metric

TP, FP = ConfusionMatrix.TRUE_POSITIVES, ConfusionMatrix.FALSE_POSITIVES
TN, FN = ConfusionMatrix.TRUE_NEGATIVES, ConfusionMatrix.FALSE_NEGATIVES


def _ratio(part, other):
    """`part / (part + other)`, and 0 where both are 0."""
    return ops.where(ops.greater(part + other, 0.0), part / (part + other), 0.0)


class _Counts(Metric):
    """Keeps some of the four counts, each for a list of thresholds."""

    def __init__(self, conditions, thresholds, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        self._counts = {
            condition: self.add_weight(condition.name.lower(), shape=(len(thresholds),), initializer="zeros")
            for condition in conditions
        }

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Adds the counts of a batch."""
        metrics_utils.update_confusion_matrix_variables(
            self._counts,
            y_true,
            y_pred,
            thresholds=self.thresholds,
            top_k=self.top_k,
            class_id=self.class_id,
            sample_weight=sample_weight,
        )

    true_positives = property(lambda self: self._counts[TP])
    false_positives = property(lambda self: self._counts[FP])
    true_negatives = property(lambda self: self._counts[TN])
    false_negatives = property(lambda self: self._counts[FN])

    def _one_or_all(self, values):
        return values[0] if len(self.thresholds) == 1 else values


class _ConditionCount(_Counts):
    condition = TP

    def __init__(self, thresholds=None, name=None, dtype=None):
        self.init_thresholds = thresholds
        parsed = metrics_utils.parse_init_thresholds(thresholds)
        super().__init__([self.condition], parsed, name=name, dtype=dtype)
        self.accumulator = self._counts[self.condition]

    def result(self):
        """The count, or the counts where there are several thresholds."""
        return self._one_or_all(ops.convert_to_tensor(self.accumulator))

    def get_config(self):
        """The arguments to make an equal metric with."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_ConditionCount):
    """Number of positives that are predicted so.

    Parameters
    ----------
    thresholds : float or list of float, optional
        Predictions above are positive; 0.5 by default.

    Examples
    --------
    >>> float(TruePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
    2.0
    """

    condition = TP


class FalsePositives(_ConditionCount):
    """Number of negatives that are predicted positive; see `TruePositives`."""

    condition = FP


class TrueNegatives(_ConditionCount):
    """Number of negatives that are predicted so; see `TruePositives`."""

    condition = TN


class FalseNegatives(_ConditionCount):
    """Number of positives that are predicted negative; see `TruePositives`."""

    condition = FN


class _PrecisionOrRecall(_Counts):
    conditions = (TP, FP)

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        self.init_thresholds = thresholds
        default = 0.5 if top_k is None else metrics_utils.NEG_INF
        parsed = metrics_utils.parse_init_thresholds(thresholds, default_threshold=default)
        super().__init__(self.conditions, parsed, top_k, class_id, name, dtype)

    def result(self):
        """The share, or the shares where there are several thresholds."""
        right, wrong = (self._counts[condition] for condition in self.conditions)
        return self._one_or_all(_ratio(right, wrong))

    def get_config(self):
        """The arguments to make an equal metric with."""
        config = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **config}


class Precision(_PrecisionOrRecall):
    """Share of the predicted positives that are positive.

    Parameters
    ----------
    thresholds : float or list of float, optional
        Predictions above are positive; 0.5 by default.
    top_k : int, optional
        Only the highest `top_k` predictions of a sample count as positive.
    class_id : int, optional
        Count this class alone.

    Examples
    --------
    >>> round(float(Precision()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
    0.6667
    """

    conditions = (TP, FP)


class Recall(_PrecisionOrRecall):
    """Share of the positives that are predicted so; see `Precision`.

    Examples
    --------
    >>> round(float(Recall()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
    0.6667
    """

    conditions = (TP, FN)


def _even_thresholds(number):
    take_memory(64 * number, f"a metric with {number} thresholds")
    return [i / (number - 1) for i in range(1, number - 1)]


class SensitivitySpecificityBase(_Counts):
    """Base of the two metrics that hold one of sensitivity and specificity fixed and report the other."""

    def __init__(
        self, value: Any, num_thresholds: int = 200, name: str | None = None, dtype: str | None = None
    ) -> None:
        if num_thresholds <= 0:
            raise ValueError(f"`num_thresholds` must be > 0; got {num_thresholds}.")
        self.value = value
        self.num_thresholds = num_thresholds
        thresholds = [0.5] if num_thresholds == 1 else [0.0, *_even_thresholds(num_thresholds), 1.0]
        super().__init__((TP, TN, FP, FN), thresholds, name=name, dtype=dtype)

    def _at_closest(self, fixed, reported):
        """`reported` at the threshold where `fixed` is closest to the value wanted."""
        index = ops.argmin(ops.abs(fixed - self.value), axis=0)
        return ops.take(reported, index, axis=0)


class SensitivityAtSpecificity(SensitivitySpecificityBase):
    """Sensitivity at the threshold where the specificity is closest to a given value.

    Parameters
    ----------
    specificity : float
        The value, in [0, 1].
    num_thresholds : int
        Number of thresholds to choose from.

    Examples
    --------
    >>> float(SensitivityAtSpecificity(0.4, num_thresholds=1)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.5
    """

    def __init__(
        self, specificity: float, num_thresholds: int = 200, name: str | None = None, dtype: str | None = None
    ) -> None:
        if not 0 <= specificity <= 1:
            raise ValueError(f"`specificity` must be in the range [0, 1]; got {specificity}.")
        self.specificity = specificity
        super().__init__(specificity, num_thresholds=num_thresholds, name=name, dtype=dtype)

    def result(self) -> Any:
        """The sensitivity."""
        specificities = _ratio(self.true_negatives, self.false_positives)
        return self._at_closest(specificities, _ratio(self.true_positives, self.false_negatives))

    def get_config(self) -> dict:
        """The arguments to make an equal metric with."""
        config = {"num_thresholds": self.num_thresholds, "specificity": self.specificity}
        return {**super().get_config(), **config}


class SpecificityAtSensitivity(SensitivitySpecificityBase):
    """Specificity at the threshold where the sensitivity is closest to a given value.

    Parameters
    ----------
    sensitivity : float
        The value, in [0, 1].
    num_thresholds : int
        Number of thresholds to choose from.

    Examples
    --------
    >>> float(SpecificityAtSensitivity(0.8, num_thresholds=1)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    1.0
    """

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, name: str | None = None, dtype: str | None = None
    ) -> None:
        if not 0 <= sensitivity <= 1:
            raise ValueError(f"`sensitivity` must be in the range [0, 1]; got {sensitivity}.")
        self.sensitivity = sensitivity
        super().__init__(sensitivity, num_thresholds=num_thresholds, name=name, dtype=dtype)

    def result(self) -> Any:
        """The specificity."""
        sensitivities = _ratio(self.true_positives, self.false_negatives)
        return self._at_closest(sensitivities, _ratio(self.true_negatives, self.false_positives))

    def get_config(self) -> dict:
        """The arguments to make an equal metric with."""
        config = {"num_thresholds": self.num_thresholds, "sensitivity": self.sensitivity}
        return {**super().get_config(), **config}


class AUC(_Counts):
    """Area under the curve of true against false positives, or of precision against recall.

    Parameters
    ----------
    num_thresholds : int
        Number of points of the curve.
    curve : {"ROC", "PR"}
        Which curve.
    summation_method : {"interpolation", "majoring", "minoring"}
        Which Riemann sum.
    thresholds : list of float, optional
        The thresholds within (0, 1), instead of `num_thresholds` even ones.

    Examples
    --------
    >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: str | None = None,
        thresholds: Any = None,
    ) -> None:
        if thresholds is not None:
            thresholds = sorted(thresholds)
            metrics_utils.assert_thresholds_range(thresholds)
        elif num_thresholds <= 1:
            raise ValueError(f"`num_thresholds` must be > 1; got {num_thresholds}.")
        else:
            thresholds = _even_thresholds(num_thresholds)
        self.num_thresholds = len(thresholds) + 2
        self.curve = curve if isinstance(curve, AUCCurve) else AUCCurve.from_str(curve)
        if not isinstance(summation_method, AUCSummationMethod):
            summation_method = AUCSummationMethod.from_str(summation_method)
        self.summation_method = summation_method
        # Endpoints beyond 0 and 1, so that predictions of exactly these are counted.
        thresholds = [-config.epsilon(), *thresholds, 1.0 + config.epsilon()]
        super().__init__((TP, TN, FP, FN), thresholds, name=name, dtype=dtype)

    def result(self) -> Any:
        """The area."""
        if self.curve == AUCCurve.PR and self.summation_method == AUCSummationMethod.INTERPOLATION:
            return self.interpolate_pr_auc()
        recall = _ratio(self.true_positives, self.false_negatives)
        if self.curve == AUCCurve.ROC:
            x, y = _ratio(self.false_positives, self.true_negatives), recall
        else:
            x, y = recall, _ratio(self.true_positives, self.false_positives)
        if self.summation_method == AUCSummationMethod.INTERPOLATION:
            heights = (y[:-1] + y[1:]) / 2.0
        elif self.summation_method == AUCSummationMethod.MINORING:
            heights = ops.minimum(y[:-1], y[1:])
        else:
            heights = ops.maximum(y[:-1], y[1:])
        return ops.sum((x[:-1] - x[1:]) * heights)

    def interpolate_pr_auc(self) -> Any:
        """Area under precision and recall, with true and predicted positives linear between two thresholds.

        Precision itself is not linear there (Davis and Goadrich 2006). With P = TP + FP predicted positives
        and TP = slope P + intercept within a step from A to B, the step's area is
        slope (TP_B - TP_A + intercept log(P_B / P_A)) over the number of positives.
        """
        tp = ops.convert_to_tensor(self.true_positives)
        p = tp + self.false_positives
        diff_tp, diff_p = tp[:-1] - tp[1:], ops.maximum(p[:-1] - p[1:], 0.0)
        slope = ops.where(ops.greater(diff_p, 0.0), diff_tp / diff_p, 0.0)
        intercept = tp[1:] - slope * p[1:]
        both = ops.logical_and(ops.greater(p[:-1], 0.0), ops.greater(p[1:], 0.0))
        ratio = ops.where(both, p[:-1] / p[1:], 1.0)
        positives = tp[1:] + ops.convert_to_tensor(self.false_negatives)[1:]
        area = slope * (diff_tp + intercept * ops.log(ratio))
        return ops.sum(ops.where(ops.greater(positives, 0.0), area / positives, 0.0))

    def get_config(self) -> dict:
        """The arguments to make an equal metric with."""
        config = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve.value,
            "summation_method": self.summation_method.value,
            "thresholds": self.thresholds[1:-1],
        }
        return {**super().get_config(), **config}


class MeanIoU(Metric):
    """Mean, over classes, of the intersection over the union of predicted and true elements.

    Parameters
    ----------
    num_classes : int
        Number of classes; targets and predictions are indices below it.

    Examples
    --------
    >>> round(float(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333
    """

    def __init__(self, num_classes: int, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.num_classes = num_classes
        self.total_cm = self.add_weight(
            "total_confusion_matrix", shape=(num_classes, num_classes), initializer="zeros"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch to the confusion matrix: rows are true, columns predicted classes."""
        rows = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int64"), self.num_classes, dtype=self.dtype)
        columns = ops.one_hot(
            ops.cast(ops.reshape(y_pred, (-1,)), "int64"), self.num_classes, dtype=self.dtype
        )
        if sample_weight is not None:
            weights = losses_utils.broadcast_weights(y_pred, ops.cast(sample_weight, self.dtype))
            rows = rows * ops.reshape(weights, (-1, 1))
        self.total_cm.assign_add(ops.matmul(ops.transpose(rows), columns))

    def result(self) -> Any:
        """The mean over the classes that occur."""
        matrix = ops.convert_to_tensor(self.total_cm)
        hits = ops.sum(matrix * np.eye(self.num_classes, dtype=self.dtype), axis=0)
        union = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1) - hits
        occurs = ops.greater(union, 0.0)
        iou = ops.where(occurs, hits / union, 0.0)
        return ops.sum(iou) / ops.maximum(ops.sum(ops.cast(occurs, self.dtype)), 1.0)

    def get_config(self) -> dict:
        """The arguments to make an equal metric with."""
        return {**super().get_config(), "num_classes": self.num_classes}
