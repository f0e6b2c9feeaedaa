"""Optimizers: how gradients change weights. Built-in ones update all weights in one step of the core."""

from __future__ import annotations

from typing import Any

from ..utils.generic_utils import deserialize_keras_object, serialize_keras_object
from .base import Optimizer, clip_norm
from .built_in import BuiltIn
from .rules import SGD, Adadelta, Adagrad, Adam, Adamax, Nadam, RMSprop

sgd = SGD
rmsprop = RMSprop
adagrad = Adagrad
adadelta = Adadelta
adam = Adam
adamax = Adamax
nadam = Nadam


BUILT_IN = (SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam)


def is_built_in(optimizer: Any) -> bool:
    """Whether the updates of an optimizer can be emitted into each trace afresh, its state being kept."""
    return type(optimizer).get_updates in (BuiltIn.get_updates, Nadam.get_updates)


def serialize(optimizer: Any) -> Any:
    """What `deserialize` makes the optimizer from again."""
    return serialize_keras_object(optimizer)


def deserialize(config: dict, custom_objects: dict | None = None) -> Any:
    """The optimizer of a dictionary that `serialize` returned; built-in names in any case of letters."""
    built_in = {cls.__name__.lower(): cls for cls in BUILT_IN}
    if config["class_name"].lower() in built_in:
        config["class_name"] = config["class_name"].lower()  # in place, as Keras does
    return deserialize_keras_object(
        config, module_objects=built_in, custom_objects=custom_objects, printable_module_name="optimizer"
    )


def get(identifier: Any) -> Any:
    """The optimizer that `identifier` (a name, a dictionary or an optimizer) stands for.

    Examples
    --------
    >>> type(get("adam")).__name__
    'Adam'
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    raise ValueError(f"Could not interpret optimizer identifier: {identifier!r}")
