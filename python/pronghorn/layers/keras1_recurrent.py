"""Bases of recurrent layers written for Keras 1, where the layer itself has the step."""

from __future__ import annotations

from typing import Any

from .. import config
from ..backend.recurrence import rnn
from ..engine.base_layer import InputSpec, Layer
from ..utils.conv_utils import normalize_padding, normalize_tuple
from .convolutional_recurrent import ConvRNN2D
from .rnn import RNN


class _StepOf:
    """The cell of a layer that has the step: whatever is asked of it, the layer answers."""

    def __init__(self, layer: Any):
        self._layer = layer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_layer"], name)

    @property
    def state_size(self) -> tuple:
        layer = self._layer
        size = getattr(layer, "units", None) or getattr(layer, "filters", None)
        return (size,) * len(getattr(layer, "_states", None) or [None])

    @property
    def output_size(self) -> int:
        return self.state_size[0]

    def call(self, inputs: Any, states: list) -> tuple:
        return self._layer.step(inputs, states)


class Recurrent(RNN):
    """Base of layers with ``step(inputs, states)``; subclasses set ``units``, and ``states`` to as many None.

    Parameters
    ----------
    return_sequences, return_state, go_backwards, stateful, unroll : bool
        As of `RNN`.
    implementation : int
        Kept for the subclass.

    Examples
    --------
    >>> import numpy as np
    >>> class Sum(Recurrent):
    ...     units = 3
    ...
    ...     def step(self, inputs, states):
    ...         return inputs + states[0], [inputs + states[0]]
    >>> Sum()(np.ones((1, 4, 3), "float32"))
    array([[4., 4., 4.]], dtype=float32)
    """

    def __init__(
        self,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        implementation=0,
        **kwargs,
    ):
        super().__init__(
            _StepOf(self), return_sequences, return_state, go_backwards, stateful, unroll, **kwargs
        )
        self.implementation = implementation
        self.dropout = self.recurrent_dropout = 0

    def step(self, inputs, states):
        """Return the output of a step and the list of the new states; `states` ends with the constants."""
        raise NotImplementedError(f"{type(self).__name__} must define step(inputs, states)")

    def get_constants(self, inputs, training=None):
        """Return tensors that each step is given after the states."""
        return []

    def preprocess_input(self, inputs, training=None):
        """Return what the steps are given in place of the inputs."""
        return inputs

    def _run(self, x, states, mask, training, constants):
        constants = self.get_constants(x, training=None)
        x = self.preprocess_input(x, training=None)
        return rnn(self.step, x, states, self.go_backwards, mask, constants, self.unroll)

    def get_config(self) -> dict[str, Any]:
        flags = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "implementation")
        return {**Layer.get_config(self), **{name: getattr(self, name) for name in flags}}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the layer of what :meth:`get_config` gave."""
        return cls(**config)


class ConvRecurrent2D(Recurrent):
    """As `Recurrent`, over sequences of images.

    Parameters
    ----------
    filters : int
        Channels of the output and of the states.
    kernel_size, strides, padding, data_format, dilation_rate
        As of `Conv2D`.
    return_sequences, go_backwards, stateful : bool
        As of `RNN`.

    Examples
    --------
    >>> ConvRecurrent2D(4, 3).compute_output_shape((None, 9, 8, 8, 1))
    (None, 6, 6, 4)
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1),
        return_sequences=False,
        go_backwards=False,
        stateful=False,
        **kwargs,
    ):
        super().__init__(
            return_sequences=return_sequences, go_backwards=go_backwards, stateful=stateful, **kwargs
        )
        self.filters = filters
        self.kernel_size = normalize_tuple(kernel_size, 2, "kernel_size")
        self.strides = normalize_tuple(strides, 2, "strides")
        self.padding = normalize_padding(padding)
        self.data_format = config.standardize_data_format(data_format)
        self.dilation_rate = normalize_tuple(dilation_rate, 2, "dilation_rate")
        self.input_spec = [InputSpec(ndim=5)]

    _image_shape = ConvRNN2D._image_shape
    _state_shapes = ConvRNN2D._state_shapes
    _output_shape = ConvRNN2D._output_shape
    _state_axis = ConvRNN2D._state_axis

    def get_config(self) -> dict[str, Any]:
        names = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
