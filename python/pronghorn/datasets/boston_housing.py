"""Boston housing: 506 districts, 13 figures each, and the median price of a house."""

import numpy as np

from ._files import TF_KERAS, fetch, read_npz

HASHES = ("f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",)


def load_data(path="boston_housing.npz", test_split=0.2, seed=113):
    """Load the Boston housing prices, shuffled and split.

    Parameters
    ----------
    path : str
        Name of the file in ``~/.keras/datasets``.
    test_split : float
        The share of samples held out, from 0 up to but not including 1.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    tuple
        ``(x_train, y_train), (x_test, y_test)``, float64: figures (n, 13) and prices (n,) in 1,000 dollars.

    Raises
    ------
    ValueError
        `test_split` is out of range.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"`test_split` must be at least 0 and below 1, not {test_split!r}")
    x, y = read_npz(fetch(path, TF_KERAS + "boston_housing.npz", HASHES), "x", "y")
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])
