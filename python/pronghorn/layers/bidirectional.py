"""Bidirectional: a recurrent layer over a sequence from both ends."""

from __future__ import annotations

import copy
from typing import Any

from .. import ops
from ..engine.registry import deserialize
from ..naming import name_scope
from ..utils.arguments import has_arg
from ..utils.generic_utils import to_list
from .recurrent_inputs import StepArguments, standardize
from .wrapper import Wrapper

_MERGES = {
    "sum": lambda y, y_rev: y + y_rev,
    "mul": lambda y, y_rev: y * y_rev,
    "ave": lambda y, y_rev: (y + y_rev) / 2,
    "concat": lambda y, y_rev: ops.concatenate([y, y_rev], axis=-1),
}


class Bidirectional(Wrapper):
    """A recurrent layer and its twin that reads the sequence backwards, with their outputs put together.

    Parameters
    ----------
    layer : RNN
        The forward layer; the backward one is made of its configuration.
    merge_mode : {"concat", "sum", "mul", "ave", None}
        How the two outputs become one; with None they are returned as a list.
    weights : list of ndarray, optional
        What the weights start with: those of the forward layer, then those of the backward one.

    Examples
    --------
    >>> from pronghorn.layers import LSTM
    >>> Bidirectional(LSTM(10, return_sequences=True)).compute_output_shape((None, 5, 3))
    (None, 5, 20)
    """

    def __init__(self, layer, merge_mode="concat", weights=None, **kwargs):
        if merge_mode is not None and merge_mode not in _MERGES:
            raise ValueError(
                'Invalid merge mode. Merge mode should be one of {"sum", "mul", "ave", "concat", None}. '
                f"Received: {merge_mode!r}"
            )
        config = layer.get_config()
        forward = copy.copy(layer)  # shares the cell, so that the layer given has the weights too
        backward = type(layer).from_config({**config, "go_backwards": not config["go_backwards"]})
        forward.name, backward.name = f"forward_{layer.name}", f"backward_{layer.name}"
        if weights:
            half = len(weights) // 2
            forward._initial_weights, backward._initial_weights = weights[:half], weights[half:]
        # Before the constructor of the base, which sets `trainable`.
        self.__dict__.update(forward_layer=forward, backward_layer=backward, _num_constants=None)
        super().__init__(layer, **kwargs)
        self._own("_layers")[:] = [forward, backward]  # the first stands for the layer given
        self.merge_mode = merge_mode
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return self.__dict__.get("_trainable", True)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self.__dict__["_trainable"] = value
        self.forward_layer.trainable = value
        self.backward_layer.trainable = value

    def get_weights(self):
        return self.forward_layer.get_weights() + self.backward_layer.get_weights()

    def set_weights(self, weights):
        half = len(weights) // 2
        self.forward_layer.set_weights(weights[:half])
        self.backward_layer.set_weights(weights[half:])

    def reset_states(self) -> None:
        """Set the states of both layers to zeros."""
        self.forward_layer.reset_states()
        self.backward_layer.reset_states()

    # --- shapes

    def build(self, input_shape):
        shapes = to_list(input_shape)
        states = len(shapes) - 1 - (self._num_constants or 0)
        constants = shapes[1 + states :]
        for index, layer in enumerate((self.forward_layer, self.backward_layer)):
            own = shapes[1 + index * states // 2 : 1 + (index + 1) * states // 2]
            with name_scope(layer.name):
                if not layer.built:
                    layer.build([shapes[0], *own, *constants] if own or constants else shapes[0])
            if layer._initial_weights is not None:
                layer.set_weights(layer._initial_weights)
                layer._initial_weights = None
        self.built = True

    def compute_output_shape(self, input_shape):
        shapes = to_list(self.forward_layer.compute_output_shape(input_shape))
        output, states = shapes[0], shapes[1:] * 2
        if self.merge_mode == "concat":
            output = (*output[:-1], output[-1] * 2)
        outputs = [output] if self.merge_mode else [output, output]
        return outputs + states if self.return_state or not self.merge_mode else output

    def _output_dtypes(self, inputs: list, count: int) -> list[str]:
        return self.forward_layer._output_dtypes(inputs, count)

    def compute_mask(self, inputs, mask=None):
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        mask = mask if self.return_sequences else None
        masks = [mask] if self.merge_mode else [mask, mask]
        if self.return_state:
            return masks + [None] * len(self.forward_layer.states) * 2
        return mask if self.merge_mode else masks

    # --- calls

    def __call__(self, inputs, initial_state=None, constants=None, **kwargs):
        """Apply both layers; `initial_state` holds the states of the forward layer, then the other's."""
        call = standardize(inputs, initial_state, constants, self._num_constants)
        layers = self.forward_layer, self.backward_layer
        if call.initial_state is not None:
            half, odd = divmod(len(call.initial_state), 2)
            if odd:
                raise ValueError(
                    "When passing `initial_state` to a Bidirectional RNN, the state should be a list "
                    f"containing the states of the underlying RNNs. Found: {call.initial_state}"
                )
            if not self.built:
                specs = call.state_spec
                self.forward_layer.state_spec, self.backward_layer.state_spec = specs[:half], specs[half:]
        if call.constants is not None:
            self._num_constants = len(call.constants)
            for layer in layers:
                layer.constants_spec = call.constants_spec
                layer._num_constants = self._num_constants
        return super().__call__(call.joined(kwargs), **kwargs)

    def assert_input_compatibility(self, inputs):
        super().assert_input_compatibility(to_list(inputs, allow_tuple=True)[:1])

    def call(self, inputs, mask=None, training=None, initial_state=None, constants=None):
        x, states, constants = StepArguments.split(inputs, initial_state, constants, self._num_constants)
        given = {"training": training, "mask": mask, "constants": constants or None}
        results = []
        for index, layer in enumerate((self.forward_layer, self.backward_layer)):
            options = {name: value for name, value in given.items() if has_arg(layer.call, name)}
            if states is not None:
                if not has_arg(layer.call, "initial_state"):
                    raise ValueError("Layer does not accept initial_state argument.")
                half = len(states) // 2
                options["initial_state"] = states[index * half : (index + 1) * half]
            results.append(to_list(layer.call(x, **options)))
        (y, *states), (y_rev, *states_rev) = results
        if self.return_sequences:
            y_rev = ops.flip(y_rev, axis=1)
        outputs = [_MERGES[self.merge_mode](y, y_rev)] if self.merge_mode else [y, y_rev]
        outputs += [*states, *states_rev] if self.return_state else []
        return outputs if len(outputs) > 1 else outputs[0]

    @property
    def uses_learning_phase(self) -> bool | None:
        """False where training makes no difference, None where the call's arguments decide."""
        return getattr(self.layer, "uses_learning_phase", None)

    # --- configuration

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "merge_mode": self.merge_mode}
        return config if self._num_constants is None else {**config, "num_constants": self._num_constants}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the wrapper, and the layers within, of what :meth:`get_config` gave."""
        config = dict(config)
        constants = config.pop("num_constants", None)
        layer = cls(deserialize(config.pop("layer"), custom_objects=custom_objects), **config)
        layer._num_constants = constants
        layer.forward_layer._num_constants = layer.backward_layer._num_constants = constants
        return layer
