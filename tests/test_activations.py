"""Activations: values against their formulas, gradients, names, errors."""

import math

import numpy as np
import pytest
from gradients import check_gradients

from pronghorn import activations

SIZES = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 101]


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def selu(x):
    return 1.0507009873554804934193349852946 * np.where(
        x > 0, x, 1.6732632423543772848170429916717 * np.expm1(np.minimum(x, 0))
    )


FORMULAS = {
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": selu,
    "softplus": lambda x: np.logaddexp(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "exponential": np.exp,
    "linear": lambda x: x,
    "softmax": softmax,
    "relu6": lambda x: np.clip(x, 0, 6),
    "swish": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x * np.vectorize(lambda value: 0.5 * (1 + math.erf(value / math.sqrt(2))))(x),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FORMULAS)
def test_values(name, size):
    x = np.random.RandomState(size).uniform(-8, 8, (2, size)).astype("float32")
    expected = FORMULAS[name](x.astype("float64"))
    np.testing.assert_allclose(activations.get(name)(x), expected, rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients(name):
    x = np.random.RandomState(1).uniform(-4, 4, (3, 5))
    check_gradients(activations.get(name), x)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_softmax_along_any_axis(axis):
    x = np.random.RandomState(1).standard_normal((3, 4, 5)).astype("float32")
    np.testing.assert_allclose(activations.softmax(x, axis), softmax(x, axis), rtol=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("max_value", [None, 2.0, 6.0])
@pytest.mark.parametrize("threshold", [0.0, 0.7, -0.5])
def test_relu_options(alpha, max_value, threshold):
    x = np.random.RandomState(2).uniform(-4, 8, (4, 9)).astype("float32")
    expected = np.where(x > threshold, x, alpha * (x - threshold))
    if max_value is not None:
        expected = np.where(x > threshold, np.clip(x, 0, max_value), expected)
    elif threshold < 0:
        expected = np.where(x > threshold, x, expected)
    found = activations.relu(x, alpha=alpha, max_value=max_value, threshold=threshold)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_elu_alpha():
    x = np.array([-1.0, 2.0], "float32")
    np.testing.assert_allclose(activations.elu(x, 0.5), [0.5 * np.expm1(-1.0), 2.0], rtol=1e-6)


@pytest.mark.parametrize("name", FORMULAS)
def test_names(name):
    function = activations.get(name)
    assert activations.serialize(function) == name
    assert activations.deserialize(name) is function


def test_get():
    assert activations.get(None) is activations.linear
    assert activations.get(abs) is abs


def test_layer_as_activation_warns():
    from pronghorn.layers import LeakyReLU

    with pytest.warns(UserWarning, match="layer instance"):
        activations.get(LeakyReLU())


@pytest.mark.parametrize("identifier", ["nothing", 6])
def test_errors(identifier):
    with pytest.raises(ValueError, match="activation function"):
        activations.get(identifier)


def test_softmax_of_a_vector():
    with pytest.raises(ValueError, match="1D"):
        activations.softmax(np.ones(3, "float32"))


def test_silu_is_swish():
    assert activations.get("silu") is activations.swish
