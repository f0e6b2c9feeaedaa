"""Penalties on weights and activations: callables of a tensor that give a scalar to add to the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import config, ops
from .utils.generic_utils import deserialize_keras_object, serialize_keras_object
from .utils.serialization import nameable


class Regularizer:
    """Base of all regularizers; subclasses define `__call__` and `get_config`."""

    def __call__(self, x):
        return 0.0

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """Build a regularizer from what `get_config` gave."""
        return cls(**config)


class L1L2(Regularizer):
    """l1 times the sum of absolute values, plus l2 times the sum of squares.

    Parameters
    ----------
    l1, l2 : float
        Factors; zero leaves the term out.

    Examples
    --------
    >>> float(L1L2(l1=1.0, l2=0.5)(np.array([1.0, -2.0], "float32")))
    5.5
    """

    def __init__(self, l1=0.0, l2=0.0):
        # Rounded to the float type in use, as Keras does, so that saved configurations agree.
        self.l1 = float(np.asarray(l1, config.floatx()))
        self.l2 = float(np.asarray(l2, config.floatx()))

    def __call__(self, x):
        penalty = 0.0
        if self.l1:
            penalty = penalty + self.l1 * ops.sum(ops.abs(x))
        if self.l2:
            penalty = penalty + self.l2 * ops.sum(ops.square(x))
        return penalty

    def get_config(self) -> dict[str, float]:
        """Return the two factors."""
        return {"l1": self.l1, "l2": self.l2}


def l1(l=0.01) -> L1L2:  # noqa: E741 - Keras's name of the argument
    """Return a penalty of `l` times the sum of absolute values.

    Examples
    --------
    >>> l1(0.5).get_config()
    {'l1': 0.5, 'l2': 0.0}
    """
    return L1L2(l1=l)


def l2(l=0.01) -> L1L2:  # noqa: E741
    """Return a penalty of `l` times the sum of squares.

    Examples
    --------
    >>> l2(0.5).get_config()
    {'l1': 0.0, 'l2': 0.5}
    """
    return L1L2(l2=l)


def l1_l2(l1=0.01, l2=0.01) -> L1L2:
    """Return both penalties at once.

    Examples
    --------
    >>> l1_l2(0.25, 0.5).get_config()
    {'l1': 0.25, 'l2': 0.5}
    """
    return L1L2(l1=l1, l2=l2)


def serialize(regularizer) -> Any:
    """Return a regularizer as plain data: its class name and configuration.

    Examples
    --------
    >>> serialize(l2(0.5))["class_name"]
    'L1L2'
    """
    return serialize_keras_object(regularizer)


def deserialize(config, custom_objects=None) -> Any:
    """Build a regularizer from what `serialize` gave.

    Examples
    --------
    >>> deserialize({"class_name": "L1L2", "config": {"l2": 0.5}}).l2
    0.5
    """
    return deserialize_keras_object(
        config,
        module_objects=nameable(globals()),
        custom_objects=custom_objects,
        printable_module_name="regularizer",
    )


def get(identifier) -> Any:
    """Find a regularizer by name, by configuration, or take the callable itself; None stays None.

    Examples
    --------
    >>> get("l2").get_config()["l1"]
    0.0
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if callable(identifier):
        return identifier
    raise ValueError(f"Could not interpret regularizer identifier: {identifier}")
