"""The graphs of networks as Keras 3 and tf.keras write them, in the words of Keras 2.3."""

from __future__ import annotations

from typing import Any

from ..errors import FileFormatError

_NETWORKS = ("Model", "Sequential", "Functional")

# Operation of Keras 3, or of TensorFlow, as a layer → function of `pronghorn.ops`.
_OPERATIONS = {
    "Absolute": "abs",
    "Add": "add",
    "Concatenate": "concatenate",
    "Divide": "divide",
    "TrueDivide": "divide",
    "Exp": "exp",
    "Log": "log",
    "Matmul": "matmul",
    "Max": "max",
    "Maximum": "maximum",
    "Mean": "mean",
    "Min": "min",
    "Minimum": "minimum",
    "Multiply": "multiply",
    "Negative": "negative",
    "Power": "power",
    "Reshape": "reshape",
    "Sigmoid": "sigmoid",
    "Sqrt": "sqrt",
    "Square": "square",
    "Subtract": "subtract",
    "Sum": "sum",
    "Tanh": "tanh",
    "Transpose": "transpose",
}
_TENSORFLOW_OPERATIONS = {
    "__operators__.add": "add",
    "math.add": "add",
    "math.divide": "divide",
    "math.exp": "exp",
    "math.maximum": "maximum",
    "math.minimum": "minimum",
    "math.multiply": "multiply",
    "math.negative": "negative",
    "math.pow": "power",
    "math.sigmoid": "sigmoid",
    "math.sqrt": "sqrt",
    "math.square": "square",
    "math.subtract": "subtract",
    "math.tanh": "tanh",
    "math.truediv": "divide",
}


def network_config(config: dict) -> dict:
    """Return the configuration of a network with its connections as Keras 2.3 writes them.

    Parameters
    ----------
    config
        Configuration whose layers have been translated, and whose ``inbound_nodes`` have not.
    """
    layers = config["layers"]
    for layer in layers:
        if not isinstance(layer, dict) or "class_name" not in layer or "config" not in layer:
            raise FileFormatError(f"a layer of the file has no class or no configuration: {str(layer)[:200]}")
        if "name" not in layer:
            layer["name"] = layer["config"].get("name") if isinstance(layer["config"], dict) else None
        if not isinstance(layer["name"], str):
            raise FileFormatError(f"a layer of the file has no name: {str(layer)[:200]}")
        layer.setdefault("inbound_nodes", [])
    new = any(isinstance(node, dict) for layer in layers for node in layer["inbound_nodes"] or ())
    if new:
        graph = _Keras3Graph(layers)
        layers = [graph.layer(layer) for layer in graph.needed(config)]
        inputs, outputs = (
            [graph.end(x) for x in coordinates(config.get(key))] for key in ("input_layers", "output_layers")
        )
    else:
        layers = [_tensorflow_layer(layer) for layer in layers]
        inputs, outputs = (coordinates(config.get(key)) for key in ("input_layers", "output_layers"))
    made = {"layers": layers, "input_layers": inputs, "output_layers": outputs}
    return {"name": config["name"], **made} if "name" in config else made


def coordinates(value: Any) -> list[list]:
    """Return coordinates of tensors as a list of ``[layer, node, tensor]``.

    Examples
    --------
    >>> coordinates(["a", 0, 0]), coordinates({"x": ["a", 0, 0]})
    ([['a', 0, 0]], [['a', 0, 0]])
    """
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and len(value) == 3 and isinstance(value[0], str):
        value = [value]
    if not isinstance(value, (list, tuple)):
        raise FileFormatError(f"the inputs or outputs of a network are damaged: {str(value)[:200]}")
    found = [list(x.values())[0] if isinstance(x, dict) and len(x) == 1 else x for x in value]
    for x in found:
        if not (
            isinstance(x, (list, tuple))
            and len(x) >= 3
            and isinstance(x[0], str)
            and all(isinstance(number, int) for number in x[1:3])
        ):
            raise FileFormatError(f"the inputs or outputs of a network are damaged: {str(x)[:200]}")
    return [list(x) for x in found]


class _Keras3Graph:
    """Nodes as calls with arguments, of which tensors are told by what layer made them."""

    def __init__(self, layers: list[dict]):
        self.layers = {layer["name"]: layer for layer in layers}

    def needed(self, config: dict) -> list[dict]:
        """Leave out what only computes masks: layers do that by themselves here."""
        waiting = [x[0] for key in ("input_layers", "output_layers") for x in coordinates(config.get(key))]
        found = set()
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            if name not in self.layers:
                raise FileFormatError(f"a network of the file has no layer {name!r}")
            found.add(name)
            for node in self.layers[name]["inbound_nodes"]:
                waiting += [x[0] for x in _tensors(_without_masks(node))]
        return [layer for name, layer in self.layers.items() if name in found]

    def source(self, history: list) -> list:
        """Return coordinates as they are here, where the first node of a network is its own."""
        name, node, tensor = history[:3]
        own = self.layers.get(name, {}).get("class_name") in _NETWORKS
        return [name, node + 1 if own else node, tensor]

    def end(self, history: list) -> list:
        """As `source`, for inputs and outputs of the network: there Keras 3 counts a node of its own too."""
        if self.layers.get(history[0], {}).get("class_name") in ("Functional", "Model"):
            return history[:3]
        return self.source(history)

    def layer(self, layer: dict) -> dict:
        operation = layer.pop("operation", None)
        nodes = [
            self._operation(layer, operation, n) if operation else self._call(layer, n)
            for n in layer["inbound_nodes"]
        ]
        return {**layer, "inbound_nodes": nodes}

    def _call(self, layer: dict, node: Any) -> list:
        node = _without_masks(node)
        args, kwargs = list(node.get("args") or ()), dict(node.get("kwargs") or {})
        for key in [
            key for key, value in kwargs.items() if value is None or (key, value) == ("training", False)
        ]:
            del kwargs[key]
        first = args.pop(0) if args else kwargs.pop("inputs", None) or kwargs.pop("sequences", None)
        sources = _tensors(first)
        # States and constants of a recurrent layer are further inputs.
        for key in ("initial_state", "constants"):
            sources += _tensors(kwargs.pop(key, None))
        if not sources or any(x is not None for x in args) or _tensors(kwargs):
            raise ValueError(
                f'{layer["class_name"]} "{layer["name"]}" of the file is called with arguments that have no '
                "counterpart here"
            )
        return [[*self.source(x), kwargs] for x in sources]

    def _operation(self, layer: dict, operation: str, node: Any) -> list:
        args, kwargs = node.get("args") or [], node.get("kwargs") or {}
        sources = _tensors([args, kwargs])
        numbers = iter(range(len(sources)))
        if operation.startswith("unknown:"):
            raise ValueError(
                f'operation {operation[8:]} of Keras 3 ("{layer["name"]}") has no counterpart here'
            )
        layer["config"]["arguments"] = [_argument(x, numbers) for x in args]
        keywords = {**layer["config"]["keywords"]["dict"], **kwargs}
        layer["config"]["keywords"] = {"dict": {key: _argument(x, numbers) for key, x in keywords.items()}}
        if len(layer["inbound_nodes"]) != 1:
            raise ValueError(f'operation "{layer["name"]}" of the file is used more than once')
        return [[*self.source(x), {}] for x in sources]


def _argument(value: Any, numbers: Any) -> Any:
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return {"input": next(numbers)}
    if isinstance(value, (list, tuple)):
        items = [_argument(x, numbers) for x in value]
        return items if isinstance(value, list) else {"tuple": items}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(
        f"an operation of the file has an argument of a kind that is not read: {str(value)[:200]}"
    )


def _without_masks(node: Any) -> dict:
    if not isinstance(node, dict):
        raise FileFormatError(f"a connection of the file is damaged: {str(node)[:200]}")
    kwargs = {
        key: x for key, x in (node.get("kwargs") or {}).items() if key not in ("mask", "attention_mask")
    }
    return {**node, "kwargs": kwargs}


def _tensors(value: Any) -> list[list]:
    """Return the histories of all tensors in an argument."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            history = (value.get("config") or {}).get("keras_history")
            return coordinates(history)
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [history for item in value for history in _tensors(item)]
    return []


def operation_layer(layer: dict) -> dict | None:
    """Return an operation that Keras 3 or TensorFlow keeps as a layer, as such a layer here; None for others.

    Parameters
    ----------
    layer
        Configuration of a layer, not translated.
    """
    module, own = str(layer.get("module") or ""), layer.get("config")
    own = own if isinstance(own, dict) else {}
    name = own.get("name") or layer.get("name")
    if layer.get("class_name") == "TFOpLambda":
        function = _TENSORFLOW_OPERATIONS.get(str(own.get("function")))
        if function is None:
            raise ValueError(f"operation {own.get('function')!r} of TensorFlow has no counterpart here")
        own = {}
    elif module.startswith("keras.src.ops"):
        function = _OPERATIONS.get(str(layer.get("class_name")))
        # Those that only compute masks are left out later on: an unknown one is no error yet.
        function = function or "unknown:" + str(layer.get("class_name"))
    else:
        return None
    keywords = {
        key: value for key, value in own.items() if key not in ("name", "trainable", "dtype", "function")
    }
    made = {"name": name, "function": function, "arguments": [], "keywords": {"dict": keywords}}
    return {
        "class_name": "OpLayer",
        "config": made,
        "name": layer.get("name") or name,
        "inbound_nodes": layer.get("inbound_nodes") or [],
        "operation": function,
    }


def _tensorflow_layer(layer: dict) -> dict:
    """Return a layer of tf.keras: its nodes are those of Keras 2.3, but for operations."""
    operation = layer.pop("operation", None)
    nodes = layer["inbound_nodes"] or []
    if operation is None:
        return {**layer, "inbound_nodes": [_flat_node(node) for node in nodes]}
    if len(nodes) != 1:
        raise ValueError(f'operation "{layer["name"]}" of the file is used more than once')
    node = nodes[0]
    if isinstance(node, (list, tuple)) and len(node) == 1 and isinstance(node[0], (list, tuple)):
        node = node[0]
    if not (isinstance(node, (list, tuple)) and len(node) == 4 and isinstance(node[3], dict)):
        raise FileFormatError(f'the connections of "{layer["name"]}" are damaged')
    sources, arguments = [list(node[:3])], [{"input": 0}]
    for key, value in node[3].items():
        if key == "name":
            continue
        if isinstance(value, (list, tuple)) and len(value) == 3 and isinstance(value[0], str):
            sources.append(list(value))
            arguments.append({"input": len(sources) - 1})
        else:
            arguments.append(_argument(value, iter(())))
    layer["config"]["arguments"] = arguments
    return {**layer, "inbound_nodes": [[[*source, {}] for source in sources]]}


def _flat_node(node: Any) -> Any:
    # tf.keras writes the node of a layer with one input without the list around it, in some versions.
    if isinstance(node, (list, tuple)) and node and isinstance(node[0], str):
        return [list(node)]
    return node
