"""Names of layers and weights: unique identifiers and name scopes, as Keras gives them."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

_uids: defaultdict[str, int] = defaultdict(int)
_scopes = threading.local()


def get_uid(prefix: str = "") -> int:
    """Return 1, 2, 3, … for each further call with the same prefix.

    Examples
    --------
    >>> get_uid("some_prefix")
    1
    >>> get_uid("some_prefix")
    2
    """
    _uids[prefix] += 1
    return _uids[prefix]


def reset_uids() -> None:
    """Start counting names from 1 again.

    Examples
    --------
    >>> reset_uids()
    """
    _uids.clear()


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Put ``name/`` before the names of variables that are made inside.

    Examples
    --------
    >>> with name_scope("dense_1"):
    ...     scoped("kernel")
    'dense_1/kernel'
    """
    stack = _stack()
    stack.append(name)
    try:
        yield
    finally:
        stack.pop()


def scoped(name: str) -> str:
    """Return `name` behind the open name scopes."""
    return "/".join([*_stack(), name])


def to_snake_case(name: str) -> str:
    """Return a class name in the spelling of layer names.

    Examples
    --------
    >>> to_snake_case("MaxPooling2D")
    'max_pooling2d'
    """
    words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
    # A name that starts with an underscore would make scopes that start with one.
    return "private" + words if words.startswith("_") else words


def _stack() -> list[str]:
    if not hasattr(_scopes, "names"):
        _scopes.names = []
    return _scopes.names
