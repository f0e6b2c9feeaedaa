"""Operations on variables and derivatives."""

from __future__ import annotations

from .dispatch import operation
from .trace import current_trace


def _shape_of_variable(variable, *_):
    return variable.shape, variable.dtype


@operation(infer=_shape_of_variable)
def update(variable, value):
    """variable := value once the program has run; other reads see the old content. Returns the new value."""
    return current_trace().defer(variable, value)


@operation(infer=_shape_of_variable)
def update_add(variable, increment):
    """variable := variable + increment; see `update`."""
    trace = current_trace()
    return trace.defer(variable, trace.read(variable) + increment)


@operation(infer=_shape_of_variable)
def update_sub(variable, decrement):
    """variable := variable - decrement; see `update`."""
    trace = current_trace()
    return trace.defer(variable, trace.read(variable) - decrement)


@operation(infer=lambda loss, variables: [(v.shape, v.dtype) for v in variables])
def gradients(loss, variables):
    """The gradients of the sum of `loss` by each of `variables` (variables or tensors).

    Returns
    -------
    list
        A tensor per variable; inside a trace None where the loss does not depend on it.
    """
    trace = current_trace()
    found = trace.gradients([loss], [trace.convert(v) for v in variables])
    return found
