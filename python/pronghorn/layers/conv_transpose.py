"""Transposed convolutions: the gradients of convolutions as layers, from coarse to fine."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..utils import conv_utils
from ..utils.keras1_arguments import accepts_keras1
from .conv import BaseConv
from .options import passed_on


class _ConvTranspose(BaseConv):
    def __init__(self, filters, kernel_size, output_padding=None, **kwargs):
        super().__init__(filters, kernel_size, **kwargs)
        self.output_padding = output_padding
        if output_padding is not None:
            self.output_padding = conv_utils.normalize_tuple(output_padding, self.rank, "output_padding")
            if any(extra >= stride for extra, stride in zip(self.output_padding, self.strides)):
                raise ValueError(
                    f"Stride {self.strides} must be greater than output padding {self.output_padding}"
                )

    def kernel_shape(self, channels):
        return (*self.kernel_size, self.filters, channels)

    def call(self, inputs):
        return self.finish_call(
            ops.conv_transpose(
                inputs,
                self.kernel,
                strides=self.strides,
                padding=self.padding,
                output_padding=self.output_padding,
                data_format=self.data_format,
                dilation_rate=self.dilation_rate,
            )
        )

    def output_length(self, axis, size):
        return conv_utils.deconv_length(
            size,
            self.strides[axis],
            self.kernel_size[axis],
            self.padding,
            None if self.output_padding is None else self.output_padding[axis],
            self.dilation_rate[axis],
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_padding": self.output_padding}


class Conv2DTranspose(_ConvTranspose):
    """Transposed convolution over images ("deconvolution").

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size, strides, dilation_rate : int or pair of int
    padding : {"valid", "same"}
    output_padding : int or pair of int, optional
        How much longer the output is than the shortest that fits; less than the stride.
    data_format : {"channels_last", "channels_first"}, optional
    **kwargs
        The other arguments of :class:`Conv2D`.

    References
    ----------
    Zeiler et al., "Deconvolutional Networks", CVPR 2010.

    Examples
    --------
    >>> Conv2DTranspose(8, 3, strides=2, padding="same").compute_output_shape((None, 7, 7, 16))
    (None, 14, 14, 8)
    """

    rank = 2

    @accepts_keras1("conv2d_transpose")
    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        output_padding=None,
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


class Conv3DTranspose(_ConvTranspose):
    """Transposed convolution over volumes.

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size, strides : int or triple of int
    padding : {"valid", "same"}
    output_padding : int or triple of int, optional
    data_format : {"channels_last", "channels_first"}, optional
    **kwargs
        The other arguments of :class:`Conv3D` but `dilation_rate`.

    Examples
    --------
    >>> Conv3DTranspose(2, 2, strides=2).compute_output_shape((None, 4, 4, 4, 3))
    (None, 8, 8, 8, 2)
    """

    rank = 3

    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1, 1),
        padding="valid",
        output_padding=None,
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
        if "dilation_rate" in kwargs:
            raise TypeError("Conv3DTranspose has no argument `dilation_rate`")
        super().__init__(**passed_on(locals()))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["dilation_rate"]
        return config
