"""Sizes that are open while a model is built, used as sizes."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn.layers import Dense, Input, TimeDistributed
from pronghorn.models import Model, clone_model, model_from_json

X = np.arange(48, dtype="float32").reshape(2, 4, 6)


def merge_and_split(x):
    rows = K.reshape(x, (K.shape(x)[0] * K.shape(x)[1], 6))
    return K.reshape(rows, K.shape(x)) * 1


@pytest.mark.parametrize(
    "function, shape, expected",
    [
        (lambda x: K.reshape(x, (K.shape(x)[0], 24)), (None, 24), X.reshape(2, 24)),
        (lambda x: K.reshape(x, (K.shape(x)[0], -1)), (None, 24), X.reshape(2, 24)),
        (lambda x: K.reshape(x, [K.shape(x)[0], 2, K.shape(x)[1] * 3]), (None, 2, 12), X.reshape(2, 2, 12)),
        (
            lambda x: K.reshape(x, K.concatenate([K.shape(x)[:1], K.constant([24], "int32")], axis=0)),
            (None, 24),
            X.reshape(2, 24),
        ),
        (merge_and_split, (None, 4, 6), X),
        (lambda x: x + K.zeros(K.shape(x)), (None, 4, 6), X),
        (lambda x: x + K.ones((K.shape(x)[0], 1, 1)), (None, 4, 6), X + 1),
        (lambda x: K.tile(K.constant([[5.0]]), (K.shape(x)[0], 3)), (None, 3), np.full((2, 3), 5.0)),
        (lambda x: x[:, 0] / K.cast(K.shape(x)[0], "float32"), (None, 6), X[:, 0] / 2),
        (lambda x: K.expand_dims(K.arange(K.shape(x)[0])), (None, 1), [[0], [1]]),
        (lambda x: x[:, 0] * K.cast(K.prod(K.shape(x)), "float32"), (None, 6), X[:, 0] * 48),
    ],
)
def test_a_size_of_a_keras_tensor(function, shape, expected):
    x = Input((4, 6))
    y = function(x)
    assert K.int_shape(y) == shape
    model = Model(x, y)
    for again in (model, model_from_json(model.to_json()), clone_model(model)):
        np.testing.assert_array_equal(again.predict(X), expected)


def test_random_numbers_for_each_row():
    x = Input((6,))
    noise = K.random_normal(K.shape(x))
    assert K.int_shape(noise) == (None, 6)
    y = Model(x, x + noise).predict(np.zeros((3, 6)))
    assert y.shape == (3, 6) and len(np.unique(y)) == 18


def test_sizes_that_a_variable_is_set_to():
    x = K.placeholder((None, 3))
    seen = K.variable(0.0)
    count = K.function([x], [K.shape(x)[0], K.update_add(seen, K.cast(K.shape(x)[0], "float32"))])
    assert K.get_value(seen) == 0
    for rows in (5, 2, 5):
        assert count([np.ones((rows, 3))])[0] == rows
    assert K.get_value(seen) == 12


def test_sizes_are_printed_in_every_run(capsys):
    x = K.placeholder((None, 3))
    show = K.function([x], [K.print_tensor(K.shape(x), "shape")])
    for _ in range(2):
        show([np.ones((5, 3))])
    assert capsys.readouterr().out == "shape [5 3]\n" * 2


def test_several_open_sizes():
    x = Input((None, 3))
    y = K.reshape(x, (K.shape(x)[0], K.shape(x)[1] * 3))
    assert K.int_shape(y) == (None, None)
    assert Model(x, y).predict(np.ones((2, 5, 3))).shape == (2, 15)


def test_a_model_that_reads_a_size_is_a_layer():
    x = Input((4, 6))
    model = Model(x, Dense(2)(K.reshape(x, (K.shape(x)[0], -1))) + 0)
    steps = Input((7, 4, 6))
    y = TimeDistributed(model)(steps)
    assert K.int_shape(y) == (None, 7, 2)
    outer = Model(steps, y)
    outer.compile("sgd", "mse")
    outer.fit(np.ones((3, 7, 4, 6)), np.ones((3, 7, 2)), batch_size=2, verbose=0)


def test_a_model_that_reads_a_size_is_called_on_another_shape():
    x = Input((None, 3))
    rows = K.reshape(x, (-1, 3))
    model = Model(x, K.reshape(rows, (K.shape(x)[0], K.shape(x)[1] * 3)))
    y = Input((5, 3))
    assert K.int_shape(model(y)) == (None, 15)
    assert Model(y, Dense(2)(model(y))).predict(np.ones((2, 5, 3))).shape == (2, 2)


def test_a_shape_is_a_sequence_but_no_content_is_a_size():
    x = K.placeholder((None, 3))
    assert len(K.shape(x)) == 2 and len(list(K.shape(x))) == 2
    batch, width = K.function([x], list(K.shape(x)))([np.ones((5, 3))])
    assert (batch, width) == (5, 3)
    with pytest.raises(TypeError, match="`newshape` must be made of numbers"):
        K.reshape(x, (K.cast(K.sum(x), "int32"), 3))
