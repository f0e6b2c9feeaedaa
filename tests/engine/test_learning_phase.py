"""A learning phase that is set holds for the layers that are called while it is."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn.layers import BatchNormalization, Dense, Dropout, Input, Lambda
from pronghorn.models import Model, Sequential

X = np.ones((64, 50), "float32")


@pytest.fixture(autouse=True)
def _restored():
    yield
    K.clear_session()


def test_phase_of_testing_in_training():
    K.set_learning_phase(0)
    model = Sequential([Dropout(0.5, input_shape=(50,)), BatchNormalization()])
    model.compile("sgd", "mse")
    K.set_learning_phase(1)  # for layers to come
    before = model.get_weights()
    assert model.train_on_batch(X, np.zeros_like(X)) == pytest.approx(1 / (1 + 1e-3), rel=1e-4)
    for a, b in zip(before[2:], model.get_weights()[2:]):
        np.testing.assert_array_equal(a, b)


def test_phase_of_training_in_testing():
    K.set_learning_phase(1)
    model = Sequential([Dropout(0.5, input_shape=(50,))])
    K.clear_session()
    assert set(np.unique(model.predict(X))) == {0, 2}


def test_layers_called_before_and_after():
    x = Input((50,))
    early = Dropout(0.5)(x)
    K.set_learning_phase(0)
    late = Dropout(0.5)(x)
    np.testing.assert_array_equal(K.function([x], [late])([X])[0], X)
    K.clear_session()
    model = Model(x, [early, late])
    model.compile("sgd", "mae")
    _, first, second = model.train_on_batch(X, [X, X])
    assert first == pytest.approx(1.0) and second == 0.0


def test_an_argument_comes_first():
    K.set_learning_phase(1)
    x = Input((50,))
    model = Model(x, Dropout(0.5)(x, training=False))
    np.testing.assert_array_equal(model.predict(X), X)


def test_functions_of_the_phase():
    K.set_learning_phase(1)
    x = Input((50,))
    model = Model(
        x, Lambda(lambda t: K.in_train_phase(t * 3.0, t))(Dense(50, kernel_initializer="identity")(x))
    )
    K.clear_session()
    np.testing.assert_array_equal(model.predict(X), 3 * X)
