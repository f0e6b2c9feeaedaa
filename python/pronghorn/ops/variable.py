"""State that outlives a run: weights, optimizer slots, accumulators."""

from __future__ import annotations

import numpy as np

from .. import config
from .._core import State
from .tensor import CORE_DTYPES, DType, Operators
from .trace import current_trace


class Variable(Operators):
    """A tensor with a content of its own, shared by every program that reads it.

    Parameters
    ----------
    initial_value : array_like
        Its first content, which fixes the shape.
    dtype : str, optional
        float32, float64, int32, int64, uint8 or bool; ``config.floatx()`` unless given.
    name : str, optional
    trainable : bool
    constraint : callable, optional
        Applied by the optimizer after each update.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> v = ops.Variable(np.zeros(3), name="offset")
    >>> v.assign([1.0, 2.0, 3.0]).numpy()
    array([1., 2., 3.], dtype=float32)
    """

    def __init__(self, initial_value, dtype=None, name=None, trainable=True, constraint=None):
        dtype = str(dtype) if dtype is not None else config.floatx()
        if dtype not in CORE_DTYPES:
            raise TypeError(
                f"variable {name!r}: dtype must be one of {', '.join(CORE_DTYPES)}, not {dtype!r}"
            )
        self.state = State(np.asarray(initial_value, dtype=dtype))
        self.name = name or "Variable"
        self.trainable = trainable
        self.constraint = constraint
        self.shape = self.state.shape
        self.dtype = DType(dtype)
        self._uses_learning_phase = False

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def _keras_shape(self):
        return self.shape

    def get_shape(self):
        return self.shape

    def numpy(self):
        """A copy of the content as a NumPy array."""
        return self.state.numpy()

    value = read_value = numpy

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.numpy(), dtype=dtype)

    def __len__(self):
        if not self.shape:
            raise TypeError(f"len() of variable {self.name!r}, which has no axes")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def assign(self, value):
        """Set the content: now, or, inside a trace, whenever the program runs.

        Inside a trace later reads see the new value. Raises ValueError if the shape differs.
        """
        trace = current_trace()
        if trace is not None:
            return trace.assign(self, value)
        value = np.asarray(value, dtype=self.dtype)
        if value.shape != self.shape:
            raise ValueError(
                f"variable {self.name!r} has shape {self.shape}, but a value of shape {value.shape} was"
                " assigned"
            )
        self.state.assign(value)
        return self

    def assign_add(self, value):
        """Add `value` to the content; see `assign`."""
        return self.assign(self._now() + value)

    def assign_sub(self, value):
        """Subtract `value` from the content; see `assign`."""
        return self.assign(self._now() - value)

    def _now(self):
        trace = current_trace()
        return self.numpy() if trace is None else trace.read(self)

    def __repr__(self):
        return f"<Variable {self.name!r} shape={self.shape} dtype={self.dtype}>"
