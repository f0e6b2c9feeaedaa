"""What gradients through a maximum keep of it."""

import pytest
from graphs import Builder, assert_same_values, op_names


def windows(kernel, strides):
    return {"kernel": kernel, "strides": strides, "pads_before": [0, 0], "pads_after": [1, 0]}


@pytest.mark.parametrize("kernel, strides", [([2, 2], [2, 2]), ([3, 2], [2, 1])])
def test_places_instead_of_the_image(kernel, strides):
    b = Builder()
    x = b.feed((2, 7, 8, 3))
    y = b.max_pool(x, **windows(kernel, strides))
    loss = b.sum(b.square(y), axes=[0, 1, 2, 3], keepdims=False)
    b.fetch(loss, *b.gradients(loss, [x]))
    ops = op_names(b.graph.simplified().fused())
    assert "max_pool_scatter" in ops and "max_pool_grad" not in ops and ops.count("max_pool") == 1
    assert_same_values(b)


def test_two_gradients_of_one_maximum():
    b = Builder()
    x = b.feed((2, 4, 4, 3))
    y = b.max_pool(x, **windows([2, 2], [2, 2]))
    b.fetch(*(b.max_pool_grad(x, y, b.feed(b.shape(y)), **windows([2, 2], [2, 2])) for _ in range(2)))
    assert op_names(b.graph.simplified().fused()).count("max_pool_scatter") == 2
    assert_same_values(b)


def test_windows_of_more_elements_than_a_byte_counts():
    b = Builder()
    x = b.feed((1, 17, 16, 2))
    y = b.max_pool(x, **windows([16, 16], [16, 16]))
    b.fetch(*b.gradients(b.sum(y, axes=[0, 1, 2, 3], keepdims=False), [x]))
    assert "max_pool_grad" in op_names(b.graph.simplified().fused())
    assert_same_values(b)


def test_maxima_of_something_else_stay():
    b = Builder()
    x, y, diff = b.feed((2, 4, 4, 3)), b.feed((2, 2, 2, 3)), b.feed((2, 2, 2, 3))
    b.fetch(b.max_pool_grad(x, y, diff, **windows([2, 2], [2, 2])))
    assert op_names(b.graph.simplified().fused()) == ["max_pool_grad"]
    assert_same_values(b)
