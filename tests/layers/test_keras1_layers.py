"""Layers of Keras 1."""

import numpy as np
import pytest
from layer_checks import check_layer

from pronghorn import layers

pytestmark = pytest.mark.filterwarnings("ignore:The `.*` layer is deprecated")
OPTIONS = {
    "W_regularizer": "l2",
    "b_regularizer": "l1",
    "activity_regularizer": "l2",
    "W_constraint": "maxnorm",
    "b_constraint": "maxnorm",
}


@pytest.mark.parametrize("arguments", [{}, OPTIONS, {"bias": False}])
def test_maxout_dense(arguments):
    check_layer(layers.MaxoutDense, {"output_dim": 3, **arguments}, (4, 5))


@pytest.mark.parametrize("arguments", [{"activation": "tanh"}, OPTIONS, {"bias": False}])
def test_highway(arguments):
    check_layer(layers.Highway, arguments, (4, 5))


def test_maxout_takes_the_largest():
    weights = np.array([[[1.0]], [[-2.0]]], "float32")
    layer = layers.MaxoutDense(1, nb_feature=2, bias=False, weights=[weights])
    np.testing.assert_array_equal(layer(np.array([[3.0], [-3.0]], "float32")), [[3.0], [6.0]])


@pytest.mark.parametrize("rank, rate", [(1, 2), (2, (2, 1))])
def test_atrous_convolution(rank, rate):
    with pytest.warns(UserWarning, match="dilation_rate"):
        layer = getattr(layers, f"AtrousConvolution{rank}D")(3, (3,) * rank, atrous_rate=rate)
    assert type(layer) is getattr(layers, f"Conv{rank}D")
    assert layer.dilation_rate == ((rate,) if rank == 1 else rate)
