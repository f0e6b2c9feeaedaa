"""Shapes and arguments of convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """Return `value`, an int or `n` ints, as a tuple of `n` ints; `name` is the argument's name for errors.

    Examples
    --------
    >>> normalize_tuple(3, 2, "kernel_size")
    (3, 3)
    """
    if isinstance(value, (int, np.integer)):
        return (int(value),) * n
    try:
        values = tuple(value)
        if len(values) != n:
            raise TypeError
        return tuple(int(v) for v in values)
    except (TypeError, ValueError):
        raise ValueError(
            f"The `{name}` argument must be a tuple of {n} integers. Received: {value}"
        ) from None


def normalize_padding(value: str) -> str:
    """Return a padding mode in lower case: ``"valid"``, ``"same"`` or ``"causal"``.

    Examples
    --------
    >>> normalize_padding("SAME")
    'same'
    """
    padding = value.lower()
    if padding not in ("valid", "same", "causal"):
        raise ValueError(
            'The `padding` argument must be one of "valid", "same" (or "causal" for Conv1D). '
            f"Received: {padding}"
        )
    return padding


def convert_kernel(kernel: Any) -> np.ndarray:
    """Return a convolution kernel (3-D to 5-D) with its spatial axes reversed: Theano's layout and back.

    Examples
    --------
    >>> convert_kernel([[[1.0]], [[2.0]]]).ravel()
    array([2., 1.])
    """
    kernel = np.asarray(kernel)
    if not 3 <= kernel.ndim <= 5:
        raise ValueError("Invalid kernel shape:", kernel.shape)
    return np.flip(kernel, tuple(range(kernel.ndim - 2))).copy()


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Return the length that a convolution or pooling makes of `input_length`.

    Examples
    --------
    >>> conv_output_length(10, 3, "valid", 2)
    4
    """
    if input_length is None:
        return None
    if padding not in ("same", "valid", "full", "causal"):
        raise AssertionError(f"unknown padding {padding!r}")
    extent = (filter_size - 1) * dilation
    length = input_length + {"valid": -extent, "full": extent}.get(padding, 0)
    return (length + stride - 1) // stride


def conv_input_length(output_length: int | None, filter_size: int, padding: str, stride: int) -> int | None:
    """Return the input length of a convolution whose output has `output_length`.

    Examples
    --------
    >>> conv_input_length(4, 3, "valid", 2)
    9
    """
    if output_length is None:
        return None
    pad = _padding_before(filter_size, padding)
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_length(
    dim_size: int | None,
    stride_size: int,
    kernel_size: int,
    padding: str,
    output_padding: int | None,
    dilation: int = 1,
) -> int | None:
    """Return the length that a transposed convolution makes of `dim_size`.

    Examples
    --------
    >>> deconv_length(4, 2, 3, "same", None)
    8
    """
    pad = _padding_before((kernel_size - 1) * dilation + 1, padding)
    if dim_size is None:
        return None
    kernel_size = (kernel_size - 1) * dilation + 1
    if output_padding is not None:
        return (dim_size - 1) * stride_size + kernel_size - 2 * pad + output_padding
    if padding == "valid":
        return dim_size * stride_size + max(kernel_size - stride_size, 0)
    if padding == "full":
        return dim_size * stride_size - (stride_size + kernel_size - 2)
    return dim_size * stride_size


def _padding_before(filter_size: int, padding: str) -> int:
    sizes = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}
    if padding not in sizes:
        raise AssertionError(f"unknown padding {padding!r}")
    return sizes[padding]
