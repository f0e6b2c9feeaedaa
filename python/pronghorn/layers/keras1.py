"""Layers of Keras 1 that Keras 2.3.1 still has, with their own argument names."""

from __future__ import annotations

from typing import Any

from .. import activations, ops
from ..engine.base_layer import InputSpec, Layer
from ..utils.warn import warn
from .conv import Conv1D, Conv2D
from .options import options_config, set_options

_OPTIONS = (
    "init",
    "W_regularizer",
    "b_regularizer",
    "activity_regularizer",
    "W_constraint",
    "b_constraint",
)


class _Keras1Dense(Layer):
    """What the two dense layers share: options under Keras 1's names, and one width of the input."""

    def __init__(
        self, options: dict[str, Any], bias: bool, input_dim: int | None, weights: Any, kwargs: dict
    ):
        warn(f"The `{type(self).__name__}` layer is deprecated.")
        if input_dim:
            kwargs["input_shape"] = (input_dim,)
        super().__init__(weights=weights, **kwargs)
        set_options(self, **options)
        self.bias = bias
        self.input_dim = input_dim
        self.input_spec = InputSpec(ndim=2)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **options_config(self, *_OPTIONS),
            "bias": self.bias,
            "input_dim": self.input_dim,
        }


class MaxoutDense(_Keras1Dense):
    """The largest of `nb_feature` linear functions of the input, for each of `output_dim` outputs.

    Parameters
    ----------
    output_dim, nb_feature : int
    init : initializer
    weights : list of ndarray, optional
    W_regularizer, b_regularizer, activity_regularizer : regularizer, optional
    W_constraint, b_constraint : constraint, optional
    bias : bool
    input_dim : int, optional

    References
    ----------
    Goodfellow et al., "Maxout Networks", arXiv:1302.4389.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     MaxoutDense(3).compute_output_shape((None, 5))
    (None, 3)
    """

    def __init__(
        self,
        output_dim,
        nb_feature=4,
        init="glorot_uniform",
        weights=None,
        W_regularizer=None,
        b_regularizer=None,
        activity_regularizer=None,
        W_constraint=None,
        b_constraint=None,
        bias=True,
        input_dim=None,
        **kwargs,
    ):
        given = locals()
        super().__init__({name: given[name] for name in _OPTIONS}, bias, input_dim, weights, kwargs)
        self.output_dim = output_dim
        self.nb_feature = nb_feature

    def build(self, input_shape):
        input_dim = input_shape[1]
        self.input_spec = InputSpec(shape=(None, input_dim))
        self.W = self.add_weight(
            name="W",
            shape=(self.nb_feature, input_dim, self.output_dim),
            initializer=self.init,
            regularizer=self.W_regularizer,
            constraint=self.W_constraint,
        )
        self.b = None
        if self.bias:
            self.b = self.add_weight(
                name="b",
                shape=(self.nb_feature, self.output_dim),
                initializer="zeros",
                regularizer=self.b_regularizer,
                constraint=self.b_constraint,
            )
        self.built = True

    def call(self, inputs):
        outputs = ops.dot(inputs, self.W)
        return ops.max(outputs + self.b if self.bias else outputs, axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_dim": self.output_dim, "nb_feature": self.nb_feature}


class Highway(_Keras1Dense):
    """A dense layer mixed with its input, in parts that it learns.

    Parameters
    ----------
    init : initializer
    activation : str or callable, optional
    weights : list of ndarray, optional
    W_regularizer, b_regularizer, activity_regularizer : regularizer, optional
    W_constraint, b_constraint : constraint, optional
    bias : bool
    input_dim : int, optional

    References
    ----------
    Srivastava, Greff, Schmidhuber, "Highway Networks", arXiv:1505.00387.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     Highway().compute_output_shape((None, 5))
    (None, 5)
    """

    def __init__(
        self,
        init="glorot_uniform",
        activation=None,
        weights=None,
        W_regularizer=None,
        b_regularizer=None,
        activity_regularizer=None,
        W_constraint=None,
        b_constraint=None,
        bias=True,
        input_dim=None,
        **kwargs,
    ):
        given = locals()
        if kwargs.pop("transform_bias", None) is not None:
            warn("`Highway` no longer has an argument `transform_bias`: it is ignored.")
        super().__init__({name: given[name] for name in _OPTIONS}, bias, input_dim, weights, kwargs)
        self.activation = activations.get(activation)

    def build(self, input_shape):
        input_dim = input_shape[1]
        self.input_spec = InputSpec(shape=(None, input_dim))
        square = (input_dim, input_dim)
        self.W = self.add_weight(
            name="W",
            shape=square,
            initializer=self.init,
            regularizer=self.W_regularizer,
            constraint=self.W_constraint,
        )
        self.W_carry = self.add_weight(name="W_carry", shape=square, initializer=self.init)
        self.b = self.b_carry = None
        if self.bias:
            self.b = self.add_weight(
                name="b",
                shape=(input_dim,),
                initializer="zeros",
                regularizer=self.b_regularizer,
                constraint=self.b_constraint,
            )
            self.b_carry = self.add_weight(name="b_carry", shape=(input_dim,), initializer="ones")
        self.built = True

    def call(self, inputs):
        carry, transformed = ops.matmul(inputs, self.W_carry), ops.matmul(inputs, self.W)
        if self.bias:
            carry, transformed = carry + self.b_carry, transformed + self.b
        share = ops.sigmoid(carry)
        return self.activation(transformed) * share + (1.0 - share) * inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


def AtrousConvolution1D(*args, **kwargs):
    """Make a `Conv1D` whose `dilation_rate` is called `atrous_rate`.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     layer = AtrousConvolution1D(4, 3, atrous_rate=2)
    >>> layer.dilation_rate
    (2,)
    """
    return _atrous(Conv1D, args, kwargs)


def AtrousConvolution2D(*args, **kwargs):
    """Make a `Conv2D` whose `dilation_rate` is called `atrous_rate`.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     layer = AtrousConvolution2D(4, (3, 3), atrous_rate=2)
    >>> layer.dilation_rate
    (2, 2)
    """
    return _atrous(Conv2D, args, kwargs)


def _atrous(layer, args, kwargs):
    name = layer.__name__
    old = f"Atrous{name.replace('Conv', 'Convolution')}"
    warn(f"The `{old}` layer is deprecated: use `{name}` with `dilation_rate`.")
    return layer(*args, dilation_rate=kwargs.pop("atrous_rate", 1), **kwargs)
