"""Losses and metrics that close over tensors within a model, as a variational autoencoder's."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import losses
from pronghorn.layers import BatchNormalization, Dense, Input, Lambda
from pronghorn.models import Model

X = np.random.RandomState(0).uniform(size=(32, 6)).astype("float32")


def test_loss_and_metric_over_inner_tensors():
    x = Input((6,))
    hidden = Dense(4, activation="tanh")(x)
    model = Model(x, Dense(6)(hidden))

    def size(y_true, y_pred):
        return K.mean(K.square(hidden), axis=-1)

    def loss(y_true, y_pred):
        return losses.mean_squared_error(y_true, y_pred) + 0.5 * size(y_true, y_pred)

    model.compile("sgd", loss, metrics=[size])
    inner = Model(x, hidden).predict(X)
    expected = ((X - model.predict(X)) ** 2).mean() + 0.5 * (inner**2).mean()
    assert model.evaluate(X, X, verbose=0) == pytest.approx([expected, (inner**2).mean()], rel=1e-4)
    before = model.evaluate(X, X, verbose=0)[0]
    model.fit(X, X, epochs=20, verbose=0)
    assert model.evaluate(X, X, verbose=0)[0] < before


def test_inner_tensors_are_those_of_the_call():
    """A sample is drawn once per step, and moving statistics move once."""
    x = Input((6,))
    drawn = Lambda(lambda t: t + K.random_normal(K.shape(t)))(x)
    normed = BatchNormalization(momentum=0.5)
    model = Model(x, normed(drawn))

    def difference(y_true, y_pred):
        return K.mean(K.abs(model.layers[-1].output - y_pred), axis=-1)

    model.compile("sgd", difference)
    assert model.train_on_batch(X, X) == 0.0
    assert normed.get_weights()[2].mean() == pytest.approx(
        0.25, abs=0.15
    )  # half of the mean, not three quarters
