"""Weights as Keras 1 laid them out."""

from __future__ import annotations

from typing import Any

import numpy as np


def convert_keras1_weights(layer: Any, weights: list) -> list:
    """Return the weights of one layer, none within it, in the layout of Keras 2.

    Parameters
    ----------
    layer
        The layer that the weights are for.
    weights
        Arrays in the order of Keras 1.
    """
    kind = type(layer).__name__
    if kind in _KERNELS:
        return [_KERNELS[kind](layer, weights[0]), *weights[1:]]
    if kind == "GRU" and len(weights) == 9:
        return _gates_together(weights, (0, 1, 2))
    if kind in ("LSTM", "ConvLSTM2D") and len(weights) == 12:
        if kind == "ConvLSTM2D" and layer.data_format == "channels_first":
            weights = [_channels_last(x, tuple(layer.weights[i % 3].shape)) for i, x in enumerate(weights)]
        return _gates_together(weights, (0, 2, 1, 3))  # i c f o → i f c o
    return weights


def _channels_last(kernel: np.ndarray, shape: tuple) -> np.ndarray:
    """Turn (filters, channels, rows, columns) round, unless a kernel has the newer layout already."""
    rows, columns, channels = shape[:3] if len(shape) == 4 else (0, 0, 0)
    return np.transpose(kernel, (2, 3, 1, 0)) if kernel.shape[1:] == (channels, rows, columns) else kernel


def _gates_together(weights: list, order: tuple) -> list:
    """Join kernels, recurrent kernels and biases that were kept apart, gate by gate."""
    return [np.concatenate([weights[3 * gate + part] for gate in order], axis=-1) for part in range(3)]


def _conv1d(layer: Any, kernel: np.ndarray) -> np.ndarray:
    if kernel.ndim != 4:
        return kernel
    if kernel.shape[:2] != (layer.kernel_size[0], 1) or kernel.shape[3] != layer.filters:
        # Before 1.2: (filters, channels, length, 1).
        if kernel.shape[0] != layer.filters or kernel.shape[2:] != (layer.kernel_size[0], 1):
            raise ValueError(
                f'Layer "{layer.name}": a kernel of shape {kernel.shape} is none that Keras 1 wrote for '
                f"{layer.filters} filters of length {layer.kernel_size[0]}"
            )
        kernel = np.transpose(kernel, (2, 3, 1, 0))
    return kernel[:, 0]


def _conv2d(layer: Any, kernel: np.ndarray) -> np.ndarray:
    # channels_first: (filters, channels, rows, columns)
    return np.transpose(kernel, (2, 3, 1, 0)) if layer.data_format == "channels_first" else kernel


def _conv3d(layer: Any, kernel: np.ndarray) -> np.ndarray:
    return np.transpose(kernel, (2, 3, 4, 1, 0)) if layer.data_format == "channels_first" else kernel


def _conv2d_transpose(layer: Any, kernel: np.ndarray) -> np.ndarray:
    # Keras 2 has the filters before the channels.
    return np.transpose(kernel, (2, 3, 0, 1) if layer.data_format == "channels_first" else (0, 1, 3, 2))


_KERNELS = {
    "Conv1D": _conv1d,
    "Conv2D": _conv2d,
    "Conv3D": _conv3d,
    "Conv2DTranspose": _conv2d_transpose,
}
