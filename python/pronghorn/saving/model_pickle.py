"""Models pickled and copied: their configurations and weights, not the objects that they are made of."""

from __future__ import annotations

import json
import types
from typing import Any

import numpy as np

from ..engine.base_layer import Layer
from ..engine.registry import deserialize, serialize
from ..engine.tracking import flatten_layers
from ..utils.generic_utils import CustomObjectScope
from ..utils.safe_mode import reading
from .optimizer_state import set_optimizer_state
from .training_config import compile_as, to_json, training_config


def pickle_model(model: Any) -> dict[str, Any]:
    """Return a model as plain data: text and arrays.

    Parameters
    ----------
    model
        The model.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> from pronghorn.models import Sequential
    >>> state = pickle_model(Sequential([Dense(2, input_shape=(3,))]))
    >>> unpickle_model(state).output_shape
    (None, 2)
    """
    state = {
        "model_config": to_json(serialize(model)),
        "weights": [weight.numpy() for weight in model._weights_by_layer()],
    }
    if model.optimizer:
        state["training_config"] = to_json(training_config(model))
        state["optimizer_weights"] = [weight.numpy() for weight in model.optimizer.weights]
    return state


def unpickle_model(state: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """Make the model of what `pickle_model` returned.

    Parameters
    ----------
    state
        Text and arrays.
    custom_objects
        Classes and functions by the names that the configuration has for them.
    """
    # Whoever unpickles has run all code that is in the pickle anyway.
    with CustomObjectScope(custom_objects), reading(safe_mode=False):
        model = deserialize(json.loads(state["model_config"]))
        model.set_weights([np.asarray(value) for value in state["weights"]])
        if "training_config" in state:
            compile_as(model, json.loads(state["training_config"]))
            if state["optimizer_weights"]:
                set_optimizer_state(model, state["optimizer_weights"])
    return model


def copy_model(model: Any) -> Any:
    """Return an equal model with weights of its own, whatever classes and functions of one's own are in it.

    Parameters
    ----------
    model
        The model.
    """
    own: dict[str, Any] = {}
    for layer in flatten_layers(model):
        own[type(layer).__name__] = type(layer)
        own.update(_own_objects(vars(layer).values()))
    own.update(_own_objects([model.optimizer, getattr(model, "loss", None)]))
    own.update(_own_objects([getattr(model, name, None) for name in _COMPILED]))
    return unpickle_model(pickle_model(model), own)


_COMPILED = ("_compile_metrics", "_compile_weighted_metrics")


def _own_objects(values: Any) -> dict[str, Any]:
    """Return functions, and the classes of what has a configuration, by name; those in lists too."""
    found: dict[str, Any] = {}
    for value in values:
        if isinstance(value, types.FunctionType):
            found[value.__name__] = value
        elif isinstance(value, (list, tuple)):
            found.update(_own_objects(value))
        elif isinstance(value, dict):
            found.update(_own_objects(value.values()))
        elif hasattr(value, "get_config") and not isinstance(value, (type, Layer)):
            found[type(value).__name__] = type(value)
    return found
