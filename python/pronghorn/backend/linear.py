"""Products of matrices, by Keras 2's names."""

from __future__ import annotations

from typing import Any

from .. import ops

__all__ = ["batch_dot", "dot", "gather", "transpose"]


def dot(x: Any, y: Any) -> Any:
    """Product of two tensors: sums over the last axis of `x` and the last but one of `y`.

    Examples
    --------
    >>> import numpy as np
    >>> dot(np.ones((2, 3), "float32"), np.ones((4, 3, 5), "float32")).shape
    (2, 4, 5)
    """
    return ops.dot(x, y)


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Products of samples: sums over one axis of each, the first axis being the batch of both.

    Parameters
    ----------
    x, y : tensor
        Of at least two axes.
    axes : int or pair of int, optional
        The axis of each to sum over; by default the last of `x`, and of `y` the last but one, or the last of
        two.

    Examples
    --------
    >>> import numpy as np
    >>> batch_dot(np.ones((2, 3, 4), "float32"), np.ones((2, 4), "float32"), axes=(2, 1)).shape
    (2, 3)
    """
    return ops.batch_dot(x, y, axes)


def transpose(x: Any) -> Any:
    """`x` with its axes in reverse order.

    Examples
    --------
    >>> import numpy as np
    >>> transpose(np.zeros((2, 3, 4))).shape
    (4, 3, 2)
    """
    return ops.transpose(x)


def gather(reference: Any, indices: Any) -> Any:
    """Rows of `reference` by their indices.

    Examples
    --------
    >>> import numpy as np
    >>> gather(np.array([10.0, 20.0, 30.0], "float32"), np.array([2, 0]))
    array([30., 10.], dtype=float32)
    """
    return ops.take(reference, indices, axis=0)
