"""A relu's derivative is taken into the gradient by the next convolution's input."""

import pytest
from graphs import Builder, assert_same_values, op_names

SIZES = {"strides": [2, 1], "dilations": [1, 1], "pads_before": [1, 0], "pads_after": [1, 1]}


@pytest.mark.parametrize("kernel", [(3, 3), (1, 1)])
def test_between_two_layers(kernel):
    b = Builder()
    x = b.feed((2, 7, 8, 3))
    first, second = b.state((3, 2, 3, 4)), b.state((*kernel, 4, 5))
    y = b.conv(b.relu(b.conv(x, first, **SIZES)), second, **SIZES)
    loss = b.sum(b.square(y), axes=[0, 1, 2, 3], keepdims=False)
    b.fetch(loss, *b.gradients(loss, [first, second]))
    graph = b.graph.simplified().fused()
    assert "relu_grad" not in op_names(graph)
    assert "has_mask=true" in str(graph)
    assert_same_values(b)


@pytest.mark.parametrize("factor", [1, 1.25])
def test_behind_a_product(factor):
    b = Builder()
    mask, weights, diff = b.feed((2, 5, 3)), b.feed((15, 4)), b.feed((2, 4))
    product = b.reshape(b.matmul(diff, weights, transpose_b=True), shape=[2, 5, 3])
    b.fetch(b.multiply(b.relu_grad(product, mask), b.constant(factor)))
    graph = b.graph.simplified().fused()
    assert op_names(graph) == ["reshape", "gemm", "reshape"]
    assert ("mask_factor=1.25" in str(graph)) == (factor != 1)
    assert_same_values(b)


def test_a_gradient_that_others_read_stays():
    b = Builder()
    mask, weights, diff = b.feed((2, 5, 5, 3)), b.feed((3, 3, 3, 4)), b.feed((2, 3, 3, 4))
    sizes = {key: [1, 1] if key in ("strides", "dilations") else [0, 0] for key in SIZES}
    plain = b.conv_backward_data(weights, diff, src_size=[5, 5], **sizes)
    b.fetch(plain, b.relu_grad(plain, mask))
    assert "relu_grad" in op_names(b.graph.simplified().fused())
    assert_same_values(b)


def test_a_mask_of_another_shape_stays():
    b = Builder()
    mask, weights, diff = b.feed((1, 5, 1, 3)), b.feed((3, 3, 3, 4)), b.feed((2, 3, 3, 4))
    sizes = {key: [1, 1] if key in ("strides", "dilations") else [0, 0] for key in SIZES}
    b.fetch(b.relu_grad(b.conv_backward_data(weights, diff, src_size=[5, 5], **sizes), mask))
    assert "relu_grad" in op_names(b.graph.simplified().fused())
    assert_same_values(b)
