"""What IMDB and Reuters share: texts as lists of word ranks, and the conventions for special words."""

import json

import numpy as np

from ..utils.warn import warn


def legacy_num_words(num_words, arguments):
    """Accept ``nb_words``, the name of ``num_words`` before Keras 2, and nothing else."""
    if "nb_words" in arguments:
        warn("The `nb_words` argument of `load_data` has been renamed `num_words`.")
        num_words = arguments.pop("nb_words")
    if arguments:
        raise TypeError(f"`load_data` got unknown arguments: {', '.join(sorted(arguments))}")
    return num_words


def shuffled(rng, texts, labels):
    """Return both in one random order."""
    order = np.arange(len(texts))
    rng.shuffle(order)
    return texts[order], labels[order]


def prepare(texts, labels, num_words, skip_top, maxlen, start_char, oov_char, index_from):
    """Return texts as lists, special words put in and rare ones taken out, and the labels of those left."""
    if start_char is not None:
        texts = [[start_char] + [word + index_from for word in text] for text in texts]
    else:
        texts = [[word + (index_from or 0) for word in text] for text in texts]
    if maxlen:
        kept = [i for i, text in enumerate(texts) if len(text) < maxlen]
        texts, labels = [texts[i] for i in kept], labels[kept]
        if not texts:
            raise ValueError(f"no text is shorter than maxlen={maxlen}, so none was kept; increase `maxlen`")
    if not num_words:
        num_words = max(max(text, default=0) for text in texts)
    if oov_char is not None:
        texts = [[word if skip_top <= word < num_words else oov_char for word in text] for text in texts]
    else:
        texts = [[word for word in text if skip_top <= word < num_words] for text in texts]
    return texts, labels


def ragged(texts):
    """Return a one-dimensional array of lists, also where all have one length."""
    array = np.empty(len(texts), object)
    for i, text in enumerate(texts):
        array[i] = text
    return array


def read_word_index(path):
    """Return the dictionary in a JSON file."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)
