"""Models pickled and copied: equal, with an optimizer that goes on, and with weights of their own."""

import copy
import pickle

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import optimizers
from pronghorn.engine.saving import pickle_model, unpickle_model
from pronghorn.layers import Dense, Input, Lambda, Layer
from pronghorn.models import Model, Sequential
from pronghorn.utils import CustomObjectScope

X, Y = np.linspace(0, 1, 12).reshape(4, 3), np.ones((4, 2))


def _trained(optimizer="adam", loss="mse"):
    x = Input((3,))
    y = Dense(2)(Dense(4, activation="tanh")(x))
    model = Model(x, y)
    model.compile(optimizer, loss, metrics=["mae"])
    model.train_on_batch(X, Y)
    return model


@pytest.mark.parametrize("again", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy, copy.copy])
@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"])
def test_copies_go_on_alike_and_by_themselves(again, optimizer):
    model = _trained(optimizer)
    other = again(model)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    before = model.get_weights()
    losses = [other.train_on_batch(X, Y) for _ in range(3)]
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert [model.train_on_batch(X, Y) for _ in range(3)] == losses


def test_models_that_were_not_compiled_or_not_trained():
    model = Sequential([Dense(2), Dense(3)])
    assert [layer.units for layer in pickle.loads(pickle.dumps(model)).layers] == [2, 3]
    model = Sequential([Dense(2, input_shape=(3,))])
    assert pickle.loads(pickle.dumps(model)).optimizer is None
    model.compile("sgd", "mse")
    assert isinstance(pickle.loads(pickle.dumps(model)).optimizer, optimizers.SGD)


class Scale(Layer):
    def call(self, inputs):
        return 3 * inputs


def own_loss(y_true, y_pred):
    return K.mean(K.abs(y_true - y_pred), axis=-1)


def test_custom_objects():
    model = Sequential([Scale(input_shape=(3,)), Dense(2, activation=K.sin)])
    model.compile("adam", own_loss)
    data = pickle.dumps(model)
    with pytest.raises(ValueError, match="Unknown layer: Scale"):
        pickle.loads(data)
    with CustomObjectScope({"Scale": Scale, "own_loss": own_loss, "sin": K.sin}):
        np.testing.assert_array_equal(pickle.loads(data).predict(X), model.predict(X))
    assert copy.deepcopy(model).loss is own_loss  # the classes are at hand: nothing need be said


def test_functions_within():
    model = Sequential([Lambda(lambda x: 2 * x, input_shape=(3,))])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), 2 * X.astype("float32"))


def test_the_state_is_plain_data():
    state = pickle_model(_trained())
    assert all(isinstance(value, (str, list)) for value in state.values())
    assert unpickle_model(state).metrics_names == ["loss", "mae"]
