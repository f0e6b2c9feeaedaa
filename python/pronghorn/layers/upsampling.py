"""Sequences, images and volumes enlarged by whole factors."""

from __future__ import annotations

from typing import Any

from .. import backend, config, ops
from ..engine.base_layer import InputSpec, Layer
from ..utils.keras1_arguments import accepts_keras1
from .options import sizes


class _UpSampling(Layer):
    rank: int

    def __init__(self, size, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.size = sizes(size, self.rank, "size")
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _first_axis(self) -> int:
        return 2 if self.data_format == "channels_first" else 1

    def call(self, inputs):
        for axis, times in enumerate(self.size, self._first_axis()):
            inputs = ops.repeat(inputs, times, axis=axis)
        return inputs

    def compute_output_shape(self, input_shape):
        shape = list(input_shape)
        for axis, times in enumerate(self.size, self._first_axis()):
            shape[axis] = None if shape[axis] is None else shape[axis] * times
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


class UpSampling1D(_UpSampling):
    """Each step of a sequence (batch, steps, features) `size` times.

    Parameters
    ----------
    size : int

    Examples
    --------
    >>> UpSampling1D(3).compute_output_shape((None, 5, 2))
    (None, 15, 2)
    """

    rank = 1

    @accepts_keras1("upsampling1d")
    def __init__(self, size=2, **kwargs):
        super().__init__((int(size),), "channels_last", **kwargs)

    def get_config(self):
        config = super().get_config()
        del config["data_format"]
        return {**config, "size": self.size[0]}


class UpSampling2D(_UpSampling):
    """Images enlarged by repeating pixels or by bilinear interpolation.

    Parameters
    ----------
    size : int or pair of int
        Factors for rows and columns.
    data_format : {"channels_last", "channels_first"}, optional
    interpolation : {"nearest", "bilinear"}

    Examples
    --------
    >>> UpSampling2D((2, 3)).compute_output_shape((None, 4, 4, 1))
    (None, 8, 12, 1)
    """

    rank = 2

    @accepts_keras1("upsampling")
    def __init__(self, size=(2, 2), data_format=None, interpolation="nearest", **kwargs):
        super().__init__(size, data_format, **kwargs)
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(
                f'interpolation should be one of "nearest" or "bilinear". Got: {interpolation!r}'
            )
        self.interpolation = interpolation

    def call(self, inputs):
        return backend.resize_images(inputs, *self.size, self.data_format, self.interpolation)

    def get_config(self):
        return {**super().get_config(), "interpolation": self.interpolation}


class UpSampling3D(_UpSampling):
    """Volumes enlarged by repeating elements.

    Parameters
    ----------
    size : int or triple of int
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> UpSampling3D(2).compute_output_shape((None, 2, 2, 2, 1))
    (None, 4, 4, 4, 1)
    """

    rank = 3

    @accepts_keras1("upsampling")
    def __init__(self, size=(2, 2, 2), data_format=None, **kwargs):
        super().__init__(size, data_format, **kwargs)
