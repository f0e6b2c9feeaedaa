"""Data as a model's steps take them: shapes learnt, arrays checked and put in order, weights combined."""

from __future__ import annotations

import numpy as np

from .. import config, ops
from ..utils.generic_utils import to_list, unpack_singleton
from . import training_utils
from .data import (
    check_array_length_consistency,
    combine_weights,
    standardize_class_weights,
    standardize_input_data,
    standardize_sample_weights,
)
from .disk_rows import DiskRows


class FeedMethods:
    """The part of `Model` that takes what users pass as data."""

    def _set_inputs(self, inputs) -> None:
        """Makes the inputs and outputs of a model that did not know them before its first data.

        The inputs of a network that were taken away can be given back: symbolic tensors.
        """
        arrays = to_list(inputs, allow_tuple=True)
        if not self.inputs and all(isinstance(x, ops.KerasTensor) for x in arrays):
            self.inputs = arrays
            return
        shapes = [(None, *(np.shape(x)[1:] or (1,))) for x in arrays]
        if type(self).__name__ == "Sequential" or hasattr(self, "add"):
            self.build(shapes[0])
            return
        if self.inputs:
            raise ValueError("Model inputs are already set.")
        if self._is_graph_network:  # they were taken away: the graph still knows them
            self.inputs = [layer.output for layer in self._input_layers]
            return
        self.input_names = [f"input_{i + 1}" for i in range(len(arrays))]
        tensors = [
            ops.KerasTensor(shape, config.floatx(), name=name)
            for shape, name in zip(shapes, self.input_names)
        ]
        outputs = to_list(self(unpack_singleton(tensors)), allow_tuple=True)
        self.inputs = tensors
        self._feed_inputs, self._feed_input_names = tensors, self.input_names
        self._feed_input_shapes = shapes
        self.outputs = outputs
        self.output_names = [f"output_{i + 1}" for i in range(len(outputs))]
        self.built = True

    def _compile_on_the_fly(self) -> None:
        self.compile(
            optimizer=self.optimizer,
            loss=self.loss,
            metrics=self._compile_metrics,
            weighted_metrics=self._compile_weighted_metrics,
            loss_weights=self.loss_weights,
            sample_weight_mode=self.sample_weight_mode,
        )

    def _standardize_user_data(
        self,
        x,
        y=None,
        sample_weight=None,
        class_weight=None,
        check_array_lengths: bool = True,
        batch_size: int | None = None,
        refuse_nan: bool = True,
        needs_targets: bool = True,
    ):
        """Inputs, targets and sample weights as lists of arrays; a weight is None where all weights are 1.

        NaN among targets is refused where all data are there at once; single batches are taken as they come,
        for `TerminateOnNaN` to see.
        """
        if not self.built or not self.inputs:
            first = to_list(x, allow_tuple=True)
            if not first or isinstance(x, dict) or not all(hasattr(array, "shape") for array in first):
                raise ValueError(
                    "Please provide as model inputs either a single array or a list of arrays. You "
                    f"passed: x={x}"
                )
            self._set_inputs(x)
        known_shapes = self._is_graph_network
        inputs = standardize_input_data(
            x,
            self._feed_input_names,
            self._feed_input_shapes if known_shapes else None,
            check_batch_axis=False,
            exception_prefix="input",
        )
        if any(array is None for array in inputs):
            raise ValueError(
                f"Error when checking model input: expected data for {self._feed_input_names}, got None."
            )
        if y is None and not needs_targets:
            check_array_length_consistency(inputs, inputs, inputs)
            return inputs, [], []
        self._assert_compiled()
        if not self._is_compiled:
            self._compile_on_the_fly()
        names = self._feed_output_names
        if y is None and names:
            raise ValueError(f"Error when checking model target: expected data for {names}, but got y=None.")
        if y is None:
            return inputs, [], []
        targets = standardize_input_data(
            y,
            names,
            self._feed_output_shapes if known_shapes else None,
            check_batch_axis=False,
            exception_prefix="target",
        )
        sample_weights = standardize_sample_weights(sample_weight, names)
        class_weights = standardize_class_weights(class_weight, names)
        weights = [
            combine_weights(*given)
            for given in zip(targets, sample_weights, class_weights, self._feed_sample_weight_modes)
        ]
        if check_array_lengths:
            known = [target if weight is None else weight for target, weight in zip(targets, weights)]
            check_array_length_consistency(inputs, targets, known)
        shapes = [tuple(output.shape) for output in self._feed_outputs]
        if known_shapes:
            training_utils.check_loss_and_target_compatibility(targets, self._feed_loss_fns, shapes, names)
        for given in zip(targets, self._feed_loss_fns, shapes, names):
            if not isinstance(given[0], DiskRows):  # those are checked as they are read
                training_utils.check_target_values(*given, refuse_nan=refuse_nan)
        if self.stateful and batch_size and inputs and len(inputs[0]) % batch_size != 0:
            raise ValueError(
                "In a stateful network, you should only pass inputs with a number of samples that can be "
                f"divided by the batch size. Found: {len(inputs[0])} samples, batch size {batch_size}."
            )
        return inputs, targets, weights

    def _validate_or_infer_batch_size(self, batch_size, steps, x):
        if batch_size is not None:
            if training_utils.is_generator_or_sequence(x):
                raise ValueError(
                    "The `batch_size` argument must not be specified when using a generator or Sequence "
                    "as an input."
                )
            if (
                not isinstance(batch_size, (int, np.integer))
                or isinstance(batch_size, bool)
                or batch_size < 1
            ):
                raise ValueError(f"`batch_size` should be a positive integer or None; got {batch_size!r}.")
        layers = self.layers
        static = training_utils.get_static_batch_size(layers[0]) if layers else None
        if static is not None:
            if batch_size is not None and batch_size != static:
                raise ValueError(
                    f"The `batch_size` argument value {batch_size} is incompatible with the specified batch "
                    f"size of your Input Layer: {static}"
                )
            # A state per row makes the size of the batch a choice, and Keras asks for it.
            if steps is None and not self.stateful:
                batch_size = static
        if batch_size is None and steps is None:
            batch_size = 32
        return batch_size
