"""Configurations as other versions of Keras write them, put into the words of Keras 2.3.

`in_keras2(config)` goes through a configuration from the inside out. What it does not know it leaves alone:
classes of one's own get their configuration as it was written.
"""

from __future__ import annotations

from typing import Any

from ...engine.base_layer import Layer
from ...engine.registry import registered_classes
from ...utils.generic_utils import get_registered_object
from . import keras1, keras3, layer_options, objects

__all__ = ["in_keras2"]

_MODELS = {"Functional": "Model"}


def in_keras2(config: Any) -> Any:
    """Return a configuration of layers, models, initializers and so on in the words of Keras 2.3.

    Parameters
    ----------
    config
        Plain data, out of JSON; it is not changed.

    Examples
    --------
    >>> in_keras2({"class_name": "Functional", "config": {"name": "m"}})
    {'class_name': 'Model', 'config': {'name': 'm'}}
    """
    return _in_keras2(keras3.as_structured_by_keras2(config))


def _in_keras2(config: Any) -> Any:
    if isinstance(config, (list, tuple)):
        return [_in_keras2(value) for value in config]
    if not isinstance(config, dict):
        return config
    config = {key: _in_keras2(value) for key, value in config.items()}
    if "class_name" not in config:
        return keras1.object_without_class(config)
    name = config["class_name"]
    if not isinstance(name, str) or get_registered_object(name) is not None:
        return config
    name = _MODELS.get(name, name)
    inner = config.get("config")
    if isinstance(inner, dict):
        name, inner = keras1.layer(name, inner)
        name, inner = objects.in_keras2(name, inner)
        cls = registered_classes().get(name) or _alias(name)
        if cls is not None:
            name = cls.__name__
            inner = layer_options.in_keras2(cls, keras1.arguments(cls, inner))
        config["config"] = inner
    config["class_name"] = name
    return config


def _alias(name: str) -> Any:
    """Return the layer that has another name too, such as Convolution2D."""
    from ... import layers

    found = getattr(layers, name, None)
    return found if isinstance(found, type) and issubclass(found, Layer) else None
