"""Second derivatives of recurrent layers that run as one operation: those of the same layers step by step."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import layers, ops


@pytest.fixture(autouse=True)
def in_double_precision():
    K.set_floatx("float64")
    yield
    K.set_floatx("float32")


def second_derivatives(layer, masked, states, x, mask, initial):
    """A loss of first gradients, as in a gradient penalty, and its gradients by all that the layer reads."""
    inputs = layers.Input(x.shape[1:])
    given = [layers.Input((4,)) for _ in range(states if initial is not None else 0)]
    flags = layers.Input(mask.shape[1:], dtype="bool")
    arguments = {"mask": flags} if masked else {}
    outputs = layer(inputs, initial_state=given or None, **arguments)
    rng = np.random.default_rng(3)
    layer.set_weights([rng.normal(size=w.shape) * 0.5 for w in layer.get_weights()])
    loss = sum(K.sum(K.square(y) * (k + 1)) for k, y in enumerate(outputs))
    first = K.gradients(loss, [inputs, *given, *layer.trainable_weights])
    penalty = sum(K.sum(K.square(g) + K.sin(g)) for g in first)
    second = K.gradients(penalty, [inputs, *given, *layer.trainable_weights])
    run = K.function([inputs, *given, flags], [loss, penalty, *second])
    return run([x, *(initial or []), mask])


@pytest.mark.parametrize("initial", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "kind, states, options",
    [
        ("LSTM", 2, {}),
        ("LSTM", 2, {"recurrent_activation": "hard_sigmoid", "go_backwards": True}),
        ("GRU", 1, {}),
        ("GRU", 1, {"reset_after": True}),
        ("GRU", 1, {"reset_after": True, "recurrent_activation": "hard_sigmoid"}),
        ("SimpleRNN", 1, {}),
        ("SimpleRNN", 1, {"go_backwards": True}),
    ],
)
def test_second_derivatives(kind, states, options, masked, initial):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 5, 2))
    # Rows that begin, pause and end masked.
    mask = np.array([[0, 0, 1, 1, 1], [1, 0, 1, 0, 0], [1, 1, 1, 1, 1]], bool)
    start = [rng.normal(size=(3, 4)) for _ in range(states)] if initial else None
    make = getattr(layers, kind)
    results = []
    for activation in ("tanh", lambda z: ops.tanh(z)):
        layer = make(4, activation=activation, return_sequences=True, return_state=True, **options)
        results.append(second_derivatives(layer, masked, states, x, mask, start))
    for fused, plain in zip(*results):
        np.testing.assert_allclose(fused, plain, rtol=1e-9, atol=1e-10)
