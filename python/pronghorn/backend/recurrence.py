"""`K.rnn`: a step function over the time axis, unrolled in the trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import ops
from ..ops import current_trace, operation

__all__ = ["rnn"]


def rnn(
    step_function: Callable,
    inputs: Any,
    initial_states: Sequence[Any],
    go_backwards: bool = False,
    mask: Any = None,
    constants: Sequence[Any] | None = None,
    unroll: bool = False,
    input_length: int | None = None,
) -> tuple[Any, Any, list]:
    """Call a function for each time step and carry its states from one to the next.

    Parameters
    ----------
    step_function : callable
        ``(inputs, states) -> (output, new_states)`` for one step; `states` ends with the constants.
    inputs : tensor
        (samples, time, …)
    initial_states : list of tensor
        May be empty where there is no mask.
    go_backwards : bool
        Whether to begin with the last step; outputs come in the order in which they were computed.
    mask : tensor, optional
        (samples, time). Where it is 0, a step repeats the output before it (zeros at the beginning) and keeps
        the states.
    constants : list of tensor, optional
        Given to each step after the states.
    unroll, input_length
        Accepted for Keras's sake: every loop is unrolled, and its length is that of the inputs.

    Returns
    -------
    The last output, all outputs (samples, time, …), and the list of the last states.

    Examples
    --------
    >>> import numpy as np
    >>> last, sums, _ = rnn(lambda x, s: (x + s[0], [x + s[0]]), np.ones((1, 3, 1)), [np.zeros((1, 1))])
    >>> sums.ravel()
    array([1., 2., 3.])
    """
    if len(inputs.shape) < 3:
        raise ValueError(
            f"Input should be at least 3D: (samples, time, …), but its shape is {tuple(inputs.shape)}"
        )
    if unroll and inputs.shape[1] is None:
        raise ValueError("Unrolling requires a fixed number of timesteps.")
    if mask is not None and not initial_states:
        raise ValueError("No initial states provided! When using masking in an RNN, give initial states.")
    last, outputs, *states = _rnn(
        inputs, list(initial_states), mask, list(constants or ()), step_function, bool(go_backwards)
    )
    return last, outputs, states


@operation
def _rnn(inputs, states, mask, constants, step, go_backwards):
    trace = current_trace()
    states = [trace.convert(state) for state in states]
    if trace.open_size is not None:
        return _shapes_only(inputs, states, constants, step)
    steps = unstack_time(inputs)
    masks = [None] * len(steps) if mask is None else unstack_time(as_bool(mask))
    if go_backwards:
        steps, masks = steps[::-1], masks[::-1]
    outputs: list = []
    for x, keep in zip(steps, masks):
        output, new_states = step(x, states + constants)
        output = trace.convert(output)
        if keep is not None:
            before = outputs[-1] if outputs else ops.zeros(output.shape, output.dtype)
            output = choose(keep, output, before)
            new_states = [choose(keep, new, old) for new, old in zip(new_states, states)]
        states = [trace.convert(state) for state in new_states]
        outputs.append(output)
    return [outputs[-1], ops.stack(outputs, axis=1), *states]


def _shapes_only(inputs, states, constants, step):
    """One step in place of all: an open number of steps is probed with a large one, and costs nothing so."""
    output, new_states = step(inputs[:, 0], states + constants)
    output = current_trace().convert(output)
    shape = (output.shape[0], inputs.shape[1], *output.shape[1:])
    return [output, ops.broadcast_to(ops.expand_dims(output, 1), shape), *new_states]


def as_bool(mask):
    """Give a mask as booleans."""
    return mask if mask.dtype == "bool" else ops.not_equal(mask, 0)


def unstack_time(x):
    """Give the time steps of a tensor as a list.

    It is cut in halves again and again: the gradient of a cut is padded to the size of what was cut, which
    for single steps cut from the whole would be quadratic in their number.
    """
    length = x.shape[1]
    if length == 1:
        return [ops.squeeze(x, 1)]
    middle = length // 2
    return unstack_time(x[:, :middle]) + unstack_time(x[:, middle:])


def choose(keep, new, old):
    """Where `keep`, which has the first axes of the values, choose the new one."""
    keep = ops.reshape(keep, tuple(keep.shape) + (1,) * (len(new.shape) - len(keep.shape)))
    return ops.where(keep, new, old)
