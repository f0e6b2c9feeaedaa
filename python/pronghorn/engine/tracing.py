"""A model's step as a program: forward, losses, metrics, gradients and updates."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops, optimizers
from ..backend.phase import learning_phase
from ..metrics import Metric
from ..utils.generic_utils import to_list, unpack_singleton
from ..utils.losses_utils import squeeze_or_expand_dimensions
from .call_context import CallContext

TRAIN, TEST, PREDICT = "train", "test", "predict"


class Step:
    """One step of a model for one signature of a batch.

    Attributes
    ----------
    program : Program
        Takes the model's inputs, then targets, then sample weights.
    dtypes : list of str
        What each of these is cast to.
    names : list of str
        Names of the results: "loss" and metrics. Empty in the mode "predict".
    result_types : list of tuple
        Shape and dtype of each result.
    """

    def __init__(self, program: Any, dtypes: list, names: Any, result_types: list, metrics: Any = ()) -> None:
        self.program = program
        self.dtypes = dtypes
        self.names = names
        self.result_types = result_types
        # A training by single batches resets its metrics at each: what that takes is found once.
        plain = [metric for metric in metrics if type(metric).reset_states is Metric.reset_states]
        self._own_reset = [metric for metric in metrics if metric not in plain]
        self._zeros = [
            (variable.state, np.zeros(variable.shape, variable.dtype))
            for metric in plain
            for variable in metric.weights
        ]

    def reset_metrics(self) -> None:
        """Lets the metrics that this step updates start afresh."""
        for state, zeros in self._zeros:
            state.assign(zeros)
        for metric in self._own_reset:
            metric.reset_states()

    def run(self, arrays: Any) -> list:
        """Runs one batch and returns the results as arrays."""
        feeds = [
            x if x.dtype == dtype and x.flags.c_contiguous else np.ascontiguousarray(x, dtype=dtype)
            for x, dtype in zip(arrays, self.dtypes)
        ]
        return self.program.run(feeds)


def fixed_phase() -> int | None:
    """The learning phase, where `K.set_learning_phase` has fixed it."""
    phase = learning_phase()
    return phase if isinstance(phase, int) else None


def trace_step(
    model: Any,
    mode: str,
    input_shapes: Any,
    target_shapes: Any = (),
    weight_shapes: Any = (),
    training: bool | None = None,
) -> Step:
    """Compiles one step.

    Parameters
    ----------
    model : Model
        Compiled unless the mode is "predict".
    mode : {"train", "test", "predict"}
        What the step does.
    input_shapes : list of tuple
        Shape of each input, with the batch.
    target_shapes : list of tuple
        Shape of the targets of each output that has a loss.
    weight_shapes : list of tuple or None
        Shape of the sample weights of these outputs; None where all weights are 1.
    training : bool, optional
        The learning phase, where it is not that of the mode.
    """
    training = (mode == TRAIN) if training is None else bool(training)
    dtypes = []
    settings = {"random_step": model._random_step, "seeds": model._op_seeds()}
    with ops.Trace(training=training, **settings) as trace, trace.scope({}):

        def feed(shape, dtype, name):
            dtypes.append(dtype)
            return trace.feed(shape, dtype, name)

        with CallContext(training=training) as context:
            shapes = iter(input_shapes)
            inputs = [
                # An input over a variable is not fed: it has its value already.
                feed(next(shapes), tensor.dtype, name)
                if any(tensor is fed for fed in model._feed_inputs)
                else trace.convert(tensor)
                for tensor, name in zip(model.inputs, model.input_names)
            ]
            outputs = to_list(model._call_traced(trace, unpack_singleton(inputs), {}), allow_tuple=True)
            if mode == PREDICT:
                fetched, names, metrics = outputs, [], ()
            else:
                arithmetic = _Objective(model, context, outputs, feed, target_shapes, weight_shapes)
                fetched, names, metrics = arithmetic.results, arithmetic.names, arithmetic.metrics
                if mode == TRAIN:
                    _update_weights(trace, model, arithmetic.total_loss)
        for tensor in fetched:
            trace.fetch(tensor)
        types = [(tensor.shape, tensor.dtype) for tensor in fetched]
        return Step(trace.compile(), dtypes, names, types, metrics)


class _Objective:
    """The total loss of a batch, and the metrics, updated by it."""

    def __init__(self, model, context, outputs, feed, target_shapes, weight_shapes):
        self.model = model
        active = [i for i, loss in enumerate(model.loss_functions) if loss is not None]
        names = model.output_names
        targets = {
            i: feed(shape, outputs[i].dtype, f"{names[i]}_target")
            for i, shape in zip(model._feed_indices, target_shapes)
        }
        targets.update({i: model._fixed_target(i) for i in active if i not in targets})
        weights = {
            i: feed(shape, outputs[i].dtype, f"{names[i]}_sample_weights")
            for i, shape in zip(model._feed_indices, weight_shapes)
            if shape is not None
        }
        measured = []  # metrics with a result, in the order of `metrics_names`
        total = None
        for i in active:
            mask = getattr(outputs[i], "_keras_mask", None)
            weight = masked_weight(outputs[i], weights.get(i), mask)
            loss = self._loss(i, targets[i], outputs[i], weight)
            if len(outputs) > 1:
                model._output_loss_metrics[i].update_state(loss)
                measured.append(model._output_loss_metrics[i])
            factor = model.loss_weights_list[i]
            loss = loss if factor == 1 else loss * factor
            total = loss if total is None else total + loss
        for i in active:
            mask = getattr(outputs[i], "_keras_mask", None)
            plain, weighted = model._per_output_metrics[i], model._per_output_weighted_metrics[i]
            for metric in plain.values():
                metric.update_state(
                    targets[i], outputs[i], sample_weight=masked_weight(outputs[i], None, mask)
                )
                measured.append(metric)
            for metric in weighted.values():
                weight = masked_weight(outputs[i], weights.get(i), mask)
                metric.update_state(targets[i], outputs[i], sample_weight=weight)
                measured.append(metric)
        for metric, value in context.metrics:
            if getattr(value, "_metric_obj", None) is not metric:
                metric.update_state(value)
            if not any(metric is other for other in measured):
                measured.append(metric)
        known = model.metrics
        measured.sort(key=lambda metric: _place(metric, known))  # the order of `metrics_names`
        for loss in context.losses:
            total = loss if total is None else total + loss
        if total is None:
            raise ValueError("The model cannot be compiled because it has no loss to optimize.")
        self.total_loss = ops.mean(total) if total.shape else total
        self.results = [self.total_loss] + [metric.result() for metric in measured]
        self.names = ["loss"] + [metric.name for metric in measured]
        self.metrics = measured

    def _loss(self, i, y_true, y_pred, weight):
        function = self.model.loss_functions[i]
        try:
            return ops.convert_to_tensor(function(y_true, y_pred, sample_weight=weight))
        except ValueError as error:
            name = getattr(function, "name", None) or type(function).__name__
            raise ValueError(
                f'loss "{name}" of output "{self.model.output_names[i]}", with targets of shape '
                f"{y_true.shape} and predictions of shape {y_pred.shape}: {error}"
            ) from error


def _place(metric, metrics):
    """Where a metric stands in a list; those of the outputs' losses, which are in none, come first."""
    return next((i for i, other in enumerate(metrics) if other is metric), -1)


def masked_weight(y_pred: Any, weight: Any, mask: Any) -> Any:
    """Sample weights with those of masked timesteps set to 0; None where all weights are 1."""
    if mask is None:
        return weight
    mask = ops.cast(mask, y_pred.dtype)
    if weight is None:
        return mask
    mask, _, weight = squeeze_or_expand_dimensions(mask, None, weight)
    return weight * mask


def symbolic_updates(model: Any, dtype: str) -> tuple:
    """A symbolic loss, and what a user's optimizer updates by it.

    Such an optimizer makes its state in `get_updates`, so that is called once; what it returned is computed
    in each trace.
    """
    if model._symbolic_updates is None:
        loss = ops.KerasTensor((), dtype, name="total_loss")
        with ops.outside_traces():
            updates = model.optimizer.get_updates(loss=loss, params=model._collected_trainable_weights)
        model._symbolic_updates = loss, updates
    return model._symbolic_updates


def _update_weights(trace, model, total_loss):
    params = model._collected_trainable_weights
    if not params:  # a model without weights trains too: its losses and metrics are reported
        return
    optimizer = model.optimizer
    if optimizers.is_built_in(optimizer):
        optimizer.get_updates(loss=total_loss, params=params)
        return
    loss, updates = symbolic_updates(model, total_loss.dtype)
    with trace.scope({loss: total_loss}):
        for update in updates:
            if isinstance(update, tuple):
                trace.defer(update[0], trace.convert(update[1]))
            else:
                trace.convert(update)
