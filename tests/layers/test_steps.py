"""Which steps stacks of layers become: what is folded away stays folded away."""

import pytest

from pronghorn import layers, ops


def steps_of(stack, shape, training=False):
    """Ops of the program of a stack of layers; with its gradients in training."""
    with ops.Trace(training=training) as trace:
        y = x = trace.feed(shape)
        for layer in stack:
            y = layer(y)
        trace.fetch(y)
        if training:
            weights = [trace.read(w) for layer in stack for w in layer.trainable_weights]
            for gradient in trace.gradients([ops.sum(y)], weights):
                trace.fetch(gradient)
        program = trace.compile()
    assert x.shape == shape
    return [step["op"] for step in program.steps()]


def convolutions(data_format):
    axis = 1 if data_format == "channels_first" else -1
    images = {"data_format": data_format}
    return [
        layers.Conv2D(8, 3, **images),
        layers.BatchNormalization(axis=axis),
        layers.Activation("relu"),
        layers.MaxPooling2D(**images),
        layers.Conv2D(8, 3, activation="relu", **images),
        layers.GlobalAveragePooling2D(**images),
        layers.Dense(4, activation="softmax"),
    ]


@pytest.mark.parametrize("training", [False, True])
def test_channels_first_costs_one_transpose(training):
    last = steps_of(convolutions("channels_last"), (2, 12, 12, 3), training)
    first = steps_of(convolutions("channels_first"), (2, 3, 12, 12), training)
    assert last.count("transpose") == 0 and first.count("transpose") == 1
    assert len(first) == len(last) + 1


def test_batch_normalization_moves_into_the_convolution():
    stack = [layers.Conv2D(8, 3, use_bias=False), layers.BatchNormalization(), layers.Activation("relu")]
    ops_of = steps_of(stack, (2, 12, 12, 3))
    assert ops_of[-1] == "conv" and ops_of.count("conv") == 1  # what is before has the size of a weight


@pytest.mark.parametrize(
    "stack, shape, expected",
    [
        ([layers.Dense(4, activation="relu")], (8, 5), ["gemm"]),
        ([layers.Dense(4, activation="tanh")], (2, 3, 5), ["gemm"]),
        ([layers.Conv2D(4, 3, activation="relu", padding="same")], (2, 8, 8, 3), ["conv"]),
        ([layers.Conv1D(4, 3, padding="causal")], (2, 8, 3), ["conv"]),
        ([layers.Dropout(0.5), layers.Flatten(), layers.Reshape((6,)), layers.Dense(2)], (4, 2, 3), ["gemm"]),
        ([layers.Dense(4), layers.LeakyReLU()], (8, 5), ["gemm", "leaky_relu"]),
        ([layers.ReLU(max_value=6.0, threshold=0.5, negative_slope=0.1)], (8, 5), ["fused"]),
        ([layers.GlobalMaxPooling2D()], (2, 4, 4, 3), ["max"]),
    ],
)
def test_steps_in_testing(stack, shape, expected):
    assert steps_of(stack, shape) == expected


def test_dropout_keeps_no_mask():
    found = steps_of([layers.Dense(4), layers.Dropout(0.5), layers.Dense(3)], (8, 5), training=True)
    assert found.count("dropout") + found.count("fused") <= 2 and "random_uniform" not in found
