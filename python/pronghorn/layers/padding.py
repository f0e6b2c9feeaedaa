"""Zeros around sequences, images and volumes."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..engine.base_layer import InputSpec, Layer
from ..utils import conv_utils
from ..utils.generic_utils import transpose_shape
from ..utils.keras1_arguments import accepts_keras1


def spatial_pairs(value, rank: int, name: str) -> tuple[tuple[int, int], ...]:
    """Give amounts before and after each spatial axis, from an int, one per axis, or a pair per axis."""
    if isinstance(value, int):
        return ((value, value),) * rank
    if not hasattr(value, "__len__"):
        raise ValueError(
            f"`{name}` should be either an int, a tuple of {rank} ints (the same before and after), "
            f"or a tuple of {rank} tuples of 2 ints (before, after). Found: {value!r}"
        )
    if len(value) != rank:
        raise ValueError(f"`{name}` should have {rank} elements. Found: {value!r}")
    return tuple(
        conv_utils.normalize_tuple(pair, 2, f"entry {axis + 1} of {name}") for axis, pair in enumerate(value)
    )


class SpatialBorder(Layer):
    """What padding and cropping share: a pair of amounts per spatial axis."""

    rank: int
    amount: str  # name of the argument
    sign: int  # whether the amounts are added or taken away

    def __init__(self, amounts, data_format, **kwargs):
        super().__init__(**kwargs)
        if any(size < 0 for pair in amounts for size in pair):
            raise ValueError(f"`{self.amount}` must not be negative. Found: {amounts}")
        setattr(self, self.amount, amounts)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def all_axes(self) -> tuple[tuple[int, int], ...]:
        """Amounts for every axis, in the layer's layout."""
        pairs = ((0, 0), *getattr(self, self.amount), (0, 0))
        return transpose_shape(pairs, self.data_format, tuple(range(1, self.rank + 1)))

    def compute_output_shape(self, input_shape):
        return tuple(
            None if size is None else size + self.sign * sum(pair)
            for size, pair in zip(input_shape, self.all_axes())
        )

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), self.amount: getattr(self, self.amount)}
        if self.rank == 1:
            config[self.amount] = config[self.amount][0]
            return config
        return {**config, "data_format": self.data_format}


class _ZeroPadding(SpatialBorder):
    amount, sign = "padding", 1

    def call(self, inputs):
        return ops.pad(inputs, self.all_axes())


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after a sequence (batch, steps, features).

    Parameters
    ----------
    padding : int or pair of int
        How many, before and after.

    Examples
    --------
    >>> ZeroPadding1D(2).compute_output_shape((None, 5, 3))
    (None, 9, 3)
    """

    rank = 1

    def __init__(self, padding=1, **kwargs):
        super().__init__((conv_utils.normalize_tuple(padding, 2, "padding"),), "channels_last", **kwargs)


class ZeroPadding2D(_ZeroPadding):
    """Zeros around images.

    Parameters
    ----------
    padding : int, pair of int, or pair of pairs
        The same all round, (rows, columns), or ((top, bottom), (left, right)).
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> ZeroPadding2D(((1, 0), (0, 2))).compute_output_shape((None, 5, 5, 3))
    (None, 6, 7, 3)
    """

    rank = 2

    @accepts_keras1("zero_padding2d")
    def __init__(self, padding=(1, 1), data_format=None, **kwargs):
        super().__init__(spatial_pairs(padding, 2, "padding"), data_format, **kwargs)


class ZeroPadding3D(_ZeroPadding):
    """Zeros around volumes.

    Parameters
    ----------
    padding : int, triple of int, or triple of pairs
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> ZeroPadding3D(1).compute_output_shape((None, 5, 5, 5, 3))
    (None, 7, 7, 7, 3)
    """

    rank = 3

    @accepts_keras1("zero_padding3d")
    def __init__(self, padding=(1, 1, 1), data_format=None, **kwargs):
        super().__init__(spatial_pairs(padding, 3, "padding"), data_format, **kwargs)
