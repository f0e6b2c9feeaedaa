"""Batch normalisation: statistics that move, and when."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import layers
from pronghorn.models import Model, Sequential


def moved(x, axis, momentum, epsilon, mean, variance):
    """Moving statistics after a batch, by Keras's formula."""
    axes = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    n = x.size / x.shape[axis]
    seen_mean, seen_variance = x.mean(axes), x.var(axes) * n / (n - 1 - epsilon)
    return momentum * mean + (1 - momentum) * seen_mean, momentum * variance + (1 - momentum) * seen_variance


@pytest.mark.parametrize("axis, shape", [(-1, (8, 5)), (-1, (4, 3, 2, 5)), (1, (4, 5, 3, 2)), (1, (6, 5, 4))])
def test_moving_statistics(axis, shape):
    layer = layers.BatchNormalization(axis=axis, momentum=0.8, epsilon=1e-2, input_shape=shape[1:])
    model = Sequential([layer])
    model.compile("sgd", "mse")
    mean, variance = (w.astype("float64") for w in layer.get_weights()[2:])
    for seed in range(3):
        x = np.random.RandomState(seed).normal(3.0, 2.0, shape)
        model.train_on_batch(x, np.zeros(shape))
        mean, variance = moved(x, axis, 0.8, 1e-2, mean, variance)
        np.testing.assert_allclose(layer.get_weights()[2], mean, rtol=1e-4)
        np.testing.assert_allclose(layer.get_weights()[3], variance, rtol=1e-4)


def test_output_in_training_and_testing():
    x = np.random.RandomState(0).normal(5.0, 10.0, (1000, 4)).astype("float32")
    inputs = layers.Input((4,))
    layer = layers.BatchNormalization()
    f = K.function([inputs, K.learning_phase()], [layer(inputs)])
    trained = f([x, 1])[0]
    np.testing.assert_allclose(trained.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(trained.std(0), 1, atol=1e-3)
    layer.set_weights([np.full(4, 2.0), np.ones(4), np.full(4, 5.0), np.full(4, 100.0)])
    np.testing.assert_allclose(f([x, 0])[0], (x - 5) / np.sqrt(100 + 1e-3) * 2 + 1, rtol=1e-4, atol=1e-5)


def test_not_trainable():
    """As in Keras 2: normalised by the batch in training, but nothing moves."""
    layer = layers.BatchNormalization(trainable=False, input_shape=(4,))
    model = Sequential([layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    before = layer.get_weights()
    x = np.random.RandomState(0).normal(5.0, 2.0, (32, 4))
    model.train_on_batch(x, np.zeros((32, 1)))
    for a, b in zip(before, layer.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert not layer.trainable_weights and len(layer.non_trainable_weights) == 4
    assert layer.updates == []


@pytest.mark.parametrize("training, expected", [(True, 0.0), (False, 5.0)])
def test_phase_can_be_fixed(training, expected):
    inputs = layers.Input((4,))
    model = Model(inputs, layers.BatchNormalization()(inputs, training=training))
    x = np.random.RandomState(0).normal(5.0, 0.1, (500, 4))
    assert abs(model.predict(x, batch_size=500).mean() - expected) < 0.05


def test_shared_layer_moves_for_each_call():
    layer = layers.BatchNormalization(momentum=0.5)
    a, b = layers.Input((3,)), layers.Input((3,))
    model = Model([a, b], layers.add([layer(a), layer(b)]))
    model.compile("sgd", "mse")
    model.train_on_batch([np.full((4, 3), 2.0), np.full((4, 3), 4.0)], np.zeros((4, 3)))
    moving_mean = layer.get_weights()[2]
    # 0 → 1 by the first call, → 2.5 by the second.
    np.testing.assert_allclose(moving_mean, 2.5, rtol=1e-5)


def test_weights_and_their_order():
    layer = layers.BatchNormalization(name="bn")
    layer.build((None, 3))
    names = ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [w.name.split("/")[-1].split(":")[0] for w in layer.weights] == names
    assert len(layer.trainable_weights) == 2


def test_unknown_axis():
    with pytest.raises(ValueError, match="axis -1 .* defined dimension"):
        layers.BatchNormalization()(layers.Input((3, None)))
