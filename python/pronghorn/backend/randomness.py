"""Random tensors. Without a seed, one is drawn from NumPy's global state."""

from __future__ import annotations

from typing import Any

from .. import config, ops

__all__ = ["random_binomial", "random_normal", "random_uniform", "truncated_normal"]


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed: int | None = None
) -> Any:
    """Normally distributed numbers.

    Examples
    --------
    >>> random_normal((2, 3), seed=1).shape
    (2, 3)
    """
    return ops.random_normal(tuple(shape), mean, stddev, dtype=dtype or config.floatx(), seed=seed)


def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: str | None = None, seed: int | None = None
) -> Any:
    """Uniformly distributed numbers.

    Examples
    --------
    >>> bool(abs(random_uniform((9,), -1.0, 1.0)).max() <= 1)
    True
    """
    return ops.random_uniform(tuple(shape), minval, maxval, dtype=dtype or config.floatx(), seed=seed)


def random_binomial(shape: Any, p: float = 0.0, dtype: str | None = None, seed: int | None = None) -> Any:
    """Ones with probability `p`, else zeros.

    Examples
    --------
    >>> random_binomial((3,), p=1.0)
    array([1., 1., 1.], dtype=float32)
    """
    return ops.random_bernoulli(tuple(shape), p, dtype=dtype or config.floatx(), seed=seed)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed: int | None = None
) -> Any:
    """Normally distributed numbers, those beyond two standard deviations drawn again.

    Examples
    --------
    >>> bool(abs(truncated_normal((99,))).max() <= 2)
    True
    """
    return ops.random_truncated_normal(tuple(shape), mean, stddev, dtype=dtype or config.floatx(), seed=seed)
