"""Metrics: against tf-keras over several batches, their state, and their names."""

import pathlib
import sys

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import layers, metrics, models

GOLDEN_FOLDER = pathlib.Path(__file__).parent / "golden"
sys.path.insert(0, str(GOLDEN_FOLDER))

from loss_cases import METRICS, data_of  # noqa: E402

GOLDEN = np.load(GOLDEN_FOLDER / "losses.npz")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", METRICS)
def test_values_are_those_of_tf_keras(name, weighted):
    cls, kind, arguments = METRICS[name]
    metric = getattr(metrics, cls)(**arguments)
    for batch in range(3):
        y_true, y_pred, weights = data_of(kind, seed=batch)
        metric.update_state(y_true, y_pred, sample_weight=weights if weighted else None)
    expected = GOLDEN[f"metric/{name}/{int(weighted)}"]
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6, atol=1e-6)
    metric.reset_states()
    assert all(not variable.numpy().any() for variable in metric.weights)


@pytest.mark.parametrize("cls", ["SensitivityAtSpecificity", "SpecificityAtSensitivity"])
@pytest.mark.parametrize("value", [0.2, 0.6, 0.9])
def test_one_of_sensitivity_and_specificity_at_the_other(cls, value):
    """Keras 2.3.1 takes the threshold where the one is closest; tf-keras came to choose otherwise."""
    y_true, y_pred, weights = data_of("binary")
    weights = weights[:, None] * np.ones_like(y_pred)
    thresholds = np.linspace(0, 1, 50)[:, None, None]
    positive = y_pred.astype("float64") > thresholds

    def share(of, which):
        return (weights * of * which).sum((1, 2)) / (weights * of).sum()

    rates = share(y_true, positive), share(1 - y_true, ~positive)
    reported, fixed = rates if cls == "SensitivityAtSpecificity" else rates[::-1]
    metric = getattr(metrics, cls)(value, num_thresholds=50)
    found = metric(y_true, y_pred, sample_weight=weights.astype("float32"))
    np.testing.assert_allclose(found, reported[np.argmin(np.abs(fixed - value))], rtol=1e-5)
    assert metrics.clone_metric(metric).get_config() == metric.get_config()


@pytest.mark.parametrize("name", METRICS)
def test_configurations_round_trip(name):
    cls, _, arguments = METRICS[name]
    metric = getattr(metrics, cls)(name="mine", **arguments)
    again = metrics.clone_metric(metric)
    assert again is not metric and type(again) is type(metric)
    assert again.get_config() == metric.get_config()
    assert again.name == "mine"


def test_mean_and_sum():
    mean, total = metrics.Mean(), metrics.Sum(name="all")
    assert float(mean([1.0, 3.0])) == 2.0
    assert float(mean([5.0], sample_weight=[2.0])) == pytest.approx(14 / 4)
    assert float(total(100.0)) == 100.0
    assert float(total([1, 5], sample_weight=0.5)) == 103.0
    assert total.name == "all" and len(mean.weights) == 2 and len(total.weights) == 1


def test_state_is_kept_in_the_metrics_dtype():
    metric = metrics.Mean(dtype="float64")
    metric.update_state(np.array([1.0, 2.0]))
    assert metric.result().dtype == np.float64


@pytest.mark.parametrize(
    "units, loss, expected",
    [
        (1, "mse", "binary_accuracy"),
        (3, "binary_crossentropy", "binary_accuracy"),
        (3, "categorical_crossentropy", "categorical_accuracy"),
        (3, "mse", "categorical_accuracy"),
        (3, "sparse_categorical_crossentropy", "sparse_categorical_accuracy"),
    ],
)
@pytest.mark.parametrize("name", ["accuracy", "acc"])
def test_accuracy_follows_shape_and_loss(units, loss, expected, name):
    model = models.Sequential([layers.Dense(units, input_shape=(2,))])
    model.compile("sgd", loss, metrics=[name])
    assert model.metrics_names == ["loss", name]
    assert model.metrics[0]._fn is getattr(metrics, expected)


@pytest.mark.parametrize(
    "name", ["mse", "MAE", "cosine", "binary_crossentropy", "top_k_categorical_accuracy"]
)
def test_names(name):
    assert metrics.get(name) is getattr(metrics, name)


def test_classes_by_name():
    assert type(metrics.get("AUC")) is metrics.AUC
    config = metrics.serialize(metrics.Precision(top_k=2))
    assert metrics.deserialize(config).top_k == 2


class Highest(metrics.Metric):
    """The highest prediction so far, written with K."""

    def __init__(self, name="highest", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.highest = self.add_weight(name="highest", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        return [K.update(self.highest, K.maximum(self.highest, K.max(y_pred)))]

    def result(self):
        return self.highest * 1.0


def test_a_metric_of_ones_own():
    metric = Highest()
    metric.update_state(np.zeros(3), np.array([1.0, 7.0, 2.0]))
    metric.update_state(np.zeros(3), np.array([1.0, 3.0, 2.0]))
    assert float(metric.result()) == 7.0

    model = models.Sequential([layers.Dense(1, kernel_initializer="ones", use_bias=False, input_shape=(1,))])
    model.compile("sgd", "mse", metrics=[Highest()])
    x = np.array([[1.0], [9.0], [3.0], [2.0]])
    loss, highest = model.evaluate(x, x, batch_size=2, verbose=0)
    assert (loss, highest) == (0.0, 9.0)


def test_a_function_of_ones_own():
    def first(y_true, y_pred):
        return y_pred[:, 0]

    model = models.Sequential([layers.Activation("linear", input_shape=(2,))])
    model.compile("sgd", "mse", metrics=[first, lambda y_true, y_pred: K.mean(y_true)])
    assert model.metrics_names == ["loss", "first", "<lambda>"]
    x = np.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(model.evaluate(x, x, verbose=0), [0.0, 2.0, 2.5])


def test_metrics_are_those_of_the_epoch_and_loss_the_mean():
    """Five rows in batches of two: each row counts the same, in the loss and in the metric."""
    model = models.Sequential([layers.Activation("linear", input_shape=(1,))])
    model.compile("sgd", "mae", metrics=["mae"])
    x = np.array([[1.0], [2.0], [3.0], [4.0], [10.0]])
    np.testing.assert_allclose(model.evaluate(x, np.zeros_like(x), batch_size=2, verbose=0), [4.0, 4.0])


def test_weighted_metrics():
    model = models.Sequential([layers.Activation("linear", input_shape=(1,))])
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mae"])
    assert model.metrics_names == ["loss", "mae", "mae_1"]
    x = np.array([[1.0], [3.0]])
    weights = np.array([3.0, 1.0])
    found = model.evaluate(x, np.zeros_like(x), sample_weight=weights, verbose=0)
    np.testing.assert_allclose(found, [(3 * 1 + 9) / 2, 2.0, (3 * 1 + 3) / 4])
