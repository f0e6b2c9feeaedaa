"""What layers refuse, with Keras's exceptions, and what they say."""

import numpy as np
import pytest

from pronghorn import layers
from pronghorn.layers import Input

IMAGE = (8, 8, 3)


def two(*shapes):
    return [Input(shape) for shape in shapes]


ROWS = [
    # arguments
    (lambda: layers.Conv2D(4, (3, 3, 3)), "kernel_size"),
    (lambda: layers.Conv2D(4, "three"), "kernel_size"),
    (lambda: layers.Conv2D(4, 3, strides=(1,)), "strides"),
    (lambda: layers.Conv2D(4, 3, padding="full"), "padding"),
    (lambda: layers.Conv2D(4, 3, padding="causal"), "causal"),
    (lambda: layers.Conv2D(4, 3, data_format="channels_middle"), "data_format"),
    (lambda: layers.Conv1D(4, 3, padding="causal", data_format="channels_first"), "causal"),
    (lambda: layers.Conv2DTranspose(4, 3, strides=2, output_padding=2), "output padding"),
    (lambda: layers.Conv3DTranspose(4, 3, strides=2, output_padding=(0, 0, 2)), "output padding"),
    (lambda: layers.LocallyConnected1D(4, 3, padding="same"), "valid"),
    (lambda: layers.LocallyConnected2D(4, 3, padding="same"), "valid"),
    (lambda: layers.LocallyConnected1D(4, 3, data_format="channels_first"), "channels_last"),
    (lambda: layers.MaxPooling2D((2, 2, 2)), "pool_size"),
    (lambda: layers.MaxPooling2D(padding="causal"), "padding"),
    (lambda: layers.UpSampling2D(interpolation="cubic"), "interpolation"),
    (lambda: layers.ZeroPadding2D((1, 1, 1)), "2 elements"),
    (lambda: layers.ZeroPadding2D(padding=None), "padding"),
    (lambda: layers.ZeroPadding3D((1, 1)), "3 elements"),
    (lambda: layers.Cropping2D((1, 1, 1)), "2 elements"),
    (lambda: layers.Cropping2D(cropping=None), "cropping"),
    (lambda: layers.Cropping3D((1, 1)), "3 elements"),
    (lambda: layers.Cropping1D((1, 1, 1)), "cropping"),
    (lambda: layers.Permute((1, 3)), "dims"),
    (lambda: layers.ReLU(max_value=-1.0), "max_value"),
    (lambda: layers.ReLU(negative_slope=-1.0), "negative_slope"),
    (lambda: layers.Dot((1, 2, 3)), "two ints"),
    (lambda: layers.Dot((1.0, 2)), "two ints"),
    (lambda: layers.Dense(3, activation="nothing"), "activation"),
    (lambda: layers.Dense(3, kernel_initializer="nothing"), "initializer"),
    (lambda: layers.Dense(3, kernel_regularizer="nothing"), "regularizer"),
    (lambda: layers.Dense(3, bias_constraint="nothing"), "constraint"),
    (lambda: layers.deserialize({"class_name": "Dence", "config": {}}), "Dence"),
    # inputs
    (lambda: layers.Dense(3)(Input((None,))), "last dimension"),
    (lambda: layers.Conv2D(4, 3)(Input((8, 8, None))), "channel dimension"),
    (lambda: layers.Conv2D(4, 3)(Input((8, 8))), "ndim=4"),
    (lambda: layers.DepthwiseConv2D(3)(Input((8, 8, None))), "channel dimension"),
    (lambda: layers.Conv2DTranspose(4, 3)(Input((8, 8, None))), "channel dimension"),
    (lambda: layers.LocallyConnected2D(4, 3)(Input((None, 8, 3))), "fully-defined"),
    (lambda: layers.LocallyConnected1D(4, 3)(Input((None, 3))), "fully-defined"),
    (lambda: layers.Flatten()(Input((None, 3))), "not fully defined"),
    (lambda: layers.Reshape((5, -1))(Input((8,))), "total size"),
    (lambda: layers.Reshape((-1, -1))(Input((8,))), "one unknown"),
    (lambda: layers.Permute((2, 1))(Input((8,))), "ndim=3"),
    (lambda: layers.RepeatVector(2)(Input((8, 8))), "ndim=2"),
    (lambda: layers.Softmax()(np.ones(3, "float32")), "1D"),
    (lambda: layers.PReLU()(Input((None, 3))), "shared_axes"),
    (lambda: layers.Embedding(4, 2, input_length=3)(Input((5,))), "input_length"),
    (lambda: layers.Cropping1D(5)(np.ones((1, 8, 2), "float32")), "cropping"),
    # merges
    (lambda: layers.Add()(Input((3,))), "list of inputs"),
    (lambda: layers.Add()([Input((3,))]), "list of inputs"),
    (lambda: layers.Add()(two((3,), (4,))), "broadcast"),
    (lambda: layers.Add()([Input(batch_shape=(2, 3)), Input(batch_shape=(4, 3))]), "batch sizes"),
    (lambda: layers.Subtract()(two((3,), (3,), (3,))), "exactly 2"),
    (lambda: layers.Concatenate()(Input((3,))), "at least 2"),
    (lambda: layers.Concatenate(axis=1)(two((3, 2), (3, 4))), "matching shapes"),
    (lambda: layers.Dot(1)(Input((3,))), "2 inputs"),
    (lambda: layers.Dot(1)(two((3,), (4,))), "incompatib"),
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row[1]}" for i, row in enumerate(ROWS)])
def test_value_errors(row):
    call, message = row
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: layers.Dense(3, colour="red"), "colour"),
        (lambda: layers.Dense(), "units"),
        (lambda: layers.Dot("one"), "axes"),
        (lambda: layers.RepeatVector(2.5), "integer"),
        (lambda: layers.Conv3DTranspose(4, 3, dilation_rate=2), "dilation_rate"),
        (lambda: layers.SeparableConv2D(4, 3, kernel_initializer="ones"), "kernel_initializer"),
    ],
)
def test_type_errors(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_the_layer_is_named():
    layer = layers.Conv2D(4, 3, name="block1_conv1")
    layer.build((None, *IMAGE))
    with pytest.raises(ValueError, match="block1_conv1.*axis -1.*3"):
        layer(Input((8, 8, 4)))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: layers.Dense(-3), "`units`"),
        (lambda: layers.Conv2D(0, 3), "`filters`"),
        (lambda: layers.Conv2D(4, 0), "`kernel_size`"),
        (lambda: layers.Conv2D(4, 3, strides=0), "`strides`"),
        (lambda: layers.Conv2D(4, 3, dilation_rate=(1, 0)), "`dilation_rate`"),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "`depth_multiplier`"),
        (lambda: layers.MaxPooling2D(0), "`pool_size`"),
        (lambda: layers.MaxPooling2D(2, strides=(1, 0)), "`strides`"),
        (lambda: layers.UpSampling2D(0), "`size`"),
        (lambda: layers.ZeroPadding2D(-1), "`padding` must not be negative"),
        (lambda: layers.Cropping1D((0, -1)), "`cropping` must not be negative"),
        (lambda: layers.RepeatVector(0), "`n`"),
        (lambda: layers.Embedding(0, 3), "`input_dim`"),
        (lambda: layers.Conv2D(4, 9)(Input(IMAGE)), "window is larger than the input"),
        (lambda: layers.MaxPooling2D(9)(Input(IMAGE)), "window is larger than the input"),
        (lambda: layers.Conv2D(4, 5, dilation_rate=2)(Input(IMAGE)), "window is larger than the input"),
    ],
)
def test_sizes(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: layers.Concatenate(axis=5)(two((3,), (3,))),
        lambda: layers.Dot(axes=3)(two((3,), (3,))),
        lambda: layers.BatchNormalization(axis=4)(Input((3,))),
        lambda: layers.PReLU(shared_axes=[9])(Input((3,))),
    ],
)
def test_axes(call):
    with pytest.raises(IndexError, match="axis . is out of range for an input of shape"):
        call()


@pytest.mark.parametrize(
    "call", [lambda: layers.Dense("many"), lambda: layers.Dense(2.5), lambda: layers.Conv1D(True, 3)]
)
def test_sizes_are_integers(call):
    with pytest.raises(TypeError, match="must be an integer"):
        call()


@pytest.mark.parametrize("index", [-1, 5])
def test_embedding_of_what_it_has_no_vector_for(index):
    with pytest.raises(IndexError, match=f"{index}.*out of range"):
        layers.Embedding(5, 2)(np.array([[index]]))
