"""Utilities on layers and models: counting, printing, converting and finding inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .conv_utils import convert_kernel
from .units import short, short_bytes


def count_params(weights: Iterable[Any]) -> int:
    """Return how many numbers the variables hold, each counted once.

    Examples
    --------
    >>> from pronghorn import ops
    >>> w = ops.Variable(np.zeros((3, 4)))
    >>> count_params([w, w])
    12
    """
    unique = {id(weight): weight for weight in weights}
    return int(sum(np.prod(weight.shape, dtype=np.int64) for weight in unique.values()))


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: list[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    flops: bool = False,
    memory: bool = False,
    batch_size: int = 32,
) -> None:
    """Print a model's layers as a table; see ``Model.summary``.

    Parameters
    ----------
    model
        The model.
    line_length
        Width of the table: 65, or 98 with a column of connections.
    positions
        Where the columns end, absolute or relative to the width.
    print_fn
        Function to call with each line, ``print`` where not given.
    flops, memory
        Whether to print the floating-point operations, and the memory, that a step takes.
    batch_size
        The batch that a step is of.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> from pronghorn.models import Sequential
    >>> lines = []
    >>> print_summary(Sequential([Dense(2, input_shape=(3,))]), print_fn=lines.append)
    >>> lines[-4]
    'Total params: 8'
    """
    show = print_fn or print
    simple = _is_chain(model)
    width = line_length or (65 if simple else 98) + (13 if flops else 0)
    if flops:
        columns = positions or ([0.38, 0.7, 0.84, 1.0] if simple else [0.29, 0.48, 0.58, 0.69, 1.0])
    else:
        columns = positions or ([0.45, 0.85, 1.0] if simple else [0.33, 0.55, 0.67, 1.0])
    if columns[-1] <= 1:
        columns = [int(width * column) for column in columns]
    levels = model._nodes_by_depth.values() if model._is_graph_network else ()
    nodes = [node for level in levels for node in level]

    def row(*fields: Any) -> None:
        line = ""
        for field, end in zip(fields, columns):
            line = (line[:-1] + " " if line else line) + str(field)
            line = line[:end].ljust(end)
        show(line)

    show(f'Model: "{model.name}"')
    show("_" * width)
    titles = ["Layer (type)", "Output Shape", "Param #"]
    row(*titles, *(["FLOPs"] if flops else []), *([] if simple else ["Connected to"]))
    show("=" * width)
    for i, layer in enumerate(model.layers):
        fields = [f"{layer.name} ({type(layer).__name__})", _output_shape(layer), layer.count_params()]
        if flops:
            fields.append(_flops_text(model, layer, nodes, batch_size))
        first, *more = [None] if simple else _connections(layer, nodes) or [""]
        row(*fields, *([] if simple else [first]))
        for connection in more:
            row(*[""] * len(fields), connection)
        show(("=" if i == len(model.layers) - 1 else "_") * width)
    trained = getattr(model, "_collected_trainable_weights", None)  # what the model was compiled with
    if trained is not None:
        model._check_trainable_weights_consistency()
    trainable = count_params(model.trainable_weights if trained is None else trained)
    frozen = count_params(model.non_trainable_weights)
    show(f"Total params: {trainable + frozen:,}")
    show(f"Trainable params: {trainable:,}")
    show(f"Non-trainable params: {frozen:,}")
    show("_" * width)
    if flops or memory:
        _show_costs(model, flops, memory, batch_size, show)
        show("_" * width)


def _flops_text(model: Any, layer: Any, nodes: list, batch_size: int) -> str:
    """The operations that a layer takes per row of a batch."""
    operations = model._layer_flops(layer, nodes, batch_size)
    return "?" if operations is None else short(operations / batch_size)


def _show_costs(model: Any, flops: bool, memory: bool, batch_size: int, show: Callable[[str], Any]) -> None:
    modes = ["predict", *(["train"] if getattr(model, "_is_compiled", False) else [])]
    names = {"predict": "Predicting", "train": "Training on"}
    for mode in modes:
        cost = model._step_cost(mode, batch_size)
        if cost is None:
            show(f"{names[mode]} a batch of {batch_size}: not known, as the shapes are not")
            continue
        parts = [f"{short(cost[0])} FLOPs"] * flops + [f"{short_bytes(cost[1])} of memory"] * memory
        show(f"{names[mode]} a batch of {batch_size}: {', '.join(parts)}")


def _output_shape(layer: Any) -> Any:
    try:
        return layer.output_shape
    except AttributeError:
        return "multiple"


def _is_chain(model: Any) -> bool:
    """Tell whether each layer of a model has one call, on the output of the layer before."""
    if type(model).__name__ == "Sequential" or not model._is_graph_network:
        return True
    levels = model._nodes_by_depth.values()
    if any(len(level) > 1 or len(level[0].inbound_layers) > 1 for level in levels):
        return False
    nodes = {id(level[0]) for level in levels}
    return all(sum(id(node) in nodes for node in layer._inbound_nodes) <= 1 for layer in model.layers)


def _connections(layer: Any, nodes: list) -> list[str]:
    result = []
    for node in layer._inbound_nodes:
        if any(node is other for other in nodes):
            for before, index, tensor in zip(node.inbound_layers, node.node_indices, node.tensor_indices):
                result.append(f"{before.name}[{index}][{tensor}]" if before else "constant")
    return result


def convert_all_kernels_in_model(model: Any) -> None:
    """Reverse the spatial axes of all convolution kernels: weights trained with Theano, and back.

    Examples
    --------
    >>> from pronghorn.layers import Conv1D
    >>> from pronghorn.models import Sequential
    >>> model = Sequential([Conv1D(1, 2, input_shape=(4, 1))])
    >>> before = model.get_weights()[0].ravel()
    >>> convert_all_kernels_in_model(model)
    >>> bool((model.get_weights()[0].ravel() == before[::-1]).all())
    True
    """
    for layer in model.layers:
        if type(layer).__name__ in ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose"):
            layer.kernel.assign(convert_kernel(layer.kernel.numpy()))


def convert_dense_weights_data_format(
    dense: Any, previous_feature_map_shape: tuple[int, int, int], target_data_format: str = "channels_first"
) -> None:
    """Reorder the rows of the ``Dense`` after a ``Flatten`` for feature maps in the other layout.

    Parameters
    ----------
    dense
        The layer.
    previous_feature_map_shape
        Shape of the feature map before the ``Flatten``, in the target layout.
    target_data_format
        The layout that the model has from now on.
    """
    if target_data_format not in ("channels_first", "channels_last"):
        raise AssertionError(f"unknown data format {target_data_format!r}")
    kernel, bias = dense.get_weights()
    if target_data_format == "channels_first":
        channels, rows, columns = previous_feature_map_shape
        maps = kernel.reshape(rows, columns, channels, -1).transpose(2, 0, 1, 3)
    else:
        rows, columns, channels = previous_feature_map_shape
        maps = kernel.reshape(channels, rows, columns, -1).transpose(1, 2, 0, 3)
    dense.set_weights([maps.reshape(kernel.shape), bias])


def get_source_inputs(tensor: Any, layer: Any = None, node_index: int | None = None) -> Any:
    """Return the input tensors that a symbolic tensor is computed from.

    Parameters
    ----------
    tensor
        The tensor.
    layer, node_index
        The call that it comes from, where that isn't what the tensor itself says.

    Examples
    --------
    >>> from pronghorn.layers import Dense, Input
    >>> x = Input((3,))
    >>> get_source_inputs(Dense(2)(x))[0] is x
    True
    """
    if not hasattr(tensor, "_keras_history"):
        return tensor
    if layer is None or node_index:
        layer, node_index, _ = tensor._keras_history
    if not layer._inbound_nodes:
        return [tensor]
    sources: list = []
    waiting, seen = [layer._inbound_nodes[node_index]], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if not node.inbound_layers:
            sources += [x for x in node.input_tensors if not any(x is y for y in sources)]
        pairs = list(zip(node.inbound_layers, node.node_indices))
        waiting += [before._inbound_nodes[index] for before, index in reversed(pairs) if before is not None]
    return sources
