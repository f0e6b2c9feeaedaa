"""Layers that only arrange: Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

import math
from typing import Any

from .. import config, ops
from ..engine.base_layer import InputSpec, Layer
from .options import positive


class Flatten(Layer):
    """All axes but the first as one.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        With `channels_first`, channels are moved last before, so that the order of features does not depend
        on the format.

    Examples
    --------
    >>> Flatten().compute_output_shape((None, 2, 3))
    (None, 6)
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.input_spec = InputSpec(min_ndim=3)
        self.data_format = config.standardize_data_format(data_format)

    def call(self, inputs):
        if self.data_format == "channels_first":
            inputs = ops.transpose(inputs, (0, *range(2, len(inputs.shape)), 1))
        return ops.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape):
        if not all(input_shape[1:]):
            raise ValueError(
                f'The shape of the input to "Flatten" is not fully defined (got {tuple(input_shape[1:])}). '
                'Pass a complete "input_shape" or "batch_input_shape" to the first layer of the model.'
            )
        return (input_shape[0], math.prod(input_shape[1:]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Layer):
    """Another shape for each sample.

    Parameters
    ----------
    target_shape : sequence of int
        Without the batch axis; one entry may be -1 and is then what remains.

    Examples
    --------
    >>> Reshape((3, -1)).compute_output_shape((None, 12))
    (None, 3, 4)
    """

    def __init__(self, target_shape, **kwargs):
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)

    def _resolve(self, sample_shape) -> tuple[int, ...]:
        """Replace the -1 of the target shape by what a sample of `sample_shape` leaves for it."""
        if self.target_shape.count(-1) > 1:
            raise ValueError(f"Can only specify one unknown dimension. Got target_shape={self.target_shape}")
        size = math.prod(sample_shape)
        known = math.prod(dim for dim in self.target_shape if dim != -1)
        if -1 in self.target_shape and known and size % known == 0:
            return tuple(size // known if dim == -1 else dim for dim in self.target_shape)
        if -1 in self.target_shape or size != known:
            raise ValueError(
                f'Reshape "{self.name}": total size of new array must be unchanged, but a sample of shape '
                f"{tuple(sample_shape)} has {size} elements and target_shape is {self.target_shape}"
            )
        return self.target_shape

    def call(self, inputs):
        return ops.reshape(inputs, (inputs.shape[0], *self._resolve(inputs.shape[1:])))

    def compute_output_shape(self, input_shape):
        if None in input_shape[1:]:
            return (input_shape[0], *(None if dim == -1 else dim for dim in self.target_shape))
        return (input_shape[0], *self._resolve(input_shape[1:]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(Layer):
    """Another order of the axes of each sample.

    Parameters
    ----------
    dims : sequence of int
        Axes counted from 1, the batch axis being 0: ``Permute((2, 1))`` swaps the first two.

    Examples
    --------
    >>> Permute((2, 1)).compute_output_shape((None, 10, 64))
    (None, 64, 10)
    """

    def __init__(self, dims, **kwargs):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Permute: `dims` must hold each of 1 to {len(self.dims)} once. Got: {self.dims}"
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs):
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """The input `n` times along a new second axis.

    Parameters
    ----------
    n : int

    Examples
    --------
    >>> RepeatVector(3).compute_output_shape((None, 32))
    (None, 3, 32)
    """

    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = positive(n, "n")
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs):
        batch, features = inputs.shape
        return ops.broadcast_to(ops.reshape(inputs, (batch, 1, features)), (batch, self.n, features))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
