"""Convolutions over one, two or three spatial axes."""

from __future__ import annotations

import numpy as np

from .. import config
from .dispatch import emit, operation
from .trace import current_trace

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]


def _per_axis(value, count, who, what):
    values = [value] * count if isinstance(value, (int, np.integer)) else list(value)
    if len(values) != count or any(int(v) != v or v < 1 for v in values):
        raise ValueError(f"{who}: {what} must be a positive integer or {count} of them, got {value}")
    return [int(v) for v in values]


class _Setting:
    """One call's geometry: what the arguments mean along each spatial axis, and the layout of the images."""

    def __init__(self, who, inputs, kernel, strides, padding, data_format, dilation_rate):
        trace = current_trace()
        inputs, kernel = trace.convert(inputs), trace.convert(kernel)
        self.who, self.rank = who, inputs.ndim
        if not 3 <= self.rank <= 5:
            raise ValueError(
                f"{who}: the input must have a batch axis, one to three spatial axes and channels,"
                f" got {inputs.shape}"
            )
        if kernel.ndim != self.rank:
            raise ValueError(
                f"{who}: the kernel {kernel.shape} must have {self.rank} axes as the input {inputs.shape}"
            )
        self.padding = padding.lower() if isinstance(padding, str) else padding
        known = ("valid", "same", "causal") if self.rank == 3 else ("valid", "same")
        if self.padding not in known:
            raise ValueError(f"{who}: padding must be one of {known}, got {padding!r}")
        self.first = config.standardize_data_format(data_format) == "channels_first"
        if self.padding == "causal" and self.first:
            raise ValueError(f"{who}: causal padding needs data_format 'channels_last'")
        dtype = np.result_type(inputs.dtype, kernel.dtype).name
        if not dtype.startswith("float"):
            dtype = config.floatx()
        self.kernel, inputs = (
            x if x.dtype == dtype else emit("cast", [x], dtype=dtype) for x in (kernel, inputs)
        )
        self.inputs = self.channels_last(inputs)
        spatial = self.rank - 2
        self.strides = _per_axis(strides, spatial, who, "strides")
        self.dilations = _per_axis(dilation_rate, spatial, who, "dilation_rate")

    def channels_last(self, x):
        return emit("transpose", [x], axes=[0, *range(2, self.rank), 1]) if self.first else x

    def restore(self, x):
        """The image `x` in the layout that the caller uses."""
        return emit("transpose", [x], axes=[0, self.rank - 1, *range(1, self.rank - 1)]) if self.first else x

    def extent(self, axis):
        """How many pixels the kernel spans."""
        return (self.kernel.shape[axis] - 1) * self.dilations[axis] + 1

    def geometry(self, sizes):
        """The core's attributes for a convolution of an image of the given spatial sizes."""
        before, after = [], []
        for axis, size in enumerate(sizes):
            total = 0
            if self.padding == "same":  # TensorFlow's rule: the odd zero goes behind
                results = -(-size // self.strides[axis])
                total = max((results - 1) * self.strides[axis] + self.extent(axis) - size, 0)
            elif self.padding == "causal":
                total = self.extent(axis) - 1
            before.append(total if self.padding == "causal" else total // 2)
            after.append(total - before[-1])
        return {
            "strides": self.strides,
            "dilations": self.dilations,
            "pads_before": before,
            "pads_after": after,
        }


@operation
def conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Convolution of images (or sequences, or volumes) with a kernel.

    Parameters
    ----------
    inputs : tensor
        ``(batch, *spatial, channels)``, or ``(batch, channels, *spatial)`` for channels first.
    kernel : tensor
        ``(*spatial, input channels, output channels)``.
    strides, dilation_rate : int or one per spatial axis
    padding : {"valid", "same", "causal"}
        ``"causal"`` is for one spatial axis: results never see later steps.
    data_format : {"channels_last", "channels_first"}, optional
        That of the settings unless given.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.conv(np.ones((2, 8, 8, 3)), np.ones((3, 3, 3, 16)), strides=2, padding="same").shape
    (2, 4, 4, 16)
    """
    setting = _Setting("conv", inputs, kernel, strides, padding, data_format, dilation_rate)
    images = setting.inputs
    return setting.restore(emit("conv", [images, setting.kernel], **setting.geometry(images.shape[1:-1])))


@operation
def depthwise_conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Convolution of each channel with filters of its own.

    Parameters
    ----------
    inputs, strides, padding, data_format, dilation_rate
        As in `conv`.
    kernel : tensor
        ``(*spatial, input channels, filters per channel)``.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.depthwise_conv(np.ones((2, 8, 8, 3), "float32"), np.ones((3, 3, 3, 2), "float32")).shape
    (2, 6, 6, 6)
    """
    setting = _Setting("depthwise_conv", inputs, kernel, strides, padding, data_format, dilation_rate)
    images = setting.inputs
    result = emit("depthwise_conv", [images, setting.kernel], **setting.geometry(images.shape[1:-1]))
    return setting.restore(result)


@operation
def separable_conv(
    inputs,
    depthwise_kernel,
    pointwise_kernel,
    strides=1,
    padding="valid",
    data_format=None,
    dilation_rate=1,
):
    """A depthwise convolution followed by one of kernel size 1 that mixes the channels.

    Parameters
    ----------
    inputs, strides, padding, data_format, dilation_rate
        As in `conv`.
    depthwise_kernel : tensor
        ``(*spatial, input channels, filters per channel)``.
    pointwise_kernel : tensor
        ``(1, …, 1, input channels · filters per channel, output channels)``.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> depthwise, pointwise = np.ones((3, 3, 3, 1), "float32"), np.ones((1, 1, 3, 4), "float32")
    >>> ops.separable_conv(np.ones((2, 8, 8, 3), "float32"), depthwise, pointwise).shape
    (2, 6, 6, 4)
    """
    between = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(between, pointwise_kernel, 1, "valid", data_format)


def _transposed_size(setting, axis, size, output_padding):
    """How long an axis of `size` becomes: a size whose convolution gives it back."""
    stride, extent = setting.strides[axis], setting.extent(axis)
    if output_padding is None:
        return size * stride + (max(extent - stride, 0) if setting.padding == "valid" else 0)
    if output_padding[axis] >= stride:
        raise ValueError(
            f"{setting.who}: output_padding {output_padding[axis]} must be less than the stride {stride}"
        )
    removed = 2 * (extent // 2) if setting.padding == "same" else 0
    return (size - 1) * stride + extent - removed + output_padding[axis]


@operation
def conv_transpose(
    inputs,
    kernel,
    strides,
    padding="valid",
    output_padding=None,
    data_format=None,
    dilation_rate=1,
    output_shape=None,
):
    """The transpose of a convolution: the map of its result's gradient to its input's.

    Parameters
    ----------
    inputs : tensor
        What a convolution by this kernel could have resulted in, laid out as in `conv`.
    kernel : tensor
        ``(*spatial, output channels, input channels)``.
    strides, dilation_rate : int or one per spatial axis
    padding : {"valid", "same"}
    output_padding : int or one per spatial axis, optional
        How much longer each axis of the result is than it must be; less than the stride.
    data_format : {"channels_last", "channels_first"}, optional
    output_shape : sequence of int, optional
        The result's shape, or its spatial part.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.conv_transpose(np.ones((2, 4, 4, 3)), np.ones((3, 3, 8, 3)), strides=2, padding="same").shape
    (2, 8, 8, 8)
    """
    who = "conv_transpose"
    setting = _Setting(who, inputs, kernel, strides, padding, data_format, dilation_rate)
    if setting.padding == "causal":
        raise ValueError(f"{who}: padding must be 'valid' or 'same', got 'causal'")
    spatial = setting.rank - 2
    images, kernel = setting.inputs, setting.kernel
    if output_shape is not None:
        sizes = [None if size is None else int(size) for size in output_shape]
        if len(sizes) == setting.rank:
            sizes = sizes[2:] if setting.first else sizes[1:-1]
        if len(sizes) != spatial:
            raise ValueError(f"{who}: output_shape {tuple(output_shape)} must have {setting.rank} axes")
    else:
        if output_padding is not None:
            one = isinstance(output_padding, (int, np.integer))
            output_padding = [output_padding] * spatial if one else list(output_padding)
        sizes = [_transposed_size(setting, i, images.shape[1 + i], output_padding) for i in range(spatial)]
    if images.shape[-1] != kernel.shape[-1]:
        raise ValueError(
            f"{who}: input has {images.shape[-1]} channels, but the kernel {kernel.shape} was made"
            f" for {kernel.shape[-1]}"
        )
    result = emit("conv_backward_data", [kernel, images], src_size=sizes, **setting.geometry(sizes))
    return setting.restore(result)
