"""The gradient of an LSTM makes that by its bias; states before are left by the LSTM itself."""

import re

import numpy as np
import pytest
from graphs import Builder, assert_same_values, op_names

from pronghorn import _core


def mask_of(batch, time):
    mask = np.random.RandomState(3).uniform(size=(batch, time)) < 0.7
    mask[0] = False
    return mask


def layer(b, batch, time, units, masked=False):
    """An LSTM on what its inputs contribute, with a bias; its outputs and what to differentiate by."""
    x, bias, weights = b.feed((batch, time, 4 * units)), b.state((4 * units,)), b.state((units, 4 * units))
    h0, c0 = b.feed((batch, units)), b.feed((batch, units))
    mask = [b.constant(mask_of(batch, time), "bool")] if masked else []
    return b.lstm(b.add(x, bias), weights, h0, c0, *mask, has_mask=masked), [x, bias, weights, h0, c0]


def attributes_of(graph, op):
    return re.findall(rf"^%\d+ = {op}\(.*$", str(graph), re.MULTILINE)


@pytest.mark.parametrize("isa", _core.isas())
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("batch, time, units", [(1, 1, 3), (9, 4, 5), (19, 3, 17), (40, 2, 33)])
def test_gradients_by_the_last_states(batch, time, units, masked, isa):
    before = _core.isa()
    _core.set_isa(isa)
    try:
        b = Builder()
        (_, _, _, h, c), sources = layer(b, batch, time, units, masked)
        loss = b.sum(b.add(b.sin(h), b.square(c)), axes=[0, 1], keepdims=False)
        b.fetch(h, *b.gradients(loss, sources))
        graph = b.graph.simplified().fused()
        assert "sum" not in op_names(graph)[op_names(graph).index("lstm_grad") :]
        assert "keeps_before" in attributes_of(graph, "lstm")[0]
        assert_same_values(b, rtol=1e-10, atol=1e-10)
    finally:
        _core.set_isa(before)


def test_outputs_that_are_read_stay():
    b = Builder()
    (_, outputs, _, h, _), sources = layer(b, 9, 4, 5)
    loss = b.sum(b.add(b.sum(b.sin(outputs), axes=[1], keepdims=False), h), axes=[0, 1], keepdims=False)
    b.fetch(*b.gradients(loss, sources))
    graph = b.graph.simplified().fused()
    assert "sums_bias" in attributes_of(graph, "lstm_grad")[0]
    assert "keeps_before" not in attributes_of(graph, "lstm")[0]
    assert_same_values(b, rtol=1e-10, atol=1e-10)


def test_outputs_that_are_fetched_stay():
    b = Builder()
    (_, outputs, _, h, _), sources = layer(b, 3, 4, 5)
    b.fetch(outputs, *b.gradients(b.sum(h, axes=[0, 1], keepdims=False), sources))
    assert "keeps_before" not in attributes_of(b.graph.simplified().fused(), "lstm")[0]
    assert_same_values(b, rtol=1e-10, atol=1e-10)


def test_other_sums_stay():
    b = Builder()
    (_, _, _, h, _), (x, *_) = layer(b, 3, 4, 5)
    (diff,) = b.gradients(b.sum(h, axes=[0, 1], keepdims=False), [x])
    b.fetch(diff, b.sum(diff, axes=[1], keepdims=False), b.sum(diff, axes=[0, 1, 2], keepdims=True))
    graph = b.graph.simplified().fused()
    assert op_names(graph).count("sum") == 2
    assert "sums_bias" not in attributes_of(graph, "lstm_grad")[0]
    assert_same_values(b, rtol=1e-10, atol=1e-10)
