"""Layers compared with tf-keras: rows of (name, class, arguments, input shapes, training).

Inputs and weights are drawn anew on both sides, by `arrays_for`; only results are stored.
"""

import zlib

import numpy as np

IMAGE, VOLUME, SERIES = (2, 7, 6, 3), (2, 5, 4, 6, 2), (3, 9, 4)


def _first(shape):
    return (shape[0], shape[-1], *shape[1:-1])


def _cases():
    def case(name, layer, arguments, *shapes, training=False):
        return name, layer, arguments, shapes, training

    yield case("dense", "Dense", {"units": 5}, (4, 7))
    yield case("dense_relu_rank3", "Dense", {"units": 5, "activation": "relu"}, SERIES)
    yield case("dense_no_bias", "Dense", {"units": 3, "use_bias": False, "activation": "tanh"}, (4, 7))
    yield case("dense_softmax", "Dense", {"units": 5, "activation": "softmax"}, (4, 7))
    for name in [
        "elu",
        "selu",
        "softplus",
        "softsign",
        "relu",
        "tanh",
        "sigmoid",
        "hard_sigmoid",
        "exponential",
        "linear",
        "softmax",
    ]:
        yield case(f"activation_{name}", "Activation", {"activation": name}, (3, 8))
    yield case("flatten", "Flatten", {}, IMAGE)
    yield case("flatten_first", "Flatten", {"data_format": "channels_first"}, IMAGE)
    yield case("reshape", "Reshape", {"target_shape": (6, -1)}, IMAGE)
    yield case("permute", "Permute", {"dims": (3, 1, 2)}, IMAGE)
    yield case("repeat_vector", "RepeatVector", {"n": 3}, (4, 5))
    yield case("masking", "Masking", {"mask_value": 0.0}, SERIES)

    c1 = {"filters": 5, "kernel_size": 3}
    yield case("conv1d", "Conv1D", c1, SERIES)
    yield case("conv1d_same_stride", "Conv1D", {**c1, "strides": 2, "padding": "same"}, SERIES)
    yield case("conv1d_causal", "Conv1D", {**c1, "padding": "causal"}, SERIES)
    yield case("conv1d_causal_dilated", "Conv1D", {**c1, "padding": "causal", "dilation_rate": 2}, SERIES)
    yield case("conv1d_first", "Conv1D", {**c1, "data_format": "channels_first"}, _first(SERIES))
    c2 = {"filters": 4, "kernel_size": 3}
    yield case("conv2d", "Conv2D", {**c2, "activation": "relu"}, IMAGE)
    yield case("conv2d_same", "Conv2D", {**c2, "padding": "same"}, IMAGE)
    yield case("conv2d_stride", "Conv2D", {**c2, "strides": (2, 1), "use_bias": False}, IMAGE)
    yield case("conv2d_same_stride", "Conv2D", {**c2, "strides": 2, "padding": "same"}, IMAGE)
    yield case("conv2d_dilated", "Conv2D", {**c2, "dilation_rate": (2, 1)}, IMAGE)
    yield case("conv2d_same_dilated", "Conv2D", {**c2, "padding": "same", "dilation_rate": 2}, IMAGE)
    yield case("conv2d_even", "Conv2D", {"filters": 4, "kernel_size": (2, 4), "padding": "same"}, IMAGE)
    yield case("conv2d_1x1", "Conv2D", {"filters": 4, "kernel_size": 1}, IMAGE)
    yield case("conv2d_first", "Conv2D", {**c2, "data_format": "channels_first"}, _first(IMAGE))
    yield case("conv3d", "Conv3D", {**c2, "kernel_size": (3, 2, 3)}, VOLUME)
    yield case("conv3d_same_stride", "Conv3D", {**c2, "strides": 2, "padding": "same"}, VOLUME)
    yield case("conv3d_first", "Conv3D", {**c2, "data_format": "channels_first"}, _first(VOLUME))
    yield case("conv2d_transpose", "Conv2DTranspose", c2, IMAGE)
    yield case("conv2d_transpose_stride", "Conv2DTranspose", {**c2, "strides": 2}, IMAGE)
    yield case("conv2d_transpose_gap", "Conv2DTranspose", {**c2, "kernel_size": 2, "strides": 3}, IMAGE)
    yield case("conv2d_transpose_same", "Conv2DTranspose", {**c2, "strides": 2, "padding": "same"}, IMAGE)
    yield case(
        "conv2d_transpose_output_padding",
        "Conv2DTranspose",
        {**c2, "strides": 2, "padding": "same", "output_padding": 1},
        IMAGE,
    )
    yield case("conv2d_transpose_dilated", "Conv2DTranspose", {**c2, "dilation_rate": 2}, IMAGE)
    yield case(
        "conv2d_transpose_first",
        "Conv2DTranspose",
        {**c2, "strides": 2, "data_format": "channels_first"},
        _first(IMAGE),
    )
    yield case("conv3d_transpose", "Conv3DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2}, VOLUME)
    yield case(
        "conv3d_transpose_same",
        "Conv3DTranspose",
        {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"},
        VOLUME,
    )
    yield case("depthwise", "DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, IMAGE)
    yield case(
        "depthwise_same_stride",
        "DepthwiseConv2D",
        {"kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"},
        IMAGE,
    )
    yield case("depthwise_dilated", "DepthwiseConv2D", {"kernel_size": 3, "dilation_rate": 2}, IMAGE)
    yield case("separable_conv1d", "SeparableConv1D", {**c1, "depth_multiplier": 2}, SERIES)
    yield case("separable_conv2d", "SeparableConv2D", {**c2, "padding": "same"}, IMAGE)
    yield case(
        "separable_conv2d_stride",
        "SeparableConv2D",
        {**c2, "strides": 2, "depth_multiplier": 2},
        IMAGE,
    )
    yield case("local1d", "LocallyConnected1D", {**c1, "strides": 2}, SERIES)
    yield case("local2d", "LocallyConnected2D", {"filters": 3, "kernel_size": (3, 2)}, IMAGE)

    for kind in ("Max", "Average"):
        name = kind.lower()
        yield case(f"{name}_pool1d", f"{kind}Pooling1D", {"pool_size": 2}, SERIES)
        yield case(
            f"{name}_pool1d_same",
            f"{kind}Pooling1D",
            {"pool_size": 3, "strides": 2, "padding": "same"},
            SERIES,
        )
        yield case(f"{name}_pool2d", f"{kind}Pooling2D", {"pool_size": 2}, IMAGE)
        yield case(
            f"{name}_pool2d_same",
            f"{kind}Pooling2D",
            {"pool_size": 3, "strides": (2, 1), "padding": "same"},
            IMAGE,
        )
        yield case(
            f"{name}_pool2d_first",
            f"{kind}Pooling2D",
            {"pool_size": (2, 3), "data_format": "channels_first"},
            _first(IMAGE),
        )
        yield case(f"{name}_pool3d", f"{kind}Pooling3D", {"pool_size": 2, "padding": "same"}, VOLUME)
        for rank, shape in ((1, SERIES), (2, IMAGE), (3, VOLUME)):
            yield case(f"global_{name}_pool{rank}d", f"Global{kind}Pooling{rank}D", {}, shape)

    yield case("zero_padding1d", "ZeroPadding1D", {"padding": (1, 2)}, SERIES)
    yield case("zero_padding2d", "ZeroPadding2D", {"padding": ((1, 0), (2, 1))}, IMAGE)
    yield case("zero_padding3d", "ZeroPadding3D", {"padding": (1, 0, 2)}, VOLUME)
    yield case("cropping1d", "Cropping1D", {"cropping": (1, 2)}, SERIES)
    yield case("cropping2d", "Cropping2D", {"cropping": ((1, 0), (2, 1))}, IMAGE)
    yield case("cropping3d", "Cropping3D", {"cropping": (1, 0, 2)}, VOLUME)
    yield case("upsampling1d", "UpSampling1D", {"size": 3}, SERIES)
    yield case("upsampling2d", "UpSampling2D", {"size": (2, 3)}, IMAGE)
    yield case("upsampling2d_bilinear", "UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, IMAGE)
    yield case("upsampling3d", "UpSampling3D", {"size": 2}, VOLUME)

    yield case("batch_norm", "BatchNormalization", {}, (6, 5))
    yield case("batch_norm_train", "BatchNormalization", {}, (6, 5), training=True)
    yield case("batch_norm_train_image", "BatchNormalization", {"epsilon": 1e-2}, IMAGE, training=True)
    yield case("batch_norm_train_axis1", "BatchNormalization", {"axis": 1}, SERIES, training=True)
    yield case("batch_norm_axis1", "BatchNormalization", {"axis": 1}, SERIES)
    yield case("batch_norm_no_scale", "BatchNormalization", {"scale": False}, (6, 5), training=True)
    yield case("batch_norm_no_center", "BatchNormalization", {"center": False}, (6, 5), training=True)

    for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        yield case(kind.lower(), kind, {}, (3, 4, 2), (3, 4, 2))
    yield case("add_broadcast", "Add", {}, (3, 4, 2), (3, 1, 2), (3, 4, 1))
    yield case("concatenate", "Concatenate", {"axis": 1}, (3, 4, 2), (3, 1, 2), (3, 2, 2))
    yield case("dot", "Dot", {"axes": 1}, (3, 4), (3, 4))
    yield case("dot_matrices", "Dot", {"axes": (2, 1)}, (3, 4, 5), (3, 5, 2))
    yield case("dot_normalized", "Dot", {"axes": -1, "normalize": True}, (3, 4, 5), (3, 2, 5))

    yield case("leaky_relu", "LeakyReLU", {"alpha": 0.2}, (3, 8))
    yield case("prelu", "PReLU", {}, IMAGE)
    yield case("prelu_shared", "PReLU", {"shared_axes": [1, 2]}, IMAGE)
    yield case("elu", "ELU", {"alpha": 0.7}, (3, 8))
    yield case("thresholded_relu", "ThresholdedReLU", {"theta": 0.5}, (3, 8))
    yield case("softmax_axis1", "Softmax", {"axis": 1}, (3, 4, 5))
    yield case("relu6", "ReLU", {"max_value": 1.0}, (3, 8))
    yield case("relu_all", "ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.3}, (3, 8))


CASES = list(_cases())


def arrays_for(name, shapes):
    """Random arrays for a case, the same wherever they are drawn."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    return [random.standard_normal(shape).astype("float32") for shape in shapes]


def weights_for(name, weights):
    """Values for weights given as pairs (name, shape); variances are positive."""
    values = arrays_for(name + "/weights", [shape for _, shape in weights])
    return [
        np.abs(value) + np.float32(0.5) if "variance" in weight else value * np.float32(0.5)
        for (weight, _), value in zip(weights, values)
    ]


def diff_output(shape):
    """What the gradient of the output is taken to be."""
    return np.cos(np.arange(np.prod(shape))).reshape(shape).astype("float32")
