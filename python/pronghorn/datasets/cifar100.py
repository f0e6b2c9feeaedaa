"""CIFAR-100: 60,000 colour pictures of 32 by 32 pixels, in 100 classes of 20 groups."""

import os

from ..utils.data_utils import get_file
from .cifar import as_data, load_batch

ORIGIN = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
HASH = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"


def load_data(label_mode="fine"):
    """Load CIFAR-100 from ``~/.keras/datasets/cifar-100-python``.

    Parameters
    ----------
    label_mode : {"fine", "coarse"}
        The 100 classes or the 20 groups of them.

    Returns
    -------
    tuple
        ``(x_train, y_train), (x_test, y_test)``, uint8: 50,000 and 10,000 pictures (n, 32, 32, 3), or (n,
        3, 32, 32) with the image data format "channels_first", and labels (n, 1).

    Raises
    ------
    ValueError
        `label_mode` is neither.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_data(label_mode="coarse")  # doctest: +SKIP
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"`label_mode` must be 'fine' or 'coarse', not {label_mode!r}")
    folder = get_file("cifar-100-python", ORIGIN, untar=True, file_hash=HASH)
    parts = (load_batch(os.path.join(folder, part), label_mode + "_labels") for part in ("train", "test"))
    train, test = (as_data(*part) for part in parts)
    return train, test
