"""Training, testing and prediction on single batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..utils.generic_utils import unpack_singleton
from . import training_utils
from .tracing import PREDICT, TEST, TRAIN, fixed_phase


class BatchMethods:
    """The methods of `Model` that take one batch."""

    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: dict | None = None,
        reset_metrics: bool = True,
    ) -> Any:
        """Runs one gradient update on one batch.

        Parameters
        ----------
        x, y : array, list or dict of arrays
            Inputs and targets.
        sample_weight, class_weight
            As in `fit`.
        reset_metrics : bool
            Whether the metrics are those of this batch alone.

        Returns
        -------
        float, or list of float where there are metrics or several outputs
            In the order of `metrics_names`.
        """
        self._assert_compiled()
        if class_weight is None:
            step = self._quick_step(TRAIN, x, y, sample_weight)
            if step is not None:
                return _results(step, (x, y), reset_metrics)
        data = self._standardize_user_data(
            x, y, sample_weight=sample_weight, class_weight=class_weight, refuse_nan=False
        )
        return self._on_batch(TRAIN, data, reset_metrics, x, y)

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None, reset_metrics: bool = True) -> Any:
        """Computes loss and metrics on one batch; see `train_on_batch`."""
        self._assert_compiled()
        step = self._quick_step(TEST, x, y, sample_weight)
        if step is not None:
            return _results(step, (x, y), reset_metrics)
        data = self._standardize_user_data(x, y, sample_weight=sample_weight, refuse_nan=False)
        return self._on_batch(TEST, data, reset_metrics, x, y)

    def predict_on_batch(self, x: Any) -> Any:
        """Computes the outputs for one batch.

        Parameters
        ----------
        x : array, list or dict of arrays
            Inputs.

        Returns
        -------
        array, or list of arrays where the model has several outputs
        """
        inputs, _, _ = self._standardize_user_data(x, needs_targets=False)
        return unpack_singleton(self._run_batch(PREDICT, (inputs, [], [])))

    def _run_batch(self, mode, data) -> list:
        step = self._step_of(mode, data)
        return step.run(_in_one_list(data))

    def _step_of(self, mode, data):
        return self._step_for(
            mode, *([None if array is None else array.shape for array in group] for group in data)
        )

    def _on_batch(self, mode, data, reset_metrics, x=None, y=None):
        if data[0] and len(data[0][0]) == 0:
            raise ValueError(
                "Expected at least one sample, but got empty arrays: "
                f"inputs of shapes {[array.shape for array in data[0]]}."
            )
        step = self._step_of(mode, data)
        arrays = _in_one_list(data)
        # What was passed as it is used can go the quick way the next time.
        if len(arrays) == 2 and all(
            type(a) is np.ndarray and a.shape == b.shape for a, b in zip((x, y), arrays)
        ):
            self._quick[self._quick_key(mode, x, y)] = step
        return _results(step, arrays, reset_metrics)

    def _quick_key(self, mode, x, y=None):
        variant = self.optimizer.variant() if mode == TRAIN else None
        of_y = None if y is None else (y.shape, y.dtype)
        return mode, x.shape, x.dtype, of_y, fixed_phase(), variant

    def _quick_step(self, mode, x, y=None, sample_weight=None):
        """The step of an earlier call with arrays of these very shapes, found without checking them again."""
        if self.__dict__.get("_steps_of", x) is not self.outputs or sample_weight is not None:
            return None
        if type(x) is not np.ndarray or not (mode == PREDICT or type(y) is np.ndarray):
            return None
        step = self._quick.get(self._quick_key(mode, x, y))
        if step is not None and mode != PREDICT:
            shape = tuple(self._feed_outputs[0].shape)
            name = self._feed_output_names[0]
            training_utils.check_target_values(y, self._feed_loss_fns[0], shape, name, refuse_nan=False)
        return step


def _in_one_list(data):
    """All arrays that are fed; data in files are read."""
    return [np.asarray(array) for group in data for array in group if array is not None]


def _results(step, arrays, reset_metrics):
    results = [float(value) if value.ndim == 0 else value for value in step.run(arrays)]
    if reset_metrics:
        step.reset_metrics()
    return unpack_singleton(results)
