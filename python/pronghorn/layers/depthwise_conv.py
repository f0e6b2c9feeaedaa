"""Convolutions that take each channel by itself, alone or before a mixing of channels."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..utils.keras1_arguments import accepts_keras1
from .conv import BaseConv
from .options import options_config, passed_on, positive, set_options

_KERNEL_OPTIONS = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")


class _Depthwise(BaseConv):
    """A convolution whose kernels are others than `kernel`, named in `kernels`."""

    kernels: tuple[str, ...]

    def __init__(self, filters, kernel_size, depth_multiplier=1, **kwargs):
        options = {
            f"{kernel}_{kind}": kwargs.pop(f"{kernel}_{kind}", default)
            for kernel in self.kernels
            for kind, default in (
                ("initializer", "glorot_uniform"),
                ("regularizer", None),
                ("constraint", None),
            )
        }
        wrong = next((name for name in _KERNEL_OPTIONS if name in kwargs), None)
        if wrong:
            raise TypeError(f"{type(self).__name__} has no argument `{wrong}`, but {', '.join(options)}")
        super().__init__(filters, kernel_size, **kwargs)
        self.depth_multiplier = positive(depth_multiplier, "depth_multiplier")
        set_options(self, **options)
        self._kernel_options = tuple(options)

    def _add_kernel(self, kernel: str, shape) -> Any:
        return self.add_weight(
            name=f"{kernel}_kernel",
            shape=shape,
            initializer=getattr(self, f"{kernel}_initializer"),
            regularizer=getattr(self, f"{kernel}_regularizer"),
            constraint=getattr(self, f"{kernel}_constraint"),
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in _KERNEL_OPTIONS:
            del config[name]
        return {
            **config,
            "depth_multiplier": self.depth_multiplier,
            **options_config(self, *self._kernel_options),
        }


class _SeparableConv(_Depthwise):
    kernels = ("depthwise", "pointwise")

    def build(self, input_shape):
        channels = self.input_channels(input_shape)
        self.depthwise_kernel = self._add_kernel(
            "depthwise", (*self.kernel_size, channels, self.depth_multiplier)
        )
        self.pointwise_kernel = self._add_kernel(
            "pointwise", (*(1,) * self.rank, self.depth_multiplier * channels, self.filters)
        )
        self.finish_build(channels, self.filters)

    def call(self, inputs):
        return self.finish_call(
            ops.separable_conv(
                inputs,
                self.depthwise_kernel,
                self.pointwise_kernel,
                strides=self.strides,
                padding=self.padding,
                data_format=self.data_format,
                dilation_rate=self.dilation_rate,
            )
        )


class SeparableConv1D(_SeparableConv):
    """Depthwise convolution along time, then a mixing of channels.

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size, strides, dilation_rate : int
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}
    depth_multiplier : int
        Number of depthwise outputs per channel.
    depthwise_initializer, pointwise_initializer : initializer
    depthwise_regularizer, pointwise_regularizer : regularizer, optional
    depthwise_constraint, pointwise_constraint : constraint, optional
    **kwargs
        The other arguments of :class:`Conv1D`.

    Examples
    --------
    >>> SeparableConv1D(8, 3).compute_output_shape((None, 10, 4))
    (None, 8, 8)
    """

    rank = 1

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format="channels_last",
        dilation_rate=1,
        depth_multiplier=1,
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        pointwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        pointwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        pointwise_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(**passed_on(locals()))


class SeparableConv2D(_SeparableConv):
    """Depthwise convolution over images, then a mixing of channels.

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size, strides, dilation_rate : int or pair of int
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}, optional
    depth_multiplier : int
        Number of depthwise outputs per channel.
    depthwise_initializer, pointwise_initializer : initializer
    depthwise_regularizer, pointwise_regularizer : regularizer, optional
    depthwise_constraint, pointwise_constraint : constraint, optional
    **kwargs
        The other arguments of :class:`Conv2D`.

    References
    ----------
    Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", arXiv:1610.02357.

    Examples
    --------
    >>> SeparableConv2D(8, 3, padding="same").compute_output_shape((None, 10, 10, 4))
    (None, 10, 10, 8)
    """

    rank = 2

    @accepts_keras1("separable_conv2d")
    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1),
        depth_multiplier=1,
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        pointwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        pointwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        pointwise_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(**passed_on(locals()))


class DepthwiseConv2D(_Depthwise):
    """Convolution over images, each channel by itself.

    Parameters
    ----------
    kernel_size, strides, dilation_rate : int or pair of int
    padding : {"valid", "same"}
    depth_multiplier : int
        Number of outputs per channel.
    data_format : {"channels_last", "channels_first"}, optional
    activation : str or callable, optional
    use_bias : bool
    depthwise_initializer, bias_initializer : initializer
    depthwise_regularizer, bias_regularizer, activity_regularizer : regularizer, optional
    depthwise_constraint, bias_constraint : constraint, optional
    **kwargs
        As of every layer.

    Examples
    --------
    >>> DepthwiseConv2D(3, depth_multiplier=2).compute_output_shape((None, 10, 10, 4))
    (None, 8, 8, 8)
    """

    rank = 2
    kernels = ("depthwise",)

    def __init__(
        self,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        depth_multiplier=1,
        data_format=None,
        dilation_rate=(1, 1),
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(filters=None, **passed_on(locals()))

    def build(self, input_shape):
        channels = self.input_channels(input_shape)
        self.depthwise_kernel = self._add_kernel(
            "depthwise", (*self.kernel_size, channels, self.depth_multiplier)
        )
        self.finish_build(channels, channels * self.depth_multiplier)

    def call(self, inputs):
        return self.finish_call(
            ops.depthwise_conv(
                inputs,
                self.depthwise_kernel,
                strides=self.strides,
                padding=self.padding,
                data_format=self.data_format,
                dilation_rate=self.dilation_rate,
            )
        )

    def output_channels(self, channels):
        return channels * self.depth_multiplier

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["filters"]
        return config
