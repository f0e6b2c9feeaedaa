"""Each argument of `evaluate`, `predict`, the methods for single batches and `get_layer`."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn.callbacks import Callback
from pronghorn.layers import Activation, Dense, Input, Lambda
from pronghorn.models import Model, Sequential
from pronghorn.utils import Sequence

X = np.arange(10.0).reshape(10, 1)
Y = np.zeros((10, 1))
ALL = float(np.mean(X**2))


class Sizes(Callback):
    """The sizes of the batches that a method took."""

    def __init__(self):
        super().__init__()
        self.sizes, self.calls = [], []

    def on_test_batch_end(self, batch, logs=None):
        self.sizes.append(logs["size"])

    on_predict_batch_end = on_test_batch_end

    def on_test_begin(self, logs=None):
        self.calls.append("test")

    def on_predict_begin(self, logs=None):
        self.calls.append("predict")


class Rows(Sequence):
    """The rows of X and Y in batches of two, with the weights of the first three batches 0."""

    def __init__(self, weighted=False):
        self.weighted = weighted

    def __len__(self):
        return 5

    def __getitem__(self, index):
        rows = slice(2 * index, 2 * index + 2)
        weights = (np.full(2, float(index > 2)),) if self.weighted else ()
        return X[rows], Y[rows], *weights


def identity(**compiled):
    model = Sequential([Activation("linear", input_shape=(1,), name="a")])
    model.compile("sgd", "mse", **compiled)
    return model


def endless():
    while True:
        yield from Rows()


# --- evaluate


@pytest.mark.parametrize(
    ("x", "y"),
    [(X, Y), (X.ravel(), Y.ravel()), ([X], [Y]), ({"a_input": X}, {"a": Y}), (X.tolist(), Y.tolist())],
)
def test_evaluate_x_and_y(x, y):
    assert identity().evaluate(x, y, verbose=0) == pytest.approx(ALL)
    assert identity(metrics=["mae"]).evaluate(x, y, verbose=0) == pytest.approx([ALL, 4.5])


@pytest.mark.parametrize(("batch_size", "sizes"), [(None, [10]), (4, [4, 4, 2])])
def test_evaluate_batch_size_and_callbacks(batch_size, sizes):
    seen = Sizes()
    assert identity().evaluate(X, Y, batch_size=batch_size, callbacks=[seen], verbose=0) == pytest.approx(ALL)
    assert (seen.sizes, seen.calls) == (sizes, ["test"])


@pytest.mark.parametrize("verbose", [0, 1, "auto"])
def test_evaluate_verbose(verbose, capsys):
    identity().evaluate(X, Y, verbose=verbose)
    assert ("10/10" in capsys.readouterr().out) == (verbose != 0)


def test_evaluate_sample_weight():
    weights = np.arange(10.0)
    found = identity().evaluate(X, Y, sample_weight=weights, verbose=0)
    assert found == pytest.approx(np.mean(weights * X[:, 0] ** 2))


def test_evaluate_steps():
    model = identity()
    assert model.evaluate(endless(), steps=2, verbose=0) == pytest.approx(np.mean(X[:4] ** 2))
    assert model.evaluate(X, Y, steps=2, verbose=0) == pytest.approx(ALL)
    for arguments in ({"steps": 2, "batch_size": 5}, {"batch_size": 0}):
        with pytest.raises(ValueError):
            model.evaluate(X, Y, **arguments)
    with pytest.raises(ValueError):
        model.evaluate(endless())
    with pytest.raises(ValueError):
        model.evaluate()


HOW = [{"max_queue_size": 1}, {"workers": 0}, {"workers": 3}, {"workers": 2, "use_multiprocessing": True}]


@pytest.mark.parametrize("how", HOW)
def test_evaluate_queue_arguments(how):
    assert identity().evaluate(Rows(), verbose=0, **how) == pytest.approx(ALL)
    weighted = identity().evaluate(Rows(weighted=True), verbose=0, **how)
    assert weighted == pytest.approx(np.sum(X[6:] ** 2) / 10)


@pytest.mark.parametrize("arguments", [{"batch_size": 2}, {"y": Y}, {"sample_weight": np.ones(10)}])
def test_what_excludes_a_sequence_in_evaluate(arguments):
    with pytest.raises(ValueError):
        identity().evaluate(Rows(), **arguments)


def test_evaluate_needs_a_compiled_model():
    with pytest.raises(RuntimeError):
        Sequential([Dense(1, input_shape=(1,))]).evaluate(X, Y)


# --- predict


@pytest.mark.parametrize("x", [X, X.ravel(), [X], {"a_input": X}, X.tolist()])
def test_predict_x(x):
    np.testing.assert_array_equal(identity().predict(x), X)


@pytest.mark.parametrize(("batch_size", "sizes"), [(None, [10]), (4, [4, 4, 2])])
def test_predict_batch_size_and_callbacks(batch_size, sizes):
    seen = Sizes()
    np.testing.assert_array_equal(identity().predict(X, batch_size=batch_size, callbacks=[seen]), X)
    assert (seen.sizes, seen.calls) == (sizes, ["predict"])


def test_predict_of_an_output_without_the_rows_of_its_input():
    model = Sequential([Lambda(lambda x: K.sum(x, axis=0, keepdims=True), input_shape=(1,), name="total")])
    with pytest.raises(ValueError, match=r'output "total" .* has shape \(1, 1\) for a batch of 4'):
        model.predict(X, batch_size=4)
    np.testing.assert_allclose(model.predict_on_batch(X), [[45.0]])


@pytest.mark.parametrize("verbose", [0, 1])
def test_predict_verbose(verbose, capsys):
    identity().predict(X, verbose=verbose)
    assert ("10/10" in capsys.readouterr().out) == bool(verbose)


def test_predict_steps():
    np.testing.assert_array_equal(identity().predict(endless(), steps=3), X[:6])
    np.testing.assert_array_equal(identity().predict(X, steps=2), np.concatenate([X, X]))
    for arguments in ({"steps": 2, "batch_size": 5}, {"batch_size": 0}):
        with pytest.raises(ValueError):
            identity().predict(X, **arguments)
    with pytest.raises(ValueError):
        identity().predict(endless())


@pytest.mark.parametrize("how", HOW)
def test_predict_queue_arguments(how):
    np.testing.assert_array_equal(identity().predict(Rows(), **how), X)


# --- single batches


def line():
    model = Sequential([Dense(1, kernel_initializer="zeros", input_shape=(1,))])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def test_train_on_batch_x_and_y():
    model = line()
    assert model.train_on_batch(np.ones((2, 1)), np.ones((2, 1))) == pytest.approx([1, 1])
    np.testing.assert_allclose([np.ravel(w) for w in model.get_weights()], [[0.02], [0.02]], rtol=1e-5)
    assert model.train_on_batch(np.ones(2), [1.0, 1.0]) == pytest.approx([0.96**2, 0.96], rel=1e-5)
    with pytest.raises(ValueError):
        model.train_on_batch(np.ones((2, 1)), np.ones((3, 1)))


def test_train_on_batch_weights():
    x, y, weights = np.ones((2, 1)), np.array([[1.0], [2.0]]), np.array([0.0, 1.0])
    assert line().train_on_batch(x, y, sample_weight=weights)[0] == pytest.approx(2)
    labels = np.array([0, 1])
    assert line().train_on_batch(x, labels, class_weight={0: 1.0, 1: 6.0})[0] == pytest.approx(3)


def test_metrics_of_single_batches_are_kept_on_request():
    model = identity(metrics=["mae"])
    two = np.full((2, 1), 2.0)
    assert model.test_on_batch(two, two - 1, reset_metrics=False) == pytest.approx([1, 1])
    assert model.test_on_batch(two, two - 3, reset_metrics=False) == pytest.approx([9, 2])
    assert model.train_on_batch(two, two, reset_metrics=True) == pytest.approx([0, 4 / 3])
    assert model.train_on_batch(two, two - 1) == pytest.approx([1, 1])


def test_test_on_batch_arguments():
    model = line()
    x, y = np.ones((2, 1)), np.array([[1.0], [2.0]])
    assert model.test_on_batch(x, y) == pytest.approx([2.5, 1.5])
    assert model.test_on_batch(x, y, sample_weight=np.array([0.0, 1.0]))[0] == pytest.approx(2)
    assert not np.any(model.get_weights()[0])  # nothing is learnt


def test_predict_on_batch():
    np.testing.assert_array_equal(identity().predict_on_batch(X), X)
    x = Input((1,))
    found = Model(x, [Activation("linear")(x), Activation("relu")(x)]).predict_on_batch({x.name: -X})
    np.testing.assert_array_equal(found, [-X, 0 * X])


# --- layers


def test_get_layer_by_name_and_index():
    model = Sequential([Dense(2, input_shape=(3,), name="first"), Dense(1, name="second")])
    assert model.get_layer("second") is model.get_layer(index=1) is model.layers[1]
    assert model.get_layer(name="second", index=0) is model.layers[0]  # the index comes first
    for arguments in ({"name": "third"}, {"index": 2}, {}):
        with pytest.raises(ValueError):
            model.get_layer(**arguments)


def test_predict_classes_and_probabilities():
    model = Sequential([Activation("softmax", input_shape=(3,))])
    x = np.eye(3)[[2, 0, 1]] * 9
    np.testing.assert_array_equal(model.predict_classes(x, batch_size=2, verbose=0), [2, 0, 1])
    np.testing.assert_array_equal(model.predict_proba(x, batch_size=2, verbose=0), model.predict(x))
    one = Sequential([Activation("sigmoid", input_shape=(1,))])
    np.testing.assert_array_equal(one.predict_classes(np.array([[-1.0], [1.0]])), [[0], [1]])
    with pytest.warns(UserWarning):
        identity().predict_proba(X)
