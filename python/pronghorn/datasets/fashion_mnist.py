"""Fashion-MNIST: 70,000 pictures of clothes of 28 by 28 pixels, in ten classes."""

import os

from ..utils.data_utils import cache_folder, get_file
from ._files import TF_KERAS, read_idx

# Where Debian's package dataset-fashion-mnist puts the same files.
DEBIAN = "/usr/share/datasets/fashion-mnist"
# As published by the authors, with the MD5 that goes with each.
FILES = {
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
}


def _path(fname):
    subdir = os.path.join("datasets", "fashion-mnist")
    for folder in (os.path.join(cache_folder(), subdir), DEBIAN):
        path = os.path.join(folder, fname)
        if os.path.exists(path):
            return path
    try:
        return get_file(fname, TF_KERAS + fname, md5_hash=FILES[fname], cache_subdir=subdir)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{error} Debian's package dataset-fashion-mnist has the data too (in {DEBIAN})."
        ) from error


def load_data():
    """Load Fashion-MNIST from ``~/.keras/datasets/fashion-mnist``, or from Debian's package where that is
    installed.

    Returns
    -------
    tuple
        ``(x_train, y_train), (x_test, y_test)``, uint8: 60,000 and 10,000 images (n, 28, 28), and labels
        (n,).

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    """
    y_train, x_train, y_test, x_test = (read_idx(_path(fname)) for fname in FILES)
    return (x_train, y_train), (x_test, y_test)
