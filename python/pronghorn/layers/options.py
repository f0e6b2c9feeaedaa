"""The arguments that most layers share: activations, initializers, regularizers, constraints."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, constraints, initializers, regularizers
from ..utils import conv_utils

_MODULES = {
    "activation": activations,
    "init": initializers,  # Keras 1's word, which its layers keep
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}


def _module(name: str):
    return _MODULES[name.rsplit("_", 1)[-1]]


def positive(value: Any, name: str) -> int:
    """Give a size as an int; anything but a positive whole number is an error.

    Examples
    --------
    >>> positive(np.int64(3), "units")
    3
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"The `{name}` argument must be an integer. Received: {value!r}")
    if value < 1:
        raise ValueError(f"The `{name}` argument must be positive. Received: {value!r}")
    return int(value)


def sizes(value: Any, n: int, name: str) -> tuple[int, ...]:
    """Give sizes, one int or n of them, as a tuple of n positive ints.

    Examples
    --------
    >>> sizes(3, 2, "kernel_size")
    (3, 3)
    """
    return tuple(positive(size, name) for size in conv_utils.normalize_tuple(value, n, name))


def check_fits(layer, input_shape, lengths) -> None:
    """Raise ValueError if a window is longer than an axis that it slides over."""
    if any(length is not None and length < 1 for length in lengths):
        raise ValueError(
            f'{type(layer).__name__} "{layer.name}": the window is larger than the input '
            f"{tuple(input_shape)}; the output would have sizes {tuple(lengths)}"
        )


def check_axis(layer, axis: int, shape) -> None:
    """Raise IndexError if a shape has no such axis."""
    if not -len(shape) <= axis < len(shape):
        raise IndexError(
            f'{type(layer).__name__} "{layer.name}": axis {axis} is out of range for an input of shape '
            f"{tuple(shape)}"
        )


def set_options(layer, **options: Any) -> None:
    """Set each option as an attribute; the last word of its name says of which kind it is."""
    for name, value in options.items():
        setattr(layer, name, _module(name).get(value))


def options_config(layer, *names: str) -> dict[str, Any]:
    """Give the options of a layer as plain data."""
    return {name: _module(name).serialize(getattr(layer, name)) for name in names}


def passed_on(local: dict[str, Any], *without: str) -> dict[str, Any]:
    """Give a constructor's arguments, from its `locals()`, to hand to the constructor that it calls.

    Constructors spell out the arguments that they only hand on, so that signatures are Keras's.
    """
    arguments = {
        name: value for name, value in local.items() if name not in {"self", "__class__", "kwargs", *without}
    }
    return {**arguments, **local["kwargs"]}
