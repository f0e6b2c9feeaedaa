"""Whole models in HDF5 groups: architecture, weights, what they were compiled with, the optimizer's state."""

from __future__ import annotations

from typing import Any

from ..engine.network_config import KERAS_VERSION
from ..engine.registry import deserialize, serialize
from ..utils.generic_utils import CustomObjectScope
from ..utils.warn import warn
from .dialects import in_keras2
from .dialects.keras3 import with_functions_of_keras3
from .guarded import load_json
from .hdf5_group import as_text
from .hdf5_weights import BACKEND, load_weights_from_hdf5_group, origin_of, save_weights_to_hdf5_group
from .keras_weights import own_weights
from .training_config import compile_as, read_optimizer, to_json, training_config, write_optimizer


def write_model(group: Any, model: Any, include_optimizer: bool = True) -> None:
    """Write a model into a group, in the layout of Keras 2.

    Parameters
    ----------
    group
        HDF5 group or file.
    model
        The model.
    include_optimizer
        Whether what it was compiled with goes into the file.
    """
    group.attrs["keras_version"] = KERAS_VERSION.encode("utf-8")
    group.attrs["backend"] = BACKEND.encode("utf-8")
    group.attrs["model_config"] = to_json(serialize(model)).encode("utf-8")
    save_weights_to_hdf5_group(group.create_group("model_weights"), model.layers, own_weights(model))
    if include_optimizer and model.optimizer:
        group.attrs["training_config"] = to_json(training_config(model)).encode("utf-8")
        write_optimizer(group, model.optimizer)


def read_model(group: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True) -> Any:
    """Make the model that a group holds.

    Parameters
    ----------
    group
        HDF5 group or file.
    custom_objects
        Classes and functions by the names that the configuration has for them.
    compile
        Whether to compile the model as it was.
    """
    if "model_config" not in group.attrs:
        raise ValueError(
            "No model found in config: the file has no `model_config`. If it holds weights alone, make the "
            "model and use `model.load_weights`."
        )
    config = load_json(as_text(group.attrs["model_config"]), "model_config")
    with CustomObjectScope(custom_objects):
        if origin_of(group)[0].startswith("3."):
            config = with_functions_of_keras3(config)
        model = deserialize(in_keras2(config))
        load_weights_from_hdf5_group(group["model_weights"], model.layers, own=own_weights(model))
        if not compile:
            return model
        if "training_config" not in group.attrs:
            warn(
                "No training configuration found in save file: the model was *not* compiled. "
                "Compile it manually."
            )
            return model
        if compile_as(model, load_json(as_text(group.attrs["training_config"]), "training_config")):
            read_optimizer(group, model)
    return model
