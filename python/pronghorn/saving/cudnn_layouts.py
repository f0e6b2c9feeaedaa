"""Weights of recurrent layers between Keras's layout and that of NVIDIA's library.

The library keeps the kernel of each gate transposed and in the other memory order, recurrent kernels
transposed, and two biases, which are added up: one for the input's product and one for the state's.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def convert_rnn_weights(layer: Any, weights: list) -> list:
    """Return the weights in the layout of `layer`; those without biases are the same in both.

    Parameters
    ----------
    layer
        The layer that the weights are for.
    weights
        Kernels, recurrent kernels and biases of any layout.
    """
    kind = type(layer).__name__
    if len(weights) != 3:
        return weights
    if kind in ("LSTM", "CuDNNLSTM"):
        return _convert_lstm(kind, weights)
    if kind in ("GRU", "CuDNNGRU"):
        return _convert_gru(_gru_name(layer), weights)
    return weights


def _convert_lstm(target: str, weights: list) -> list:
    units = weights[1].shape[0]
    shape = weights[2].shape
    if shape not in ((4 * units,), (8 * units,)):
        raise ValueError(f"Invalid bias shape: {shape}")
    source = "CuDNNLSTM" if shape == (8 * units,) else "LSTM"
    if source == target:
        return weights
    bias = weights[2]
    if source == "CuDNNLSTM":
        bias = bias[: 4 * units] + bias[4 * units :]
    else:  # any two whose sum is the bias
        bias = np.tile(0.5 * bias, 2)
    return [*_convert_kernels(weights, 4, from_cudnn=source == "CuDNNLSTM"), bias]


def _gru_name(layer: Any) -> str:
    if type(layer).__name__ == "CuDNNGRU":
        return "CuDNNGRU"
    return f"GRU(reset_after={bool(layer.reset_after)})"


def _convert_gru(target: str, weights: list) -> list:
    units = weights[1].shape[0]
    shape = weights[2].shape
    sources = {
        (6 * units,): "CuDNNGRU",
        (2, 3 * units): "GRU(reset_after=True)",
        (3 * units,): "GRU(reset_after=False)",
    }
    if shape not in sources:
        raise ValueError(f"Invalid bias shape: {shape}")
    source = sources[shape]
    if source == target:
        return weights
    if "GRU(reset_after=False)" in (source, target):
        raise ValueError(f"{source} is not compatible with {target}")
    from_cudnn = source == "CuDNNGRU"
    bias = weights[2].reshape((2, -1) if from_cudnn else -1)
    return [*_convert_kernels(weights, 3, from_cudnn), bias]


def _convert_kernels(weights: list, gates: int, from_cudnn: bool) -> list:
    order = "F" if from_cudnn else "C"
    kernel = [k.T.reshape(k.shape, order=order) for k in np.hsplit(weights[0], gates)]
    recurrent_kernel = [k.T for k in np.hsplit(weights[1], gates)]
    return [np.hstack(kernel), np.hstack(recurrent_kernel)]
