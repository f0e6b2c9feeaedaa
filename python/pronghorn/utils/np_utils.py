"""NumPy helpers for labels and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np


def to_categorical(y: Any, num_classes: int | None = None, dtype: str = "float32") -> np.ndarray:
    """Turn class numbers into rows with a single one.

    Parameters
    ----------
    y
        Class numbers from 0 to `num_classes` − 1; a last axis of length 1 is dropped.
    num_classes
        Number of classes; one more than the largest number in `y` where not given.
    dtype
        Type of the result.

    Examples
    --------
    >>> to_categorical([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    labels = np.array(y, dtype="int")
    shape = labels.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    labels = labels.ravel()
    classes = int(num_classes) if num_classes else int(labels.max()) + 1
    if labels.size and not -classes <= labels.min() <= labels.max() < classes:
        wrong = labels[(labels >= classes) | (labels < -classes)][0]
        raise IndexError(f"to_categorical: label {wrong} is out of range for {classes} classes")
    result = np.zeros((labels.size, classes), dtype=dtype)
    result[np.arange(labels.size), labels] = 1
    return result.reshape(shape + (classes,))


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """Divide by the norm along `axis`; vectors of norm zero stay as they are.

    Examples
    --------
    >>> normalize([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return np.asarray(x) / np.expand_dims(norm, axis)
