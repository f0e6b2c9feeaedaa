"""Whether what is being read may run code of its own: files may not, unless the caller says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_safe_mode: ContextVar[bool] = ContextVar("safe_mode", default=False)


@contextmanager
def reading(safe_mode: bool) -> Iterator[None]:
    """Read a file inside the block; with `safe_mode`, whatever would run code from it is refused.

    Outside of such blocks configurations come from the program itself, and are trusted.

    Examples
    --------
    >>> with reading(safe_mode=True):
    ...     refuse_code("Lambda layer")
    Traceback (most recent call last):
    ...
    ValueError: Lambda layer is stored as Python code, which could do anything once it is loaded. ...
    """
    token = _safe_mode.set(bool(safe_mode))
    try:
        yield
    finally:
        _safe_mode.reset(token)


def refuse_code(what: str) -> None:
    """Raise ValueError in safe mode; `what` names what holds the code."""
    if _safe_mode.get():
        raise ValueError(
            f"{what} is stored as Python code, which could do anything once it is loaded. "
            "If you trust where the file comes from, load it with `safe_mode=False`."
        )
