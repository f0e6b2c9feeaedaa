"""Networks as plain data: configuration and back, JSON and YAML, and the printed summary."""

from __future__ import annotations

import copy
from typing import Any

from ..utils.generic_utils import get_registered_name, unpack_singleton
from ..utils.warn import warn
from .graph_map import node_key
from .registry import deserialize


class NetworkConfig:
    """The part of a network that turns it into plain data and back."""

    def get_config(self) -> dict[str, Any]:
        """Return layers and connections as plain data."""
        if not self._is_graph_network:
            raise NotImplementedError(
                f"{type(self).__name__} {self.name}: a model with a `call` of its own needs a `get_config` "
                "of its own"
            )
        numbers = self._kept_nodes()
        layers = [
            {
                "name": layer.name,
                "class_name": get_registered_name(type(layer)),
                "config": layer.get_config(),
                "inbound_nodes": [
                    _node_config(node, numbers)
                    for i, node in enumerate(layer._inbound_nodes)
                    if node_key(layer, i) in numbers and node.inbound_layers
                ],
            }
            for layer in self._layers
        ]
        config = {
            "name": self.name,
            "layers": layers,
            "input_layers": [_coordinates(x, numbers) for x in self._input_coordinates],
            "output_layers": [_coordinates(x, numbers) for x in self._output_coordinates],
        }
        return copy.deepcopy(config)

    def _kept_nodes(self) -> dict[str, int]:
        """Number the nodes of each layer that lie within this network: only these are written."""
        numbers: dict[str, int] = {}
        for layer in self._layers:
            # A network's first node is its own, which it makes by itself when it is made again.
            kept = 1 if isinstance(layer, NetworkConfig) else 0
            for i in range(len(layer._inbound_nodes)):
                key = node_key(layer, i)
                if key in self._network_nodes:
                    numbers[key] = kept
                    kept += 1
        return numbers

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """Make a network of what :meth:`get_config` gave.

        Examples
        --------
        >>> from pronghorn.layers import Dense, Input
        >>> from pronghorn.models import Model
        >>> x = Input((4,))
        >>> Model.from_config(Model(x, Dense(2)(x)).get_config()).output_shape
        (None, 2)
        """
        layers = {data["name"]: deserialize(data, custom_objects=custom_objects) for data in config["layers"]}
        waiting = {
            data["name"]: list(data["inbound_nodes"]) for data in config["layers"] if data["inbound_nodes"]
        }
        # A layer's calls are made in their order, each as soon as its inputs exist: a layer that is shared
        # between depths waits for others in between.
        while waiting:
            progress = False
            for name in list(waiting):
                calls = waiting[name]
                while calls and all(_exists(layers, source) for source in calls[0]):
                    _make_call(layers, name, calls.pop(0))
                    progress = True
                if not calls:
                    del waiting[name]
            if not progress:
                raise ValueError(
                    f"Improperly formatted model config: the inputs of {sorted(waiting)} never exist"
                )
        inputs = [_output_of(layers, x) for x in config["input_layers"]]
        outputs = [_output_of(layers, x) for x in config["output_layers"]]
        return cls(inputs=inputs, outputs=outputs, name=config.get("name"))

    def _updated_config(self) -> dict[str, Any]:
        from .. import __version__

        return {
            "class_name": get_registered_name(type(self)),
            "config": self.get_config(),
            "keras_version": KERAS_VERSION,
            "backend": "pronghorn",
            "pronghorn_version": __version__,
        }

    def to_json(self, **kwargs: Any) -> str:
        """Return the configuration as JSON; keyword arguments go to ``json.dumps``.

        Examples
        --------
        >>> from pronghorn.layers import Dense
        >>> from pronghorn.models import Sequential, model_from_json
        >>> model_from_json(Sequential([Dense(2, input_shape=(3,))]).to_json()).output_shape
        (None, 2)
        """
        import json

        return json.dumps(self._updated_config(), default=plain_value, **kwargs)

    def to_yaml(self, **kwargs: Any) -> str:
        """Return the configuration as YAML (needs PyYAML); keyword arguments go to ``yaml.dump``."""
        import json

        try:
            import yaml
        except ImportError:
            raise ImportError("to_yaml needs PyYAML: pip install pyyaml") from None
        return yaml.dump(json.loads(json.dumps(self._updated_config(), default=plain_value)), **kwargs)

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Any = None,
        flops: bool = False,
        memory: bool = False,
        batch_size: int = 32,
    ) -> None:
        """Print the layers with their output shapes and numbers of weights.

        Parameters
        ----------
        line_length
            Width of the table.
        positions
            Where the columns end, absolute or relative to the width.
        print_fn
            Function to call with each line, ``print`` where not given.
        flops
            Whether to print the floating-point operations of each layer, and those of a step.
        memory
            Whether to print the memory planned for a step, beside weights and optimizer.
        batch_size
            The batch that a step is of.
        """
        if not self.built:
            raise ValueError(
                "This model has not yet been built. Call `build()`, or `fit()` with some data, "
                "or give the first layer an `input_shape` or `batch_input_shape`."
            )
        from ..utils.layer_utils import print_summary

        print_summary(self, line_length, positions, print_fn, flops, memory, batch_size)

    def _layer_flops(self, layer: Any, nodes: list, batch_size: int) -> float | None:
        from .model_cost import layer_flops

        return layer_flops(layer, nodes, batch_size)

    def _step_cost(self, mode: str, batch_size: int) -> tuple[float, int] | None:
        from .model_cost import step_cost

        return step_cost(self, mode, batch_size)


KERAS_VERSION = "2.3.1"  # whose format configurations have


def plain_value(value: Any) -> Any:
    """Return NumPy values and types as what JSON has words for."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, type):
        return value.__name__
    raise TypeError("Not JSON Serializable:", value)


def _node_config(node: Any, numbers: dict[str, int]) -> list:
    arguments = node.arguments or {}
    if arguments:
        import json

        try:
            json.dumps(arguments)
        except TypeError:
            warn(
                f"Layer {node.outbound_layer.name} was passed non-serializable keyword arguments: "
                f"{arguments}. They will not be part of the serialized model."
            )
            arguments = {}
    sources = zip(node.inbound_layers, node.node_indices, node.tensor_indices)
    result = []
    for layer, index, tensor in sources:
        if layer is None:
            raise ValueError(
                f"Layer {node.outbound_layer.name} takes a constant or variable as input: "
                "such a model can't be written to a configuration"
            )
        result.append([layer.name, numbers.get(node_key(layer, index), 0), tensor, arguments])
    return result


def _coordinates(history: tuple, numbers: dict[str, int]) -> list:
    layer, index, tensor = history
    return [layer.name, numbers[node_key(layer, index)], tensor]


def _exists(layers: dict[str, Any], source: list) -> bool:
    if len(source) not in (3, 4):
        raise ValueError("Improperly formatted model config.")
    return len(layers[source[0]]._inbound_nodes) > source[1]


def _output_of(layers: dict[str, Any], source: list) -> Any:
    name, node, tensor = source[:3]
    return layers[name]._inbound_nodes[node].output_tensors[tensor]


def _make_call(layers: dict[str, Any], name: str, sources: list) -> None:
    arguments = dict(sources[-1][3]) if len(sources[-1]) == 4 else {}
    layers[name](unpack_singleton([_output_of(layers, source) for source in sources]), **arguments)
