"""1,797 handwritten digits of 8 by 8 pixels, inside the package: real data with no download.

They are the test part of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (1998),
UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, licensed CC BY 4.0. A pixel counts, from
0 to 16, the dark points in a 4 by 4 block of a 32 by 32 scan. The arrays are unchanged; they are stored in
one compressed file.
"""

from __future__ import annotations

import os

import numpy as np


def load_data(test_split=0.2, seed=113):
    """Load the digits, shuffled and split.

    Parameters
    ----------
    test_split : float
        The share of samples held out, from 0 up to but not including 1.
    seed : int or None
        Seed of the shuffle; None leaves the samples in the order of the source.

    Returns
    -------
    tuple
        ``(x_train, y_train), (x_test, y_test)``, all uint8: images (n, 8, 8) with values 0 to 16, and
        labels (n,).

    Raises
    ------
    ValueError
        `test_split` is out of range.

    Examples
    --------
    >>> from pronghorn.datasets import digits
    >>> (x_train, y_train), (x_test, y_test) = digits.load_data(test_split=0.25)
    >>> x_train.shape, y_train.shape, x_test.shape, int(x_train.max())
    ((1347, 8, 8), (1347,), (450, 8, 8), 16)
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"`test_split` must be at least 0 and below 1, not {test_split!r}")
    with np.load(os.path.join(os.path.dirname(__file__), "digits.npz")) as file:
        x, y = file["x"], file["y"]
    if seed is not None:
        order = np.random.RandomState(seed).permutation(len(x))
        x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])
