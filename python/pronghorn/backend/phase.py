"""The learning phase: 1 in training, 0 in testing; a property of the trace, or an input of a function."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops import KerasTensor, current_trace, operation

__all__ = ["in_test_phase", "in_train_phase", "learning_phase", "set_learning_phase"]

_fixed: int | None = None
_symbol: KerasTensor | None = None


class _PhaseOfTrace:
    """What produces the symbolic learning phase."""

    name = "learning_phase"

    def __init__(self):
        self.input_tensors: list = []
        self.output_tensors: list = []

    def run(self, trace) -> None:
        """Bind it to what the trace is."""
        for tensor in self.output_tensors:
            trace.bind(tensor, trace.convert(int(in_training(None)), "int32"))


def in_training(training: Any) -> bool:
    """Say, inside a trace, whether a call is part of training: as told, as the model is, as set, as traced.

    Examples
    --------
    >>> in_training(True), in_training(None)
    (True, False)
    """
    if training is not None:
        return bool(training)
    from ..engine.call_context import current_context

    context, trace = current_context(), current_trace()
    if context is not None and context.training is not None:
        return bool(context.training)
    if _fixed is not None:
        return bool(_fixed)
    return bool(trace and trace.training)


def learning_phase() -> Any:
    """Return 0 or 1 where that is known: set, or inside a call; else a symbolic tensor to be fed.

    Examples
    --------
    >>> learning_phase().shape
    ()
    """
    global _symbol
    if current_trace() is not None:
        return int(in_training(None))
    if _fixed is not None:
        return _fixed
    if _symbol is None:
        producer = _PhaseOfTrace()
        _symbol = KerasTensor((), "int32", name="keras_learning_phase", producer=producer)
        _symbol._uses_learning_phase = True
        producer.output_tensors.append(_symbol)
    return _symbol


def fixed() -> int | None:
    """Return the learning phase that was set, or None.

    Examples
    --------
    >>> fixed() is None
    True
    """
    return _fixed


def is_symbol(x: Any) -> bool:
    """Say whether `x` is the symbolic learning phase.

    Examples
    --------
    >>> is_symbol(learning_phase())
    True
    """
    return x is not None and x is _symbol


def set_learning_phase(value: int) -> None:
    """Fix the learning phase of the layers that are called from now on: 0 for testing, 1 for training.

    Examples
    --------
    >>> set_learning_phase(0)
    >>> learning_phase()
    0
    >>> forget()
    """
    global _fixed
    if value not in (0, 1):
        raise ValueError(f"Expected learning phase to be 0 or 1. Got: {value!r}")
    _fixed = int(value)


def forget() -> None:
    """Let the learning phase be open again.

    Examples
    --------
    >>> forget()
    """
    global _fixed
    _fixed = None


@operation
def chosen_by_phase(x, alt):
    return x if in_training(None) else alt


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return `x` in training and `alt` in testing; either may be a function, which is then called.

    Examples
    --------
    >>> in_train_phase("drop", lambda: "keep", training=0)
    'keep'
    """
    if training is None:
        training = learning_phase()
    if isinstance(training, (bool, int)):
        chosen = x if training else alt
        return chosen() if callable(chosen) else chosen
    x, alt = (value() if callable(value) else value for value in (x, alt))
    if is_symbol(training):
        chosen = chosen_by_phase(x, alt)
        chosen._uses_learning_phase = True
        return chosen
    return ops.where(ops.cast(training, "bool"), x, alt)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return `x` in testing and `alt` in training.

    Examples
    --------
    >>> in_test_phase("keep", "drop", training=0)
    'keep'
    """
    return in_train_phase(alt, x, training=training)
