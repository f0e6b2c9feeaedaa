"""Convolutions of one, two and three spatial dimensions."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..engine.base_layer import InputSpec, Layer
from ..utils import conv_utils
from ..utils.keras1_arguments import accepts_keras1
from .options import check_fits, options_config, passed_on, positive, set_options, sizes

OPTIONS = (
    "activation",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
)


class BaseConv(Layer):
    """What all convolutions share: windows, layout, weights, the bias and the activation.

    Subclasses say how many spatial dimensions they have, in `rank`.
    """

    rank: int

    def __init__(
        self,
        filters,  # None where it follows from the input
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
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
        super().__init__(**kwargs)
        self.filters = None if filters is None else positive(filters, "filters")
        self.kernel_size = sizes(kernel_size, self.rank, "kernel_size")
        self.strides = sizes(strides, self.rank, "strides")
        self.padding = conv_utils.normalize_padding(padding)
        if self.padding == "causal" and not isinstance(self, Conv1D):
            raise ValueError(
                f'{type(self).__name__}: `padding` must be "valid" or "same"; only Conv1D can be "causal"'
            )
        self.data_format = config.standardize_data_format(data_format)
        self.dilation_rate = sizes(dilation_rate, self.rank, "dilation_rate")
        self.use_bias = use_bias
        set_options(
            self,
            activation=activation,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def channel_axis(self) -> int:
        """Axis of the channels."""
        return 1 if self.data_format == "channels_first" else -1

    def input_channels(self, input_shape) -> int:
        """Number of channels of the input, which must be known to build the layer."""
        if len(input_shape) != self.rank + 2:
            raise ValueError(
                f'{type(self).__name__} "{self.name}": inputs should have rank {self.rank + 2}. '
                f"Received input shape: {tuple(input_shape)}"
            )
        channels = input_shape[self.channel_axis]
        if channels is None:
            raise ValueError(
                f'{type(self).__name__} "{self.name}": the channel dimension of the inputs should be '
                f"defined. Found `None` in {tuple(input_shape)}."
            )
        return int(channels)

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        """Shape of the kernel for an input of `channels`."""
        return (*self.kernel_size, channels, self.filters)

    def build(self, input_shape):
        channels = self.input_channels(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=self.kernel_shape(channels),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.finish_build(channels, self.filters)

    def finish_build(self, channels: int, filters: int) -> None:
        """Add the bias, and hold the layer to its number of input channels."""
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(filters,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self.channel_axis: channels})
        self.built = True

    def call(self, inputs):
        return self.finish_call(
            ops.conv(
                inputs,
                self.kernel,
                strides=self.strides,
                padding=self.padding,
                data_format=self.data_format,
                dilation_rate=self.dilation_rate,
            )
        )

    def finish_call(self, outputs):
        """Add the bias and apply the activation."""
        if self.use_bias:
            bias = self.bias
            if self.data_format == "channels_first":
                bias = ops.reshape(bias, (1, bias.shape[0], *(1,) * self.rank))
            outputs = outputs + bias
        return self.activation(outputs)

    def compute_output_shape(self, input_shape):
        first = self.data_format == "channels_first"
        space = input_shape[2:] if first else input_shape[1:-1]
        lengths = [self.output_length(axis, size) for axis, size in enumerate(space)]
        check_fits(self, input_shape, lengths)
        return self.arranged(input_shape, lengths)

    def output_length(self, axis: int, size: int | None) -> int | None:
        """Length along a spatial axis for an input of length `size`."""
        return conv_utils.conv_output_length(
            size, self.kernel_size[axis], self.padding, self.strides[axis], self.dilation_rate[axis]
        )

    def arranged(self, input_shape, space) -> tuple:
        """Output shape with these spatial lengths, in the layer's layout."""
        filters = self.output_channels(input_shape[self.channel_axis])
        if self.data_format == "channels_first":
            return (input_shape[0], filters, *space)
        return (input_shape[0], *space, filters)

    def output_channels(self, channels):
        """Number of output channels for an input of `channels`."""
        return self.filters

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "use_bias": self.use_bias,
            **options_config(self, *OPTIONS),
        }


class Conv1D(BaseConv):
    """Convolution along time: input (batch, steps, channels), output (batch, new steps, filters).

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size, strides, dilation_rate : int
        Length of the window, its step, and the distance of its taps.
    padding : {"valid", "same", "causal"}
        `causal` pads before the start only: output t sees nothing after input t.
    data_format : {"channels_last", "channels_first"}
    activation : str or callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer : initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : regularizer, optional
    kernel_constraint, bias_constraint : constraint, optional
    **kwargs
        As of every layer.

    Examples
    --------
    >>> Conv1D(4, 3, padding="causal").compute_output_shape((None, 10, 2))
    (None, 10, 4)
    """

    rank = 1

    @accepts_keras1("conv1d")
    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format="channels_last",
        dilation_rate=1,
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
        if padding == "causal" and data_format != "channels_last":
            raise ValueError(
                'When using causal padding in `Conv1D`, `data_format` must be "channels_last" '
                "(temporal data)."
            )
        super().__init__(**passed_on(locals()))


class Conv2D(BaseConv):
    """Convolution over images: (batch, rows, columns, channels) to (batch, new rows, new columns, filters).

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size, strides, dilation_rate : int or pair of int
        Size of the window, its steps, and the distance of its taps.
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}, optional
        Whether channels are the last axis or the second; by default as `image_data_format()` says.
    activation : str or callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer : initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : regularizer, optional
    kernel_constraint, bias_constraint : constraint, optional
    **kwargs
        As of every layer.

    Examples
    --------
    >>> Conv2D(16, 3, strides=2, padding="same").compute_output_shape((None, 28, 28, 1))
    (None, 14, 14, 16)
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
        dilation_rate=(1, 1),
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


class Conv3D(BaseConv):
    """Convolution over volumes: input (batch, depth, rows, columns, channels).

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size, strides, dilation_rate : int or triple of int
        Size of the window, its steps, and the distance of its taps.
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}, optional
    activation : str or callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer : initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : regularizer, optional
    kernel_constraint, bias_constraint : constraint, optional
    **kwargs
        As of every layer.

    Examples
    --------
    >>> Conv3D(2, (3, 3, 1)).compute_output_shape((None, 8, 8, 8, 1))
    (None, 6, 6, 8, 2)
    """

    rank = 3

    @accepts_keras1("conv3d")
    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1, 1),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1, 1),
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
