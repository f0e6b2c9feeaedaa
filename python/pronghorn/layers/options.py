"""The arguments that most layers share: activations, initializers, regularizers, constraints."""

from __future__ import annotations

from typing import Any

from .. import activations, constraints, initializers, regularizers

_MODULES = {
    "activation": activations,
    "init": initializers,  # Keras 1's word, which its layers keep
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}


def _module(name: str):
    return _MODULES[name.rsplit("_", 1)[-1]]


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
