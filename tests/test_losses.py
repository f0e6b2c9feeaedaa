"""Losses: against tf-keras, their reductions and weights, and their names."""

import pathlib
import sys

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import losses

GOLDEN_FOLDER = pathlib.Path(__file__).parent / "golden"
sys.path.insert(0, str(GOLDEN_FOLDER))

from loss_cases import LOSSES, data_of  # noqa: E402

GOLDEN = np.load(GOLDEN_FOLDER / "losses.npz")
FUNCTIONS = [
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "squared_hinge",
    "hinge",
    "categorical_hinge",
    "logcosh",
    "categorical_crossentropy",
    "binary_crossentropy",
    "kullback_leibler_divergence",
    "poisson",
    "cosine_proximity",
]


def made(name, **kwargs):
    cls, kind, arguments = LOSSES[name]
    return getattr(losses, cls)(**arguments, **kwargs), data_of(kind)


@pytest.mark.parametrize("name", LOSSES)
def test_values_are_those_of_tf_keras(name):
    loss, (y_true, y_pred, _) = made(name, reduction="none")
    found = loss(y_true, y_pred)
    if name == "huber":  # that of Keras 2.3.1 has a value per element
        found = found.mean(axis=-1)
    np.testing.assert_allclose(found, GOLDEN[f"loss/{name}"], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_weighted_means_are_those_of_tf_keras(name):
    loss, (y_true, y_pred, weights) = made(name)
    found = loss(y_true, y_pred, sample_weight=weights)
    np.testing.assert_allclose(found, GOLDEN[f"weighted/{name}"], rtol=1e-6, atol=1e-6)


def test_huber():
    y_true = np.zeros((1, 3), "float32")
    y_pred = np.array([[0.5, -1.0, 3.0]], "float32")
    np.testing.assert_allclose(losses.huber_loss(y_true, y_pred), [[0.125, 0.5, 2.5]])
    np.testing.assert_allclose(losses.Huber(delta=2.0)(y_true, y_pred), (0.125 + 0.5 + 4.0) / 3, rtol=1e-6)


@pytest.mark.parametrize("reduction", ["none", "sum", "sum_over_batch_size"])
@pytest.mark.parametrize("weights", [None, 2.0, [1.0, 2.0], [[1.0], [2.0]]])
def test_reductions(reduction, weights):
    y_true, y_pred = np.zeros((2, 3), "float32"), np.array([[1, 2, 3], [4, 5, 6]], "float32")
    per_sample = np.array([14 / 3, 77 / 3]) * (1.0 if weights is None else np.reshape(weights, (-1,)))
    expected = {"none": per_sample, "sum": per_sample.sum(), "sum_over_batch_size": per_sample.mean()}
    sample_weight = None if weights is None else np.array(weights, "float32")
    found = losses.MeanSquaredError(reduction=reduction)(y_true, y_pred, sample_weight=sample_weight)
    np.testing.assert_allclose(np.squeeze(found), expected[reduction], rtol=1e-6)


def test_weights_per_timestep():
    y_true, y_pred = np.zeros((2, 3, 1), "float32"), np.ones((2, 3, 1), "float32")
    weights = np.array([[1, 1, 0], [0, 0, 0]], "float32")
    assert float(losses.MeanSquaredError()(y_true, y_pred, sample_weight=weights)) == pytest.approx(2 / 6)


def test_weights_that_do_not_fit():
    with pytest.raises(ValueError, match="Incompatible shapes"):
        losses.MeanSquaredError()(np.zeros((4, 3)), np.zeros((4, 3)), sample_weight=np.ones((3,)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_symbolic_traced_and_immediate_agree(name):
    rng = np.random.RandomState(1)
    y_true, y_pred = rng.rand(2, 5, 4).astype("float32")
    function = getattr(losses, name)
    symbolic = function(K.variable(y_true), K.variable(y_pred))
    assert tuple(symbolic.shape) == (5,)
    np.testing.assert_allclose(K.eval(symbolic), function(y_true, y_pred), rtol=1e-6)


@pytest.mark.parametrize(
    "name", [*FUNCTIONS, "mse", "MAE", "mape", "MSLE", "kld", "cosine", "cosine_similarity"]
)
def test_names(name):
    function = losses.get(name)
    assert function is getattr(losses, name)
    assert losses.get(losses.serialize(function)) is function


def test_objects_round_trip():
    loss = losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1, reduction="sum", name="b")
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is losses.BinaryCrossentropy
    assert again.get_config() == loss.get_config()


def test_a_loss_of_ones_own():
    class Distance(losses.Loss):
        def call(self, y_true, y_pred):
            return K.mean(K.abs(y_true - y_pred), axis=-1)

    found = Distance()(np.zeros((2, 2), "float32"), np.array([[1, 3], [0, 0]], "float32"))
    assert float(found) == 1.0


def test_lists_and_integers():
    np.testing.assert_allclose(losses.mean_squared_error([0, 1], [1.0, 3.0]), 2.5)
    np.testing.assert_allclose(losses.mean_squared_error(np.array([[1, 2]]), np.array([[3, 4]])), [4.0])
