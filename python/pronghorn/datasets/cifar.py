"""What CIFAR-10 and CIFAR-100 share: reading a batch of pictures."""

import numpy as np

from ..config import image_data_format
from ._files import load_pickle


def load_batch(fpath, label_key="labels"):
    """Read one file of CIFAR.

    Parameters
    ----------
    fpath : str
        A pickled batch.
    label_key : str
        Which labels: "labels", "fine_labels" or "coarse_labels".

    Returns
    -------
    tuple
        Pictures (n, 3, 32, 32) as uint8 and the list of labels.

    Examples
    --------
    >>> data, labels = load_batch("data_batch_1")  # doctest: +SKIP
    """
    with open(fpath, "rb") as file:
        batch = {key.decode("utf8"): value for key, value in load_pickle(file, encoding="bytes").items()}
    data = batch["data"]
    return data.reshape(len(data), 3, 32, 32), batch[label_key]


def as_data(images, labels):
    """Return pictures in the image data format that is set, and labels as a column of bytes."""
    if image_data_format() == "channels_last":
        images = images.transpose(0, 2, 3, 1)
    return images, np.reshape(np.asarray(labels, np.uint8), (-1, 1))
