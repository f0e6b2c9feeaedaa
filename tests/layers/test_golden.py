"""Layers against tf-keras: outputs, and gradients by inputs and weights."""

import os

import numpy as np
import pytest
from golden.layer_cases import CASES, arrays_for, diff_output, weights_for

from pronghorn import layers, ops

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "golden", "layers.npz")


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as stored:
        return dict(stored)


def results_of(name, kind, arguments, shapes, training):
    layer = getattr(layers, kind)(**arguments)
    xs = arrays_for(name, shapes)
    layer.build(list(shapes) if len(shapes) > 1 else shapes[0])
    layer.set_weights(weights_for(name, [(w.name, w.shape) for w in layer.weights]))
    with ops.Trace(training=training) as trace:
        feeds = [trace.feed(x.shape, x.dtype.name, f"x{i}") for i, x in enumerate(xs)]
        weights = [trace.read(w) for w in layer.trainable_weights]
        y = layer(feeds if len(feeds) > 1 else feeds[0])
        dy = trace.convert(diff_output(y.shape))
        found = trace.gradients([y], feeds + weights, [dy])
        for tensor in [y, *found]:
            trace.fetch(tensor)
        program = trace.compile()
    return program.run(xs)


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_layer_equals_tf_keras(case, golden):
    name = case[0]
    for i, result in enumerate(results_of(*case)):
        expected = golden[f"{name}/{i}"]
        assert result.shape == expected.shape
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5 * scale, err_msg=f"{name}, result {i}")


def test_every_stored_result_is_compared(golden):
    assert {key.rsplit("/", 1)[0] for key in golden} == {case[0] for case in CASES}
