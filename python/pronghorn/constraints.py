"""Constraints: callables that put a weight back where it belongs after each update.

A norm is taken along `axis`: 0 for the (inputs, units) matrix of a dense layer, [0, 1, 2] for the kernel of a
two-dimensional convolution, so that each unit's incoming weights are one vector.
"""

from __future__ import annotations

from typing import Any

from . import config, ops
from .utils.generic_utils import deserialize_keras_object, serialize_keras_object
from .utils.serialization import nameable


class Constraint:
    """Base of all constraints; subclasses define `__call__` and, if they have options, `get_config`."""

    def __call__(self, w):
        return w

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments as plain data."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """Build a constraint from what `get_config` gave."""
        return cls(**config)


def _norms(w, axis):
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    """Scale down vectors whose norm exceeds `max_value` (Srivastava et al. 2014).

    Parameters
    ----------
    max_value : float
    axis : int or sequence of int

    Examples
    --------
    >>> import numpy as np
    >>> MaxNorm(1.0)(np.array([[3.0], [4.0]], "float32")).round(3).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, max_value=2, axis=0):
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w):
        norms = _norms(w, self.axis)
        desired = ops.clip(norms, 0, self.max_value)
        return w * (desired / (config.epsilon() + norms))

    def get_config(self):
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Set negative weights to zero.

    Examples
    --------
    >>> import numpy as np
    >>> NonNeg()(np.array([-1.0, 2.0], "float32")).tolist()
    [0.0, 2.0]
    """

    def __call__(self, w):
        return ops.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Scale vectors to norm one.

    Parameters
    ----------
    axis : int or sequence of int

    Examples
    --------
    >>> import numpy as np
    >>> UnitNorm()(np.array([[3.0], [4.0]], "float32")).round(3).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        return w / (config.epsilon() + _norms(w, self.axis))

    def get_config(self):
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Move the norms of vectors towards an interval.

    Parameters
    ----------
    min_value, max_value : float
        Ends of the interval.
    rate : float
        1 enforces it at once; below 1, the norm goes that fraction of the way at each update.
    axis : int or sequence of int

    Examples
    --------
    >>> import numpy as np
    >>> MinMaxNorm(rate=0.5)(np.array([[3.0], [4.0]], "float32")).round(2).tolist()
    [[1.7999999523162842], [2.4000000953674316]]
    """

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w):
        norms = _norms(w, self.axis)
        desired = self.rate * ops.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (desired / (config.epsilon() + norms))

    def get_config(self):
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm


def serialize(constraint) -> Any:
    """Return a constraint as plain data: its class name and configuration.

    Examples
    --------
    >>> serialize(NonNeg())
    {'class_name': 'NonNeg', 'config': {}}
    """
    return serialize_keras_object(constraint)


def deserialize(config, custom_objects=None) -> Any:
    """Build a constraint from what `serialize` gave.

    Examples
    --------
    >>> deserialize({"class_name": "UnitNorm", "config": {"axis": 1}}).axis
    1
    """
    return deserialize_keras_object(
        config,
        module_objects=nameable(globals()),
        custom_objects=custom_objects,
        printable_module_name="constraint",
    )


def get(identifier) -> Any:
    """Find a constraint by name, by configuration, or take the callable itself; None stays None.

    Examples
    --------
    >>> get("maxnorm").max_value
    2
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if callable(identifier):
        return identifier
    raise ValueError(f"Could not interpret constraint identifier: {identifier}")
