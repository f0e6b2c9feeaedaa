"""What a model was compiled with, as plain data and back; and the state of its optimizer."""

from __future__ import annotations

import json
import warnings
from typing import Any

from .. import losses, optimizers
from ..engine.network_config import plain_value
from ..utils.generic_utils import get_registered_name, get_registered_object
from .hdf5_group import read_arrays, write_arrays


def to_json(value: Any) -> str:
    """Return configurations, and the objects within them, as JSON.

    Examples
    --------
    >>> from pronghorn import losses
    >>> to_json({"loss": losses.mean_squared_error})
    '{"loss": "mean_squared_error"}'
    """
    return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if hasattr(value, "get_config") and not isinstance(value, type):
        return {"class_name": get_registered_name(type(value)), "config": value.get_config()}
    if callable(value) and not hasattr(value, "tolist"):
        return get_registered_name(value)
    return plain_value(value)


def training_config(model: Any) -> dict[str, Any]:
    """Return the arguments of a model's `compile`.

    Parameters
    ----------
    model
        A compiled model.
    """
    optimizer = model.optimizer
    return {
        "optimizer_config": {
            "class_name": get_registered_name(type(optimizer)),
            "config": optimizer.get_config(),
        },
        "loss": model.loss,
        "metrics": model._compile_metrics,
        "weighted_metrics": model._compile_weighted_metrics,
        "sample_weight_mode": model.sample_weight_mode,
        "loss_weights": model.loss_weights,
    }


def compile_as(model: Any, config: dict[str, Any]) -> None:
    """Compile a model with what `training_config` gave.

    Parameters
    ----------
    model
        The model.
    config
        The configuration; custom objects in it are looked up where `CustomObjectScope` put them.
    """
    model.compile(
        optimizer=optimizers.deserialize(config["optimizer_config"]),
        loss=_loss(config["loss"]),
        metrics=_named(config.get("metrics")),
        weighted_metrics=_named(config.get("weighted_metrics")),
        loss_weights=config.get("loss_weights"),
        sample_weight_mode=config.get("sample_weight_mode"),
    )


def _loss(config: Any) -> Any:
    if isinstance(config, dict) and "class_name" in config:
        return losses.get(config)
    if isinstance(config, dict):
        return {name: _loss(value) for name, value in config.items()}
    if isinstance(config, (list, tuple)):
        return [_loss(value) for value in config]
    return _named(config)


def _named(config: Any) -> Any:
    """Put custom objects in the places of their names."""
    if isinstance(config, (list, tuple)):
        return [_named(value) for value in config]
    if isinstance(config, dict):
        return {name: _named(value) for name, value in config.items()}
    if isinstance(config, str):
        found = get_registered_object(config)
        return config if found is None else found
    return config


def write_optimizer(group: Any, optimizer: Any) -> None:
    """Write the state of an optimizer, where it has any, into ``optimizer_weights`` of a group.

    Parameters
    ----------
    group
        HDF5 group of the model.
    optimizer
        The optimizer.
    """
    weights = optimizer.weights
    if weights:
        names = [_state_name(type(optimizer).__name__, weight.name) for weight in weights]
        write_arrays(group.create_group("optimizer_weights"), names, [weight.numpy() for weight in weights])


def _state_name(optimizer: str, name: str) -> str:
    """Return the name that Keras 2 gives a variable of an optimizer's state."""
    if "/" in name or ":" in name:
        return name
    scope = optimizer if name in ("iterations", "m_schedule") else f"training/{optimizer}"
    return f"{scope}/{name}:0"


def read_optimizer(group: Any, model: Any) -> None:
    """Set the state of a compiled model's optimizer to what `write_optimizer` wrote, if it is there.

    Parameters
    ----------
    group
        HDF5 group of the model.
    model
        The model.
    """
    if "optimizer_weights" in group:
        set_optimizer_state(model, read_arrays(group["optimizer_weights"]))


def set_optimizer_state(model: Any, values: list) -> None:
    """Set the state of a compiled model's optimizer; warn where it does not fit.

    Parameters
    ----------
    model
        The model.
    values
        Arrays, in the order of the optimizer's weights.
    """
    model._make_train_function()
    try:
        model.optimizer.set_weights(values)
    except ValueError as error:
        warnings.warn(
            "Error in loading the saved optimizer state. As a result, your model is starting with a freshly "
            f"initialized optimizer. ({error})",
            stacklevel=5,
        )
