"""Max and average pooling."""

from __future__ import annotations

from .. import config
from .dispatch import emit, operation
from .layout import _tensor, moveaxis
from .tensor import operations

__all__ = ["average_pool", "max_pool"]


def _per_axis(value, spatial, name, who):
    values = [value] * spatial if isinstance(value, int) else [int(v) for v in value]
    if len(values) != spatial:
        raise ValueError(f"{who}: {name} must be an integer or {spatial} integers, not {value!r}")
    return values


def _pads(padding, sizes, kernel, strides, who):
    """Padding before and after each axis: none, or so that the result has ceil(size / stride) elements."""
    if padding not in ("valid", "same"):
        raise ValueError(f"{who}: padding must be 'valid' or 'same', not {padding!r}")
    if padding == "valid":
        return [0] * len(sizes), [0] * len(sizes)
    totals = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(sizes, kernel, strides)]
    return [t // 2 for t in totals], [t - t // 2 for t in totals]


def _pool(op, inputs, pool_size, strides, padding, data_format):
    x = _tensor(inputs)
    if x.dtype not in ("float32", "float64"):
        x = operations["cast"](x, config.floatx())
    if x.ndim not in (3, 4, 5):
        raise ValueError(f"{op}: inputs must have 3, 4 or 5 axes, not shape {x.shape}")
    data_format = data_format or config.image_data_format()
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{op}: data_format must be 'channels_last' or 'channels_first', not {data_format!r}"
        )
    if data_format == "channels_first":
        x = moveaxis(x, 1, -1)
    spatial = x.ndim - 2
    kernel = _per_axis(pool_size, spatial, "pool_size", op)
    strides = kernel if strides is None else _per_axis(strides, spatial, "strides", op)
    before, after = _pads(padding, x.shape[1:-1], kernel, strides, op)
    y = emit(op, [x], kernel=kernel, strides=strides, pads_before=before, pads_after=after)
    return moveaxis(y, -1, 1) if data_format == "channels_first" else y


@operation
def max_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
    """The greatest element of each window, per channel.

    Parameters
    ----------
    inputs : tensor
        Sequences, images or volumes: 3, 4 or 5 axes, the first the batch.
    pool_size, strides : int or sequence of int
        Windows do not overlap unless `strides` is given.
    padding : {"valid", "same"}
        Padding of "same" takes no part in the result.
    data_format : {"channels_last", "channels_first"}, optional
        The configured one unless given.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.max_pool(np.arange(4.0).reshape(1, 4, 1), 2)[0, :, 0]
    array([1., 3.])
    """
    return _pool("max_pool", inputs, pool_size, strides, padding, data_format)


@operation
def average_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
    """The mean of the real elements of each window, per channel. Parameters as of `max_pool`.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.average_pool(np.arange(4.0).reshape(1, 4, 1), 2)[0, :, 0]
    array([0.5, 2.5])
    """
    return _pool("average_pool", inputs, pool_size, strides, padding, data_format)
