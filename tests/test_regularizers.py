"""Regularizers: values, gradients, configurations, errors."""

import numpy as np
import pytest
from gradients import check_gradients

from pronghorn import regularizers

X = np.array([[1.0, -2.0], [0.5, 4.0]], "float32")


@pytest.mark.parametrize(
    "regularizer, expected",
    [
        (regularizers.l1(0.5), 0.5 * 7.5),
        (regularizers.l2(0.5), 0.5 * 21.25),
        (regularizers.l1_l2(0.1, 0.2), 0.1 * 7.5 + 0.2 * 21.25),
        (regularizers.L1L2(), 0.0),
        (regularizers.Regularizer(), 0.0),
    ],
)
def test_values(regularizer, expected):
    assert float(regularizer(X)) == pytest.approx(expected, rel=1e-6)


def test_gradient():
    check_gradients(regularizers.l1_l2(0.1, 0.2), X)


def test_round_trip():
    for regularizer in (regularizers.l1(), regularizers.l2(0.3), regularizers.l1_l2()):
        config = regularizers.serialize(regularizer)
        assert config["class_name"] == "L1L2"
        assert regularizers.serialize(regularizers.deserialize(config)) == config
    assert regularizers.get("l1_l2").get_config()["l2"] == pytest.approx(0.01)
    assert regularizers.get("l1").l2 == 0.0
    assert regularizers.get(None) is None
    assert regularizers.get(abs) is abs


@pytest.mark.parametrize("identifier", ["l3", 3])
def test_errors(identifier):
    with pytest.raises(ValueError, match="regularizer"):
        regularizers.get(identifier)
