"""MNIST: 70,000 handwritten digits of 28 by 28 pixels."""

from ._files import TF_KERAS, fetch, read_npz

HASHES = (
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    "8a61469f7ea1b51cbae51d4f78837e45",
)


def load_data(path="mnist.npz"):
    """Load MNIST.

    Parameters
    ----------
    path : str
        Name of the file in ``~/.keras/datasets``.

    Returns
    -------
    tuple
        ``(x_train, y_train), (x_test, y_test)``, uint8: 60,000 and 10,000 images (n, 28, 28), and labels
        (n,).

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    """
    path = fetch(path, TF_KERAS + "mnist.npz", HASHES)
    x_train, y_train, x_test, y_test = read_npz(path, "x_train", "y_train", "x_test", "y_test")
    return (x_train, y_train), (x_test, y_test)
