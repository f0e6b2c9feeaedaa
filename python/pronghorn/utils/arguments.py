"""What a callable accepts. Asked for each layer call, so signatures are read once per function."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

_known: WeakKeyDictionary = WeakKeyDictionary()


def has_arg(fn: Callable[..., Any], name: str, accept_all: bool = False) -> bool:
    """Tell whether `fn` takes an argument `name` by keyword.

    Parameters
    ----------
    fn
        Any callable.
    name
        Name of the argument.
    accept_all
        Whether ``**kwargs`` counts as taking every name.

    Examples
    --------
    >>> has_arg(lambda x, mask=None: x, "mask")
    True
    """
    names, takes_any = keyword_arguments(fn)
    return name in names or (accept_all and takes_any)


def keyword_arguments(fn: Callable[..., Any]) -> tuple[frozenset[str], bool]:
    """Return the names that `fn` takes by keyword, and whether it takes any other.

    Examples
    --------
    >>> keyword_arguments(lambda *, training=None, **more: 0)
    (frozenset({'training'}), True)
    """
    function = getattr(fn, "__func__", fn)  # one entry for all instances' bound methods
    try:
        return _known[function]
    except (KeyError, TypeError):
        pass
    import inspect

    parameters = inspect.signature(fn).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    found = (
        frozenset(p.name for p in parameters if p.kind in kinds),
        any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters),
    )
    with suppress(TypeError):  # builtins can't be referenced weakly
        _known[function] = found
    return found
