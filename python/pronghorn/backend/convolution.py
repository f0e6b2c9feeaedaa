"""Convolutions and pooling, by Keras 2's names."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..ops import operation

__all__ = [
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "depthwise_conv2d",
    "local_conv1d",
    "local_conv2d",
    "pool2d",
    "pool3d",
    "separable_conv1d",
    "separable_conv2d",
]


def _checked(padding: str, *others: str) -> str:
    if padding not in ("valid", "same", *others):
        raise ValueError(f"Invalid padding: {padding}")
    return padding


def conv1d(
    x: Any,
    kernel: Any,
    strides: int = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int = 1,
) -> Any:
    """Convolution along time.

    Examples
    --------
    >>> import numpy as np
    >>> conv1d(np.ones((1, 8, 3)), np.ones((3, 3, 4)), padding="causal").shape
    (1, 8, 4)
    """
    data_format = config.standardize_data_format(data_format)
    if padding == "causal" and data_format != "channels_last":
        raise ValueError(
            'When using causal padding in `conv1d`, `data_format` must be "channels_last" (temporal data).'
        )
    return ops.conv(x, kernel, strides, _checked(padding, "causal"), data_format, dilation_rate)


def conv2d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolution over images.

    Examples
    --------
    >>> import numpy as np
    >>> conv2d(np.ones((1, 8, 8, 3)), np.ones((3, 3, 3, 4)), strides=(2, 2)).shape
    (1, 3, 3, 4)
    """
    data_format = config.standardize_data_format(data_format)
    return ops.conv(x, kernel, strides, _checked(padding), data_format, dilation_rate)


def conv3d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1, 1),
) -> Any:
    """Convolution over volumes.

    Examples
    --------
    >>> import numpy as np
    >>> conv3d(np.ones((1, 4, 4, 4, 3)), np.ones((3, 3, 3, 3, 4))).shape
    (1, 2, 2, 2, 4)
    """
    data_format = config.standardize_data_format(data_format)
    return ops.conv(x, kernel, strides, _checked(padding), data_format, dilation_rate)


def conv2d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Transposed convolution over images, to a given shape.

    Examples
    --------
    >>> import numpy as np
    >>> conv2d_transpose(np.ones((1, 4, 4, 3)), np.ones((3, 3, 2, 3)), (1, 6, 6, 2)).shape
    (1, 6, 6, 2)
    """
    data_format = config.standardize_data_format(data_format)
    return _conv_transpose(x, kernel, output_shape, strides, padding, data_format, dilation_rate)


def conv3d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """Transposed convolution over volumes, to a given shape.

    Examples
    --------
    >>> import numpy as np
    >>> conv3d_transpose(np.ones((1, 2, 2, 2, 3)), np.ones((2, 2, 2, 1, 3)), (1, 3, 3, 3, 1)).shape
    (1, 3, 3, 3, 1)
    """
    data_format = config.standardize_data_format(data_format)
    return _conv_transpose(x, kernel, output_shape, strides, padding, data_format, 1)


def _conv_transpose(x, kernel, output_shape, strides, padding, data_format, dilation_rate):
    return ops.conv_transpose(
        x, kernel, strides, _checked(padding), None, data_format, dilation_rate, tuple(output_shape)
    )


def depthwise_conv2d(
    x: Any,
    depthwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolution over images, each channel by itself.

    Examples
    --------
    >>> import numpy as np
    >>> depthwise_conv2d(np.ones((1, 8, 8, 3)), np.ones((3, 3, 3, 2))).shape
    (1, 6, 6, 6)
    """
    data_format = config.standardize_data_format(data_format)
    return ops.depthwise_conv(x, depthwise_kernel, strides, _checked(padding), data_format, dilation_rate)


def separable_conv1d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Convolution along time, each channel by itself, then a mixing of channels.

    Examples
    --------
    >>> import numpy as np
    >>> separable_conv1d(np.ones((1, 8, 3)), np.ones((3, 3, 1)), np.ones((1, 3, 5))).shape
    (1, 6, 5)
    """
    data_format = config.standardize_data_format(data_format)
    return ops.separable_conv(
        x, depthwise_kernel, pointwise_kernel, strides, _checked(padding), data_format, dilation_rate
    )


def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolution over images, each channel by itself, then a mixing of channels.

    Examples
    --------
    >>> import numpy as np
    >>> separable_conv2d(np.ones((1, 8, 8, 3)), np.ones((3, 3, 3, 1)), np.ones((1, 1, 3, 5))).shape
    (1, 6, 6, 5)
    """
    data_format = config.standardize_data_format(data_format)
    return ops.separable_conv(
        x, depthwise_kernel, pointwise_kernel, strides, _checked(padding), data_format, dilation_rate
    )


def pool2d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """Maximum ("max") or mean ("avg") over windows of images.

    Examples
    --------
    >>> import numpy as np
    >>> pool2d(np.ones((1, 8, 8, 3)), (2, 2), strides=(2, 2)).shape
    (1, 4, 4, 3)
    """
    return _pool(x, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """Maximum ("max") or mean ("avg") over windows of volumes.

    Examples
    --------
    >>> import numpy as np
    >>> pool3d(np.ones((1, 8, 8, 8, 3)), (2, 2, 2), pool_mode="avg").shape
    (1, 7, 7, 7, 3)
    """
    return _pool(x, pool_size, strides, padding, data_format, pool_mode)


def _pool(x, pool_size, strides, padding, data_format, pool_mode):
    data_format = config.standardize_data_format(data_format)
    if pool_mode not in ("max", "avg"):
        raise ValueError(f"Invalid pool_mode: {pool_mode}")
    pool = ops.max_pool if pool_mode == "max" else ops.average_pool
    return pool(x, pool_size, strides, _checked(padding), data_format)


# --- a kernel of its own at each position -----------------------------------------------------------------


@operation
def local_conv1d(inputs, kernel, kernel_size, strides, data_format=None):
    """Windows along time, each position with a kernel of its own.

    Parameters
    ----------
    inputs : tensor
        (batch, steps, channels)
    kernel : tensor
        (positions, window * channels, filters)
    kernel_size, strides : tuple of one int

    Examples
    --------
    >>> import numpy as np
    >>> local_conv1d(np.ones((1, 8, 3)), np.ones((6, 9, 4)), (3,), (1,)).shape
    (1, 6, 4)
    """
    return _local_conv(inputs, kernel, kernel_size, strides, (kernel.shape[0],), "channels_last")


@operation
def local_conv2d(inputs, kernel, kernel_size, strides, output_shape, data_format=None):
    """Windows over images, each position with a kernel of its own.

    Parameters
    ----------
    inputs : tensor
        Images in `data_format`.
    kernel : tensor
        (rows * columns of the result, elements of a window, filters)
    kernel_size, strides, output_shape : pair of int

    Examples
    --------
    >>> import numpy as np
    >>> local_conv2d(np.ones((1, 4, 4, 3)), np.ones((4, 27, 5)), (3, 3), (1, 1), (2, 2)).shape
    (1, 2, 2, 5)
    """
    data_format = config.standardize_data_format(data_format)
    return _local_conv(inputs, kernel, kernel_size, strides, output_shape, data_format)


def _local_conv(inputs, kernel, window, strides, positions, data_format):
    """One product of matrices per position, all in one batched product.

    The elements of windows are gathered by their offset: each is a strided slice of the whole input.
    """
    first = 2 if data_format == "channels_first" else 1
    taps = []
    for offset in _offsets(window):
        index = [slice(None)] * len(inputs.shape)
        for axis, (start, stride, count) in enumerate(zip(offset, strides, positions), first):
            index[axis] = slice(start, start + (count - 1) * stride + 1, stride)
        taps.append(inputs[tuple(index)])
    # Within a window the elements lie as in the input: channels first or last.
    gathered = ops.stack(taps, axis=2 if data_format == "channels_first" else -2)
    rank, batch = len(positions), inputs.shape[0]
    count, elements, filters = kernel.shape
    if data_format == "channels_first":
        gathered = ops.transpose(gathered, (*range(3, 3 + rank), 0, 1, 2))
    else:
        gathered = ops.transpose(gathered, (*range(1, 1 + rank), 0, 1 + rank, 2 + rank))
    product = ops.matmul(ops.reshape(gathered, (count, batch, elements)), kernel)
    product = ops.reshape(product, (*positions, batch, filters))
    if data_format == "channels_first":
        return ops.transpose(product, (rank, rank + 1, *range(rank)))
    return ops.transpose(product, (rank, *range(rank), rank + 1))


def _offsets(window):
    if not window:
        return [()]
    return [(i, *rest) for i in range(window[0]) for rest in _offsets(window[1:])]
