"""Reuters: 11,228 newswires as lists of word ranks, in 46 topics."""

import numpy as np

from ._files import TF_KERAS, fetch, read_npz
from ._text import legacy_num_words, prepare, ragged, read_word_index, shuffled

HASHES = (
    "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    "87aedbeb0cb229e378797a632c1997b6",
)


def load_data(
    path="reuters.npz",
    num_words=None,
    skip_top=0,
    maxlen=None,
    test_split=0.2,
    seed=113,
    start_char=1,
    oov_char=2,
    index_from=3,
    **kwargs,
):
    """Load the newswires, shuffled and split.

    Parameters
    ----------
    path : str
        Name of the file in ``~/.keras/datasets``.
    num_words : int, optional
        Words of this rank and above become `oov_char`.
    skip_top : int
        Words of a rank below this become `oov_char`.
    maxlen : int, optional
        Only texts shorter than this are kept.
    test_split : float
        The share of texts held out.
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
        ``(x_train, y_train), (x_test, y_test)``: arrays of lists of int, and topics 0 to 45.

    Raises
    ------
    ValueError
        No text is as short as `maxlen` asks.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_data(num_words=10000)  # doctest: +SKIP
    """
    num_words = legacy_num_words(num_words, kwargs)
    texts, labels = read_npz(fetch(path, TF_KERAS + "reuters.npz", HASHES), "x", "y")
    texts, labels = shuffled(np.random.RandomState(seed), texts, labels)
    texts, labels = prepare(texts, labels, num_words, skip_top, maxlen, start_char, oov_char, index_from)
    cut = int(len(texts) * (1 - test_split))
    return (ragged(texts[:cut]), labels[:cut]), (ragged(texts[cut:]), labels[cut:])


def get_word_index(path="reuters_word_index.json"):
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
        fetch(path, TF_KERAS + "reuters_word_index.json", ("4d44cc38712099c9e383dc6e5f11a921",))
    )
