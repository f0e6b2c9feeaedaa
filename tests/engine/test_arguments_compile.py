"""Each argument of `compile`, by what it changes. The table is tests/test_seed_arguments.py."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import losses, metrics, optimizers
from pronghorn.layers import Activation, Dense, Input
from pronghorn.models import Model, Sequential

X = np.array([[1.0], [2.0], [4.0]])
Y = np.array([[0.0], [0.0], [1.0]])  # squared errors 1, 4 and 9


def identity(shape=(1,)):
    return Sequential([Activation("linear", input_shape=shape)])


def two_outputs():
    """Outputs a and b, each the input itself."""
    x = Input((1,))
    return Model(x, [Activation("linear", name="a")(x), Activation("linear", name="b")(x)])


@pytest.mark.parametrize(
    "optimizer", ["sgd", "SGD", optimizers.SGD(0.01), {"class_name": "SGD", "config": {}}]
)
def test_optimizer(optimizer):
    model = Sequential([Dense(1, kernel_initializer="zeros", input_shape=(1,))])
    model.compile(optimizer, "mse")
    model.train_on_batch(np.ones((1, 1)), np.ones((1, 1)))
    # The gradient of (w + b - 1)^2 at 0 is -2 for both, the learning rate 0.01.
    np.testing.assert_allclose(np.ravel(model.get_weights()[0]), [0.02], rtol=1e-5)
    assert isinstance(model.optimizer, optimizers.SGD)


@pytest.mark.parametrize("optimizer", ["no such optimizer", 3, None])
def test_optimizer_that_is_none(optimizer):
    with pytest.raises(ValueError):
        identity().compile(optimizer, "mse")


def absolute(y_true, y_pred):
    return K.mean(K.abs(y_true - y_pred), axis=-1)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("mse", 14 / 3),
        ("mean_squared_error", 14 / 3),
        (losses.mean_squared_error, 14 / 3),
        (losses.MeanSquaredError(), 14 / 3),
        (losses.MeanSquaredError(reduction="sum"), 14),
        (absolute, 2),
        (["mse"], 14 / 3),
    ],
)
def test_loss(loss, expected):
    model = identity()
    model.compile("sgd", loss)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("loss", ["mae", ["mse", "mae"], {"a": "mse", "b": losses.MeanAbsoluteError()}])
def test_loss_per_output(loss):
    model = two_outputs()
    model.compile("sgd", loss)
    first = 2 if loss == "mae" else 14 / 3
    assert model.evaluate(X, [Y, Y], verbose=0) == pytest.approx([first + 2, first, 2], rel=1e-6)
    assert model.metrics_names == ["loss", "a_loss", "b_loss"]


def test_loss_may_be_missing_for_an_output():
    model = two_outputs()
    with pytest.warns(UserWarning, match="missing from loss dictionary"):
        model.compile("sgd", {"a": "mse"})
    assert model.evaluate(X, Y, verbose=0) == pytest.approx([14 / 3] * 2, rel=1e-6)


@pytest.mark.parametrize("loss", ["no such loss", None, ["mse"], {"c": "mse"}])
def test_loss_that_is_none(loss):
    with pytest.raises(ValueError):
        two_outputs().compile("sgd", loss)


MEAN = metrics.MeanAbsoluteError(name="error")


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["mse"], ["a_mse", "b_mse"]),
        ({"a": "accuracy", "b": ["accuracy", "mse"]}, ["a_accuracy", "b_accuracy", "b_mse"]),
        ([["accuracy"], ["accuracy", "mse"]], ["a_accuracy", "b_accuracy", "b_mse"]),
        (["accuracy", ["accuracy", "mse"]], ["a_accuracy", "b_accuracy", "b_mse"]),
        ({"b": absolute}, ["b_absolute"]),
        ({"a": MEAN}, ["a_error"]),
    ],
)
def test_metrics(given, names):
    model = two_outputs()
    model.compile("sgd", "mse", metrics=given)
    assert model.metrics_names[3:] == names
    values = dict(zip(names, model.evaluate(X, [Y, Y], verbose=0)[3:]))
    expected = {"mse": 14 / 3, "accuracy": 0, "absolute": 2, "error": 2}
    assert values == pytest.approx({name: expected[name[2:]] for name in names}, rel=1e-6)


@pytest.mark.parametrize("given", ["no such metric", ["no such metric"], [["mse"]], {"c": "mse"}])
def test_metrics_that_are_none(given):
    with pytest.raises((ValueError, TypeError)):
        two_outputs().compile("sgd", "mse", metrics=given)


def test_metrics_of_state_run_over_the_whole_epoch():
    model = Sequential([Activation("linear", input_shape=(1,))])
    model.compile("sgd", "mse", metrics=[metrics.AUC(name="auc"), metrics.Recall(name="recall")])
    scores, truth = np.array([[0.9], [0.2], [0.4], [0.6]]), np.array([[1], [0], [1], [0]])
    _, auc, recall = model.evaluate(scores, truth, batch_size=1, verbose=0)
    assert auc == pytest.approx(0.75, abs=1e-3) and recall == 0.5


@pytest.mark.parametrize("given", [[1.0, 0.5], {"a": 1.0, "b": 0.5}, {"b": 0.5}])
def test_loss_weights(given):
    model = two_outputs()
    model.compile("sgd", "mse", loss_weights=given)
    assert model.evaluate(X, [Y, Y], verbose=0) == pytest.approx([7, 14 / 3, 14 / 3], rel=1e-6)


@pytest.mark.parametrize("given", [[1.0], {"c": 1.0}])
def test_loss_weights_that_do_not_fit(given):
    with pytest.raises(ValueError):
        two_outputs().compile("sgd", "mse", loss_weights=given)


STEPS = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
ZEROS = np.zeros_like(STEPS)


def test_sample_weight_mode():
    weights = np.array([[1.0, 0.0], [0.0, 1.0]])
    model = identity((2, 1))
    model.compile("sgd", "mse", sample_weight_mode="temporal")
    # Each step has its weight; the sum is divided by the number of steps.
    assert model.evaluate(STEPS, ZEROS, sample_weight=weights, verbose=0) == pytest.approx((1 + 16) / 4)
    model.compile("sgd", "mse")
    assert model.evaluate(STEPS, ZEROS, sample_weight=np.array([1.0, 0.0]), verbose=0) == pytest.approx(5 / 4)
    with pytest.raises(ValueError):
        model.evaluate(STEPS, ZEROS, sample_weight=weights, verbose=0)


@pytest.mark.parametrize("mode", [["temporal", None], {"a": "temporal", "b": None}])
def test_sample_weight_mode_per_output(mode):
    x = Input((2, 1))
    model = Model(x, [Activation("linear", name="a")(x), Activation("linear", name="b")(x)])
    model.compile("sgd", "mse", sample_weight_mode=mode)
    weights = {"a": np.array([[1.0, 0.0], [0.0, 1.0]]), "b": np.array([1.0, 0.0])}
    results = model.evaluate(STEPS, [ZEROS, ZEROS], sample_weight=weights, verbose=0)
    assert results == pytest.approx([17 / 4 + 5 / 4, 17 / 4, 5 / 4])


@pytest.mark.parametrize("mode", [["temporal"], {"c": "temporal"}, {"a": "temporal"}])
def test_sample_weight_mode_that_does_not_fit(mode):
    with pytest.raises(ValueError):
        two_outputs().compile("sgd", "mse", sample_weight_mode=mode)


def test_weighted_metrics():
    model = identity()
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mae"])
    weights = np.array([0.0, 0.0, 2.0])
    loss, plain, weighted = model.evaluate(X, Y, sample_weight=weights, verbose=0)
    assert (loss, plain, weighted) == pytest.approx((6, 2, 3))
    # Class weights count in training, where they weigh the samples: 1, 1 and 5.
    history = model.fit(X, Y, class_weight={0: 1.0, 1: 5.0}, verbose=0).history
    assert [values[0] for values in history.values()] == pytest.approx([50 / 3, 2, 18 / 7])


@pytest.mark.parametrize("form", ["tensor", "list", "dictionary"])
def test_target_tensors(form):
    model = Sequential([Activation("linear", input_shape=(1,), name="a")])
    tensor = K.variable(Y)
    model.compile("sgd", "mse", target_tensors={"tensor": tensor, "list": [tensor]}.get(form, {"a": tensor}))
    assert model.evaluate(X, None, batch_size=3, verbose=0) == pytest.approx(14 / 3)
    assert model.train_on_batch(X, None) == pytest.approx(14 / 3)
    K.set_value(tensor, X)
    assert model.evaluate(X, None, batch_size=3, verbose=0) == 0


def test_target_tensors_that_are_placeholders_are_fed():
    model = identity()
    target = K.placeholder((None, 1))
    model.compile("sgd", "mse", target_tensors=target)
    assert model.targets == [target] and model.evaluate(X, Y, verbose=0) == pytest.approx(14 / 3)


@pytest.mark.parametrize(
    ("given", "error"), [([None, None, None], ValueError), ({"c": None}, ValueError), (3, TypeError)]
)
def test_target_tensors_that_do_not_fit(given, error):
    with pytest.raises(error):
        two_outputs().compile("sgd", "mse", target_tensors=given)
