"""Derivatives through dropout."""

import pytest
from graphs import Builder, assert_same_values, op_names

DROPOUT = {"rate": 0.25, "seed": 7}


@pytest.mark.parametrize("pooled", [False, True])
def test_relu_before_dropout_asks_what_was_kept(pooled):
    b = Builder()
    x, step = b.feed((2, 6, 8, 3)), b.constant(3, "int64")
    y = b.relu(x)
    if pooled:
        pads = {"pads_before": [0, 0], "pads_after": [0, 0]}
        y = b.max_pool(y, kernel=[2, 2], strides=[2, 2], **pads)
    loss = b.sum(b.square(b.dropout(y, step, **DROPOUT)), axes=[0, 1, 2, 3], keepdims=False)
    b.fetch(loss, *b.gradients(loss, [x]))
    assert op_names(b.graph.simplified()).count("dropout") == 1
    assert_same_values(b)


def test_what_nobody_drops_out_is_drawn_again():
    b = Builder()
    x, diff, step = b.feed((4, 5)), b.feed((4, 5)), b.constant(3, "int64")
    b.fetch(b.relu_grad(b.dropout(diff, step, **DROPOUT), x), b.dropout(x, step, rate=0.25, seed=8))
    assert op_names(b.graph.simplified()).count("dropout") == 2
    assert_same_values(b)
