"""Nodes: one call of a layer, between the tensors it took and those it gave."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..backend.phase import fixed
from ..utils.generic_utils import to_list, unpack_singleton
from .call_context import CallContext, in_phase


class Call:
    """One call of a layer on symbolic tensors, to be made again inside a trace.

    Parameters
    ----------
    outbound_layer
        The layer.
    input_tensors
        The symbolic tensors that it is called on.
    arguments
        Keyword arguments of the call.
    """

    def __init__(self, outbound_layer: Any, input_tensors: list, arguments: dict[str, Any] | None):
        self.outbound_layer = outbound_layer
        self.input_tensors = input_tensors
        self.arguments = arguments
        self.phase = fixed()  # a learning phase that is set when a layer is called stays with the call

    def call(self, trace: Any) -> list:
        """Call the layer on the values that the inputs have in the trace."""
        inputs = unpack_singleton([trace.convert(x) for x in self.input_tensors])
        arguments = {name: _resolved(trace, value) for name, value in (self.arguments or {}).items()}
        with in_phase(self.phase):
            return to_list(self.outbound_layer(inputs, **arguments), allow_tuple=True)


class Node(Call):
    """One call of a layer, linked into the nodes of the layers before and after it.

    It is also what computes the call's outputs inside a trace: see :meth:`run`.

    Parameters
    ----------
    outbound_layer
        The layer that was called.
    inbound_layers, node_indices, tensor_indices
        For each input: the layer it came from (None where it came from none), the call of that layer,
        and which of that call's outputs it was.
    input_tensors, output_tensors, input_masks, output_masks, input_shapes, output_shapes
        What went in and what came out.
    arguments
        Keyword arguments of the call.

    Examples
    --------
    >>> from pronghorn.layers import Dense, Input
    >>> dense = Dense(2, name="d")
    >>> _ = dense(Input((3,), name="x"))
    >>> dense._inbound_nodes[0].get_config()["inbound_layers"]
    ['x']
    """

    def __init__(
        self,
        outbound_layer: Any,
        inbound_layers: list,
        node_indices: list,
        tensor_indices: list,
        input_tensors: list,
        output_tensors: list,
        input_masks: list,
        output_masks: list,
        input_shapes: list,
        output_shapes: list,
        arguments: dict[str, Any] | None = None,
    ):
        super().__init__(outbound_layer, input_tensors, arguments)
        self.inbound_layers = inbound_layers
        self.node_indices = node_indices
        self.tensor_indices = tensor_indices
        self.output_tensors = output_tensors
        self.input_masks = input_masks
        self.output_masks = output_masks
        self.input_shapes = input_shapes
        self.output_shapes = output_shapes
        self.losses: list = []  # what each call adds to the objective, as symbolic tensors
        for layer in inbound_layers:
            if layer is not None:
                layer._outbound_nodes.append(self)
        outbound_layer._inbound_nodes.append(self)

    def get_config(self) -> dict[str, Any]:
        """Return where the inputs came from, by layer name."""
        return {
            "outbound_layer": self.outbound_layer.name if self.outbound_layer else None,
            "inbound_layers": [layer.name if layer else None for layer in self.inbound_layers],
            "node_indices": self.node_indices,
            "tensor_indices": self.tensor_indices,
        }

    def updates(self) -> list:
        """Return what the call writes in training, as symbolic tensors: the new contents of variables."""
        layer = self.outbound_layer
        if not (layer.non_trainable_weights or layer.stateful) or not self.inbound_layers:
            return []
        written: list = []

        def call(inputs: Any, arguments: dict[str, Any]) -> Any:
            nonlocal written
            outputs = layer(inputs, **arguments)
            written = ops.current_trace().updated_variables()
            return outputs

        ops.infer(call, (unpack_singleton(self.input_tensors), self.arguments or {}), training=True)
        return [CallUpdate(self, variable).output_tensors[0] for variable in written]

    def run(self, trace: Any) -> None:
        """Bind the values of the outputs in the trace."""
        for symbolic, value in zip(self.output_tensors, self.call(trace)):
            trace.bind(symbolic, value)


class CallLoss:
    """Computes one of the losses that a call adds: the call made again for the sake of its losses.

    The graph holds equal nodes once, so the repetition costs nothing at run time.
    """

    def __init__(self, call: Call, index: int):
        self.call = call
        self.index = index
        self.input_tensors = call.input_tensors
        name = f"{call.outbound_layer.name}/loss_{index}"
        self.output_tensors = [ops.KerasTensor((), config.floatx(), name=name, producer=self)]

    def run(self, trace: Any) -> None:
        """Bind the value of the loss in the trace."""
        with CallContext() as context:
            context.depth = 1  # losses of weights alone are not this call's
            self.call.call(trace)
        trace.bind(self.output_tensors[0], context.losses[self.index])


class CallUpdate:
    """Computes the content that a variable has after a call."""

    def __init__(self, call: Call, variable: Any):
        self.call = call
        self.variable = variable
        self.input_tensors = call.input_tensors
        self.output_tensors = [
            ops.KerasTensor(variable.shape, variable.dtype, name=f"{variable.name}/update", producer=self)
        ]

    def run(self, trace: Any) -> None:
        """Bind the new content in the trace."""
        with CallContext():
            self.call.call(trace)
        trace.bind(self.output_tensors[0], trace.read(self.variable))


class CallMask:
    """Computes the mask of one of the outputs of a call, as :class:`CallLoss` does its losses."""

    def __init__(self, call: Call, index: int, shape: tuple, dtype: str):
        self.call = call
        self.index = index
        self.input_tensors = call.input_tensors
        name = f"{call.outbound_layer.name}/mask_{index}"
        self.output_tensors = [ops.KerasTensor(shape, dtype, name=name, producer=self)]

    def run(self, trace: Any) -> None:
        """Bind the value of the mask in the trace."""
        with CallContext():
            outputs = self.call.call(trace)
        trace.bind(self.output_tensors[0], outputs[self.index]._keras_mask)


def connect(
    layer: Any,
    inputs: list,
    outputs: list,
    input_masks: Any,
    output_masks: Any,
    arguments: dict[str, Any] | None,
) -> Node:
    """Make the node of a symbolic call of `layer`, and let its outputs know where they come from."""
    histories = [getattr(x, "_keras_history", (None, None, None)) for x in inputs]
    node = Node(
        layer,
        inbound_layers=[history[0] for history in histories],
        node_indices=[history[1] for history in histories],
        tensor_indices=[history[2] for history in histories],
        input_tensors=inputs,
        output_tensors=outputs,
        input_masks=to_list(input_masks),
        output_masks=to_list(output_masks),
        input_shapes=[tuple(x.shape) for x in inputs],
        output_shapes=[tuple(x.shape) for x in outputs],
        arguments=arguments,
    )
    for position, x in enumerate(outputs):
        x.producer = node
        x._keras_history = (layer, len(layer._inbound_nodes) - 1, position)
    return node


def previous_masks(inputs: list) -> Any:
    """Return the masks that the layers before gave with these tensors; None where they gave none."""
    masks = []
    for x in inputs:
        history = getattr(x, "_keras_history", None)
        if history is None:
            masks.append(None)
        else:
            layer, node_index, tensor_index = history
            masks.append(layer._inbound_nodes[node_index].output_masks[tensor_index])
    return unpack_singleton(masks)


def depends_on_input(x: Any) -> bool:
    """Tell whether a symbolic tensor can't be computed from variables and constants alone.

    Examples
    --------
    >>> depends_on_input(ops.sum(ops.Variable([1.0])))
    False
    """
    waiting, seen = [x], set()
    while waiting:
        tensor = waiting.pop()
        if isinstance(tensor, ops.KerasTensor) and id(tensor) not in seen:
            seen.add(id(tensor))
            if tensor.producer is None:
                return True
            waiting += tensor.producer.input_tensors
    return False


def _resolved(trace: Any, value: Any) -> Any:
    if isinstance(value, ops.KerasTensor):
        return trace.convert(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_resolved(trace, item) for item in value)
    return value
