"""Recurrent layers over all time steps in one operation."""

from __future__ import annotations

from .dispatch import emit, operation
from .layout import _tensor
from .tensor import operations

__all__ = ["lstm"]


def _only(name, argument, value, *allowed):
    if value not in allowed:
        raise ValueError(f"{name}: {argument} should be {' or '.join(map(repr, allowed))}, got {value!r}")


def _gates(x, kernel, bias, mask, go_backwards):
    """What the inputs of all steps contribute, and the list of the mask, both in the order of the steps."""
    x, masks = _tensor(x), [] if mask is None else [operations["cast"](mask, "bool")]
    if go_backwards:
        x, masks = operations["flip"](x, axis=1), [operations["flip"](m, axis=1) for m in masks]
    batch, time, size = x.shape
    gates = operations["matmul"](operations["reshape"](x, (batch * time, size)), kernel)
    gates = gates if bias is None else gates + bias
    return operations["reshape"](gates, (batch, time, gates.shape[-1])), masks


@operation
def lstm(
    x,
    kernel,
    recurrent_kernel,
    bias,
    h,
    c,
    mask=None,
    activation="tanh",
    recurrent_activation="sigmoid",
    go_backwards=False,
):
    """Long short-term memory over the time axis of `x`.

    Parameters
    ----------
    x : tensor
        (batch, time, features)
    kernel, recurrent_kernel : tensor
        (features, 4 units) and (units, 4 units): input, forget, candidate and output gate side by side.
    bias : tensor or None
        (4 units,)
    h, c : tensor
        The states to begin with: (batch, units).
    mask : tensor, optional
        (batch, time). Where it is false, a step repeats the output before it (zeros at the beginning) and
        keeps the states.
    activation : {"tanh"}
    recurrent_activation : {"sigmoid", "hard_sigmoid"}
    go_backwards : bool
        Whether to begin with the last step; outputs come in the order in which they were computed.

    Returns
    -------
    (outputs, h, c)
        Outputs of all steps (batch, time, units), and the last states.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> x, state = np.ones((2, 5, 3)), np.zeros((2, 4))
    >>> outputs, h, c = ops.lstm(x, np.ones((3, 16)), np.ones((4, 16)), None, state, state)
    >>> outputs.shape, h.shape
    ((2, 5, 4), (2, 4))
    """
    _only("lstm", "activation", activation, "tanh")
    _only("lstm", "recurrent_activation", recurrent_activation, "sigmoid", "hard_sigmoid")
    gates, masks = _gates(x, kernel, bias, mask, go_backwards)
    _, outputs, _, h, c = emit(
        "lstm",
        [gates, recurrent_kernel, h, c, *masks],
        recurrent_activation=recurrent_activation,
        has_mask=bool(masks),
    )
    return outputs, h, c
