"""Dropout of single elements and of whole feature maps."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..engine.base_layer import InputSpec, Layer
from ..utils.keras1_arguments import accepts_keras1
from .phase import draw_seed, in_training


class Dropout(Layer):
    """Set a random fraction of the elements to zero in training, and scale the others up to keep the mean.

    Parameters
    ----------
    rate : float
        The fraction to drop.
    noise_shape : sequence of int or None, optional
        Shape of the mask; along axes of size 1 elements are kept or dropped together, None stands for the
        input's.
    seed : int, optional
        Without it one is drawn from NumPy's global state.

    References
    ----------
    Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 2014.

    Examples
    --------
    >>> Dropout(0.5).rate
    0.5
    """

    @accepts_keras1("dropout")
    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = min(1.0, max(0.0, rate))
        self.noise_shape = noise_shape
        self.seed = seed
        self._seed = draw_seed(seed)
        self.supports_masking = True

    def _get_noise_shape(self, inputs) -> tuple[int, ...] | None:
        if self.noise_shape is None:
            return None
        return tuple(size if given is None else given for size, given in zip(inputs.shape, self.noise_shape))

    def call(self, inputs, training=None):
        if not 0.0 < self.rate < 1.0 or not in_training(training):
            return inputs
        return ops.dropout(inputs, self.rate, noise_shape=self._get_noise_shape(inputs), seed=self._seed)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }


class SpatialDropout1D(Dropout):
    """Dropout of whole features: a feature is kept or dropped at all time steps together.

    Parameters
    ----------
    rate : float
        The fraction of features to drop.

    References
    ----------
    Tompson et al., "Efficient Object Localization Using Convolutional Networks", arXiv:1411.4280.

    Examples
    --------
    >>> SpatialDropout1D(0.2).compute_output_shape((None, 10, 8))
    (None, 10, 8)
    """

    @accepts_keras1("spatial_dropout")
    def __init__(self, rate, **kwargs):
        super().__init__(rate, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def _get_noise_shape(self, inputs):
        return (inputs.shape[0], 1, inputs.shape[2])


class _SpatialDropout(Dropout):
    rank: int

    @accepts_keras1("spatial_dropout")
    def __init__(self, rate, data_format=None, **kwargs):
        super().__init__(rate, **kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _get_noise_shape(self, inputs):
        ones = (1,) * self.rank
        if self.data_format == "channels_first":
            return (*inputs.shape[:2], *ones)
        return (inputs.shape[0], *ones, inputs.shape[-1])


class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole two-dimensional feature maps.

    Parameters
    ----------
    rate : float
        The fraction of maps to drop.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> SpatialDropout2D(0.2).compute_output_shape((None, 4, 4, 8))
    (None, 4, 4, 8)
    """

    rank = 2


class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole three-dimensional feature maps.

    Parameters
    ----------
    rate : float
        The fraction of maps to drop.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> SpatialDropout3D(0.2).compute_output_shape((None, 4, 4, 4, 8))
    (None, 4, 4, 4, 8)
    """

    rank = 3
