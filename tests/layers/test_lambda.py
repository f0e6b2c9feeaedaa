"""Lambda: functions as layers, their shapes, and what is saved of them."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import layers
from pronghorn.models import Model

X = np.array([[1.0, -2.0, 3.0]], "float32")


def run(layer, x=X):
    inputs = layers.Input(x.shape[1:])
    outputs = layer(inputs)
    found = Model(inputs, outputs).predict(x)
    assert all(a in (None, b) for a, b in zip(outputs.shape, found.shape))
    return found


def shifted(x, by=1.0):
    return x + by


@pytest.mark.parametrize(
    "layer, expected",
    [
        (layers.Lambda(lambda x: x * 2.0), 2 * X),
        (layers.Lambda(lambda x: K.sum(x, axis=1)), X.sum(1)),
        (layers.Lambda(lambda x: x[:, :2], output_shape=(2,)), X[:, :2]),
        (layers.Lambda(lambda x: x[:, :2], output_shape=lambda shape: (shape[0], 2)), X[:, :2]),
        (layers.Lambda(shifted, arguments={"by": 3.0}), X + 3),
        (layers.Lambda(lambda x: K.cast(x > 0, "int32")), (X > 0).astype("int32")),
    ],
)
def test_values(layer, expected):
    np.testing.assert_allclose(run(layer), expected)
    again = layers.Lambda.from_config(layer.get_config())
    np.testing.assert_allclose(run(again), expected)


def test_several_inputs_and_outputs():
    a, b = layers.Input((3,)), layers.Input((3,))
    outputs = layers.Lambda(lambda xs: [xs[0] + xs[1], xs[0] * xs[1]])([a, b])
    first, second = Model([a, b], outputs).predict([X, X])
    np.testing.assert_allclose(first, 2 * X)
    np.testing.assert_allclose(second, X * X)


def test_the_mask_is_an_argument():
    inputs = layers.Input((3, 1))
    x = layers.Masking()(inputs)
    x = layers.Lambda(lambda x, mask=None: K.cast(mask, "float32"), mask=lambda inputs, mask: None)(x)
    found = Model(inputs, x).predict(np.array([[[1.0], [0.0], [2.0]]]))
    np.testing.assert_array_equal(found, [[1, 0, 1]])


def test_arrays_among_the_arguments():
    config = layers.Lambda(shifted, arguments={"by": 2.0}).get_config()
    config["arguments"] = {"by": {"type": "ndarray", "value": [1.0, 2.0, 3.0]}}
    np.testing.assert_allclose(run(layers.Lambda.from_config(config)), X + [[1, 2, 3]])


def test_a_named_function_is_found_among_custom_objects():
    class Doubling:
        __name__ = "doubling"

        def __call__(self, x):
            return 2.0 * x

    config = layers.Lambda(Doubling()).get_config()
    assert config["function"] == "doubling" and config["function_type"] == "function"
    layer = layers.deserialize({"class_name": "Lambda", "config": config}, {"doubling": Doubling()})
    np.testing.assert_allclose(run(layer), 2 * X)


def test_errors():
    with pytest.raises(TypeError, match="output_shape"):
        layers.Lambda(shifted, output_shape=3)
    with pytest.raises(ValueError, match="tuple"):
        layers.Lambda(shifted, output_shape=lambda shape: 3).compute_output_shape((None, 3))
    config = layers.Lambda(shifted).get_config()
    with pytest.raises(TypeError, match="Unknown function type"):
        layers.Lambda.from_config({**config, "function_type": "spell"})
