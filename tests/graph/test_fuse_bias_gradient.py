"""The gradient by a convolution's bias comes with that by its weights."""

import pytest
from graphs import Builder, assert_same_values, op_names

SIZES = {"strides": [1, 2], "dilations": [1, 1], "pads_before": [1, 0], "pads_after": [1, 1]}


def layers(b, kernels, channels):
    x, weights = b.feed((2, 7, 8, 3)), []
    y = x
    for kernel in kernels:
        new = [b.state((*kernel, b.shape(y)[-1], channels)), b.state((channels,))]
        y = b.relu(b.add(b.conv(y, new[0], **SIZES), new[1]))
        weights += new
    loss = b.sum(b.square(y), axes=[0, 1, 2, 3], keepdims=False)
    b.fetch(loss, *b.gradients(loss, weights))


def test_two_layers():
    b = Builder()
    layers(b, [(3, 3), (2, 3)], 4)
    ops = op_names(b.graph.simplified().fused())
    assert ops.count("conv_backward_weights") == 2
    assert ops.count("sum") == 1  # the loss
    assert_same_values(b)


@pytest.mark.parametrize("channels, sums", [(4, 0), (9, 1)])
def test_pointwise_layers_of_many_channels_keep_the_sum(channels, sums):
    b = Builder()
    layers(b, [(1, 1), (1, 1)], channels)
    ops = op_names(b.graph.simplified().fused())
    assert ops.count("sum") == 1 + sums
    assert_same_values(b)


def test_other_sums_stay():
    b = Builder()
    x, diff = b.feed((2, 5, 5, 3)), b.feed((2, 3, 3, 4))
    sizes = {**SIZES, "strides": [1, 1], "pads_before": [0, 0], "pads_after": [0, 0]}
    b.fetch(b.conv_backward_weights(x, diff, kernel_size=[3, 3], **sizes))
    b.fetch(b.sum(diff, axes=[1, 2], keepdims=False), b.sum(diff, axes=[1, 2, 3], keepdims=True))
    assert op_names(b.graph.simplified().fused()).count("sum") == 2
    assert_same_values(b)


def test_a_sum_before_the_image_is_there_stays():
    b = Builder()
    diff = b.feed((2, 3, 3, 4))
    bias = b.sum(diff, axes=[0, 1, 2], keepdims=False)
    image = b.concatenate(b.feed((2, 5, 2, 4)), b.add(b.feed((2, 5, 3, 4)), bias), axis=2)
    sizes = {**SIZES, "strides": [1, 1], "pads_before": [0, 0], "pads_after": [0, 0]}
    b.fetch(bias, b.conv_backward_weights(image, diff, kernel_size=[3, 3], **sizes))
    assert "sum" in op_names(b.graph.simplified().fused())
    assert_same_values(b)
