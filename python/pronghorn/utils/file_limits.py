"""How much memory what is being read from a file may ask for, and what need not be computed meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_left: ContextVar[list[int] | None] = ContextVar("left", default=None)

SLACK = 64 << 20  # bytes that any file may ask for, however small it is
EXPANSION = 16  # times its size that a file may ask for beyond that: weights may be compressed


@contextmanager
def weights_from_file(size: int) -> Iterator[None]:
    """Make a model of a file of `size` bytes inside the block: its weights have to fit into such a file.

    Examples
    --------
    >>> with weights_from_file(1000):
    ...     take_memory(1 << 40, "a weight")
    Traceback (most recent call last):
    ...
    ValueError: a weight would take 1099511627776 bytes, far more than the file it is read for can hold: ...
    """
    token = _left.set([SLACK + EXPANSION * size])
    try:
        yield
    finally:
        _left.reset(token)


def are_weights_from_file() -> bool:
    """Tell whether weights are about to be read: initial values would be computed in vain."""
    return _left.get() is not None


def take_memory(size: int, what: str) -> None:
    """Account for memory that a configuration asks for; raise ValueError where its file can't warrant it.

    Parameters
    ----------
    size
        Bytes.
    what
        What they are for.
    """
    left = _left.get()
    if left is None:
        return
    left[0] -= size
    if left[0] < 0:
        raise ValueError(
            f"{what} would take {size} bytes, far more than the file it is read for can hold: the file was "
            "refused"
        )
