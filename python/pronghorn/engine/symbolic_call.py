"""Calling a layer on symbolic tensors: shapes are found, and the call becomes a node of the model's graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..naming import name_scope
from ..utils.arguments import keyword_arguments
from ..utils.generic_utils import is_all_none, to_list, unpack_singleton
from .call_context import CallContext
from .node import Call, CallLoss, CallMask, connect, previous_masks
from .registry import registered


def call_symbolic(layer: Any, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """Return the symbolic outputs of ``layer(inputs, **kwargs)``."""
    given = to_list(inputs)
    flat = [_as_symbolic(x) for x in given]
    layer.assert_input_compatibility(flat)
    for x in flat:
        ensure_history(x)
    inputs = flat if isinstance(inputs, list) else flat[0]
    with name_scope(layer.name):
        layer._ensure_built(flat)
    layer.assert_input_compatibility(flat)  # again: building may have tightened what is expected
    masks = previous_masks(flat)
    if isinstance(kwargs.get("training"), ops.KerasTensor):
        kwargs.pop("training")  # `K.learning_phase()`: what a layer goes by unless it is told otherwise
    arguments = dict(kwargs)  # what the caller gave: the only part that a configuration keeps
    if not is_all_none(masks) and "mask" in keyword_arguments(layer.call)[0]:
        kwargs.setdefault("mask", masks)
    specs, many, losses = output_specs(layer, inputs, kwargs)
    outputs = [ops.KerasTensor(shape, dtype, name=layer.name) for shape, dtype in specs]
    output_masks = layer.compute_mask(inputs, masks)
    if not isinstance(output_masks, (list, tuple)):
        output_masks = [output_masks] * len(outputs)
    uses_phase = _uses_learning_phase(layer, arguments) or any(_uses_phase(x) for x in flat)
    node = connect(layer, flat, outputs, masks, list(output_masks), arguments)
    for x in outputs:
        x._uses_learning_phase = uses_phase
    node.losses = [CallLoss(node, index).output_tensors[0] for index in range(losses)]
    layer._losses += node.losses
    layer._filed("_per_input_losses", given).extend(node.losses)
    return outputs if many else outputs[0]


def output_specs(layer: Any, inputs: Any, kwargs: dict[str, Any]) -> tuple[Any, bool, int]:
    """Return shape and dtype of each output, whether they come as a list, and how many losses the call adds.

    Where the layer says its output shape itself, `call` is traced only if layers within it are built by that.
    """
    if not layer._knows_output_shape():
        return trace_call(layer, inputs, kwargs)
    if not all(inner.built for inner in layer._sublayers()):
        trace_call(layer, inputs, kwargs)
    flat = to_list(inputs)
    given = layer.compute_output_shape(unpack_singleton([tuple(x.shape) for x in flat]))
    shapes, many = as_shapes(given)
    dtypes = layer._output_dtypes(flat, len(shapes))
    return list(zip(shapes, dtypes)), many, layer._losses_per_call(len(shapes))


def trace_call(layer: Any, inputs: Any, kwargs: dict[str, Any]) -> tuple[Any, bool, int]:
    """Find by tracing what :func:`output_specs` returns."""
    losses = 0
    many = False

    def call(inputs: Any, **kwargs: Any) -> Any:
        nonlocal losses, many
        with CallContext() as context:
            context.depth = 1  # the losses of weights are listed with the layer, not with its calls
            outputs = layer._call_traced(ops.current_trace(), inputs, kwargs)
        losses, many = len(context.losses), isinstance(outputs, (list, tuple))
        return list(outputs) if many else outputs

    specs = ops.infer(call, (inputs,), kwargs)
    return (specs if many else [specs]), many, losses


def call_masks(layer: Any, inputs: list, masks: Any) -> list:
    """Return the masks of the outputs of ``layer(inputs, mask=masks)``, None where there is none."""
    found: list = []

    def call(inputs: Any, masks: Any) -> Any:
        nonlocal found
        arguments = {} if is_all_none(masks) else {"mask": masks}
        with CallContext():
            outputs = layer._call_traced(ops.current_trace(), inputs, arguments)
        found = [x._keras_mask for x in to_list(outputs)]
        return [mask for mask in found if mask is not None]

    specs = iter(ops.infer(call, (unpack_singleton(inputs), masks)))
    whole_call = Call(layer, inputs, {} if is_all_none(masks) else {"mask": masks})
    return [
        None if mask is None else CallMask(whole_call, index, *next(specs)).output_tensors[0]
        for index, mask in enumerate(found)
    ]


def as_shapes(given: Any) -> tuple[list[tuple], bool]:
    """Return a list of shapes, and whether a list was given rather than a single shape.

    Examples
    --------
    >>> as_shapes((None, 3)), as_shapes([(None, 3), (None, 4)])
    (([(None, 3)], False), ([(None, 3), (None, 4)], True))
    """
    if all(length is None or not hasattr(length, "__len__") for length in given):
        return [tuple(given)], False
    return [tuple(shape) for shape in given], True


def ensure_history(x: Any) -> None:
    """Make layers of the operations that a symbolic tensor comes from, back to the layers before them.

    A tensor that depends on no layer's output, such as a placeholder or a variable's content, stays as it is.
    """
    waiting = [x]
    while waiting:
        tensor = waiting[-1]
        call = getattr(tensor, "producer", None)
        if hasattr(tensor, "_keras_history") or not isinstance(call, ops.OpCall):
            waiting.pop()
            continue
        missing = [t for t in call.input_tensors if not _settled(t)]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        if any(hasattr(t, "_keras_history") for t in call.input_tensors):
            registered("OpLayer").of_call(call)
        else:
            tensor._constant = True


def _settled(tensor: Any) -> bool:
    return (
        hasattr(tensor, "_keras_history")
        or getattr(tensor, "_constant", False)
        or not isinstance(tensor.producer, ops.OpCall)
    )


def _as_symbolic(x: Any) -> ops.KerasTensor:
    """Return an input as a symbolic tensor; variables and arrays are read whenever the graph runs."""
    if isinstance(x, np.ndarray):
        x = ops.Variable(x, dtype=str(x.dtype), trainable=False)
    return ops.convert_to_tensor(x) if isinstance(x, ops.Variable) else x


def _uses_phase(x: Any) -> bool:
    return getattr(x, "_uses_learning_phase", False)


def _uses_learning_phase(layer: Any, arguments: dict[str, Any]) -> bool:
    known = getattr(layer, "uses_learning_phase", None)
    if known is not None:
        return bool(known)
    return "training" in keyword_arguments(layer.call)[0] and arguments.get("training") is None
