"""Recurrent layers over all time steps in one operation."""

from __future__ import annotations

from .dispatch import emit, operation
from .layout import _tensor, full
from .tensor import operations

__all__ = ["gru", "lstm", "simple_rnn"]


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
def gru(
    x,
    kernel,
    recurrent_kernel,
    bias,
    h,
    mask=None,
    activation="tanh",
    recurrent_activation="sigmoid",
    reset_after=False,
    go_backwards=False,
):
    """Gated recurrent units over the time axis of `x`.

    Parameters
    ----------
    x : tensor
        (batch, time, features)
    kernel, recurrent_kernel : tensor
        (features, 3 units) and (units, 3 units): update gate, reset gate and candidate side by side.
    bias : tensor or None
        (3 units,), or with `reset_after` (2, 3 units): of the product with the inputs and with the state.
    h : tensor
        The state to begin with: (batch, units).
    mask : tensor, optional
        As of `lstm`.
    activation : {"tanh"}
    recurrent_activation : {"sigmoid", "hard_sigmoid"}
    reset_after : bool
        Whether the reset gate acts after the product with the recurrent kernel.
    go_backwards : bool
        Whether to begin with the last step; outputs come in the order in which they were computed.

    Returns
    -------
    (outputs, h)
        Outputs of all steps (batch, time, units), and the last state.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> outputs, h = ops.gru(np.ones((2, 5, 3)), np.ones((3, 12)), np.ones((4, 12)), None, np.zeros((2, 4)))
    >>> outputs.shape, h.shape
    ((2, 5, 4), (2, 4))
    """
    _only("gru", "activation", activation, "tanh")
    _only("gru", "recurrent_activation", recurrent_activation, "sigmoid", "hard_sigmoid")
    h, inner_bias = _tensor(h), []
    units = h.shape[-1]
    if reset_after:
        inner_bias = [full((units,), 0, h.dtype)]
        if bias is not None:
            # What the state's bias adds to the two gates may as well be added with that of the inputs.
            bias, inner_bias = _tensor(bias), [_tensor(bias)[1, 2 * units :]]
            outer = operations["concatenate"]([bias[1, : 2 * units], full((units,), 0, h.dtype)], axis=0)
            bias = bias[0] + outer
    gates, masks = _gates(x, kernel, bias, mask, go_backwards)
    _, _, outputs, h = emit(
        "gru",
        [gates, recurrent_kernel, h, *inner_bias, *masks],
        recurrent_activation=recurrent_activation,
        reset_after=bool(reset_after),
        has_mask=bool(masks),
    )
    return outputs, h


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


@operation
def simple_rnn(x, kernel, recurrent_kernel, bias, h, mask=None, activation="tanh", go_backwards=False):
    """``tanh(x kernel + h recurrent_kernel + bias)`` over the time axis of `x`, with `h` the result before.

    Parameters
    ----------
    x : tensor
        (batch, time, features)
    kernel, recurrent_kernel : tensor
        (features, units) and (units, units).
    bias : tensor or None
        (units,)
    h : tensor
        The state to begin with: (batch, units).
    mask : tensor, optional
        As of `lstm`.
    activation : {"tanh"}
    go_backwards : bool
        Whether to begin with the last step; outputs come in the order in which they were computed.

    Returns
    -------
    (outputs, h)
        Outputs of all steps (batch, time, units), and the last state.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> outputs, h = ops.simple_rnn(np.ones((2, 5, 3)), np.ones((3, 4)), np.eye(4), None, np.zeros((2, 4)))
    >>> outputs.shape, h.shape
    ((2, 5, 4), (2, 4))
    """
    _only("simple_rnn", "activation", activation, "tanh")
    gates, masks = _gates(x, kernel, bias, mask, go_backwards)
    outputs, h = emit("simple_rnn", [gates, recurrent_kernel, h, *masks], has_mask=bool(masks))
    return outputs, h
