"""Configurations hold exactly the keys of Keras 2.3.1."""

import pytest

from pronghorn import layers

BASE = "name trainable dtype"
WEIGHTS = "activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer "
WEIGHTS += "activity_regularizer kernel_constraint bias_constraint"
CONV = "filters kernel_size strides padding data_format dilation_rate"
DEPTHWISE = (
    "depthwise_initializer depthwise_regularizer depthwise_constraint depth_multiplier activation use_bias "
)
DEPTHWISE += "bias_initializer bias_regularizer activity_regularizer bias_constraint"
POOL = "pool_size strides padding data_format"
NORM = "axis momentum epsilon center scale beta_initializer gamma_initializer moving_mean_initializer "
NORM += "moving_variance_initializer beta_regularizer gamma_regularizer beta_constraint gamma_constraint"
EMBEDDING = "input_dim output_dim embeddings_initializer embeddings_regularizer activity_regularizer "
EMBEDDING += "embeddings_constraint mask_zero input_length batch_input_shape"
POINTWISE = "pointwise_initializer pointwise_regularizer pointwise_constraint"

ELEMENTWISE = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"]
ROWS = [
    (layers.Dense(3), f"units {WEIGHTS}"),
    (layers.Activation("relu"), "activation"),
    (layers.ActivityRegularization(), "l1 l2"),
    (layers.Masking(), "mask_value"),
    (layers.Dropout(0.5), "rate noise_shape seed"),
    (layers.SpatialDropout1D(0.5), "rate noise_shape seed"),
    (layers.SpatialDropout2D(0.5), "rate noise_shape seed"),
    (layers.SpatialDropout3D(0.5), "rate noise_shape seed"),
    (layers.Flatten(), "data_format"),
    (layers.Reshape((2,)), "target_shape"),
    (layers.Permute((1,)), "dims"),
    (layers.RepeatVector(2), "n"),
    (layers.Lambda(abs), "function function_type output_shape output_shape_type arguments"),
    (layers.Conv1D(2, 3), f"{CONV} {WEIGHTS}"),
    (layers.Conv2D(2, 3), f"{CONV} {WEIGHTS}"),
    (layers.Conv3D(2, 3), f"{CONV} {WEIGHTS}"),
    (layers.Conv2DTranspose(2, 3), f"{CONV} {WEIGHTS} output_padding"),
    (layers.Conv3DTranspose(2, 3), f"{CONV} {WEIGHTS} output_padding -dilation_rate"),
    (layers.DepthwiseConv2D(3), f"{CONV} {DEPTHWISE} -filters"),
    (layers.SeparableConv1D(2, 3), f"{CONV} {DEPTHWISE} {POINTWISE}"),
    (layers.SeparableConv2D(2, 3), f"{CONV} {DEPTHWISE} {POINTWISE}"),
    (layers.LocallyConnected1D(2, 3), f"{CONV} {WEIGHTS} -dilation_rate -data_format"),
    (layers.LocallyConnected2D(2, 3), f"{CONV} {WEIGHTS} -dilation_rate"),
    *(
        (getattr(layers, f"{kind}Pooling{rank}D")(), POOL)
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    ),
    *(
        (getattr(layers, f"Global{kind}Pooling{rank}D")(), "data_format")
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    ),
    (layers.ZeroPadding1D(), "padding"),
    (layers.ZeroPadding2D(), "padding data_format"),
    (layers.ZeroPadding3D(), "padding data_format"),
    (layers.Cropping1D(), "cropping"),
    (layers.Cropping2D(), "cropping data_format"),
    (layers.Cropping3D(), "cropping data_format"),
    (layers.UpSampling1D(), "size"),
    (layers.UpSampling2D(), "size data_format interpolation"),
    (layers.UpSampling3D(), "size data_format"),
    (layers.BatchNormalization(), NORM),
    (layers.Embedding(2, 3), EMBEDDING),
    (layers.GaussianNoise(0.1), "stddev"),
    (layers.GaussianDropout(0.1), "rate"),
    (layers.AlphaDropout(0.1), "rate"),
    (layers.LeakyReLU(), "alpha"),
    (layers.PReLU(), "alpha_initializer alpha_regularizer alpha_constraint shared_axes"),
    (layers.ELU(), "alpha"),
    (layers.ThresholdedReLU(), "theta"),
    (layers.Softmax(), "axis"),
    (layers.ReLU(), "max_value negative_slope threshold"),
    *((getattr(layers, name)(), "") for name in ELEMENTWISE),
    (layers.Concatenate(), "axis"),
    (layers.Dot(1), "axes normalize"),
]


@pytest.mark.parametrize("layer, keys", ROWS, ids=[type(row[0]).__name__ for row in ROWS])
def test_keys(layer, keys):
    words = set(f"{BASE} {keys}".split())
    dropped = {word[1:] for word in words if word.startswith("-")}
    expected = {word for word in words if not word.startswith("-")} - dropped
    assert set(layer.get_config()) == expected


def test_configurations_are_plain_data():
    import json

    for layer, _ in ROWS:
        json.dumps(layer.get_config())
