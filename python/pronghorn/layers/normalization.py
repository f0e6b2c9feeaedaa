"""Batch normalisation."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..engine.base_layer import InputSpec, Layer
from ..utils.keras1_arguments import accepts_keras1
from .options import check_axis, options_config, set_options
from .phase import in_training

_OPTIONS = (
    "beta_initializer",
    "gamma_initializer",
    "moving_mean_initializer",
    "moving_variance_initializer",
    "beta_regularizer",
    "gamma_regularizer",
    "beta_constraint",
    "gamma_constraint",
)


class BatchNormalization(Layer):
    """Scale each feature to mean 0 and variance 1: of the batch in training, of what was seen in testing.

    Parameters
    ----------
    axis : int
        The features: the last axis, or 1 after a convolution with `channels_first`.
    momentum : float
        How much of the moving mean and variance each batch leaves as they are.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether to learn an offset `beta` and a factor `gamma`.
    beta_initializer, gamma_initializer : initializer
    moving_mean_initializer, moving_variance_initializer : initializer
    beta_regularizer, gamma_regularizer : regularizer, optional
    beta_constraint, gamma_constraint : constraint, optional

    Notes
    -----
    As in Keras 2, a layer that is not `trainable` still normalises by the batch in training, but its moving
    statistics stay.

    References
    ----------
    Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
    Shift", arXiv:1502.03167.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn.models import Sequential
    >>> model = Sequential([BatchNormalization(epsilon=0.0, input_shape=(2,))])
    >>> model.predict(np.array([[3.0, 4.0]]))
    array([[3., 4.]], dtype=float32)
    """

    @accepts_keras1("batch_normalization")
    def __init__(
        self,
        axis=-1,
        momentum=0.99,
        epsilon=1e-3,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        set_options(
            self,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )

    def build(self, input_shape):
        check_axis(self, self.axis, input_shape)
        dim = input_shape[self.axis]
        if dim is None:
            raise ValueError(
                f'BatchNormalization "{self.name}": axis {self.axis} of input tensor should have a defined '
                f"dimension but the layer received an input with shape {tuple(input_shape)}."
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: dim})
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=(dim,),
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=(dim,),
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        for name in ("moving_mean", "moving_variance"):
            weight = self.add_weight(
                name=name,
                shape=(dim,),
                initializer=getattr(self, f"{name}_initializer"),
                trainable=False,
            )
            setattr(self, name, weight)
        self.built = True

    def call(self, inputs, training=None):
        if not in_training(training):
            return ops.batch_normalization(
                inputs,
                self.moving_mean,
                self.moving_variance,
                axis=self.axis,
                offset=self.beta,
                scale=self.gamma,
                epsilon=self.epsilon,
            )
        outputs, mean, variance = self._normalized_by_batch(inputs)
        count = math.prod(inputs.shape) // inputs.shape[self.axis]
        # Of the population, estimated from a sample, as Keras has it: n / (n - 1 - epsilon).
        variance = variance * (count / (count - (1.0 + self.epsilon)))
        keep = 1.0 - self.momentum
        self.add_update(
            [
                (moving, moving - (moving - seen) * keep)
                for moving, seen in ((self.moving_mean, mean), (self.moving_variance, variance))
            ],
            inputs,
        )
        return outputs

    def _normalized_by_batch(self, inputs):
        """Outputs, and the batch's mean and variance; the op has the features last."""
        last = len(inputs.shape) - 1
        axis = self.axis % len(inputs.shape)
        order = [i for i in range(last + 1) if i != axis] + [axis]
        if axis != last:
            inputs = ops.transpose(inputs, order)
        outputs, mean, variance = ops.batch_norm_train(inputs, self.gamma, self.beta, epsilon=self.epsilon)
        if axis != last:
            outputs = ops.transpose(outputs, [order.index(i) for i in range(last + 1)])
        return outputs, mean, variance

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **options_config(self, *_OPTIONS),
        }
