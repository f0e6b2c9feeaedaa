"""Weights as other versions and backends of Keras laid them out, brought into the layout of Keras 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..utils.conv_utils import convert_kernel
from .cudnn_layouts import convert_rnn_weights
from .keras1_layouts import convert_keras1_weights

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D")


def preprocess_weights_for_loading(
    layer: Any,
    weights: list,
    original_keras_version: str | None = None,
    original_backend: str | None = None,
    reshape: bool = False,
) -> list:
    """Return arrays from a file in the layout that a layer has its weights in.

    Parameters
    ----------
    layer
        The layer they are for.
    weights
        Arrays, in the order of the file.
    original_keras_version
        Version of the Keras that wrote the file; ``"1"`` where the file does not say.
    original_backend
        Its backend: Theano's kernels are flipped.
    reshape
        Whether arrays of another shape, but the same number of elements, are taken.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn.layers import Conv2D
    >>> layer = Conv2D(1, 2)
    >>> layer.build((None, 4, 4, 1))
    >>> kernel, bias = np.arange(4.0).reshape(2, 2, 1, 1), np.zeros(1)
    >>> preprocess_weights_for_loading(layer, [kernel, bias], "2.0.0", "theano")[0].ravel()
    array([3., 2., 1., 0.])
    """
    from ..engine.network import Network

    weights = list(weights)
    origin = original_keras_version, original_backend
    kind = type(layer).__name__
    if kind == "Bidirectional":
        half = len(weights) // 2
        first = preprocess_weights_for_loading(layer.forward_layer, weights[:half], *origin)
        return first + preprocess_weights_for_loading(layer.backward_layer, weights[half:], *origin)
    if kind == "TimeDistributed":
        return preprocess_weights_for_loading(layer.layer, weights, *origin, reshape=reshape)
    if isinstance(layer, Network):
        return _convert_nested(layer, weights, origin)
    if not weights:
        return weights
    if (original_keras_version or "").split(".")[0] == "1":
        weights = convert_keras1_weights(layer, weights)
    if kind in _CONVOLUTIONS:
        weights = _convert_kernels(layer, weights, flip=original_backend == "theano", reshape=reshape)
    weights = convert_rnn_weights(layer, weights)
    return _reshaped(layer, weights) if reshape else weights


def _convert_nested(model: Any, weights: list, origin: tuple) -> list:
    """Convert the weights of a model within a model: all trainable ones, then all others."""
    converted = []
    for trainable in (True, False):
        for layer in model.layers:
            own = layer.trainable_weights if trainable else _not_trainable(layer)
            if own:
                converted += _convert_some(layer, weights[: len(own)], own, origin)
                weights = weights[len(own) :]
    return converted + weights


def _not_trainable(layer: Any) -> list:
    trainable = {id(weight) for weight in layer.trainable_weights}
    return [weight for weight in layer.weights if id(weight) not in trainable]


def _convert_some(layer: Any, weights: list, own: list, origin: tuple) -> list:
    """Convert those of a layer's weights that a nested model keeps together."""
    if len(own) == len(layer.weights):
        return preprocess_weights_for_loading(layer, weights, *origin)
    return weights  # of layers with both kinds, such as batch normalization: the same in every layout


def _convert_kernels(layer: Any, weights: list, flip: bool, reshape: bool) -> list:
    kernels = 2 if type(layer).__name__ == "ConvLSTM2D" else 1
    for i in range(kernels):
        shape = tuple(layer.weights[i].shape)
        if flip:
            weights[i] = convert_kernel(weights[i])
        # Files of early versions: (filters, channels, rows, columns).
        old = weights[i].ndim == 4 and tuple(np.transpose(weights[i], (3, 2, 0, 1)).shape) == shape
        if weights[i].shape != shape and old and not reshape:
            weights[i] = np.transpose(weights[i], (3, 2, 0, 1))
    return weights


def _reshaped(layer: Any, weights: list) -> list:
    for i, (weight, value) in enumerate(zip(layer.weights, weights)):
        shape = tuple(weight.shape)
        if value.shape == shape:
            continue
        if value.size != np.prod(shape):
            raise ValueError(
                f"Weights must be of equal size to apply a reshape operation. Layer {layer.name}'s weights "
                f"have shape {shape} and size {int(np.prod(shape))}. The weights for loading have shape "
                f"{value.shape} and size {value.size}."
            )
        weights[i] = value.reshape(shape)
    return weights
