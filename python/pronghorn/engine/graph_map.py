"""From the outputs of a model back to its inputs: the nodes between, by depth, and the layers in order."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import ops
from .node import Node, depends_on_input


class GraphMap(NamedTuple):
    """The nodes and layers of a model; depth counts the calls still to come before the outputs."""

    node_keys: set[str]
    nodes_by_depth: dict[int, list[Node]]
    layers: list
    layers_by_depth: dict[int, list]


def node_key(layer: Any, index: int) -> str:
    """Return the name of call number `index` of a layer."""
    return f"{layer.name}_ib-{index}"


def map_graph(inputs: list, outputs: list) -> GraphMap:
    """Collect what lies between inputs and outputs, and check that nothing else is needed.

    Examples
    --------
    >>> from pronghorn.layers import Dense, Input
    >>> x = Input((3,), name="x")
    >>> y = Dense(2, name="y")(x)
    >>> [layer.name for layer in map_graph([x], [y]).layers]
    ['x', 'y']
    """
    order, first_seen, keys = _traverse(outputs)
    node_depths: dict[Node, int] = {}
    layer_depths: dict[Any, int] = {}
    for node in reversed(order):
        # A layer is as deep as its deepest call, and all its calls from there on are as deep as the layer.
        layer = node.outbound_layer
        depth = max(node_depths.setdefault(node, 0), layer_depths.get(layer, 0))
        node_depths[node] = layer_depths[layer] = depth
        for before in _inbound_nodes(node):
            node_depths[before] = max(depth + 1, node_depths.get(before, 0))
    for x in inputs:  # those that no output depends on belong to the model all the same
        layer, index = x._keras_history[:2]
        if layer not in layer_depths:
            node_depths[layer._inbound_nodes[index]] = layer_depths[layer] = 0
            first_seen[layer] = -1
            keys.add(node_key(layer, index))
    nodes_by_depth = _by_depth(node_depths)
    layers_by_depth = _by_depth(layer_depths)
    layers = []
    for depth in sorted(layers_by_depth, reverse=True):
        layers_by_depth[depth].sort(key=first_seen.__getitem__)
        layers += layers_by_depth[depth]
    _check_connected(inputs, nodes_by_depth)
    _check_names(layers)
    return GraphMap(keys, nodes_by_depth, layers, layers_by_depth)


def _traverse(outputs: list) -> tuple[list[Node], dict[Any, int], set[str]]:
    """Walk back from the outputs, without recursion: models may be deeper than Python's stack."""
    order: list[Node] = []
    first_seen: dict[Any, int] = {}
    keys: set[str] = set()
    finished: set[Node] = set()
    in_progress: set[Node] = set()

    def enter(layer: Any, index: int) -> Node | None:
        node = layer._inbound_nodes[index]
        if node in in_progress:
            raise ValueError(
                f'The tensor {node.output_tensors[0]} at layer "{layer.name}" is part of a cycle.'
            )
        if node in finished:
            return None
        keys.add(node_key(layer, index))
        first_seen.setdefault(layer, len(first_seen))
        in_progress.add(node)
        return node

    for x in outputs:
        node = enter(*x._keras_history[:2])
        stack = [(node, 0)] if node else []
        while stack:
            node, position = stack.pop()
            if position == len(node.inbound_layers):
                in_progress.remove(node)
                finished.add(node)
                order.append(node)
                continue
            stack.append((node, position + 1))
            layer = node.inbound_layers[position]
            if layer is not None:
                before = enter(layer, node.node_indices[position])
                if before:
                    stack.append((before, 0))
    return order, first_seen, keys


def _inbound_nodes(node: Node) -> list[Node]:
    pairs = zip(node.inbound_layers, node.node_indices)
    return [layer._inbound_nodes[index] for layer, index in pairs if layer is not None]


def _by_depth(depths: dict[Any, int]) -> dict[int, list]:
    result: dict[int, list] = {}
    for item, depth in depths.items():
        result.setdefault(depth, []).append(item)
    return result


def _check_connected(inputs: list, nodes_by_depth: dict[int, list[Node]]) -> None:
    computable = {id(x) for x in inputs}
    passed: list[str] = []
    for depth in sorted(nodes_by_depth, reverse=True):
        for node in nodes_by_depth[depth]:
            name = node.outbound_layer.name
            for x in node.input_tensors:
                if id(x) not in computable and not _is_constant(x):
                    raise ValueError(
                        f'Graph disconnected: cannot obtain value for tensor {x} at layer "{name}". '
                        f"The following previous layers were accessed without issue: {passed}"
                    )
            computable.update(id(x) for x in node.output_tensors)
            passed.append(name)


def _is_constant(x: Any) -> bool:
    if hasattr(x, "_keras_history"):
        layer = x._keras_history[0]
        return not getattr(layer, "is_placeholder", True) and not depends_on_input(x)
    return not isinstance(x, ops.KerasTensor) or not depends_on_input(x)


def _check_names(layers: list) -> None:
    names = [layer.name for layer in layers]
    for name in names:
        if names.count(name) != 1:
            raise ValueError(
                f'The name "{name}" is used {names.count(name)} times in the model. '
                "All layer names should be unique."
            )
