"""Training of models in models, with shared layers, with frozen parts, and in float64."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import layers, metrics, optimizers
from pronghorn.callbacks import Callback
from pronghorn.layers import Dense, Input
from pronghorn.models import Model, Sequential
from pronghorn.utils import Sequence

RNG = np.random.RandomState(0)
X = RNG.rand(40, 4).astype("float32")


def equal(before, after):
    return [np.array_equal(a, b) for a, b in zip(before, after)]


def test_adversarial_training():
    """The discriminator learns on its own, and stands still while the generator learns through it."""
    generator = Sequential([Dense(6, activation="relu", input_shape=(3,)), Dense(4)])
    discriminator = Sequential(
        [Dense(6, activation="relu", input_shape=(4,)), Dense(1, activation="sigmoid")]
    )
    discriminator.compile("sgd", "binary_crossentropy")
    discriminator.trainable = False
    noise = Input((3,))
    both = Model(noise, discriminator(generator(noise)))
    both.compile("sgd", "binary_crossentropy")

    z = RNG.rand(40, 3)
    before = generator.get_weights(), discriminator.get_weights()
    with pytest.warns(UserWarning, match="Discrepancy"):
        discriminator.train_on_batch(generator.predict(z), np.zeros(40))
    assert all(equal(before[0], generator.get_weights()))
    assert not any(equal(before[1], discriminator.get_weights()))

    before = generator.get_weights(), discriminator.get_weights()
    both.train_on_batch(z, np.ones(40))
    assert not any(equal(before[0], generator.get_weights()))
    assert all(equal(before[1], discriminator.get_weights()))


def test_frozen_batch_normalization_keeps_its_statistics():
    model = Sequential([layers.BatchNormalization(input_shape=(4,)), Dense(1)])
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = model.layers[0].get_weights()
    model.fit(X, X[:, :1], verbose=0)
    assert all(equal(before, model.layers[0].get_weights()))


def test_moving_statistics_follow_the_batches():
    model = Sequential([layers.BatchNormalization(momentum=0.5, input_shape=(4,))])
    model.compile("sgd", "mse")
    model.train_on_batch(X, X)
    mean = model.layers[0].get_weights()[2]
    np.testing.assert_allclose(mean, 0.5 * X.mean(0), rtol=1e-5)
    model.evaluate(X, X, verbose=0)
    np.testing.assert_array_equal(mean, model.layers[0].get_weights()[2])


def test_shared_layers_add_up_their_gradients():
    a, b = Input((4,)), Input((4,))
    shared = Dense(1, use_bias=False, kernel_initializer="zeros")
    model = Model([a, b], layers.add([shared(a), shared(b)]))
    model.compile(optimizers.SGD(1.0), "mse")
    y = RNG.rand(40, 1).astype("float32")
    model.train_on_batch([X, 2 * X], y)
    np.testing.assert_allclose(shared.get_weights()[0], 2 * (3 * X).T @ y / 40, rtol=1e-5)


def test_models_in_models_train_as_one():
    inner = Sequential([Dense(5, activation="tanh", input_shape=(4,)), layers.Dropout(0.1)])
    x = Input((4,))
    model = Model(x, Dense(1)(inner(x)))
    model.compile("adam", "mse", metrics=["mae"])
    before = inner.get_weights()
    losses = model.fit(X, X.sum(1), epochs=40, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and not any(equal(before, inner.get_weights()))


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"])
def test_float64(name):
    K.set_floatx("float64")
    try:
        model = Sequential(
            [
                Dense(8, activation="relu", input_shape=(4,)),
                layers.BatchNormalization(),
                layers.Dropout(0.2),
                Dense(3, activation="softmax"),
            ]
        )
        model.compile(name, "categorical_crossentropy", metrics=["accuracy", metrics.AUC(), "mse"])
        y = np.eye(3)[np.arange(40) % 3]
        history = model.fit(
            X, y, epochs=2, validation_split=0.2, class_weight={0: 1.0, 1: 2.0, 2: 3.0}, verbose=0
        ).history
        assert all(np.isfinite(values).all() for values in history.values())
        assert {w.dtype for w in model.get_weights()} == {np.dtype("float64")}
        assert model.predict(X).dtype == np.float64
    finally:
        K.set_floatx("float32")


def test_a_layer_in_float64():
    model = Sequential([Dense(2, dtype="float64", input_shape=(4,))])
    model.compile(optimizers.SGD(0.1, decay=0.1, clipnorm=1.0), "mse", metrics=["mae"])
    assert np.isfinite(model.fit(X, X[:, :2], verbose=0).history["loss"]).all()
    assert model.predict(X).dtype == np.float64


def test_inputs_taken_away_and_given_back():
    x = Input((3,))
    model = Model(x, Dense(2)(x))
    with pytest.raises(ValueError, match="already set"):
        model._set_inputs(model.inputs)
    expected = model.predict(np.ones((4, 3)))
    model.inputs = None
    model._set_inputs(x)
    np.testing.assert_array_equal(model.predict(np.ones((4, 3))), expected)


def test_callbacks_hear_of_the_length_of_a_sequence_in_every_epoch():
    class Growing(Sequence):
        batch = 2

        def __len__(self):
            return 12 // self.batch

        def __getitem__(self, index):
            return np.ones((self.batch, 3)), np.ones((self.batch, 1))

        def on_epoch_end(self):
            self.batch = 4

    lengths = []

    class Listener(Callback):
        def set_params(self, params):
            lengths.append(params["steps"])

    x = Input((3,))
    model = Model(x, Dense(1)(x))
    model.compile("sgd", "mse")
    model.fit_generator(Growing(), epochs=3, callbacks=[Listener()], verbose=0)
    assert lengths[:4] == [6, 3, 3, 3]
