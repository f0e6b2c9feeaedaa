"""Finding what first made a loss not a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import Function


def find_not_finite(model: Any, inputs: list, targets: list) -> str:
    """Says what is not finite first: the data, the weights, the output of a layer, or else the loss.

    Parameters
    ----------
    model : Model
        With the weights that it had for the batch.
    inputs, targets : list of array
        The batch.

    Examples
    --------
    >>> from pronghorn.layers import Dense, Lambda
    >>> from pronghorn.models import Sequential
    >>> from pronghorn import backend as K
    >>> model = Sequential([Lambda(lambda x: K.log(x - 2), input_shape=(3,), name="shifted"), Dense(1)])
    >>> find_not_finite(model, [np.ones((2, 3))], [])
    'layer "shifted" (Lambda) gave nan for inputs that are finite'
    """
    for kind, arrays in (("input", inputs), ("target", targets)):
        for i, array in enumerate(arrays):
            found = _first(array)
            if found:
                row = np.argwhere(~np.isfinite(array))[0][0]
                return f"{kind} {i} of the batch holds {found}, in row {row} of the batch"
    for layer in model.layers:
        for weight in layer.weights:
            found = _first(weight.numpy())
            if found:
                return (
                    f'weight "{weight.name}" of layer "{layer.name}" held {found} before the batch: '
                    "the update after an earlier batch put it there"
                )
    outputs = _outputs_in_order(model)
    for training in (True, False) if outputs else ():
        tensors = [tensor for _, tensor in outputs]
        values = Function(model._feed_inputs, tensors, training=training)(inputs)
        for (layer, _), value in zip(outputs, values):
            found = _first(value)
            if found:
                return (
                    f'layer "{layer.name}" ({type(layer).__name__}) gave {found} for inputs that are finite'
                )
    return "the outputs of all layers are finite: the loss itself, or a regularizer, is not"


def _outputs_in_order(model):
    """The layers' outputs as (layer, tensor), from the inputs on."""
    if not model._is_graph_network:
        return []
    levels = model._nodes_by_depth
    nodes = [node for depth in sorted(levels, reverse=True) for node in levels[depth]]
    return [(node.outbound_layer, tensor) for node in nodes for tensor in node.output_tensors]


def _first(array):
    """ "nan" or "inf" where an array holds one, else an empty text."""
    array = np.asarray(array)
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return ""
    return "nan" if np.isnan(array).any() else "inf"
