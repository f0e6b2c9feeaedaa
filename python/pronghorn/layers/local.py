"""Convolutions whose kernel is another one at each position."""

from __future__ import annotations

import math
from typing import Any

from .. import backend
from ..engine.base_layer import InputSpec
from ..utils.keras1_arguments import accepts_keras1
from .conv import BaseConv
from .options import passed_on


class _LocallyConnected(BaseConv):
    def __init__(self, filters, kernel_size, **kwargs):
        super().__init__(filters, kernel_size, **kwargs)
        if self.padding != "valid":
            raise ValueError(
                f'Invalid border mode for {type(self).__name__} (only "valid" is supported): {self.padding}'
            )

    def build(self, input_shape):
        channels = self.input_channels(input_shape)
        output_shape = self.compute_output_shape(input_shape)
        if None in output_shape[1:]:
            raise ValueError(
                f'{type(self).__name__} "{self.name}": the spatial dimensions of the inputs should be '
                f"fully-defined, but layer received the inputs shape {tuple(input_shape)}"
            )
        first = self.data_format == "channels_first"
        self._positions = tuple(output_shape[2:] if first else output_shape[1:-1])
        self.kernel = self.add_weight(
            name="kernel",
            shape=(math.prod(self._positions), math.prod(self.kernel_size) * channels, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(*self._positions, self.filters),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self.channel_axis: channels})
        self.built = True

    def finish_call(self, outputs):
        if self.use_bias:
            outputs = backend.bias_add(outputs, self.bias, data_format=self.data_format)
        return self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["dilation_rate"]
        return config


class LocallyConnected1D(_LocallyConnected):
    """A convolution along time with weights of its own at each position.

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size, strides : int
    padding : {"valid"}
    data_format : {"channels_last"}, optional
    **kwargs
        The other arguments of :class:`Conv1D` but `dilation_rate`.

    Examples
    --------
    >>> LocallyConnected1D(4, 3).compute_output_shape((None, 10, 2))
    (None, 8, 4)
    """

    rank = 1

    @accepts_keras1("conv1d")
    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        if data_format == "channels_first":
            raise ValueError('LocallyConnected1D: `data_format` must be "channels_last" (temporal data).')
        # Keras's layer ignores the layout; the default layout of images says nothing about sequences.
        super().__init__(**{**passed_on(locals()), "data_format": "channels_last"})

    def call(self, inputs):
        return self.finish_call(backend.local_conv1d(inputs, self.kernel, self.kernel_size, self.strides))

    def get_config(self):
        config = super().get_config()
        del config["data_format"]
        return config


class LocallyConnected2D(_LocallyConnected):
    """A convolution over images with weights of its own at each position.

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size, strides : int or pair of int
    padding : {"valid"}
    data_format : {"channels_last", "channels_first"}, optional
    **kwargs
        The other arguments of :class:`Conv2D` but `dilation_rate`.

    Examples
    --------
    >>> LocallyConnected2D(4, 3).compute_output_shape((None, 8, 8, 2))
    (None, 6, 6, 4)
    """

    rank = 2

    @accepts_keras1("conv2d")
    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        data_format=None,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(**passed_on(locals()))

    @property
    def output_row(self) -> int:
        """Number of rows of the output."""
        return self._positions[0]

    @property
    def output_col(self) -> int:
        """Number of columns of the output."""
        return self._positions[1]

    def call(self, inputs):
        return self.finish_call(
            backend.local_conv2d(
                inputs, self.kernel, self.kernel_size, self.strides, self._positions, self.data_format
            )
        )
