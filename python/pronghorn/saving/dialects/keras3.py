"""The structure of configurations as Keras 3 and tf.keras since 2.12 write it, made that of Keras 2.

Names stay names: what they stand for is looked up in our own registries later on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...utils.safe_mode import refuse_code
from ...utils.serialization import register_keras_serializable
from ..errors import FileFormatError
from .keras3_graph import network_config, operation_layer
from .layer_options import weight_dtype

_DEPTH = 200  # of objects within objects


def as_structured_by_keras2(config: Any, depth: int = 0) -> Any:
    """Return a configuration with objects as ``{"class_name": …, "config": …}`` and functions as names.

    Parameters
    ----------
    config
        What JSON gave; what is structured so already comes back as it is.
    depth
        How deep in another configuration it stands.

    Examples
    --------
    >>> as_structured_by_keras2({"module": "keras", "class_name": "ReLU", "config": {}, "build_config": {}})
    {'class_name': 'ReLU', 'config': {}}
    >>> as_structured_by_keras2({"module": "builtins", "class_name": "function", "config": "relu"})
    'relu'
    """
    if depth > _DEPTH:
        raise FileFormatError("the configuration is nested too deeply to be read")
    if isinstance(config, list):
        return [as_structured_by_keras2(item, depth + 1) for item in config]
    if not isinstance(config, dict):
        return config
    name = config.get("class_name")
    if not isinstance(name, str) or not ("config" in config or name.startswith("__")):
        return {key: as_structured_by_keras2(value, depth + 1) for key, value in config.items()}
    if name in _PLAIN:
        return _PLAIN[name](config, depth)
    return operation_layer(config) or _object(name, config, depth)


def _object(name: str, config: dict, depth: int) -> dict:
    own, registered = config["config"], config.get("registered_name")
    if isinstance(registered, str) and ">" in registered:
        name = registered
    if name == "Lambda" and isinstance(own, dict):
        own = _lambda(own, depth)
    else:
        own = as_structured_by_keras2(own, depth + 1)
    if isinstance(own, dict):
        if name in ("Functional", "Model") and isinstance(own.get("layers"), list):
            own = network_config(own)
        elif name == "Sequential":
            own = _sequential(own, config)
        elif name == "Bidirectional":
            own = _without_backward_layer(own)
    kept = {key: config[key] for key in config if key not in _LEFT_OUT}
    return {**kept, "class_name": name, "config": own}


_LEFT_OUT = ("module", "registered_name", "build_config", "compile_config", "shared_object_id")


def _sequential(own: dict, config: dict) -> dict:
    layers = own.get("layers")
    starts = isinstance(layers, list) and layers and isinstance(layers[0], dict)
    if starts and layers[0].get("class_name") == "InputLayer":
        return {key: value for key, value in own.items() if key != "build_input_shape"}
    shape = (config.get("build_config") or {}).get("input_shape")
    if own.get("build_input_shape") or not (
        isinstance(shape, list) and shape and not isinstance(shape[0], list)
    ):
        return own
    return {**own, "build_input_shape": shape}


def _without_backward_layer(own: dict) -> dict:
    """Leave out the backward layer: it is made of the forward one, and has to be as that is made."""
    own = dict(own)
    backward, forward = own.pop("backward_layer", None), own.get("layer")
    if isinstance(forward, dict):
        own["layer"] = forward = _zero_where_masked(forward)
    if isinstance(backward, dict) and isinstance(forward, dict):
        inner = forward.get("config")
        if isinstance(inner, dict) and str(inner.get("name")).startswith("forward_"):
            # Made of a layer without this prefix, which it gets again.
            own["layer"] = {**forward, "config": {**inner, "name": inner["name"][len("forward_") :]}}
        one, other = (_essence(layer.get("config")) for layer in (backward, forward))
        if one != other or backward.get("class_name") != forward.get("class_name"):
            raise ValueError(
                f'Bidirectional "{own.get("name")}": the file asks for a `backward_layer` unlike the '
                "forward one, which is not supported"
            )
    return own


def _zero_where_masked(layer: dict) -> dict:
    """Say of a layer in Bidirectional, by tf.keras or Keras 3, that its outputs are 0 where masked."""
    inner = layer.get("config")
    newer = isinstance(inner, dict) and any(key in inner for key in ("time_major", "zero_output_for_mask"))
    if not newer or not inner.get("return_sequences"):
        return layer
    return {**layer, "config": {**inner, "zero_output_for_mask": True}}


def _essence(config: Any) -> Any:
    if not isinstance(config, dict):
        return config
    initial = ("kernel_initializer", "recurrent_initializer", "bias_initializer")
    return {
        k: v
        for k, v in config.items()
        if k not in ("name", "go_backwards", "dtype", "zero_output_for_mask", *initial)
    }


def _lambda(own: dict, depth: int) -> dict:
    own = dict(own)
    for key in ("function", "output_shape", "mask"):
        value = own.get(key)
        if isinstance(value, dict) and value.get("class_name") == "__lambda__":
            refuse_code(f'Lambda layer "{own.get("name")}"')
            parts = value.get("config") or {}
            own[key], kind = [parts.get("code"), parts.get("defaults"), parts.get("closure")], "lambda"
        elif isinstance(value, dict):
            own[key], kind = as_structured_by_keras2(value, depth + 1), "function"
        else:
            kind = "raw" if key == "output_shape" else "function"
        if key != "mask":
            own.setdefault(f"{key}_type", kind)
    own.setdefault("output_shape", None)
    return {key: value for key, value in own.items() if not key.endswith("module")}


def _function(config: dict, depth: int) -> str:
    registered = config.get("registered_name")
    if isinstance(registered, str) and ">" in registered:
        return registered
    if not isinstance(config.get("config"), str):
        raise FileFormatError(f"a function of the file has no name: {str(config)[:200]}")
    return config["config"].removeprefix("keras2>")


def _code(config: dict, depth: int) -> Any:
    refuse_code("A function of the file")
    from ...utils.generic_utils import func_load

    parts = config.get("config") or {}
    return func_load(parts.get("code"), parts.get("defaults"), parts.get("closure"))


def _array(config: dict, depth: int) -> Any:
    parts = config.get("config") or {}
    try:
        return np.array(parts.get("value"), dtype=parts.get("dtype")).tolist()
    except (AttributeError, TypeError, ValueError) as error:
        raise FileFormatError(f"an array in the configuration is damaged: {error}") from None


@register_keras_serializable("keras3", "hard_sigmoid")
def hard_sigmoid(x: Any) -> Any:
    """Return the function that Keras 3 calls ``hard_sigmoid``; in Keras 2 it is ``0.2 x + 0.5``, clipped.

    Parameters
    ----------
    x
        Tensor.
    """
    return ops.clip(x * (1 / 6) + 0.5, 0.0, 1.0)


def with_functions_of_keras3(config: Any) -> Any:
    """Return a configuration of Keras 3 in which names mean what they mean in Keras 2.

    Parameters
    ----------
    config
        What JSON gave.
    """
    if isinstance(config, list):
        return [with_functions_of_keras3(item) for item in config]
    if not isinstance(config, dict):
        return config
    return {
        key: f"keras3>{value}"
        if value == "hard_sigmoid" and key in ("activation", "recurrent_activation")
        else with_functions_of_keras3(value)
        for key, value in config.items()
    }


_PLAIN = {
    "function": _function,
    "DTypePolicy": lambda config, depth: weight_dtype(config),
    "__lambda__": _code,
    "__tuple__": lambda config, depth: as_structured_by_keras2(list(config.get("items") or ()), depth + 1),
    "__numpy__": _array,
    "__tensor__": _array,
    "__keras_tensor__": lambda config, depth: config,
}
