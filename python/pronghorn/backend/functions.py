"""Functions of symbolic tensors: evaluating them, compiling them, deriving them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..ops import Function, KerasTensor, Variable, operation
from . import phase

__all__ = ["eval", "function", "gradients", "print_tensor", "stop_gradient"]


def eval(x: Any) -> Any:
    """Value of a tensor that depends on no input, as an array.

    Examples
    --------
    >>> from pronghorn import backend as K
    >>> K.eval(K.variable([1.0, 2.0]) * 2.0)
    array([2., 4.], dtype=float32)
    """
    if isinstance(x, Variable):
        return x.numpy()
    if isinstance(x, KerasTensor):
        return function([], [x])([])[0]
    return np.asarray(x)


def function(inputs: Any, outputs: Any, updates: Any = None, **kwargs: Any) -> _Function:
    """Compile a function from inputs to outputs that also makes updates.

    Parameters
    ----------
    inputs : list of tensors
        Placeholders, inputs of models, variables, and `learning_phase()`.
    outputs : tensor, or list or dict of tensors
    updates : list, optional
        Pairs (variable, new value), or what `update` and its like gave.

    Examples
    --------
    >>> from pronghorn import backend as K
    >>> x = K.placeholder((None,))
    >>> f = K.function([x], [x + 1.0])
    >>> f([np.zeros(2)])
    [array([1., 1.], dtype=float32)]
    """
    unknown = kwargs.keys() - {"name"}
    if unknown:
        raise ValueError(
            f"K.function: unknown arguments {sorted(unknown)}; sessions' options have no meaning here"
        )
    return _Function(inputs, outputs, updates or [])


class _Function:
    """A compiled function; one program per learning phase and shapes of the inputs."""

    def __init__(self, inputs, outputs, updates):
        self.inputs = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        self.outputs = outputs
        if isinstance(outputs, dict):
            flat = list(outputs.values())
        else:
            flat = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        self._phase_at = next((i for i, x in enumerate(self.inputs) if phase.is_symbol(x)), None)
        fed = [x for i, x in enumerate(self.inputs) if i != self._phase_at]
        # Random numbers differ from call to call, in either phase.
        step = Variable(np.zeros((), "int64"), dtype="int64", name="random_step", trainable=False)
        self._by_phase = [
            Function(fed, flat, updates, training=bool(training), random_step=step) for training in (0, 1)
        ]

    def __call__(self, inputs: Any = ()) -> Any:
        values = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if len(values) != len(self.inputs):
            raise ValueError(f"K.function: expected {len(self.inputs)} inputs, got {len(values)}")
        training = 0
        if self._phase_at is not None:
            training = int(np.asarray(values.pop(self._phase_at)).reshape(()))
        results = self._by_phase[training](values)
        if isinstance(self.outputs, dict):
            return dict(zip(self.outputs, results))
        return list(results) if isinstance(self.outputs, (list, tuple)) else results[0]


def gradients(loss: Any, variables: Any) -> list:
    """Gradients of the sum of `loss` by each variable or tensor.

    Examples
    --------
    >>> from pronghorn import backend as K
    >>> v = K.variable([1.0, 2.0])
    >>> K.eval(K.gradients(K.sum(K.square(v)), [v])[0])
    array([2., 4.], dtype=float32)
    """
    return ops.gradients(loss, list(variables) if isinstance(variables, (list, tuple)) else [variables])


def stop_gradient(variables: Any) -> Any:
    """`variables`, a tensor or a list of them, through which no gradient flows back.

    Examples
    --------
    >>> from pronghorn import backend as K
    >>> v = K.variable([2.0])
    >>> K.eval(K.gradients(K.sum(K.stop_gradient(v) * v), [v])[0])
    array([2.], dtype=float32)
    """
    if isinstance(variables, (list, tuple)):
        return [ops.stop_gradient(x) for x in variables]
    return ops.stop_gradient(variables)


def print_tensor(x: Any, message: str = "") -> Any:
    """`x`, printed with a message each time the program runs.

    Examples
    --------
    >>> from pronghorn import backend as K
    >>> x = K.placeholder((2,))
    >>> K.function([x], [K.print_tensor(x)]).inputs[0] is x
    True
    """
    return printed(x, message)


@operation
def printed(x, message):
    def show(array):
        print(message, array)
        return array

    # Beside the value, not in its way: gradients flow through `x`.
    ops.numpy_function(show, [x], [x.shape], [x.dtype])
    return x
