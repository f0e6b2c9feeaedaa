"""Random numbers. Each element is drawn from (seed, number of the run, index): any number of threads draws
the same.
"""

from __future__ import annotations

import numpy as np

from .. import config
from .dispatch import emit, operation
from .promotion import as_float, cast_tensor
from .trace import current_trace

__all__ = [
    "dropout", "random_bernoulli", "random_integers", "random_normal", "random_truncated_normal",
    "random_uniform",
]  # fmt: skip


def _seed(seed):
    return current_trace().draw_seed() if seed is None else int(seed)


def _draw(op, shape, dtype, seed, **parameters):
    dtype = dtype or config.floatx()
    working = dtype if dtype in ("float32", "float64") else "float32"
    drawn = emit(
        op,
        [current_trace().random_step],
        shape=[int(n) for n in shape],
        dtype=working,
        seed=_seed(seed),
        **{name: float(value) for name, value in parameters.items()},
    )
    return cast_tensor(drawn, dtype)


@operation
def random_uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Numbers from the uniform distribution over [minval, maxval).

    Parameters
    ----------
    shape : sequence of int
    minval, maxval : float
    dtype : str, optional
        ``floatx`` unless given.
    seed : int, optional
        Drawn from NumPy's global state unless given.

    Examples
    --------
    >>> from pronghorn import ops
    >>> ops.random_uniform((2, 3), seed=7).shape
    (2, 3)
    """
    return _draw("random_uniform", shape, dtype, seed, minval=minval, maxval=maxval)


@operation
def random_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Numbers from the normal distribution; see `random_uniform`."""
    return _draw("random_normal", shape, dtype, seed, mean=mean, stddev=stddev)


@operation
def random_truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Numbers from the normal distribution cut off at two standard deviations; see `random_uniform`."""
    return _draw("random_truncated_normal", shape, dtype, seed, mean=mean, stddev=stddev)


@operation
def random_bernoulli(shape, p=0.5, dtype=None, seed=None):
    """1 with probability `p`, else 0; see `random_uniform`."""
    return _draw("random_bernoulli", shape, dtype, seed, p=p)


@operation
def random_integers(shape, minval, maxval, dtype="int32", seed=None):
    """Whole numbers in [minval, maxval), each equally probable; see `random_uniform`."""
    span = int(maxval) - int(minval)
    if span <= 0:
        raise ValueError(f"random_integers: maxval {maxval} must be above minval {minval}")
    drawn = _draw("random_uniform", shape, "float64", seed, minval=0, maxval=span)
    return cast_tensor(emit("floor", [drawn]), dtype) + np.asarray(minval, dtype)


@operation
def dropout(x, rate, noise_shape=None, seed=None):
    """x with a fraction `rate` of the elements set to 0 and the others scaled by 1 / (1 - rate).

    Parameters
    ----------
    x : tensor
    rate : float
        In [0, 1).
    noise_shape : sequence of int, optional
        The shape of the mask, which broadcasts to x: 1 where an axis is kept or dropped as a whole; None
        there stands for the size of x.
    seed : int, optional
        Drawn from NumPy's global state unless given.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> sorted(set(ops.dropout(np.ones(100), 0.5, seed=1)))
    [np.float64(0.0), np.float64(2.0)]
    """
    if not 0 <= rate < 1:
        raise ValueError(f"dropout: rate must be in [0, 1), not {rate}")
    x = as_float(x)
    seed = _seed(seed)
    if rate == 0:
        return x
    step = current_trace().random_step
    shape = list(x.shape)
    if noise_shape is None:
        return emit("dropout", [x, step], rate=float(rate), seed=seed)
    if len(noise_shape) != len(shape):
        raise ValueError(
            f"dropout: noise_shape {tuple(noise_shape)} needs an entry per axis of the input {tuple(shape)}"
        )
    mask_shape = [n if m is None else int(m) for m, n in zip(noise_shape, shape)]
    for axis, (m, n) in enumerate(zip(mask_shape, shape)):
        if m not in (1, n):
            raise ValueError(
                f"dropout: noise_shape {tuple(noise_shape)} does not broadcast to {tuple(shape)}"
                f" at axis {axis}"
            )
    if mask_shape == shape:
        return emit("dropout", [x, step], rate=float(rate), seed=seed)
    ones = emit("broadcast_to", [current_trace().convert(np.ones((), x.dtype))], shape=mask_shape)
    return x * emit("dropout", [ones, step], rate=float(rate), seed=seed)
