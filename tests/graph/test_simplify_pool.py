"""Derivatives through pooling, and pieces of what is reduced."""

import pytest
from graphs import Builder, assert_same_values, op_names


@pytest.mark.parametrize("strides", [[2, 2], [1, 1]])
def test_relu_before_max_pool_asks_the_maxima(strides):
    b = Builder()
    x = b.feed((2, 6, 7, 3))
    pool = {"kernel": [2, 2], "strides": strides, "pads_before": [0, 0], "pads_after": [0, 0]}
    y = b.max_pool(b.relu(x), **pool)
    b.fetch(*b.gradients(b.sum(b.square(y), axes=[0, 1, 2, 3], keepdims=False), [x]))
    ops = op_names(b.graph.simplified())
    assert ops[-1] == "max_pool_grad" and "relu_grad" in ops
    assert_same_values(b)


def test_another_relu_stays_behind_max_pool():
    b = Builder()
    x, other = b.feed((2, 4, 4, 3)), b.feed((2, 4, 4, 3))
    pool = {"kernel": [2, 2], "strides": [2, 2], "pads_before": [0, 0], "pads_after": [0, 0]}
    diff = b.feed((2, 2, 2, 3))
    b.fetch(b.relu_grad(b.max_pool_grad(x, b.max_pool(x, **pool), diff, **pool), other))
    assert op_names(b.graph.simplified())[-1] == "relu_grad"
    assert_same_values(b)


@pytest.mark.parametrize("keepdims", [False, True])
def test_global_average_of_concatenated_branches(keepdims):
    """As inception has it: neither the whole nor its derivative is ever made."""
    b = Builder()
    branches = [b.feed((2, 5, 4, channels)) for channels in (3, 1, 4)]
    pooled = b.mean(b.concatenate(*branches, axis=3), axes=[1, 2], keepdims=keepdims)
    total = b.sum(b.square(pooled), axes=[0, 1, 2, 3] if keepdims else [0, 1], keepdims=False)
    b.fetch(total, *[b.relu(g) for g in b.gradients(total, branches)])
    graph = b.graph.simplified()
    ops = op_names(graph)
    assert ops.count("mean") == 3
    assert "(2, 5, 4, 8)" not in str(graph)
    assert_same_values(b)


def test_reduction_along_the_axis_of_concatenation_stays():
    b = Builder()
    joined = b.concatenate(b.feed((2, 3)), b.feed((2, 4)), axis=1)
    b.fetch(b.sum(joined, axes=[1], keepdims=False), b.max(joined, axes=[-1, 0], keepdims=False))
    assert op_names(b.graph.simplified()).count("concatenate") == 1
    assert_same_values(b)


def test_slices_of_broadcast_values():
    b = Builder()
    wide = b.broadcast_to(b.feed((3, 1, 4)), shape=[2, 3, 5, 4])
    b.fetch(b.slice(wide, begin=[1, 0, 2, 1], size=[1, 3, 2, 2], stride=[1, 1, 2, 1]))
    b.fetch(b.slice(wide, begin=[0, 0, 2, 0], size=[2, 3, 2, 4], stride=[1, 1, 1, 1]))
    assert sorted(op_names(b.graph.simplified())) == ["broadcast_to", "broadcast_to", "slice"]
    assert_same_values(b)
