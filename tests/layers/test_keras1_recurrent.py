"""Recurrent layers written for Keras 1: the step is the layer's own."""

import numpy as np

from pronghorn import backend as K
from pronghorn import layers
from pronghorn.models import Sequential


class Leaky(layers.Recurrent):
    """Two states, a constant, preprocessing and weights, as such layers have them."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.input_spec[0] = layers.InputSpec(shape=(input_shape[0], None, input_shape[2]))
        self.states = [None, None]
        if self.stateful:
            self.reset_states()
        self.kernel = self.add_weight((input_shape[2], self.units), name="kernel", initializer="ones")
        self.built = True

    def preprocess_input(self, inputs, training=None):
        return K.dot(inputs, self.kernel)

    def get_constants(self, inputs, training=None):
        return [K.variable(0.5)]

    def step(self, inputs, states):
        total, steps, rate = states
        total = rate * total + inputs
        return total, [total, steps + 1]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def test_step_of_a_layer():
    x = np.random.RandomState(0).standard_normal((2, 3, 4)).astype("float32")
    layer = Leaky(1, return_state=True)
    y, total, steps = layer(x)
    sums = x.sum(-1)
    np.testing.assert_allclose(y[:, 0], sums[:, 0] / 4 + sums[:, 1] / 2 + sums[:, 2], rtol=1e-5)
    np.testing.assert_array_equal(y, total)
    np.testing.assert_array_equal(steps, 3)
    assert Leaky.from_config(layer.get_config()).get_config() == layer.get_config()


def test_states_are_kept():
    model = Sequential([Leaky(1, stateful=True, batch_input_shape=(2, 3, 4))])
    x = np.ones((2, 3, 4), "float32")
    first = model.predict(x, batch_size=2)
    np.testing.assert_allclose(model.predict(x, batch_size=2), first + first / 8)
    model.reset_states()
    np.testing.assert_array_equal(model.predict(x, batch_size=2), first)
