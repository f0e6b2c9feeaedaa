"""What `Model.compile` sets: losses, targets, weights and metrics of each output."""

from __future__ import annotations

from typing import Any

from .. import config, ops, optimizers
from .. import metrics as metrics_module
from . import training_utils


class CompileMethods:
    """The part of `Model` that says what it is trained with."""

    _is_compiled = False
    _compile_metric_functions = ()
    _output_loss_metrics = None

    def compile(
        self,
        optimizer: Any,
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        weighted_metrics: Any = None,
        target_tensors: Any = None,
        **kwargs: Any,
    ) -> None:
        """Sets what the model is trained with.

        Parameters
        ----------
        optimizer : str or Optimizer
            Name or object.
        loss : str, callable, Loss, list or dict
            One for all outputs, or one per output. The total loss is their weighted sum, and what layers add.
        metrics : list or dict, optional
            Metrics for all outputs, a list of lists, one per output, or a dictionary by output name.
        loss_weights : list or dict, optional
            What the loss of each output is multiplied by.
        sample_weight_mode : None, "temporal", list or dict
            "temporal" for weights per timestep.
        weighted_metrics : list or dict, optional
            As `metrics`, but weighted by sample and class weights.
        target_tensors : tensor, list or dict, optional
            Tensors to take targets from, in place of data.
        **kwargs
            Accepted for Keras's sake, where backends take further arguments.

        Examples
        --------
        >>> from pronghorn.layers import Dense
        >>> from pronghorn.models import Sequential
        >>> model = Sequential([Dense(3, activation="softmax", input_shape=(4,))])
        >>> model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
        >>> model.metrics_names
        ['loss', 'accuracy']
        """
        self.optimizer = optimizers.get(optimizer)
        self.loss = loss or {}
        self._compile_metrics = metrics or []
        self.loss_weights = loss_weights
        self.sample_weight_mode = sample_weight_mode
        self._compile_weighted_metrics = weighted_metrics
        self._function_kwargs = kwargs
        self._compile_metric_functions = []
        self._output_loss_metrics = None
        if not self.built or not self.outputs:
            # Nothing is known of the outputs: compiled by the first data.
            if loss is not None and not isinstance(loss, (list, dict)):
                training_utils.get_loss_function(loss)
            return
        self.loss_functions = training_utils.prepare_loss_functions(self.loss, self.output_names)
        self.loss_weights_list = training_utils.prepare_loss_weights(self.output_names, loss_weights)
        self.skip_target_indices = [i for i, function in enumerate(self.loss_functions) if function is None]
        self._set_targets(target_tensors)
        self.sample_weight_modes = training_utils.prepare_sample_weight_modes(
            sample_weight_mode, self.output_names, self.skip_target_indices
        )
        self._feed_sample_weight_modes = [self.sample_weight_modes[i] for i in self._feed_indices]
        self.sample_weights = [
            None
            if i not in self._feed_indices
            else ops.KerasTensor(
                (output.shape[0], None) if mode else (output.shape[0],),
                config.floatx(),
                name=f"{name}_sample_weights",
            )
            for i, (name, mode, output) in enumerate(
                zip(self.output_names, self.sample_weight_modes, self.outputs)
            )
        ]
        self._feed_sample_weights = [self.sample_weights[i] for i in self._feed_indices]
        self.__dict__["_total_loss"] = None
        self._is_compiled = True
        self._set_metrics(metrics, weighted_metrics)
        if len(self.skip_target_indices) == len(self.outputs) and not self.losses:
            self._is_compiled = False
            raise ValueError("The model cannot be compiled because it has no loss to optimize.")
        self._forget_steps()
        self._collected_trainable_weights = self.trainable_weights

    def _set_targets(self, target_tensors) -> None:
        fixed = self._as_target_list(target_tensors)
        self.targets = []
        self._feed_indices = []
        for i, output in enumerate(self.outputs):
            if i in self.skip_target_indices:
                self.targets.append(None)
                continue
            target = fixed[i]
            if target is None:
                shape = training_utils.target_shape(self.loss_functions[i], tuple(output.shape))
                shape = shape or (None,) * len(output.shape)
                target = ops.KerasTensor(shape, output.dtype, name=f"{self.output_names[i]}_target")
            if getattr(target, "producer", self) is None:  # a placeholder
                self._feed_indices.append(i)
            self.targets.append(target)
        self._feed_outputs = [self.outputs[i] for i in self._feed_indices]
        self._feed_output_names = [self.output_names[i] for i in self._feed_indices]
        self._feed_targets = [self.targets[i] for i in self._feed_indices]
        self._feed_loss_fns = [self.loss_functions[i] for i in self._feed_indices]
        self._feed_output_shapes = [
            training_utils.target_shape(self.loss_functions[i], tuple(self.outputs[i].shape))
            for i in self._feed_indices
        ]

    def _as_target_list(self, target_tensors) -> list:
        count = len(self.outputs)
        if target_tensors is None or (isinstance(target_tensors, list) and not target_tensors):
            return [None] * count
        if isinstance(target_tensors, (list, tuple)):
            if len(target_tensors) != count:
                raise ValueError(
                    "When passing a list as `target_tensors`, it should have one entry per model output. "
                    f"The model has {count} outputs, but you passed target_tensors={target_tensors}"
                )
            return list(target_tensors)
        if isinstance(target_tensors, dict):
            for name in target_tensors:
                if name not in self.output_names:
                    raise ValueError(
                        f'Unknown entry in `target_tensors` dictionary: "{name}". '
                        f"Only expected the following keys: {self.output_names}"
                    )
            return [target_tensors.get(name) for name in self.output_names]
        if ops.is_tensor(target_tensors):
            if count != 1:
                raise ValueError(
                    f"The model has {count} outputs, but you passed a single tensor as `target_tensors`. "
                    "Expected a list or a dict of tensors."
                )
            return [target_tensors]
        raise TypeError(
            "Expected `target_tensors` to be a tensor, a list of tensors, or dict of tensors, "
            f"but got: {target_tensors}"
        )

    def _set_metrics(self, metrics, weighted_metrics) -> None:
        shapes = [list(output.shape) for output in self.outputs]
        arguments = self.output_names, shapes, self.loss_functions
        plain = training_utils.collect_per_output_metric_info(metrics, *arguments)
        weighted = training_utils.collect_per_output_metric_info(
            weighted_metrics, *arguments, is_weighted=True
        )
        self._per_output_metrics, self._per_output_weighted_metrics = [], []
        for i in range(len(self.outputs)):
            for found, kept in (
                (plain, self._per_output_metrics),
                (weighted, self._per_output_weighted_metrics),
            ):
                kept.append({} if i in self.skip_target_indices else self._uniquely_named(found[i], i))
        if len(self.outputs) > 1:
            self._output_loss_metrics = [
                metrics_module.Mean(name=f"{name}_loss") for name in self.output_names
            ]

    def _uniquely_named(self, metrics: dict, output_index: int) -> dict:
        named = {}
        for name, metric in metrics.items():
            if len(self.output_names) > 1:
                name = f"{self.output_names[output_index]}_{name}"
            base, number = name, 1
            while name in self.metrics_names:
                name = f"{base}_{number}"
                number += 1
            metric.__dict__.setdefault("_given_name", metric.name)  # what files have it by
            metric.name = name
            named[name] = metric
            self._compile_metric_functions.append(metric)
        return named

    def _fixed_target(self, i):
        """The value, within a trace, of a target that is a tensor and not data."""
        return ops.current_trace().convert(self.targets[i])

    @property
    def total_loss(self) -> Any:
        """The loss that training makes small, as a symbolic tensor over inputs, targets and sample weights.

        For functions of one's own: `K.gradients(model.total_loss, model.trainable_weights)`, fed with
        `model._feed_inputs + model._feed_targets + model._feed_sample_weights`.
        """
        if not self._is_compiled:
            raise AttributeError(f'model "{self.name}" has no total_loss before it is compiled')
        if self._total_loss is None:
            terms = list(self.losses)
            for i, function in enumerate(self.loss_functions):
                if function is not None:
                    loss = function(self.targets[i], self.outputs[i], sample_weight=self.sample_weights[i])
                    terms.append(loss * self.loss_weights_list[i])
            total = terms[0]
            for term in terms[1:]:
                total = total + term
            self.__dict__["_total_loss"] = ops.mean(total)
        return self._total_loss

    # --- metrics

    @property
    def metrics(self) -> list:
        """The metrics that `compile` was given, and those that the model and its layers report."""
        found = list(self._compile_metric_functions) if self._is_compiled else []
        for metric in super().metrics:
            if not any(metric is other for other in found):
                found.append(metric)
        return found

    @property
    def metrics_names(self) -> list[str]:
        """Names of the results of `evaluate` and of the `*_on_batch` methods."""
        names = ["loss"]
        if self._is_compiled and len(self.outputs) > 1:
            skipped = self.skip_target_indices
            names += [f"{name}_loss" for i, name in enumerate(self.output_names) if i not in skipped]
        return names + [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Lets all metrics start afresh."""
        for metric in self._output_loss_metrics or ():
            metric.reset_states()
        for metric in self.metrics:
            metric.reset_states()
