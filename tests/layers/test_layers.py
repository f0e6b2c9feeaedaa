"""Every layer through build, call, configuration, another batch size, a training step and its gradient."""

import numpy as np
import pytest
from layer_checks import check_layer

from pronghorn import layers

IMAGE, VOLUME, SERIES = (2, 5, 4, 2), (2, 3, 4, 3, 2), (3, 7, 4)
REGULARIZED = {
    "kernel_regularizer": "l2",
    "bias_regularizer": "l2",
    "activity_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "bias_constraint": "max_norm",
}
SEPARABLE = {
    "depthwise_regularizer": "l2",
    "bias_regularizer": "l2",
    "activity_regularizer": "l2",
    "depthwise_constraint": "unit_norm",
    "bias_constraint": "unit_norm",
}
FIRST = {"data_format": "channels_first"}

SEVERAL = ["Add", "Multiply", "Average", "Maximum", "Minimum"]
ROWS = [
    ("Dense", {"units": 3}, (2, 4)),
    ("Dense", {"units": 3, "activation": "relu", **REGULARIZED}, (2, 4)),
    ("Dense", {"units": 3, "use_bias": False, "kernel_initializer": "he_normal"}, (2, 5, 4)),
    ("Dense", {"units": 3, "activation": "softmax"}, (2, 3, 2, 4)),
    ("Activation", {"activation": "tanh"}, (2, 3)),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, (2, 3)),
    ("Flatten", {}, IMAGE),
    ("Flatten", FIRST, IMAGE),
    ("Reshape", {"target_shape": (-1, 4)}, IMAGE),
    ("Reshape", {"target_shape": (20, 2)}, IMAGE),
    ("Permute", {"dims": (3, 1, 2)}, IMAGE),
    ("RepeatVector", {"n": 3}, (2, 4)),
    ("Masking", {"mask_value": 2.0}, SERIES),
    ("Dropout", {"rate": 0.5}, (2, 3)),
    ("Dropout", {"rate": 0.5, "noise_shape": (None, 1, 4), "seed": 3}, SERIES),
    ("SpatialDropout1D", {"rate": 0.5}, SERIES),
    ("SpatialDropout2D", {"rate": 0.5}, IMAGE),
    ("SpatialDropout2D", {"rate": 0.5, **FIRST}, IMAGE),
    ("SpatialDropout3D", {"rate": 0.5}, VOLUME),
    ("GaussianNoise", {"stddev": 0.5}, (2, 3)),
    ("GaussianDropout", {"rate": 0.5}, (2, 3)),
    ("AlphaDropout", {"rate": 0.5}, (2, 3)),
    ("Conv1D", {"filters": 3, "kernel_size": 3}, SERIES),
    ("Conv1D", {"filters": 3, "kernel_size": 3, "padding": "same", "strides": 2, **REGULARIZED}, SERIES),
    ("Conv1D", {"filters": 3, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, SERIES),
    ("Conv1D", {"filters": 3, "kernel_size": 3, **FIRST}, SERIES),
    ("Conv2D", {"filters": 3, "kernel_size": (3, 2)}, IMAGE),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "same", "strides": (2, 1), **REGULARIZED}, IMAGE),
    ("Conv2D", {"filters": 3, "kernel_size": 2, "dilation_rate": 2, "use_bias": False}, IMAGE),
    ("Conv2D", {"filters": 3, "kernel_size": 2, "activation": "relu", **FIRST}, (2, 2, 5, 4)),
    ("Conv3D", {"filters": 2, "kernel_size": (2, 3, 2), "padding": "same", **REGULARIZED}, VOLUME),
    ("Conv3D", {"filters": 2, "kernel_size": 2, "strides": 2, **FIRST}, (2, 2, 3, 4, 3)),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, **REGULARIZED}, IMAGE),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 2, "padding": "same", **FIRST}, (2, 2, 5, 4)),
    (
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
        IMAGE,
    ),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2, **REGULARIZED}, VOLUME),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 3, "padding": "same", **FIRST}, (2, 2, 3, 4, 3)),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, **SEPARABLE}, IMAGE),
    ("DepthwiseConv2D", {"kernel_size": 2, "strides": 2, "padding": "same", **FIRST}, (2, 2, 5, 4)),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 3, **SEPARABLE}, SERIES),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 3, "padding": "same", **SEPARABLE}, IMAGE),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 2, "strides": 2, **FIRST}, (2, 2, 5, 4)),
    ("LocallyConnected1D", {"filters": 3, "kernel_size": 3, "strides": 2, **REGULARIZED}, SERIES),
    ("LocallyConnected2D", {"filters": 3, "kernel_size": (3, 2), **REGULARIZED}, IMAGE),
    ("LocallyConnected2D", {"filters": 3, "kernel_size": 2, **FIRST}, (2, 2, 5, 4)),
    ("MaxPooling1D", {"pool_size": 2}, SERIES),
    ("MaxPooling1D", {"pool_size": 3, "strides": 1, "padding": "same", **FIRST}, SERIES),
    ("MaxPooling2D", {"pool_size": (2, 3), "padding": "same"}, IMAGE),
    ("MaxPooling2D", {"pool_size": 2, "strides": 1, **FIRST}, IMAGE),
    ("MaxPooling3D", {"pool_size": 2}, VOLUME),
    ("AveragePooling1D", {"pool_size": 2}, SERIES),
    ("AveragePooling2D", {"pool_size": (2, 3), "padding": "same"}, IMAGE),
    ("AveragePooling2D", {"pool_size": 2, "strides": 1, **FIRST}, IMAGE),
    ("AveragePooling3D", {"pool_size": 2, "padding": "same"}, VOLUME),
    ("GlobalMaxPooling1D", {}, SERIES),
    ("GlobalMaxPooling2D", FIRST, IMAGE),
    ("GlobalMaxPooling3D", {}, VOLUME),
    ("GlobalAveragePooling1D", FIRST, SERIES),
    ("GlobalAveragePooling2D", {}, IMAGE),
    ("GlobalAveragePooling3D", FIRST, VOLUME),
    ("ZeroPadding1D", {"padding": (1, 2)}, SERIES),
    ("ZeroPadding2D", {"padding": ((1, 2), (0, 3))}, IMAGE),
    ("ZeroPadding2D", {"padding": 1, **FIRST}, IMAGE),
    ("ZeroPadding3D", {"padding": (1, 2, 0)}, VOLUME),
    ("Cropping1D", {"cropping": (1, 2)}, SERIES),
    ("Cropping2D", {"cropping": ((1, 2), (0, 1))}, IMAGE),
    ("Cropping2D", {"cropping": ((1, 0), (0, 1)), **FIRST}, (2, 2, 5, 4)),
    ("Cropping3D", {"cropping": 1}, VOLUME),
    ("UpSampling1D", {"size": 2}, SERIES),
    ("UpSampling2D", {"size": (2, 3)}, IMAGE),
    ("UpSampling2D", {"size": 2, "interpolation": "bilinear", **FIRST}, IMAGE),
    ("UpSampling3D", {"size": (2, 1, 2)}, VOLUME),
    ("BatchNormalization", {}, (5, 4)),
    (
        "BatchNormalization",
        {
            "axis": 1,
            "momentum": 0.9,
            "epsilon": 1e-2,
            "gamma_regularizer": "l2",
            "beta_regularizer": "l2",
            "gamma_constraint": "non_neg",
            "beta_constraint": "non_neg",
        },
        IMAGE,
    ),
    ("BatchNormalization", {"center": False, "scale": False}, (5, 4)),
    ("LeakyReLU", {"alpha": 0.1}, (2, 5)),
    ("PReLU", {"alpha_regularizer": "l2", "alpha_constraint": "non_neg"}, (2, 5)),
    ("PReLU", {"shared_axes": (1, 2), "alpha_initializer": "ones"}, IMAGE),
    ("ELU", {"alpha": 0.4}, (2, 5)),
    ("ThresholdedReLU", {"theta": 0.3}, (2, 5)),
    ("Softmax", {"axis": 1}, (2, 3, 4)),
    ("ReLU", {"max_value": 0.9, "negative_slope": 0.2, "threshold": 0.1}, (2, 5)),
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row[0]}" for i, row in enumerate(ROWS)])
def test_layer(row):
    name, arguments, *shapes = row
    check_layer(getattr(layers, name), arguments, *shapes)


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row[0] in ("Dense", "Conv2D", "MaxPooling2D", "BatchNormalization", "Softmax")],
    ids=lambda row: row[0],
)
def test_layer_in_float64(row):
    name, arguments, *shapes = row
    check_layer(getattr(layers, name), arguments, *shapes, dtype="float64", gradient=False)


@pytest.mark.parametrize(
    "name, arguments, shapes",
    [
        *((name, {}, [(2, 3, 4)] * 2) for name in ["Subtract", *SEVERAL]),
        *((name, {}, [(2, 3, 4), (2, 4), (2, 1, 4)]) for name in SEVERAL),
        ("Concatenate", {"axis": 1}, [(2, 3, 4), (2, 1, 4)]),
        ("Concatenate", {}, [(2, 3), (2, 3), (2, 1)]),
        ("Dot", {"axes": 1}, [(2, 3), (2, 3)]),
        ("Dot", {"axes": (1, 2), "normalize": True}, [(2, 3, 4), (2, 5, 3)]),
    ],
)
def test_merge_layer(name, arguments, shapes):
    check_layer(getattr(layers, name), arguments, *shapes)


@pytest.mark.parametrize("arguments", [{}, {"mask_zero": True}, {"input_length": 4}])
def test_embedding(arguments):
    check_layer(
        layers.Embedding,
        {
            "input_dim": 6,
            "output_dim": 3,
            "embeddings_regularizer": "l2",
            "embeddings_constraint": "unit_norm",
            **arguments,
        },
        (2, 4),
        integers=6,
        gradient=False,
        expected=None,
    )


def test_embedding_picks_rows():
    layer = layers.Embedding(5, 2, weights=[np.arange(10.0).reshape(5, 2)])
    np.testing.assert_array_equal(layer(np.array([[4, 0]])), [[[8, 9], [0, 1]]])
