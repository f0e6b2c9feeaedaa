"""The classes of layers and models by name: what configurations are read with.

The modules that define them stand above the engine and enter them here when they are loaded, so that a
network can be read without knowing which layers there are.
"""

from __future__ import annotations

from typing import Any

from ..utils.generic_utils import deserialize_keras_object, get_registered_name

_classes: dict[str, Any] = {}


def register(cls: Any) -> Any:
    """Enter a class under its name; usable as a decorator."""
    _classes[cls.__name__] = cls
    return cls


def registered(name: str) -> Any:
    """The class entered under `name`."""
    return _classes[name]


def registered_classes() -> dict[str, Any]:
    """All classes that were entered, by name."""
    return _classes


def serialize(layer: Any) -> dict[str, Any]:
    """Return a layer as plain data: its class name and configuration."""
    return {"class_name": get_registered_name(type(layer)), "config": layer.get_config()}


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """Build a layer, or a model, from what `serialize` gave.

    Parameters
    ----------
    config : dict
        ``{"class_name": …, "config": …}``
    custom_objects : dict, optional
        Classes and functions by the names that the configuration has for them.
    """
    return deserialize_keras_object(
        config, module_objects=_classes, custom_objects=custom_objects, printable_module_name="layer"
    )
