"""Layers that act only in training: what they draw, when, and that seeds make it reproducible."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import layers, ops
from pronghorn.models import Model, Sequential


def in_both_phases(layer, x):
    """Outputs of a layer in training and in testing."""
    inputs = layers.Input(x.shape[1:])
    f = K.function([inputs, K.learning_phase()], [layer(inputs)])
    return f([x, 1])[0], f([x, 0])[0]


ONES = np.ones((50, 6, 4, 10), "float32")


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout(rate):
    trained, tested = in_both_phases(layers.Dropout(rate), ONES)
    np.testing.assert_array_equal(tested, ONES)
    dropped = trained == 0
    assert abs(dropped.mean() - rate) < 0.02
    np.testing.assert_allclose(trained[~dropped], 1 / (1 - rate), rtol=1e-6)


@pytest.mark.parametrize(
    "layer, shape, together",
    [
        (layers.SpatialDropout1D(0.5), (40, 6, 10), (1,)),
        (layers.SpatialDropout2D(0.5), (40, 6, 4, 10), (1, 2)),
        (layers.SpatialDropout2D(0.5, data_format="channels_first"), (40, 10, 6, 4), (2, 3)),
        (layers.SpatialDropout3D(0.5), (40, 3, 2, 4, 10), (1, 2, 3)),
        (layers.SpatialDropout3D(0.5, data_format="channels_first"), (40, 10, 3, 2, 4), (2, 3, 4)),
        (layers.Dropout(0.5, noise_shape=(None, 1, 10)), (40, 6, 10), (1,)),
    ],
)
def test_elements_dropped_together(layer, shape, together):
    trained, tested = in_both_phases(layer, np.ones(shape, "float32"))
    assert tested.min() == tested.max() == 1
    assert (trained.min(axis=together) == trained.max(axis=together)).all()
    assert set(np.unique(trained)) == {0, 2}


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0])
def test_rates_that_drop_nothing(rate):
    trained, _ = in_both_phases(layers.Dropout(rate), ONES)
    np.testing.assert_array_equal(trained, ONES)


def test_the_same_mask_forwards_and_backwards():
    layer = layers.Dropout(0.5)
    with ops.Trace(training=True) as trace:
        x = trace.feed((20, 30))
        y = layer(x)
        (dx,) = trace.gradients([y], [x])
        for tensor in (y, dx):
            trace.fetch(tensor)
        program = trace.compile()
    y, dx = program.run([np.ones((20, 30), "float32")])
    np.testing.assert_array_equal(y, dx)
    assert set(np.unique(y)) == {0, 2}


@pytest.mark.parametrize(
    "layer, mean, std",
    [
        (layers.GaussianNoise(0.7), 1.0, 0.7),
        (layers.GaussianDropout(0.2), 1.0, 0.5),
    ],
)
def test_gaussian(layer, mean, std):
    trained, tested = in_both_phases(layer, ONES)
    np.testing.assert_array_equal(tested, ONES)
    assert abs(trained.mean() - mean) < 0.02 and abs(trained.std() - std) < 0.02


@pytest.mark.parametrize("noise_shape", [None, (None, 1, 4, 10)])
def test_alpha_dropout_keeps_mean_and_variance(noise_shape):
    x = np.random.RandomState(0).standard_normal((200, 6, 4, 10)).astype("float32")
    trained, tested = in_both_phases(layers.AlphaDropout(0.3, noise_shape), x)
    np.testing.assert_array_equal(tested, x)
    assert abs(trained.mean() - x.mean()) < 0.03 and abs(trained.std() - x.std()) < 0.03


def test_masks_differ_from_step_to_step_and_layer_to_layer():
    x = layers.Input((100,))
    f = K.function([x, K.learning_phase()], [layers.Dropout(0.5)(x), layers.Dropout(0.5)(x)])
    ones = np.ones((1, 100))
    (a, b), (c, _) = f([ones, 1]), f([ones, 1])
    assert (a != b).any() and (a != c).any()


def test_numpy_seed_makes_training_reproducible():
    def train():
        np.random.seed(9)
        model = Sequential(
            [
                layers.Dense(8, activation="relu", input_shape=(5,)),
                layers.Dropout(0.5),
                layers.GaussianNoise(0.1),
                layers.Dense(1),
            ]
        )
        model.compile("sgd", "mse")
        x = np.random.uniform(size=(32, 5))
        model.fit(x, x.sum(1), epochs=2, batch_size=8, verbose=0)
        return model.get_weights()

    for a, b in zip(train(), train()):
        np.testing.assert_array_equal(a, b)


def test_call_with_training():
    x = layers.Input((100,))
    layer = layers.Dropout(0.5)
    model = Model(x, [layer(x, training=True), layer(x, training=False), layer(x)])
    always, never, by_phase = model.predict(np.ones((1, 100)))
    assert set(np.unique(always)) == {0, 2}
    assert never.min() == by_phase.min() == 1
