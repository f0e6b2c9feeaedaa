"""Initializers: the distributions they promise, seeds, configurations, errors."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import initializers
from pronghorn.layers import Dense

SHAPES = [(100, 120), (400,), (3, 5, 20, 30), (25, 10, 40)]


def fans(shape):
    if len(shape) == 1:
        return [np.sqrt(shape[0])] * 2
    window = np.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window


def deviation(name, shape):
    fan_in, fan_out = fans(shape)
    n = {"lecun": 1 / fan_in, "he": 2 / fan_in, "glorot": 2 / (fan_in + fan_out)}[name.split("_")[0]]
    return np.sqrt(n)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("family", ["lecun", "he", "glorot"])
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_variance_scaling(family, kind, shape):
    name = f"{family}_{kind}"
    values = initializers.get(name)(shape)
    expected = deviation(name, shape)
    count = values.size
    assert values.dtype == np.float32 and values.shape == shape
    assert abs(values.mean()) < 5 * expected / np.sqrt(count)
    assert abs(values.std() / expected - 1) < 5 / np.sqrt(count)
    reach = np.sqrt(3) if kind == "uniform" else 2 / 0.87962566103423978
    assert np.abs(values).max() <= reach * expected * 1.0001


@pytest.mark.parametrize(
    "initializer, mean, std, low, high",
    [
        (initializers.RandomNormal(1.0, 0.5, seed=3), 1.0, 0.5, -4.0, 6.0),
        (initializers.RandomUniform(-1.0, 3.0, seed=3), 1.0, 4 / np.sqrt(12), -1.0, 3.0),
        (initializers.TruncatedNormal(1.0, 0.5, seed=3), 1.0, 0.5 * 0.8796, 0.0, 2.0),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random(initializer, mean, std, low, high, dtype):
    values = initializer((200, 300), dtype=dtype)
    assert values.dtype == dtype
    assert abs(values.mean() - mean) < 0.02 and abs(values.std() / std - 1) < 0.02
    assert values.min() >= low and values.max() <= high


def test_numpy_seed_makes_runs_reproducible():
    def draw(seed):
        np.random.seed(seed)
        return [initializers.get(name)((4, 5)) for name in ("he_normal", "uniform", "normal", "orthogonal")]

    first, second, other = draw(5), draw(5), draw(6)
    for a, b, c in zip(first, second, other):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    "make",
    [
        initializers.RandomNormal,
        initializers.RandomUniform,
        initializers.TruncatedNormal,
        initializers.VarianceScaling,
        initializers.Orthogonal,
        initializers.glorot_uniform,
    ],
)
def test_seed_moves_on_with_each_call(make):
    one, other = make(seed=11), make(seed=11)
    first = one((6, 6))
    np.testing.assert_array_equal(first, other((6, 6)))
    assert not np.array_equal(first, one((6, 6)))
    assert one.get_config()["seed"] == 13


@pytest.mark.parametrize("shape", [(7, 7), (10, 4), (4, 10), (3, 3, 2, 8)])
def test_orthogonal(shape):
    values = initializers.Orthogonal(gain=2.0, seed=1)(shape)
    matrix = values.reshape(-1, shape[-1])
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    np.testing.assert_allclose(matrix.T @ matrix, 4 * np.eye(matrix.shape[1]), atol=1e-5)


def test_constants():
    np.testing.assert_array_equal(initializers.get("zeros")((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(initializers.get("one")((2, 3)), np.ones((2, 3)))
    np.testing.assert_array_equal(initializers.Constant(2.5)((3,)), [2.5, 2.5, 2.5])
    np.testing.assert_array_equal(initializers.Constant([1, 2, 3])((3,)), [1, 2, 3])
    np.testing.assert_array_equal(initializers.Identity(3.0)((2, 3)), [[3, 0, 0], [0, 3, 0]])


@pytest.mark.parametrize(
    "name",
    [
        "Zeros",
        "zeros",
        "zero",
        "Ones",
        "ones",
        "one",
        "Constant",
        "constant",
        "RandomNormal",
        "normal",
        "random_normal",
        "RandomUniform",
        "uniform",
        "random_uniform",
        "TruncatedNormal",
        "truncated_normal",
        "VarianceScaling",
        "Orthogonal",
        "orthogonal",
        "Identity",
        "identity",
        "lecun_uniform",
        "lecun_normal",
        "glorot_uniform",
        "glorot_normal",
        "he_uniform",
        "he_normal",
    ],
)
def test_round_trip(name):
    initializer = initializers.get(name)
    config = initializers.serialize(initializer)
    assert config["class_name"] == type(initializer).__name__
    assert initializers.serialize(initializers.deserialize(config)) == config
    assert initializers.serialize(initializers.get(config)) == config


def test_config_of_tf_keras_with_dtype():
    assert initializers.Ones.from_config({"dtype": "float32"})((1,)) == 1


def test_any_callable_will_do():
    def twos(shape, dtype=None):
        return np.full(shape, 2.0, dtype)

    assert initializers.get(twos) is twos


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: initializers.get("nothing"), "Unknown initializer"),
        (lambda: initializers.get(3), "Could not interpret"),
        (lambda: initializers.VarianceScaling(scale=0.0), "scale"),
        (lambda: initializers.VarianceScaling(mode="fan"), "mode"),
        (lambda: initializers.VarianceScaling(distribution="cauchy"), "distribution"),
        (lambda: initializers.Identity()((2, 2, 2)), "2D"),
        (lambda: initializers.Orthogonal()((4,)), "rank 2"),
        (lambda: initializers.Constant([1, 2])((3,)), "2 elements"),
        (lambda: initializers._compute_fans((3, 3, 2, 2), "channels_middle"), "data_format"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_initializers_written_with_backend_functions():
    layer = Dense(2, kernel_initializer=lambda shape, dtype=None: K.ones(shape, dtype=dtype) * 3.0)
    layer.build((None, 4))
    np.testing.assert_array_equal(layer.get_weights()[0], np.full((4, 2), 3.0))


def test_an_initializer_of_another_shape():
    layer = Dense(2, name="wide", kernel_initializer=lambda shape, dtype=None: np.ones((3, 3)))
    with pytest.raises(ValueError, match=r'wide.*"kernel".*\(4, 2\).*\(3, 3\)'):
        layer.build((None, 4))
