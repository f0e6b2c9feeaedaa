"""Maxima and means over windows, and over everything."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..engine.base_layer import InputSpec, Layer
from ..utils import conv_utils
from ..utils.keras1_arguments import accepts_keras1
from .options import check_fits, sizes


class _Pooling(Layer):
    rank: int
    average = False

    def __init__(self, pool_size, strides, padding, data_format, **kwargs):
        super().__init__(**kwargs)
        self.pool_size = sizes(pool_size, self.rank, "pool_size")
        self.strides = sizes(pool_size if strides is None else strides, self.rank, "strides")
        self.padding = conv_utils.normalize_padding(padding)
        if self.padding == "causal":
            raise ValueError(
                f'{type(self).__name__}: `padding` must be "valid" or "same". Received: "causal"'
            )
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs):
        pool = ops.average_pool if self.average else ops.max_pool
        return pool(
            inputs,
            self.pool_size,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
        )

    def compute_output_shape(self, input_shape):
        shape = list(input_shape)
        first = 2 if self.data_format == "channels_first" else 1
        for axis, (window, stride) in enumerate(zip(self.pool_size, self.strides), first):
            shape[axis] = conv_utils.conv_output_length(shape[axis], window, self.padding, stride)
        check_fits(self, input_shape, shape[first : first + self.rank])
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class _Pooling1D(_Pooling):
    rank = 1

    @accepts_keras1("pooling1d")
    def __init__(self, pool_size=2, strides=None, padding="valid", data_format="channels_last", **kwargs):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


class _Pooling2D(_Pooling):
    rank = 2

    @accepts_keras1("pooling")
    def __init__(self, pool_size=(2, 2), strides=None, padding="valid", data_format=None, **kwargs):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


class _Pooling3D(_Pooling):
    rank = 3

    @accepts_keras1("pooling")
    def __init__(self, pool_size=(2, 2, 2), strides=None, padding="valid", data_format=None, **kwargs):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


class MaxPooling1D(_Pooling1D):
    """Maximum over windows of time steps.

    Parameters
    ----------
    pool_size : int
        Length of the window.
    strides : int, optional
        Step of the window; `pool_size` where not given.
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}

    Examples
    --------
    >>> MaxPooling1D(2).compute_output_shape((None, 10, 3))
    (None, 5, 3)
    """


class MaxPooling2D(_Pooling2D):
    """Maximum over windows of images.

    Parameters
    ----------
    pool_size : int or pair of int
        Size of the window.
    strides : int or pair of int, optional
        Steps of the window; `pool_size` where not given.
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> MaxPooling2D().compute_output_shape((None, 28, 28, 3))
    (None, 14, 14, 3)
    """


class MaxPooling3D(_Pooling3D):
    """Maximum over windows of volumes.

    Parameters
    ----------
    pool_size : int or triple of int
    strides : int or triple of int, optional
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> MaxPooling3D().compute_output_shape((None, 8, 8, 8, 3))
    (None, 4, 4, 4, 3)
    """


class AveragePooling1D(_Pooling1D):
    """Mean over windows of time steps; padding does not count.

    Parameters
    ----------
    pool_size : int
    strides : int, optional
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}

    Examples
    --------
    >>> AveragePooling1D(2).compute_output_shape((None, 10, 3))
    (None, 5, 3)
    """

    average = True


class AveragePooling2D(_Pooling2D):
    """Mean over windows of images; padding does not count.

    Parameters
    ----------
    pool_size : int or pair of int
    strides : int or pair of int, optional
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> AveragePooling2D(3, padding="same").compute_output_shape((None, 28, 28, 3))
    (None, 10, 10, 3)
    """

    average = True


class AveragePooling3D(_Pooling3D):
    """Mean over windows of volumes; padding does not count.

    Parameters
    ----------
    pool_size : int or triple of int
    strides : int or triple of int, optional
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> AveragePooling3D().compute_output_shape((None, 8, 8, 8, 3))
    (None, 4, 4, 4, 3)
    """

    average = True


class _GlobalPooling(Layer):
    rank: int
    average = False

    @accepts_keras1("global_pooling")
    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _axes(self) -> list[int]:
        first = 2 if self.data_format == "channels_first" else 1
        return list(range(first, first + self.rank))

    def call(self, inputs):
        return (ops.mean if self.average else ops.max)(inputs, axis=self._axes())

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[1 if self.data_format == "channels_first" else -1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class _GlobalPooling1D(_GlobalPooling):
    rank = 1

    def __init__(self, data_format="channels_last", **kwargs):
        super().__init__(data_format, **kwargs)


class GlobalMaxPooling1D(_GlobalPooling1D):
    """Maximum over all time steps.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}

    Examples
    --------
    >>> GlobalMaxPooling1D().compute_output_shape((None, 10, 3))
    (None, 3)
    """


class GlobalAveragePooling1D(_GlobalPooling1D):
    """Mean over all time steps, or over those that the mask keeps.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}

    Examples
    --------
    >>> GlobalAveragePooling1D().compute_output_shape((None, 10, 3))
    (None, 3)
    """

    average = True

    def __init__(self, data_format="channels_last", **kwargs):
        super().__init__(data_format, **kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            return super().call(inputs)
        (steps,) = self._axes()
        kept = ops.expand_dims(ops.cast(mask, inputs.dtype), 3 - steps)
        return ops.sum(inputs * kept, axis=steps) / ops.sum(kept, axis=steps)

    def compute_mask(self, inputs, mask=None):
        return None


class GlobalMaxPooling2D(_GlobalPooling):
    """Maximum over all rows and columns.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> GlobalMaxPooling2D().compute_output_shape((None, 4, 4, 3))
    (None, 3)
    """

    rank = 2


class GlobalAveragePooling2D(_GlobalPooling):
    """Mean over all rows and columns.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> GlobalAveragePooling2D().compute_output_shape((None, 4, 4, 3))
    (None, 3)
    """

    rank, average = 2, True


class GlobalMaxPooling3D(_GlobalPooling):
    """Maximum over a whole volume.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> GlobalMaxPooling3D().compute_output_shape((None, 4, 4, 4, 3))
    (None, 3)
    """

    rank = 3


class GlobalAveragePooling3D(_GlobalPooling):
    """Mean over a whole volume.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> GlobalAveragePooling3D().compute_output_shape((None, 4, 4, 4, 3))
    (None, 3)
    """

    rank, average = 3, True


MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
