"""What layers that act only in training ask."""

from __future__ import annotations

import numpy as np

from ..backend.phase import in_training

__all__ = ["draw_seed", "in_training"]


def draw_seed(seed: int | None) -> int:
    """Give `seed`, or one drawn from NumPy's global state, as Keras 2 does.

    Examples
    --------
    >>> draw_seed(3)
    3
    """
    return int(np.random.randint(10**7)) if seed is None else int(seed)
