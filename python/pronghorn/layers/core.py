"""Dense, Activation, ActivityRegularization and Masking; with what else Keras keeps in this module."""

from __future__ import annotations

from typing import Any

from .. import ops, regularizers
from ..engine.base_layer import InputSpec, Layer
from ..utils.keras1_arguments import accepts_keras1
from .dropout import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from .lambda_layer import Lambda
from .options import options_config, positive, set_options
from .reshaping import Flatten, Permute, RepeatVector, Reshape

__all__ = [
    "Activation",
    "ActivityRegularization",
    "Dense",
    "Dropout",
    "Flatten",
    "Lambda",
    "Masking",
    "Permute",
    "RepeatVector",
    "Reshape",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]


class Dense(Layer):
    """A fully connected layer: ``activation(inputs @ kernel + bias)``.

    Inputs of more than two dimensions are taken row by row: the layer acts on the last axis.

    Parameters
    ----------
    units : int
        Size of the output's last axis.
    activation : str or callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer : initializer
    kernel_regularizer, bias_regularizer : regularizer, optional
        Penalties on the weights.
    activity_regularizer : regularizer, optional
        Penalty on the output.
    kernel_constraint, bias_constraint : constraint, optional
    **kwargs
        As of every layer: `name`, `input_shape`, `trainable`, …

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn.models import Sequential
    >>> model = Sequential([Dense(2, activation="relu", kernel_initializer="ones", input_shape=(3,))])
    >>> model.predict(np.ones((1, 3)))
    array([[3., 3.]], dtype=float32)
    """

    @accepts_keras1("dense")
    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        if "input_shape" not in kwargs and "input_dim" in kwargs:
            kwargs["input_shape"] = (kwargs.pop("input_dim"),)
        super().__init__(**kwargs)
        self.units = positive(units, "units")
        self.use_bias = use_bias
        set_options(
            self,
            activation=activation,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                f'Dense "{self.name}": the last dimension of the inputs should be defined. Found '
                f"{tuple(input_shape)}"
            )
        input_dim = input_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_dim, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: input_dim})
        self.built = True

    def call(self, inputs):
        # As one matrix, so that the product and the bias are one step however many axes the rows have.
        rows = ops.reshape(inputs, (-1, inputs.shape[-1])) if len(inputs.shape) > 2 else inputs
        outputs = ops.matmul(rows, self.kernel)
        if self.use_bias:
            outputs = outputs + self.bias
        if len(inputs.shape) > 2:
            outputs = ops.reshape(outputs, (*inputs.shape[:-1], self.units))
        return self.activation(outputs)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[:-1]) + (self.units,)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            **options_config(
                self,
                "activation",
                "kernel_initializer",
                "bias_initializer",
                "kernel_regularizer",
                "bias_regularizer",
                "activity_regularizer",
                "kernel_constraint",
                "bias_constraint",
            ),
        }


class Activation(Layer):
    """An activation function as a layer.

    Parameters
    ----------
    activation : str or callable

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn.models import Sequential
    >>> Sequential([Activation("relu", input_shape=(2,))]).predict(np.array([[-1.0, 2.0]]))
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        set_options(self, activation=activation)

    def call(self, inputs):
        return self.activation(inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **options_config(self, "activation")}


class ActivityRegularization(Layer):
    """Pass the input through and add a penalty on it to the loss.

    Parameters
    ----------
    l1, l2 : float
        Factors of the sum of absolute values and of the sum of squares.

    Examples
    --------
    >>> ActivityRegularization(l2=0.01).get_config()["l2"]
    0.01
    """

    def __init__(self, l1=0.0, l2=0.0, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.l1 = l1
        self.l2 = l2
        self.activity_regularizer = regularizers.L1L2(l1=l1, l2=l2)

    def call(self, inputs):
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "l1": self.l1, "l2": self.l2}


class Masking(Layer):
    """Mask the time steps whose features all equal `mask_value`, and set them to zero.

    Parameters
    ----------
    mask_value : float

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn.models import Sequential
    >>> model = Sequential([Masking(mask_value=1.0, input_shape=(2, 1))])
    >>> model.predict(np.array([[[5.0], [1.0]]])).ravel()
    array([5., 0.], dtype=float32)
    """

    def __init__(self, mask_value=0.0, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.mask_value = mask_value

    def compute_mask(self, inputs, mask=None):
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs):
        kept = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return inputs * ops.cast(kept, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}
