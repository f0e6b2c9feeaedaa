"""Activations with options or weights, as layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, config, ops
from ..engine.base_layer import InputSpec, Layer
from ..utils.generic_utils import to_list
from ..utils.keras1_arguments import accepts_keras1
from .options import check_axis, options_config, set_options


def _rounded(value) -> float:
    """Give a number as the float type in use has it, as Keras's saved configurations do."""
    return float(np.asarray(value, config.floatx()))


class _Elementwise(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape):
        return input_shape


class LeakyReLU(_Elementwise):
    """Slope 1 above zero, slope `alpha` below (Maas, Hannun, Ng 2013).

    Parameters
    ----------
    alpha : float

    Examples
    --------
    >>> LeakyReLU(0.5).get_config()["alpha"]
    0.5
    """

    def __init__(self, alpha=0.3, **kwargs):
        super().__init__(**kwargs)
        self.alpha = _rounded(alpha)

    def call(self, inputs):
        return activations.relu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class PReLU(_Elementwise):
    """Slope 1 above zero, a learned slope below (He et al. 2015, arXiv:1502.01852).

    Parameters
    ----------
    alpha_initializer : initializer
    alpha_regularizer : regularizer, optional
    alpha_constraint : constraint, optional
    shared_axes : int or sequence of int, optional
        Axes along which the slope is the same: ``[1, 2]`` after a two-dimensional convolution.

    Examples
    --------
    >>> PReLU(shared_axes=[1, 2]).compute_output_shape((None, 4, 4, 3))
    (None, 4, 4, 3)
    """

    @accepts_keras1("prelu")
    def __init__(
        self,
        alpha_initializer="zeros",
        alpha_regularizer=None,
        alpha_constraint=None,
        shared_axes=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        set_options(
            self,
            alpha_initializer=alpha_initializer,
            alpha_regularizer=alpha_regularizer,
            alpha_constraint=alpha_constraint,
        )
        self.shared_axes = None if shared_axes is None else to_list(shared_axes, allow_tuple=True)

    def build(self, input_shape):
        shape = list(input_shape[1:])
        for axis in self.shared_axes or []:
            check_axis(self, axis, input_shape)
            shape[axis - 1] = 1
        if None in shape:
            raise ValueError(
                f'PReLU "{self.name}": all dimensions of the inputs but the batch and `shared_axes` '
                f"{self.shared_axes} should be defined. Found {tuple(input_shape)}"
            )
        self.alpha = self.add_weight(
            name="alpha",
            shape=tuple(shape),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        axes = {}
        if self.shared_axes:
            axes = {i: input_shape[i] for i in range(1, len(input_shape)) if i not in self.shared_axes}
        self.param_broadcast = [axis in (self.shared_axes or []) for axis in range(1, len(input_shape))]
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)
        self.built = True

    def call(self, inputs):
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **options_config(self, "alpha_initializer", "alpha_regularizer", "alpha_constraint"),
            "shared_axes": self.shared_axes,
        }


class ELU(_Elementwise):
    """`x` above zero, ``alpha * (exp(x) - 1)`` below (Clevert, Unterthiner, Hochreiter 2015).

    Parameters
    ----------
    alpha : float

    Examples
    --------
    >>> ELU().get_config()["alpha"]
    1.0
    """

    def __init__(self, alpha=1.0, **kwargs):
        super().__init__(**kwargs)
        self.alpha = _rounded(alpha)

    def call(self, inputs):
        return ops.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class ThresholdedReLU(_Elementwise):
    """`x` above `theta`, zero below (Konda, Memisevic, Krueger 2014).

    Parameters
    ----------
    theta : float

    Examples
    --------
    >>> ThresholdedReLU(2.0).get_config()["theta"]
    2.0
    """

    def __init__(self, theta=1.0, **kwargs):
        super().__init__(**kwargs)
        self.theta = _rounded(theta)

    def call(self, inputs):
        return inputs * ops.cast(ops.greater(inputs, self.theta), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "theta": self.theta}


class Softmax(_Elementwise):
    """Exponentials normalised to sum one.

    Parameters
    ----------
    axis : int

    Examples
    --------
    >>> Softmax(axis=1).axis
    1
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs):
        return activations.softmax(inputs, axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class ReLU(_Elementwise):
    """Rectified linear unit with its options.

    Parameters
    ----------
    max_value : float, optional
        Saturation.
    negative_slope : float
        Slope below `threshold`.
    threshold : float

    Examples
    --------
    >>> ReLU(max_value=6.0).get_config()["max_value"]
    6.0
    """

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **kwargs):
        super().__init__(**kwargs)
        if max_value is not None and max_value < 0.0:
            raise ValueError(f"max_value of ReLU layer cannot be negative value: {max_value}")
        if negative_slope < 0.0:
            raise ValueError(f"negative_slope of ReLU layer cannot be negative value: {negative_slope}")
        self.max_value = None if max_value is None else _rounded(max_value)
        self.negative_slope = _rounded(negative_slope)
        self.threshold = _rounded(threshold)

    def call(self, inputs):
        return activations.relu(
            inputs, alpha=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
