"""What running a model takes: floating-point operations and memory, as its compiled steps count them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import numpy as np

from ..ops import Function
from .tracing import trace_step


def layer_flops(layer: Any, nodes: list | None = None, batch_size: int = 1) -> float | None:
    """Floating-point operations of all calls of a layer, for a batch.

    A multiplication and an addition count as two. None where the layer's shapes are not known.

    Parameters
    ----------
    layer : Layer
        The layer.
    nodes : list of Node, optional
        The calls that count; all of them by default.
    batch_size : int
        Number of rows in the batch.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> from pronghorn.models import Sequential
    >>> dense = Sequential([Dense(4, input_shape=(3,))]).layers[0]
    >>> layer_flops(dense)
    24.0
    """
    total = 0.0
    for node in layer._inbound_nodes:
        if nodes is not None and not any(node is other for other in nodes):
            continue
        if not node.inbound_layers:  # an input
            continue
        shapes = [batch_shape(tensor.shape, batch_size) for tensor in node.input_tensors]
        if None in shapes:
            return None
        with _random_state_kept():
            program = Function(node.input_tensors, node.output_tensors, training=False)._compile(shapes)
        total += flops_of(program)
    return total


def step_cost(model: Any, mode: str, batch_size: int) -> tuple[float, int] | None:
    """Floating-point operations and bytes of memory of one step, in the mode "train" or "predict".

    The memory is that of the values of a step, beside the weights and the optimizer's state. None where the
    shapes are not known.
    """
    inputs = [batch_shape(tensor.shape, batch_size) for tensor in model._feed_inputs]
    targets = []
    if mode == "train":
        targets = [batch_shape(tensor.shape, batch_size) for tensor in model._feed_targets]
    if None in inputs or None in targets:
        return None
    with _random_state_kept():
        program = trace_step(model, mode, inputs, targets, [None] * len(targets)).program
    return flops_of(program), program.arena_bytes + program.scratch_bytes


def flops_of(program: Any) -> float:
    """Floating-point operations of a program."""
    return float(sum(step["flops"] for step in program.steps()))


def batch_shape(shape: Any, batch_size: int) -> tuple[int, ...] | None:
    """A shape with the size of the batch filled in; None where another size is unknown."""
    first, *rest = shape
    if None in rest:
        return None
    return (batch_size if first is None else first, *rest)


@contextmanager
def _random_state_kept():
    """Tracing may draw seeds; looking at a model's cost is not to change what comes after."""
    state = np.random.get_state(legacy=False)
    try:
        yield
    finally:
        np.random.set_state(state)
