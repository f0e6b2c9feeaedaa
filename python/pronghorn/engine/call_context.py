"""What the layers called in one trace share: the mode, and the losses and metrics they add.

Whoever traces a model opens a context around the call and finds in it, afterwards, every loss to add to the
objective and every metric that layers reported::

    with CallContext() as context:
        outputs = model(inputs)
    penalties = context.losses  # activity and weight penalties, `add_loss`, those of nested models too
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import ops

_open = threading.local()


class CallContext:
    """Collects what the layers of one trace add beside their outputs.

    Parameters
    ----------
    training
        Mode that overrides the trace's own, or None.

    Attributes
    ----------
    losses
        Scalars to add to the objective.
    metrics
        Pairs of a metric and the tensor to feed to it.
    updates_allowed
        False inside a layer that is frozen: its ``add_update`` has no effect then.
    depth
        How many layer calls are open, one inside the other.

    Examples
    --------
    >>> with ops.Trace(), CallContext() as context:
    ...     current_context() is context
    True
    """

    def __init__(self, training: bool | None = None):
        self.training = training
        self.losses: list[Any] = []
        self.metrics: list[tuple[Any, Any]] = []
        self.updates_allowed = True
        self.depth = 0
        self.trace: Any = None
        self._added: dict[int, Any] = {}

    def __enter__(self) -> CallContext:
        self.trace = ops.current_trace()
        _stack().append(self)
        return self

    def __exit__(self, *exception: Any) -> None:
        _stack().remove(self)

    @contextmanager
    def entering(self, layer: Any, training: bool | None) -> Iterator[None]:
        """Be inside a call of `layer`, in its mode and with its right to write variables."""
        before = self.training, self.updates_allowed
        if training is not None:
            self.training = training
        if not (layer.trainable or layer.stateful):
            self.updates_allowed = False
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1
            self.training, self.updates_allowed = before

    def add_once(self, loss: Any) -> None:
        """Add a loss that follows from weights alone; a second time it is passed over."""
        if id(loss) not in self._added:
            self._added[id(loss)] = loss  # kept alive, so that the id stays its own
            self.losses.append(self.trace.convert(float(loss) if isinstance(loss, int) else loss))


def current_context() -> CallContext | None:
    """Return the innermost context of the running trace, or None."""
    stack, trace = _stack(), ops.current_trace()
    if stack and trace is not None and stack[-1].trace is trace:
        return stack[-1]
    return None


@contextmanager
def ensure_context() -> Iterator[CallContext]:
    """Give the running trace's context; one for the time of the block where none is open."""
    context = current_context()
    if context is not None:
        yield context
        return
    with CallContext() as context:
        yield context


@contextmanager
def in_phase(phase: int | None) -> Iterator[None]:
    """Be in a learning phase that was fixed, or as it is where that is None."""
    if phase is None:
        yield
        return
    with ensure_context() as context:
        before, context.training = context.training, bool(phase)
        try:
            yield
        finally:
            context.training = before


def _stack() -> list[CallContext]:
    if not hasattr(_open, "contexts"):
        _open.contexts = []
    return _open.contexts
