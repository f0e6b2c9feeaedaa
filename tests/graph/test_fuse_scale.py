"""A scale and a shift per channel behind a matmul or a convolution move into its weights and bias."""

import pytest
from graphs import Builder, assert_same_values, op_names


def matmul(b):
    return b.matmul(b.feed((60, 5)), b.state((5, 7))), (7,)


def transposed_matmul(b):
    return b.matmul(b.feed((60, 5)), b.state((7, 5)), transpose_b=True), (7,)


def conv(b):
    src, weights = b.feed((2, 9, 8, 3)), b.state((3, 3, 3, 4))
    sizes = {"strides": [1, 1], "dilations": [1, 1], "pads_before": [1, 1], "pads_after": [1, 1]}
    return b.conv(src, weights, **sizes), (1, 1, 1, 4)


PRODUCTS = {"matmul": matmul, "transposed matmul": transposed_matmul, "conv": conv}


def normalized(b, x, shape):
    mean, variance, gamma, beta = b.state(shape), b.state(shape), b.state(shape), b.state(shape)
    scale = b.multiply(b.rsqrt(b.add(b.square(variance), b.constant(1e-3))), gamma)
    return b.add(b.multiply(b.subtract(x, mean), scale), beta)


def large_ops(b):
    """The ops of the fused graph whose result is as large as the first fetch."""
    count = str(b.shape(b.results[0]))
    lines = str(b.graph.simplified().fused()).splitlines()
    return [line.split(" = ")[1].split("(")[0] for line in lines if line.endswith(f"float64{count}")]


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("bias", [False, True])
def test_batch_normalization_at_inference(product, bias):
    b = Builder()
    x, shape = PRODUCTS[product](b)
    if bias:
        x = b.add(x, b.state(shape))
    b.results = [b.relu(normalized(b, x, shape))]
    b.fetch(*b.results)
    assert large_ops(b) == ["conv" if product == "conv" else "gemm"]
    assert_same_values(b, rtol=1e-10, atol=1e-10)


def test_weights_larger_than_the_result_stay():
    b = Builder()
    x = b.matmul(b.feed((3, 50)), b.state((50, 7)))
    b.fetch(b.multiply(x, b.state((7,))))
    assert op_names(b.graph.fused()) == ["matmul", "multiply"]


def test_larger_weights_take_a_scale_that_is_kept():
    b = Builder()
    x = b.matmul(b.feed((4, 50)), b.state((50, 7)))
    b.fetch(b.multiply(x, b.state((7,))))
    assert op_names(b.graph.fused(keep=True)) == ["multiply", "matmul"]
    b = Builder()
    x = b.matmul(b.feed((4, 50)), b.state((50, 7)))
    b.fetch(b.multiply(x, b.feed((7,))))
    assert op_names(b.graph.fused(keep=True)) == ["matmul", "multiply"]
    b = Builder()
    x = b.matmul(b.feed((4, 500)), b.state((500, 7)))
    b.fetch(b.multiply(x, b.state((7,))))
    assert op_names(b.graph.fused(keep=True)) == ["matmul", "multiply"]


def test_a_second_reader_keeps_the_unscaled_result():
    b = Builder()
    x, shape = matmul(b)
    b.fetch(x, b.multiply(x, b.state(shape)))
    assert op_names(b.graph.fused()) == ["matmul", "multiply"]


def test_a_bias_alone_is_left_to_the_epilogue():
    b = Builder()
    x, shape = matmul(b)
    b.fetch(b.subtract(x, b.state(shape)))
    assert op_names(b.graph.fused()) == ["matmul", "subtract"]
