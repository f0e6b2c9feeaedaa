"""Models as Keras 3 writes them: configuration, connections, and what they were compiled with."""

from __future__ import annotations

from typing import Any

from ... import constraints, initializers, layers, losses, metrics, optimizers, regularizers
from ...engine.input_layer import InputLayer
from ...engine.network import Network
from ...engine.op_layer import OpLayer, Slot
from ...engine.sequential import Sequential
from ...layers.bidirectional import Bidirectional
from ...layers.rnn import RNN
from ...utils.generic_utils import get_registered_name, get_registered_object
from ...utils.warn import warn
from ..training_config import training_config
from .training import BESIDE_ROOT, FUNCTIONS, SCHEDULE_DECAY

_MODULES = {
    "keras.initializers": initializers,
    "keras.regularizers": regularizers,
    "keras.constraints": constraints,
    "keras.layers": layers,
    "keras.losses": losses,
    "keras.metrics": metrics,
    "keras.optimizers": optimizers,
}
_RENAMED = {"LeakyReLU": {"alpha": "negative_slope"}}
# Arguments that Keras 3 has no more; none of them changes what a built layer computes.
_DROPPED = ("batch_input_shape", "implementation", "input_length", "use_legacy_config")
_DROPPED_BY_LAYER = {
    "SpatialDropout1D": ("trainable", "noise_shape"),
    "SpatialDropout2D": ("trainable", "noise_shape"),
    "SpatialDropout3D": ("trainable", "noise_shape"),
}
# Operations on tensors as both sides write them; those with further arguments stay ours.
_OPERATIONS = {
    "abs": "Absolute",
    "add": "Add",
    "divide": "TrueDivide",
    "exp": "Exp",
    "log": "Log",
    "matmul": "Matmul",
    "maximum": "Maximum",
    "minimum": "Minimum",
    "multiply": "Multiply",
    "negative": "Negative",
    "power": "Power",
    "sqrt": "Sqrt",
    "square": "Square",
    "subtract": "Subtract",
    "tanh": "Tanh",
}
_LOSSES = {ours: theirs for theirs, ours in FUNCTIONS.items()} | {"KLD": "kl_divergence"}


def in_keras3(model: Any) -> dict[str, Any]:
    """Return a model's configuration as Keras 3 writes it.

    Parameters
    ----------
    model
        A model, compiled or not.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> from pronghorn.models import Sequential
    >>> config = in_keras3(Sequential([Dense(2, input_shape=(3,))]))["config"]
    >>> [layer["class_name"] for layer in config["layers"]]
    ['InputLayer', 'Dense']
    """
    data = _layer(model)
    if model.optimizer:
        data["compile_config"] = _compile_config(model)
    return data


def _layer(layer: Any) -> dict[str, Any]:
    if type(layer) is Sequential:
        own = {"name": layer.name, "trainable": layer.trainable, "layers": _stack(layer)}
        return _entry("keras", "Sequential", own, {"input_shape": _shape(layer)})
    if isinstance(layer, Network) and layer._is_graph_network and not _overrides_config(layer):
        entry = _entry("keras.src.models.functional", "Functional", _network(layer), {"input_shape": None})
        return {**entry, "registered_name": "Functional"} if _is_plain(layer) else _own(layer, entry)
    if _operation(layer):
        entry = _entry("keras.src.ops.numpy", _operation(layer), {"name": layer.name}, {})
        return {**entry, "registered_name": _operation(layer)}
    own = _config(layer)
    entry = _entry("keras.layers", type(layer).__name__, own, {"input_shape": _shape(layer)})
    return _own(layer, entry)


def _operation(layer: Any) -> str | None:
    """Return the class that an operation on tensors is in Keras 3; None for other layers, and for some."""
    if type(layer) is not OpLayer or layer._keywords:
        return None
    plain = all(x is None or isinstance(x, (bool, int, float, Slot)) for x in layer._arguments)
    return _OPERATIONS.get(layer.function) if plain else None


def _is_plain(model: Any) -> bool:
    return type(model).__name__ == "Model"


def _overrides_config(model: Any) -> bool:
    return type(model).get_config not in (Network.get_config, Sequential.get_config)


def _own(layer: Any, entry: dict) -> dict:
    """Mark classes of the user's own: Keras 3 looks them up by the name they were registered with."""
    name = get_registered_name(type(layer))
    if getattr(layers, type(layer).__name__, None) is type(layer):
        return entry
    return {**entry, "module": None, "class_name": type(layer).__name__, "registered_name": name}


def _entry(module: str, name: str, own: dict, build: dict) -> dict[str, Any]:
    entry = {"module": module, "class_name": name, "config": own, "registered_name": None}
    return {**entry, "build_config": build} if build.get("input_shape") else entry


def _shape(layer: Any) -> Any:
    try:
        shape = layer.input_shape
    except AttributeError:
        return None
    if not isinstance(shape, list):
        return list(shape)
    # Recurrent layers with states as further inputs are built by their call.
    return None if isinstance(layer, (RNN, Bidirectional)) else [list(x) for x in shape]


def _stack(model: Any) -> list[dict]:
    found = [_layer(layer) for layer in model.layers]
    if model.inputs and found and found[0]["class_name"] != "InputLayer":
        first = model.inputs[0]._keras_history[0]
        own = {"batch_shape": list(first.batch_input_shape), "dtype": first.dtype, "name": first.name}
        found.insert(0, _entry("keras.layers", "InputLayer", own, {}))
    return found


def _network(model: Any) -> dict[str, Any]:
    numbers = model._kept_nodes()
    entries = []
    for layer in model.layers:
        nodes = [
            _node(node, numbers)
            for i, node in enumerate(layer._inbound_nodes)
            if f"{layer.name}_ib-{i}" in numbers and node.inbound_layers
        ]
        entries.append({**_layer(layer), "name": layer.name, "inbound_nodes": nodes})
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": entries,
        "input_layers": [_end(x, numbers) for x in model._input_coordinates],
        "output_layers": [_end(x, numbers) for x in model._output_coordinates],
    }


def _coordinates(history: tuple, numbers: dict[str, int]) -> list:
    layer, node, tensor = history
    number = numbers.get(f"{layer.name}_ib-{node}", 0)
    # Networks have no node of their own in Keras 3.
    return [layer.name, number - 1 if isinstance(layer, Network) else number, tensor]


def _end(history: tuple, numbers: dict[str, int]) -> list:
    """As `_coordinates`, for inputs and outputs of a network: there Keras 3 counts a graph's own node too."""
    name, node, tensor = _coordinates(history, numbers)
    graph = isinstance(history[0], Network) and not isinstance(history[0], Sequential)
    return [name, node + 1 if graph else node, tensor]


def _node(node: Any, numbers: dict[str, int]) -> dict[str, Any]:
    layer = node.outbound_layer
    sources = zip(node.inbound_layers, node.node_indices, node.tensor_indices, node.input_tensors)
    tensors = [
        {
            "class_name": "__keras_tensor__",
            "config": {
                "shape": list(x.shape),
                "dtype": x.dtype,
                "keras_history": _coordinates((source, index, tensor), numbers),
            },
        }
        for source, index, tensor, x in sources
    ]
    if _operation(layer):
        return {
            "args": [tensors[x.index] if isinstance(x, Slot) else x for x in layer._arguments],
            "kwargs": {},
        }
    kwargs = dict(node.arguments or {})
    if len(tensors) > 1 and isinstance(layer, (RNN, Bidirectional)):
        kwargs["initial_state"] = tensors[1:]
        tensors = tensors[:1]
    return {"args": [tensors[0] if len(tensors) == 1 else tensors], "kwargs": kwargs}


def _config(layer: Any) -> dict[str, Any]:
    own = dict(layer.get_config())
    name = type(layer).__name__
    if isinstance(layer, InputLayer):
        own["batch_shape"] = list(own.pop("batch_input_shape"))
        return {key: own[key] for key in ("batch_shape", "dtype", "name")}
    if getattr(layers, name, None) is not type(layer):
        return _objects(own)
    if name == "Lambda":
        return _lambda(own)
    dropped = (*_DROPPED, *_DROPPED_BY_LAYER.get(name, ()))
    own = {_RENAMED.get(name, {}).get(key, key): value for key, value in own.items() if key not in dropped}
    for key, inner in (("layer", getattr(layer, "layer", None)), ("cell", getattr(layer, "cell", None))):
        if key in own and inner is not None and hasattr(inner, "get_config"):
            own[key] = _layer(inner)
    if name == "StackedRNNCells":
        own["cells"] = [_layer(cell) for cell in layer.cells]
    return _objects(own)


def _lambda(own: dict) -> dict:
    if own.get("function_type") == "lambda":
        code, defaults, closure = own["function"]
        parts = {"code": code, "defaults": defaults, "closure": closure}
        own["function"] = {"class_name": "__lambda__", "config": parts}
    elif isinstance(own.get("function"), str):
        own["function"] = _function(own["function"])
    kept = ("name", "trainable", "dtype", "function", "arguments")
    found = {key: own[key] for key in kept if key in own}
    if own.get("output_shape_type") == "raw" and own.get("output_shape"):
        found["output_shape"] = own["output_shape"]
    return found


def _function(name: str) -> dict:
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def _objects(value: Any) -> Any:
    """Say of objects within a configuration which module of Keras they are from."""
    if isinstance(value, (list, tuple)):
        return [_objects(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = {key: _function_of_keras2(key, item) for key, item in value.items()}
    if "class_name" not in value or "config" not in value or "module" in value:
        return {key: _objects(item) for key, item in value.items()}
    name = value["class_name"]
    module = _module_of(name)
    if module == "keras.layers" and isinstance(value["config"], dict):
        own = {k: v for k, v in value["config"].items() if k not in _DROPPED}
        value = {**value, "config": {_RENAMED.get(name, {}).get(k, k): v for k, v in own.items()}}
    registered = name if get_registered_object(name) is not None else None
    own = _objects(value["config"])
    return {"module": module, "class_name": name, "config": own, "registered_name": registered}


def _module_of(name: str) -> str | None:
    for path, module in _MODULES.items():
        if isinstance(getattr(module, name, None), type):
            return path
    return None


def _function_of_keras2(key: str, value: Any) -> Any:
    """Mark functions that Keras 3 computes in another way: it is not to take its own for them."""
    if key not in ("activation", "recurrent_activation") or not isinstance(value, str):
        return value
    if value.startswith("keras3>"):
        return value.removeprefix("keras3>")
    if value == "hard_sigmoid":
        warn(
            "hard_sigmoid of Keras 2 is not that of Keras 3, which opens the file only with custom_objects="
            '{"keras2>hard_sigmoid": lambda x: keras.ops.clip(0.2 * x + 0.5, 0, 1)}'
        )
        value = "keras2>hard_sigmoid"
    return _function(value) if ">" in value else value


def _compile_config(model: Any) -> dict[str, Any]:
    import json

    from ..training_config import to_json

    config = json.loads(to_json(training_config(model)))
    return {
        "optimizer": _optimizer(model.optimizer),
        "loss": _objects(_renamed_losses(config["loss"])) or None,
        "loss_weights": config["loss_weights"],
        "metrics": _objects(config["metrics"]) or None,
        "weighted_metrics": _objects(config["weighted_metrics"]) or None,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": False,
    }


def _renamed_losses(value: Any) -> Any:
    if isinstance(value, list):
        return [_renamed_losses(item) for item in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _renamed_losses(item) for key, item in value.items()}
    return _LOSSES.get(value, value) if isinstance(value, str) else value


def _optimizer(optimizer: Any) -> dict[str, Any]:
    name = type(optimizer).__name__
    own = dict(optimizer.get_config())
    if not optimizers.is_built_in(optimizer):
        registered = get_registered_name(type(optimizer))
        return {"module": None, "class_name": name, "config": own, "registered_name": registered}
    decay = own.pop("decay", 0)
    if "clipnorm" in own:  # the norm of all gradients together
        own["global_clipnorm"] = own.pop("clipnorm")
    if "clipnorm_each" in own:
        own["clipnorm"] = own.pop("clipnorm_each")
    own.pop("epsilon_under_root", None)
    schedule_decay = own.pop("schedule_decay", 1.0)
    if decay > 0:
        schedule = {"initial_learning_rate": own["learning_rate"], "decay_steps": 1, "decay_rate": decay}
        own["learning_rate"] = {
            "module": "keras.optimizers.schedules",
            "class_name": "InverseTimeDecay",
            "config": {**schedule, "staircase": False, "name": "InverseTimeDecay"},
            "registered_name": None,
        }
    # Keras 3 has epsilon under the root, and one schedule in Nadam. It takes any name: by this one we know
    # our own formula again.
    own["name"] = name.lower() + ("" if getattr(optimizer, "epsilon_under_root", True) else BESIDE_ROOT)
    if schedule_decay != 1.0:
        own["name"] += f"{SCHEDULE_DECAY}{schedule_decay!r}"
        warn(f"Keras 3 trains on as with schedule_decay=1.0, not {schedule_decay}: its Nadam has no other")
    own["use_ema"] = False
    return {"module": "keras.optimizers", "class_name": name, "config": own, "registered_name": None}
