"""Choices and loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..ops import is_tensor, operation

__all__ = ["foldl", "foldr", "map_fn", "switch"]


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two values by a condition: as a whole for a scalar, else row by row or element by element.

    Parameters
    ----------
    condition : tensor
        With at most as many axes as the values; it holds for all elements along those that it lacks.
    then_expression, else_expression : tensor, or function that gives one

    Examples
    --------
    >>> switch(np.array([True, False]), np.ones((2, 2), "float32"), np.zeros((2, 2), "float32"))
    array([[1., 1.],
           [0., 0.]], dtype=float32)
    """
    if not is_tensor(condition) and np.ndim(condition) == 0:
        chosen = then_expression if condition else else_expression
        return chosen() if callable(chosen) else chosen
    then, other = (value() if callable(value) else value for value in (then_expression, else_expression))
    return switched(condition, then, other)


@operation
def switched(condition, then, other):
    rank = len(condition.shape)
    if rank > len(then.shape):
        raise ValueError(
            "Rank of `condition` should be less than or equal to rank of `then_expression` and "
            "`else_expression`. "
            f"ndim(condition)={rank}, ndim(then_expression)={len(then.shape)}"
        )
    if condition.dtype != "bool":
        condition = ops.cast(condition, "bool")
    if rank:
        condition = ops.reshape(condition, tuple(condition.shape) + (1,) * (len(then.shape) - rank))
    return ops.where(condition, then, other)


def map_fn(fn: Callable, elems: Any, name: str | None = None, dtype: str | None = None) -> Any:
    """`fn` of each element along the first axis, stacked.

    Examples
    --------
    >>> map_fn(lambda row: row * 2.0, np.ones((2, 3), "float32")).shape
    (2, 3)
    """
    return mapped(elems, fn, dtype)


@operation
def mapped(elems, fn, dtype):
    results = ops.stack([ops.convert_to_tensor(fn(x)) for x in elems], axis=0)
    return results if dtype is None else ops.cast(results, dtype)


def foldl(fn: Callable, elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """``fn(… fn(fn(first, second), third) …)`` along the first axis, starting from `initializer` where given.

    Examples
    --------
    >>> foldl(lambda total, row: total + row, np.ones((4, 2), "float32"))
    array([4., 4.], dtype=float32)
    """
    return folded(elems, initializer, fn, False)


def foldr(fn: Callable, elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """As `foldl`, from the last element to the first.

    Examples
    --------
    >>> foldr(lambda total, row: row - total, np.array([1.0, 2.0, 3.0]))
    array(2.)
    """
    return folded(elems, initializer, fn, True)


@operation
def folded(elems, initializer, fn, backwards):
    parts = list(elems)[::-1] if backwards else list(elems)
    total = parts.pop(0) if initializer is None else initializer
    for part in parts:
        total = fn(total, part)
    return ops.convert_to_tensor(total)
