"""Recurrent layers against tf-keras: outputs, states, and gradients by inputs, initial states and weights."""

import os

import numpy as np
import pytest
from golden.layer_cases import arrays_for, diff_output, weights_for
from golden.recurrent_cases import CASES, layer_of, mask_for, shapes_for

from pronghorn import layers, ops

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "golden", "recurrent.npz")


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as stored:
        return dict(stored)


def results_of(name, kind, arguments, shape, mask, states, wrapper):
    layer = layer_of(layers, kind, arguments, wrapper)
    shapes = shapes_for(shape, states)
    xs = arrays_for(name, shapes)
    layer.build(shapes if states else shape)
    layer.set_weights(weights_for(name, [("", w.shape) for w in layer.weights]))
    if arguments.get("stateful"):
        layer(xs[0] * np.float32(0.5))
    with ops.Trace() as trace:
        feeds = [trace.feed(x.shape, x.dtype.name, f"x{i}") for i, x in enumerate(xs)]
        weights = [trace.read(w) for w in layer.trainable_weights]
        options = {"mask": trace.convert(mask_for(shape))} if mask else {}
        results = layer(feeds if states else feeds[0], **options)
        found = trace.gradients(
            results, feeds + weights, [trace.convert(diff_output(y.shape)) for y in results]
        )
        zeros = [ops.zeros(x.shape) for x in feeds + weights]
        for tensor in [*results, *(zero if g is None else g for g, zero in zip(found, zeros))]:
            trace.fetch(tensor)
        program = trace.compile()
    return program.run(xs)


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_layer_equals_tf_keras(case, golden):
    results = results_of(*case)
    expected = golden[case[0]]
    assert sum(result.size for result in results) == expected.size
    for i, result in enumerate(results):
        part, expected = np.split(expected, [result.size])
        scale = max(1.0, np.abs(part).max())
        np.testing.assert_allclose(result.ravel(), part, rtol=0, atol=1e-5 * scale, err_msg=f"result {i}")


def test_every_stored_result_is_compared(golden):
    assert set(golden) == {case[0] for case in CASES}
