"""Constraints: what they leave of weights, configurations, errors."""

import numpy as np
import pytest

from pronghorn import constraints

RANDOM = np.random.RandomState(4)
W = RANDOM.standard_normal((9, 7)).astype("float32") * 3
KERNEL = RANDOM.standard_normal((3, 3, 4, 5)).astype("float32")


def norms(w, axis=0):
    return np.sqrt((w**2).sum(axis=axis))


@pytest.mark.parametrize("limit", [0.1, 3.0, 8.0])
def test_max_norm(limit):
    out = constraints.max_norm(limit)(W)
    np.testing.assert_allclose(norms(out), np.minimum(norms(W), limit), rtol=1e-5)
    # Vectors that are short enough stay.
    short = norms(W) < limit
    np.testing.assert_allclose(out[:, short], W[:, short], rtol=1e-5)


def test_unit_norm():
    np.testing.assert_allclose(norms(constraints.unit_norm()(W)), 1.0, rtol=1e-5)
    np.testing.assert_allclose(norms(constraints.unit_norm(axis=1)(W), axis=1), 1.0, rtol=1e-5)
    out = constraints.unit_norm(axis=[0, 1, 2])(KERNEL)
    np.testing.assert_allclose(norms(out, axis=(0, 1, 2)), 1.0, rtol=1e-5)


def test_non_neg():
    np.testing.assert_array_equal(constraints.non_neg()(W), np.maximum(W, 0))


@pytest.mark.parametrize("rate", [1.0, 0.3])
def test_min_max_norm(rate):
    out = constraints.min_max_norm(2.0, 8.0, rate=rate)(W)
    expected = rate * np.clip(norms(W), 2.0, 8.0) + (1 - rate) * norms(W)
    np.testing.assert_allclose(norms(out), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "MaxNorm",
        "max_norm",
        "maxnorm",
        "NonNeg",
        "non_neg",
        "nonneg",
        "UnitNorm",
        "unit_norm",
        "unitnorm",
        "MinMaxNorm",
        "min_max_norm",
    ],
)
def test_round_trip(name):
    config = constraints.serialize(constraints.get(name))
    assert constraints.serialize(constraints.deserialize(config)) == config
    assert constraints.get(config)(W).shape == W.shape


def test_get():
    assert constraints.get(None) is None
    assert constraints.get(abs) is abs
    assert constraints.Constraint()(W) is W


@pytest.mark.parametrize("identifier", ["small", 3])
def test_errors(identifier):
    with pytest.raises(ValueError, match="constraint"):
        constraints.get(identifier)
