"""Networks: layers put together into a graph, or by a ``call`` of one's own, that are a layer again."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..naming import get_uid
from ..utils.arguments import has_arg
from ..utils.generic_utils import is_all_none, to_list, unpack_singleton
from ..utils.layer_utils import get_source_inputs
from ..utils.warn import warn
from .base_layer import Layer, assign_weights
from .call_context import current_context
from .graph_map import map_graph, node_key
from .input_layer import InputLayer
from .network_config import NetworkConfig
from .network_files import NetworkFiles
from .node import CallLoss, Node, depends_on_input
from .symbolic_call import as_shapes, call_masks, ensure_history, output_specs, trace_call

__all__ = ["Network", "get_source_inputs"]

_KEPT = (
    "_layers",
    "_losses",
    "_per_input_losses",
    "_metrics",
    "_metric_tensors",
    "optimizer",
    "_is_compiled",
)


class Network(NetworkConfig, NetworkFiles, Layer):
    """A directed graph of layers: what a model is, apart from training.

    Parameters
    ----------
    inputs, outputs
        Symbolic tensors or lists of them: the network is what lies between. A subclass with a ``call`` of its
        own gives neither.
    name
        Name; made of the class name where not given.
    trainable
        Whether training changes the weights within.
    dtype
        Type of weights that a subclass makes for itself.

    Examples
    --------
    >>> from pronghorn.layers import Dense, Input
    >>> x = Input((4,), name="x")
    >>> network = Network(x, Dense(2, name="y")(x))
    >>> network.output_shape, [layer.name for layer in network.layers]
    ((None, 2), ['x', 'y'])
    """

    _weights_are_in_files = False  # those beside its layers' are missing in files of older versions

    def __init__(self, *args: Any, **kwargs: Any):
        for old, new in (("input", "inputs"), ("output", "outputs")):
            if old in kwargs:
                if new in kwargs:
                    raise TypeError(f"The model received both `{old}` and `{new}`, which mean the same")
                kwargs[new] = kwargs.pop(old)
                warn(f"`{old}` is Keras 1's name of the argument `{new}`")
        if len(args) == 2 or (args and "outputs" in kwargs) or ("inputs" in kwargs and "outputs" in kwargs):
            self._init_graph_network(*args, **kwargs)
        else:
            self._init_subclassed_network(**kwargs)

    def _base_init(self, name: str | None = None, trainable: bool = True, dtype: str | None = None) -> None:
        # A Sequential is made anew with each layer that is added; what the user gave it stays.
        kept = {key: self.__dict__[key] for key in _KEPT if key in self.__dict__}
        prefix = type(self).__name__.lower()
        Layer.__init__(self, name=name or f"{prefix}_{get_uid(prefix)}", trainable=trainable, dtype=dtype)
        self.__dict__.update({"optimizer": None, "_is_compiled": False, "_layers": [], **kept})
        self._expects_training_arg = has_arg(self.call, "training")

    def _init_graph_network(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        self.__dict__["_is_graph_network"] = True
        self.inputs = to_list(inputs, allow_tuple=True)
        self.outputs = to_list(outputs, allow_tuple=True)
        self._check_ends()
        self._base_init(name=name, **kwargs)
        self._uses_inputs_arg = True
        self._input_coordinates = [x._keras_history for x in self.inputs]
        self._output_coordinates = [x._keras_history for x in self.outputs]
        self.__dict__["_input_layers"] = [history[0] for history in self._input_coordinates]
        self.__dict__["_output_layers"] = [history[0] for history in self._output_coordinates]
        graph = map_graph(self.inputs, self.outputs)
        self._network_nodes = graph.node_keys
        self._nodes_by_depth = graph.nodes_by_depth
        self._layers_by_depth = graph.layers_by_depth
        self.__dict__["_layers"] = graph.layers
        self._shape_cache: dict[str, Any] = {}
        self.built = True
        # The network's first node joins its own inputs and outputs.
        masks = [layer._inbound_nodes[i].output_masks[k] for layer, i, k in self._output_coordinates]
        self._own_masks = masks
        Node(
            self,
            [],
            [],
            [],
            input_tensors=self.inputs,
            output_tensors=self.outputs,
            input_masks=[None] * len(self.inputs),
            output_masks=[None] * len(self.outputs),
            input_shapes=[tuple(x.shape) for x in self.inputs],
            output_shapes=[tuple(x.shape) for x in self.outputs],
        )
        self._name_ends()

    def _init_subclassed_network(self, name: str | None = None, **kwargs: Any) -> None:
        self.__dict__["_is_graph_network"] = False
        self._base_init(name=name, **kwargs)
        self._uses_inputs_arg = has_arg(self.call, "inputs")
        self.inputs = None
        self.outputs = None
        self.built = False

    def _check_ends(self) -> None:
        kind = type(self).__name__
        if len({id(x) for x in self.inputs}) != len(self.inputs):
            raise ValueError(
                "The list of inputs passed to the model is redundant. All inputs should only appear once. "
                f"Found: {self.inputs}"
            )
        for x in self.inputs:
            ensure_history(x)
            if not hasattr(x, "_keras_history"):
                raise ValueError(
                    f"Input tensors to a {kind} must come from `keras.layers.Input`. "
                    f"Received: {x} (missing previous layer metadata)."
                )
        for x in self.inputs:
            layer = x._keras_history[0]
            if not isinstance(layer, InputLayer):
                warn(
                    f"{kind} inputs must come from `keras.layers.Input`, not from another layer. "
                    f"The input {x} was generated by layer {layer.name}."
                )
        for x in self.outputs:
            ensure_history(x)
            if not hasattr(x, "_keras_history"):
                raise ValueError(
                    f"Output tensors to a {kind} must be the output of a Keras `Layer` "
                    f"(thus holding past layer metadata). Found: {x}"
                )

    def _name_ends(self) -> None:
        for i, layer in enumerate(self._input_layers):
            if not isinstance(layer, InputLayer):
                raise TypeError(
                    "Input layers to a `Model` must be `InputLayer` objects. "
                    f"Received inputs: {self.inputs}. Input {i} (0-based) originates from layer type "
                    f"`{type(layer).__name__}`."
                )
        fed = [(layer, x) for layer, x in zip(self._input_layers, self.inputs) if layer.is_placeholder]
        self.input_names = [layer.name for layer in self._input_layers]
        self.output_names = [layer.name for layer in self._output_layers]
        self._feed_inputs = [x for _, x in fed]
        self._feed_input_names = [layer.name for layer, _ in fed]
        self._feed_input_shapes = [tuple(x.shape) for _, x in fed]

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Layer) and "_is_graph_network" not in self.__dict__:
            raise RuntimeError(
                "It looks like you are subclassing `Model` and you forgot to call "
                "`super(YourClass, self).__init__()`. Always start with this line."
            )
        super().__setattr__(name, value)

    # --- contents

    @property
    def layers(self) -> list:
        """The layers, from the inputs on."""
        return self._layers if self._is_graph_network else self._sublayers()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by name, or by its index in ``layers``, which goes first.

        Examples
        --------
        >>> from pronghorn.layers import Dense
        >>> from pronghorn.models import Sequential
        >>> Sequential([Dense(2, name="only")]).get_layer("only").units
        2
        """
        if index is not None:
            if len(self.layers) <= index:
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} "
                    f"but model only has {len(self.layers)} layers."
                )
            return self.layers[index]
        if not name:
            raise ValueError("Provide either a layer name or layer index.")
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}")

    @property
    def stateful(self) -> bool:
        """Whether a layer within keeps a state from batch to batch."""
        return any(getattr(layer, "stateful", False) for layer in self.__dict__.get("_layers", ()))

    @stateful.setter
    def stateful(self, value: bool) -> None:
        pass  # a property of the layers within; the constructor of every layer sets it

    def reset_states(self) -> None:
        """Let all layers that keep a state from batch to batch start afresh."""
        for layer in self.layers:
            if getattr(layer, "stateful", False) and hasattr(layer, "reset_states"):
                layer.reset_states()

    @property
    def uses_learning_phase(self) -> bool:
        """Whether the outputs differ between training and prediction."""
        return any(x._uses_learning_phase for x in self.outputs or ())

    @property
    def input_spec(self) -> Any:
        """What is expected of the inputs; nothing that their shapes do not say."""
        if not self._is_graph_network:
            return None
        specs = []
        for layer in self._input_layers:
            specs += to_list(layer.input_spec)
        return unpack_singleton(specs) if specs else None

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        pass  # follows from the input layers; the constructor of every layer sets it

    @property
    def trainable_weights(self) -> list:
        """Weights that training changes; none where the network is frozen."""
        if not self.trainable:
            return []
        weights = list(self._trainable_weights)
        for layer in self.layers:
            weights += layer.trainable_weights
        return weights

    @property
    def non_trainable_weights(self) -> list:
        """Weights that training leaves alone; all of them where the network is frozen."""
        weights = list(self._non_trainable_weights)
        for layer in self.layers:
            weights += layer.non_trainable_weights
        if self.trainable:
            return weights
        frozen = list(self._trainable_weights)
        for layer in self.layers:
            frozen += layer.trainable_weights
        return frozen + weights

    def _weights_by_layer(self) -> list:
        weights = self._trainable_weights + self._non_trainable_weights
        for layer in self.layers:
            weights += layer.weights
        return weights

    def get_weights(self) -> list:
        """Return copies of all weights' contents, layer by layer."""
        return [weight.numpy() for weight in self._weights_by_layer()]

    def set_weights(self, weights: Any) -> None:
        """Set the weights to arrays that are as :meth:`get_weights` gives them."""
        own = self._weights_by_layer()
        if len(own) != len(weights):
            raise ValueError(
                f'You called `set_weights(weights)` on model "{self.name}" with a weight list of length '
                f"{len(weights)}, but the model was expecting {len(own)} weights."
            )
        assign_weights(zip(own, weights))

    # --- losses and updates

    @property
    def losses(self) -> list:
        """Losses of the layers for the calls within this network, and the network's own, each once."""
        losses: list = []
        for layer, nodes in self._nodes_of_layers():
            if nodes is None:
                losses += layer.losses
                continue
            for node in nodes:
                losses += node.losses + layer.get_losses_for(node.input_tensors)
            losses += layer.get_losses_for(None)
        losses += [loss for loss in self._losses if not _of_call(loss)]
        unique = {id(x): x for x in losses if not isinstance(x, (int, float))}
        return list(unique.values()) + [x for x in losses if isinstance(x, (int, float))]

    @property
    def updates(self) -> list:
        """Updates of variables that a training step makes beside those of the optimizer."""
        if not self.trainable and not self.stateful:
            return []
        updates = list(self._updates)
        for layer, nodes in self._nodes_of_layers():
            if nodes is None:
                updates += layer.updates
                continue
            for node in nodes:
                updates += layer.get_updates_for(node.input_tensors)
            updates += layer.get_updates_for(None)
        return updates

    @property
    def state_updates(self) -> list:
        """Updates that layers with a state make in every mode."""
        return [update for layer in self.layers if layer.stateful for update in layer.updates]

    def _nodes_of_layers(self) -> list[tuple[Layer, list[Node] | None]]:
        """Return the layers, each with its nodes within this network."""
        if not self._is_graph_network:
            return [(layer, None) for layer in self.layers]
        return [
            (
                layer,
                [
                    node
                    for i, node in enumerate(layer._inbound_nodes)
                    if node_key(layer, i) in self._network_nodes
                ],
            )
            for layer in self._layers
        ]

    def _losses_per_call(self, outputs: int) -> int:
        return sum(len(node.losses) for nodes in self._nodes_by_depth.values() for node in nodes)

    # --- calls

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """Run the graph on tensors of a trace."""
        if not self._is_graph_network:
            raise NotImplementedError(
                f"Model {self.name} has no graph of layers: write a `call` method, or build it first"
            )
        trace = ops.current_trace()
        inputs = to_list(inputs, allow_tuple=True)
        if trace is None:
            return self(unpack_singleton(inputs), mask=mask, training=training)
        outputs, _, _ = self.run_internal_graph(inputs, None if mask is None else to_list(mask))
        return unpack_singleton(outputs)

    def run_internal_graph(self, inputs: list, masks: list | None = None) -> tuple[list, list, list]:
        """Run the graph on tensors of a trace; returns the outputs, their masks and their shapes."""
        if len(inputs) != len(self.inputs):
            raise ValueError(
                f"Model {self.name} expects {len(self.inputs)} inputs, but it received {len(inputs)}"
            )
        for x, mask in zip(inputs, masks or ()):
            x._keras_mask = mask
        trace = ops.current_trace()
        with trace.scope(dict(zip(self.inputs, inputs)), isolated=True) as values:
            for depth in sorted(self._nodes_by_depth, reverse=True):
                for node in self._nodes_by_depth[depth]:
                    if not isinstance(node.outbound_layer, InputLayer):
                        node.run(trace)
            self._add_own_losses(trace)
            outputs = [trace.resolve(x) for x in self.outputs]
        context = current_context()
        if context is not None and context.depth == 1:
            # Losses and metrics of the whole model may close over tensors within it.
            for symbolic, value in values.items():
                trace.bind(symbolic, value)
        return outputs, [getattr(x, "_keras_mask", None) for x in outputs], [x.shape for x in outputs]

    def _add_own_losses(self, trace: Any) -> None:
        """Add the losses and metrics that were given to the network or its layers as symbolic tensors."""
        context = current_context()
        own = [self._losses]
        for layer, nodes in self._nodes_of_layers():
            if not isinstance(layer, Network):
                own += [layer._filed("_per_input_losses", node.input_tensors) for node in nodes or ()]
                own.append(layer._filed("_per_input_losses", None))
        for loss in [loss for losses in own for loss in losses]:
            if not _of_call(loss) and depends_on_input(loss):
                context.losses.append(trace.convert(loss))
        for layer in [self, *(layer for layer in self.layers if not isinstance(layer, Network))]:
            for metric, value in layer.__dict__.get("_metric_tensors", ()):
                context.metrics.append((metric, trace.convert(value)))

    def _set_masks(self, trace: Any, outputs: Any, inputs: Any, input_masks: Any) -> None:
        if not self._is_graph_network:  # in a graph the outputs carry the masks that their layers gave
            super()._set_masks(trace, outputs, inputs, input_masks)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the masks of the outputs, as symbolic tensors or None."""
        if not self._is_graph_network:
            return None
        if is_all_none(mask) and is_all_none(self._own_masks):
            return unpack_singleton([None] * len(self.outputs))
        return unpack_singleton(call_masks(self, to_list(inputs), mask))

    def _knows_output_shape(self) -> bool:
        return self._is_graph_network or type(self).compute_output_shape is not Network.compute_output_shape

    def _input_dtypes(self, given: list[str]) -> list[str]:
        return [x.dtype for x in self.inputs] if self._is_graph_network else super()._input_dtypes(given)

    def _output_dtypes(self, inputs: list, count: int) -> list[str]:
        return [x.dtype for x in self.outputs]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output, or a list of shapes, for the shape or shapes of the input."""
        if not self._is_graph_network:
            return self.infer_output_shape(input_shape)
        shapes, _ = as_shapes(input_shape)
        if len(shapes) != len(self.inputs):
            raise ValueError(
                f"Invalid input_shape argument {input_shape}: model has {len(self.inputs)} tensor inputs."
            )
        key = str(shapes)
        if key not in self._shape_cache:
            self._shape_cache[key] = self._propagate_shapes(shapes)
        return unpack_singleton(list(self._shape_cache[key]))

    def _propagate_shapes(self, shapes: list[tuple]) -> list[tuple]:
        if shapes == [tuple(x.shape) for x in self.inputs]:
            return [tuple(x.shape) for x in self.outputs]
        nodes = [node for depth in self._nodes_by_depth.values() for node in depth]
        if any(x._is_size for node in nodes for x in node.output_tensors):
            # Sizes are known where all of the network is traced at once.
            given = [ops.KerasTensor(shape, x.dtype) for x, shape in zip(self.inputs, shapes)]
            return [shape for shape, _ in trace_call(self, unpack_singleton(given), {})[0]]
        known = {id(x): shape for x, shape in zip(self.inputs, shapes)}
        for depth in sorted(self._nodes_by_depth, reverse=True):
            for node in self._nodes_by_depth[depth]:
                if isinstance(node.outbound_layer, InputLayer):
                    continue
                given = [ops.KerasTensor(known.get(id(x), x.shape), x.dtype) for x in node.input_tensors]
                specs, _, _ = output_specs(
                    node.outbound_layer, unpack_singleton(given), dict(node.arguments or {})
                )
                known.update((id(x), shape) for x, (shape, _) in zip(node.output_tensors, specs))
        return [known[id(x)] for x in self.outputs]


def _of_call(loss: Any) -> bool:
    """Tell whether a loss is listed for a call that adds it by itself when it runs."""
    return isinstance(getattr(loss, "producer", None), CallLoss)
