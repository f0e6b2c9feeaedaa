"""Noise in training: added, multiplied, and dropout that keeps self-normalising networks so."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..engine.base_layer import Layer
from ..utils.keras1_arguments import accepts_keras1
from .phase import draw_seed, in_training


class GaussianNoise(Layer):
    """Add normally distributed noise in training.

    Parameters
    ----------
    stddev : float

    Examples
    --------
    >>> GaussianNoise(0.1).stddev
    0.1
    """

    @accepts_keras1("gaussian_noise")
    def __init__(self, stddev, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.stddev = stddev
        self._seed = draw_seed(None)

    def call(self, inputs, training=None):
        if not in_training(training):
            return inputs
        noise = ops.random_normal(inputs.shape, 0.0, self.stddev, dtype=inputs.dtype, seed=self._seed)
        return inputs + noise

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev}


class GaussianDropout(Layer):
    """Multiply by normally distributed noise of mean 1 in training, of the variance that dropout would have.

    Parameters
    ----------
    rate : float
        The noise has standard deviation ``sqrt(rate / (1 - rate))``.

    References
    ----------
    Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 2014.

    Examples
    --------
    >>> GaussianDropout(0.5).rate
    0.5
    """

    @accepts_keras1("gaussian_dropout")
    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.rate = rate
        self._seed = draw_seed(None)

    def call(self, inputs, training=None):
        if not 0 < self.rate < 1 or not in_training(training):
            return inputs
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * ops.random_normal(inputs.shape, 1.0, stddev, dtype=inputs.dtype, seed=self._seed)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}


class AlphaDropout(Layer):
    """Dropout for layers with `selu`: dropped elements take its lowest value, mean and variance stay.

    Parameters
    ----------
    rate : float
        The fraction to drop.
    noise_shape : sequence of int or None, optional
        Shape of the mask; None stands for the input's.
    seed : int, optional

    References
    ----------
    Klambauer et al., "Self-Normalizing Neural Networks", arXiv:1706.02515.

    Examples
    --------
    >>> AlphaDropout(0.1).rate
    0.1
    """

    # Limit of selu(x) for x to minus infinity: -scale * alpha.
    _LOWEST = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed
        self._seed = draw_seed(seed)
        self.supports_masking = True

    def call(self, inputs, training=None):
        if not 0.0 < self.rate < 1.0 or not in_training(training):
            return inputs
        shape = tuple(inputs.shape)
        if self.noise_shape:
            shape = tuple(size if given is None else given for size, given in zip(shape, self.noise_shape))
        kept = ops.greater_equal(ops.random_uniform(shape, dtype=inputs.dtype, seed=self._seed), self.rate)
        kept = ops.cast(kept, inputs.dtype)
        # y = a x + b with a and b such that mean 0 and variance 1 stay: the variance of the mixture is
        # (1 - rate) (1 + rate lowest²), and its mean rate * lowest.
        a = ((1 - self.rate) * (1 + self.rate * self._LOWEST**2)) ** -0.5
        b = -a * self._LOWEST * self.rate
        return a * (inputs * kept + self._LOWEST * (1.0 - kept)) + b

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}
