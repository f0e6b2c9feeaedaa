"""Edges of sequences, images and volumes cut away."""

from __future__ import annotations

from ..utils import conv_utils
from ..utils.keras1_arguments import accepts_keras1
from .padding import SpatialBorder, spatial_pairs


class _Cropping(SpatialBorder):
    amount, sign = "cropping", -1

    def call(self, inputs):
        sizes = self.compute_output_shape(inputs.shape)
        if any(size < 0 for size in sizes[1:]):
            raise ValueError(
                f'{type(self).__name__} "{self.name}": cropping {self.cropping} is more than an '
                f"input of shape {tuple(inputs.shape)} has"
            )
        return inputs[tuple(slice(start, start + size) for (start, _), size in zip(self.all_axes(), sizes))]


class Cropping1D(_Cropping):
    """Steps cut away from the start and the end of a sequence (batch, steps, features).

    Parameters
    ----------
    cropping : int or pair of int
        How many, at the start and at the end.

    Examples
    --------
    >>> Cropping1D((1, 2)).compute_output_shape((None, 5, 3))
    (None, 2, 3)
    """

    rank = 1

    def __init__(self, cropping=(1, 1), **kwargs):
        super().__init__((conv_utils.normalize_tuple(cropping, 2, "cropping"),), "channels_last", **kwargs)


class Cropping2D(_Cropping):
    """Edges of images cut away.

    Parameters
    ----------
    cropping : int, pair of int, or pair of pairs
        The same all round, (rows, columns), or ((top, bottom), (left, right)).
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> Cropping2D(((2, 2), (4, 4))).compute_output_shape((None, 28, 28, 3))
    (None, 24, 20, 3)
    """

    rank = 2

    @accepts_keras1("cropping")
    def __init__(self, cropping=((0, 0), (0, 0)), data_format=None, **kwargs):
        super().__init__(spatial_pairs(cropping, 2, "cropping"), data_format, **kwargs)


class Cropping3D(_Cropping):
    """Faces of volumes cut away.

    Parameters
    ----------
    cropping : int, triple of int, or triple of pairs
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> Cropping3D(1).compute_output_shape((None, 6, 6, 6, 3))
    (None, 4, 4, 4, 3)
    """

    rank = 3

    @accepts_keras1("cropping")
    def __init__(self, cropping=((1, 1), (1, 1), (1, 1)), data_format=None, **kwargs):
        super().__init__(spatial_pairs(cropping, 3, "cropping"), data_format, **kwargs)
