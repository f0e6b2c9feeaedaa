"""CIFAR-10: 60,000 colour pictures of 32 by 32 pixels, in ten classes."""

import os

import numpy as np

from ..utils.data_utils import get_file
from .cifar import as_data, load_batch

ORIGIN = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
HASH = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"


def load_data():
    """Load CIFAR-10 from ``~/.keras/datasets/cifar-10-batches-py``.

    Returns
    -------
    tuple
        ``(x_train, y_train), (x_test, y_test)``, uint8: 50,000 and 10,000 pictures (n, 32, 32, 3), or (n,
        3, 32, 32) with the image data format "channels_first", and labels (n, 1).

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    """
    folder = get_file("cifar-10-batches-py", ORIGIN, untar=True, file_hash=HASH)
    batches = [load_batch(os.path.join(folder, f"data_batch_{i}")) for i in range(1, 6)]
    x_train, y_train = (np.concatenate(parts) for parts in zip(*batches))
    return as_data(x_train, y_train), as_data(*load_batch(os.path.join(folder, "test_batch")))
