"""Modules whose contents load when they are first asked for, so that importing the package costs nothing."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def attach(
    package: str, submodules: Sequence[str], attributes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` for `package`.

    Parameters
    ----------
    package
        Name of the package.
    submodules
        Its modules that are reachable as attributes.
    attributes
        Module → the names that the package takes from it.

    Examples
    --------
    >>> getattribute, _, names = attach("collections", ["abc"], {"abc": ["Sized"]})
    >>> getattribute("Sized").__name__, names
    ('Sized', ['Sized', 'abc'])
    """
    origin = {name: module for module, names in attributes.items() for name in names}
    known = sorted({*submodules, *origin})

    def __getattr__(name: str) -> Any:
        if name in origin:
            value = getattr(importlib.import_module(f"{package}.{origin[name]}"), name)
        elif name in submodules:
            value = importlib.import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return known

    return __getattr__, __dir__, known
