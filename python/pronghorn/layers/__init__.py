"""Layers, by Keras's names; the modules within have those of Keras 2 too.

Examples
--------
>>> from pronghorn import layers
>>> layers.deserialize({"class_name": "Dense", "config": {"units": 3}}).units
3
"""

from __future__ import annotations

from typing import Any

from ..engine.base_layer import InputSpec, Layer
from ..engine.input_layer import Input, InputLayer
from ..legacy.layers import AtrousConvolution1D, AtrousConvolution2D, Highway, MaxoutDense
from .advanced_activations import ELU, LeakyReLU, PReLU, ReLU, Softmax, ThresholdedReLU
from .convolutional import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Convolution1D,
    Convolution2D,
    Convolution3D,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Deconvolution2D,
    Deconvolution3D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from .core import (
    Activation,
    ActivityRegularization,
    Dense,
    Dropout,
    Flatten,
    Lambda,
    Masking,
    Permute,
    RepeatVector,
    Reshape,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from .embeddings import Embedding
from .local import LocallyConnected1D, LocallyConnected2D
from .merge import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from .noise import AlphaDropout, GaussianDropout, GaussianNoise
from .normalization import BatchNormalization
from .pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)


def serialize(layer: Layer) -> dict[str, Any]:
    """Return a layer as plain data: its class name and configuration."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Layer:
    """Build a layer, or a model, from what `serialize` gave.

    Parameters
    ----------
    config : dict
        ``{"class_name": …, "config": …}``
    custom_objects : dict, optional
        Classes and functions by the names that the configuration has for them.
    """
    from ..engine.op_layer import OpLayer
    from ..models import Model, Sequential
    from ..utils.generic_utils import deserialize_keras_object

    return deserialize_keras_object(
        config,
        module_objects={**globals(), "Model": Model, "OpLayer": OpLayer, "Sequential": Sequential},
        custom_objects=custom_objects,
        printable_module_name="layer",
    )
