"""What follows a matmul or a convolution moves into it, where nothing else reads what lies between."""

import pytest
from graphs import Builder, assert_same_values, op_names


def matmul(b):
    return b.matmul(b.feed((6, 5)), b.state((5, 7))), 7


def transposed_matmul(b):
    return b.matmul(b.feed((5, 6)), b.state((7, 5)), transpose_a=True, transpose_b=True), 7


def conv(b):
    src, weights = b.feed((2, 6, 5, 3)), b.state((3, 3, 3, 4))
    sizes = {"strides": [1, 1], "dilations": [1, 1], "pads_before": [1, 1], "pads_after": [1, 1]}
    return b.conv(src, weights, **sizes), 4


PRODUCTS = {"matmul": matmul, "transposed matmul": transposed_matmul, "conv": conv}


def fused_name(product):
    return "conv" if product == "conv" else "gemm"


def fused_ops(b):
    graph = b.graph.simplified().fused()
    graph.verify()
    assert_same_values(b)
    return [op for op in op_names(graph) if op != "reshape"]


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("activation", [None, "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("residual", [None, "before", "after"])
@pytest.mark.parametrize("bias", [False, True])
def test_epilogue(product, bias, residual, activation):
    if not (bias or residual or activation):
        return
    b = Builder()
    y, channels = PRODUCTS[product](b)
    if residual == "before":
        y = b.add(b.feed(b.shape(y)), y)
    if bias:
        y = b.add(y, b.state((channels,)))
    if residual == "after":
        y = b.add(y, b.feed(b.shape(y)))
    if activation:
        y = b.emit(activation, y)
    b.fetch(y)
    assert fused_ops(b) == [fused_name(product)]


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_second_reader_ends_the_epilogue(product):
    b = Builder()
    y, channels = PRODUCTS[product](b)
    biased = b.add(y, b.state((channels,)))
    b.fetch(b.relu(biased), b.exp(biased))
    assert sorted(fused_ops(b)) == sorted([fused_name(product), "relu", "exp"])


def test_a_fetch_ends_the_epilogue():
    b = Builder()
    y, channels = matmul(b)
    b.fetch(y, b.relu(y))
    assert fused_ops(b) == ["matmul", "relu"]


def test_two_products_and_one_sum():
    b = Builder()
    (x, channels), (y, _) = matmul(b), matmul(b)
    b.fetch(b.tanh(b.add(b.add(x, b.state((channels,))), b.add(y, b.state((channels,))))))
    assert fused_ops(b) == ["gemm", "gemm"]


def test_other_activations_stay():
    b = Builder()
    y, channels = matmul(b)
    b.fetch(b.softplus(b.add(y, b.state((channels,)))))
    assert fused_ops(b) == ["gemm", "softplus"]


def test_training_keeps_the_epilogues():
    """The derivatives of relu, sigmoid and tanh read their result, so the sum before has one reader."""
    b = Builder()
    x, weights, bias = b.feed((6, 5)), [b.state((5, 7)), b.state((7, 3))], [b.state((7,)), b.state((3,))]
    hidden = b.relu(b.add(b.matmul(x, weights[0]), bias[0]))
    output = b.sigmoid(b.add(b.matmul(hidden, weights[1]), bias[1]))
    loss = b.mean(b.square(b.subtract(output, b.feed((6, 3)))), axes=[0, 1], keepdims=False)
    b.fetch(loss, *b.gradients(loss, [*weights, *bias]))
    ops = fused_ops(b)
    assert ops.count("gemm") == 3  # one of them with relu's derivative
    assert "relu" not in ops and "relu_grad" not in ops and "sigmoid" not in ops
    assert ops.count("matmul") == 2
