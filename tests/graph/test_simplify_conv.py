"""Padding moves into convolutions, and transposes of channels_first models cancel."""

import pytest
from graphs import Builder, assert_same_values, op_names

SIZES = {"strides": [2, 1], "dilations": [1, 2], "pads_before": [0, 1], "pads_after": [1, 1]}
NHWC, NCHW = [0, 2, 3, 1], [0, 3, 1, 2]


@pytest.mark.parametrize("op", ["conv", "depthwise_conv"])
def test_padding(op):
    b = Builder()
    x, weights = b.feed((2, 5, 6, 3)), b.state((3, 2, 3, 2))
    y = b.emit(op, b.pad(x, before=[0, 1, 2, 0], after=[0, 2, 0, 0]), weights, **SIZES)
    b.fetch(y, *b.gradients(b.sum(b.square(y), axes=[0, 1, 2, 3], keepdims=False), [x, weights]))
    ops = op_names(b.graph.simplified())
    assert "pad" not in ops and "slice" not in ops
    assert f"{op}_backward_data" in ops and f"{op}_backward_weights" in ops
    assert_same_values(b)


@pytest.mark.parametrize("sides", [([1, 0, 0, 0], [0, 0, 0, 0]), ([0, 0, 0, 0], [0, 0, 0, 1])])
def test_padding_of_other_axes_stays(sides):
    b = Builder()
    before, after = sides
    x = b.pad(b.feed((2, 5, 6, 3 - after[3])), before=before, after=after)
    b.fetch(b.conv(x, b.state((3, 2, 3, 2)), **SIZES))
    assert op_names(b.graph.simplified()) == ["pad", "conv"]


def test_reflected_padding_stays():
    b = Builder()
    x = b.pad(b.feed((2, 5, 6, 3)), before=[0, 1, 1, 0], after=[0, 1, 1, 0], mode="reflect")
    b.fetch(b.conv(x, b.state((3, 2, 3, 2)), **SIZES))
    assert op_names(b.graph.simplified()) == ["pad", "conv"]


def channels_first_layer(b, x, channels_in, channels_out):
    """As Python emits it: transposes at the edges of the convolution, the bias along axis 1."""
    sizes = {"strides": [1, 1], "dilations": [1, 1], "pads_before": [1, 1], "pads_after": [1, 1]}
    weights, bias = b.state((3, 3, channels_in, channels_out)), b.state((channels_out,))
    y = b.transpose(b.conv(b.transpose(x, axes=NHWC), weights, **sizes), axes=NCHW)
    y = b.relu(b.add(y, b.reshape(bias, shape=[1, channels_out, 1, 1])))
    return y, [weights, bias]


def test_channels_first_training():
    """Between layers, forward and backward, nothing is transposed: only the image that is fed."""
    b = Builder()
    x = b.feed((2, 3, 6, 5))
    y, first = channels_first_layer(b, x, 3, 4)
    y, second = channels_first_layer(b, y, 4, 4)
    y, third = channels_first_layer(b, b.add(y, b.constant(1.0)), 4, 2)
    loss = b.mean(b.square(y), axes=[0, 1, 2, 3], keepdims=False)
    b.fetch(loss, *b.gradients(loss, [*first, *second, *third]))
    before, after = op_names(b.graph), op_names(b.graph.simplified())
    assert before.count("transpose") > 8
    assert after.count("transpose") == 1
    fused = op_names(b.graph.simplified().fused())
    assert fused.count("conv") == 3 and "relu" not in fused
    assert_same_values(b)
