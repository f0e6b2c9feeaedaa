"""IMDB: 50,000 film reviews as lists of word ranks, and whether each is kind."""

import numpy as np

from ._files import TF_KERAS, fetch, read_npz
from ._text import legacy_num_words, prepare, ragged, read_word_index, shuffled

HASHES = (
    "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    "599dadb1135973df5b59232a0e9a887c",
)


def load_data(
    path="imdb.npz",
    num_words=None,
    skip_top=0,
    maxlen=None,
    seed=113,
    start_char=1,
    oov_char=2,
    index_from=3,
    **kwargs,
):
    """Load the reviews.

    Parameters
    ----------
    path : str
        Name of the file in ``~/.keras/datasets``.
    num_words : int, optional
        Words of this rank and above become `oov_char`.
    skip_top : int
        Words of a rank below this become `oov_char`.
    maxlen : int, optional
        Only texts shorter than this are kept. As in Keras, the first 25,000 of what is left are returned
        as training data, so some held-out texts move there.
    seed : int
        Seed of the shuffle.
    start_char : int or None
        Put before each text.
    oov_char : int or None
        Stands for words that are left out; None drops them.
    index_from : int
        Added to the rank of every word.

    Returns
    -------
    tuple
        ``(x_train, y_train), (x_test, y_test)``: arrays of lists of int, and labels 0 or 1.

    Raises
    ------
    ValueError
        No text is as short as `maxlen` asks.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_data(num_words=10000)  # doctest: +SKIP
    """
    num_words = legacy_num_words(num_words, kwargs)
    path = fetch(path, TF_KERAS + "imdb.npz", HASHES)
    x_train, y_train, x_test, y_test = read_npz(path, "x_train", "y_train", "x_test", "y_test")
    rng = np.random.RandomState(seed)
    x_train, y_train = shuffled(rng, x_train, y_train)
    x_test, y_test = shuffled(rng, x_test, y_test)
    texts, labels = prepare(
        np.concatenate([x_train, x_test]),
        np.concatenate([y_train, y_test]),
        num_words,
        skip_top,
        maxlen,
        start_char,
        oov_char,
        index_from,
    )
    cut = len(x_train)
    return (ragged(texts[:cut]), labels[:cut]), (ragged(texts[cut:]), labels[cut:])


def get_word_index(path="imdb_word_index.json"):
    """Return the rank of each word; `load_data` adds `index_from` to it.

    Parameters
    ----------
    path : str
        Name of the file in ``~/.keras/datasets``.

    Returns
    -------
    dict

    Examples
    --------
    >>> ranks = get_word_index()  # doctest: +SKIP
    """
    return read_word_index(
        fetch(path, TF_KERAS + "imdb_word_index.json", ("bfafd718b763782e994055a2d397834f",))
    )
