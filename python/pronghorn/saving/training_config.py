"""What a model was compiled with, as plain data and back; and the state of its optimizer."""

from __future__ import annotations

import json
from typing import Any

from .. import optimizers
from ..engine.network_config import plain_value
from ..utils.generic_utils import get_registered_name
from ..utils.warn import warn
from .dialects.training import UnsupportedOptimizer, loss_in_keras2, metrics_in_keras2, optimizer_in_keras2
from .hdf5_group import load_attributes_from_hdf5_group, read_arrays, write_arrays
from .hdf5_weights import weight_names
from .optimizer_state import set_optimizer_state


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
        config = value.get_config()
        if hasattr(value, "_given_name"):  # a metric, which bears the name of its output now
            config["name"] = value._given_name
        return {"class_name": get_registered_name(type(value)), "config": config}
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
    name, config = get_registered_name(type(optimizer)), optimizer.get_config()
    if config.get("epsilon_under_root") and not config["decay"]:
        # What tf.keras knows its newer classes by, whose formula it is.
        del config["epsilon_under_root"], config["decay"]
        config = {"name": name, "use_ema": False, "is_legacy_optimizer": False, **config}
    if "clipnorm_each" in config:
        config = {"name": name, **config, "clipnorm": config.pop("clipnorm_each")}  # in tf.keras's words
    return {
        "optimizer_config": {"class_name": name, "config": config},
        "loss": model.loss,
        "metrics": model._compile_metrics,
        "weighted_metrics": model._compile_weighted_metrics,
        "sample_weight_mode": model.sample_weight_mode,
        "loss_weights": model.loss_weights,
    }


def compile_as(model: Any, config: dict[str, Any]) -> bool:
    """Compile a model with what `training_config`, or another version of Keras, gave.

    Returns whether it was: an optimizer that only later versions have is no reason not to read the rest.

    Parameters
    ----------
    model
        The model.
    config
        The configuration; custom objects in it are looked up where `CustomObjectScope` put them.
    """
    try:
        model.compile(
            optimizer=optimizers.deserialize(optimizer_in_keras2(config["optimizer_config"])),
            loss=loss_in_keras2(config["loss"]),
            metrics=metrics_in_keras2(config.get("metrics")),
            weighted_metrics=metrics_in_keras2(config.get("weighted_metrics")),
            loss_weights=config.get("loss_weights"),
            sample_weight_mode=config.get("sample_weight_mode"),
        )
    except UnsupportedOptimizer as error:
        warn(f"The model was *not* compiled: {error}. Compile it manually.")
        return False
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"The model can be read, but not compiled as it was: {error} "
            "(Load it with `compile=False` and compile it yourself.)"
        ) from error
    return True


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
    """Set the state of a compiled model's optimizer to what the group has, if it has any.

    Parameters
    ----------
    group
        HDF5 group of the model.
    model
        The model.
    """
    if "optimizer_weights" in group:
        weights = group["optimizer_weights"]
        names = load_attributes_from_hdf5_group(weights, "weight_names")
        in_file = weight_names(group["model_weights"], model.layers)
        trained = [in_file.get(id(weight), "") for weight in model._collected_trainable_weights]
        set_optimizer_state(model, read_arrays(weights), names, trained)
