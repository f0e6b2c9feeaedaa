"""A model's layers as a graph for TensorBoard."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto


def graph_of(model: Any) -> GraphDef:
    """One node per call of a layer, in a group named after the layer, with its weights; then the losses.

    A model without a graph of layers has a node per layer, unconnected.
    """
    graph = GraphDef()
    _add_layers(graph, model, "", {})
    if getattr(model, "_is_compiled", False) and model._is_graph_network:
        _add_losses(graph, model)
    return graph


def _add_layers(graph, model, scope, given):
    """Adds the layers of a model; returns the names of the nodes of its outputs.

    `given` has the names of the nodes that feed its inputs, by the identity of these tensors.
    """
    if not getattr(model, "_is_graph_network", False):
        for layer in model.layers:
            _add_layer(graph, layer, scope, 0, [], [])
        return []
    made = dict(given)
    calls = Counter()
    levels = model._nodes_by_depth
    for node in (node for depth in sorted(levels, reverse=True) for node in levels[depth]):
        outputs = node.output_tensors
        if all(id(tensor) in made for tensor in outputs):
            continue
        layer = node.outbound_layer
        sources = [made[id(tensor)] for tensor in node.input_tensors if id(tensor) in made]
        index = calls[layer.name]
        calls[layer.name] += 1
        if hasattr(layer, "_nodes_by_depth"):
            inner = f"{scope}{layer.name}{_number(index)}/"
            names = _add_layers(graph, layer, inner, _feeds(layer, sources))
            names = names if len(names) == len(outputs) else sources[:1] * len(outputs)
        else:
            names = [_add_layer(graph, layer, scope, index, sources, outputs)] * len(outputs)
        made.update(zip(map(id, outputs), names))
    return [made[id(tensor)] for tensor in model.outputs if id(tensor) in made]


def _feeds(model, sources):
    inputs = getattr(model, "inputs", None) or []
    return dict(zip(map(id, inputs), sources))


def _add_layer(graph, layer, scope, index, sources, outputs):
    kind = type(layer).__name__
    name = f"{scope}{layer.name}/{kind}{_number(index)}"
    weights = []
    for i, weight in enumerate(layer.weights):
        short = weight.name.split(":")[0].rsplit("/", 1)[-1]
        weights.append(f"{scope}{layer.name}/{short}")
        if weights[-1] in weights[:-1]:
            weights[-1] += f"_{i}"
        if index == 0:
            node = graph.node.add(name=weights[-1], op="Variable")
            node.attr["shape"].CopyFrom(AttrValue(shape=_shape(weight.shape)))
    node = graph.node.add(name=name, op=kind, input=[*sources, *weights])
    if outputs:
        shapes = [_shape(tensor.shape) for tensor in outputs]
        node.attr["_output_shapes"].CopyFrom(AttrValue(list=AttrValue.ListValue(shape=shapes)))
    node.attr["parameters"].CopyFrom(AttrValue(i=layer.count_params() if layer.built else 0))
    return name


def _add_losses(graph, model):
    """The loss of each output, and the optimizer behind all."""
    producers = {}
    levels = model._nodes_by_depth
    for node in (node for depth in levels for node in levels[depth]):
        for tensor in node.output_tensors:
            producers[id(tensor)] = node.outbound_layer
    last = {node.name.split("/")[0]: node.name for node in graph.node if node.op != "Variable"}
    losses = []
    for name, output, loss in zip(model.output_names, model.outputs, model.loss_functions):
        layer = producers.get(id(output))
        if loss is None or layer is None or layer.name not in last:
            continue
        target = graph.node.add(name=f"training/{name}_target", op="Placeholder")
        kind = getattr(loss, "name", None) or type(loss).__name__
        node = graph.node.add(name=f"training/{name}_loss", op=kind, input=[last[layer.name], target.name])
        losses.append(node.name)
    graph.node.add(name="training/optimizer", op=type(model.optimizer).__name__, input=losses)


def _number(index):
    return f"_{index}" if index else ""


def _shape(sizes):
    dims = [TensorShapeProto.Dim(size=-1 if size is None else int(size)) for size in sizes]
    return TensorShapeProto(dim=dims)
