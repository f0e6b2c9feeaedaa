"""Tell good from bad by a sentence of a film review: words, an embedding with a mask, an LSTM.

    python examples/sequences/movie_reviews.py [--seeds 1] [--module pronghorn]

The data are 10,605 sentences from reviews, each rated by twenty readers, which C. J. Hutto and E. Gilbert
published with VADER (ICWSM 2014). They come with the source distribution of the package vaderSentiment (MIT
licence), which pip downloads. With --module tf_keras the same model is trained by another Keras.
"""

import collections
import re
import tarfile

import numpy as np
from fetch import fetch
from seeds import train_from_seeds

ARCHIVE = "vaderSentiment-3.3.2.tar.gz"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
WORDS, LENGTH = 5000, 40


def load_data():
    """Sentences as numbers of words, zeros before them, and whether their mean rating is above zero."""
    path = fetch("vaderSentiment==3.3.2", ARCHIVE, SHA256, "--no-binary=:all:")
    with tarfile.open(path) as outer:
        inner = outer.extractfile("vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz")
        with tarfile.open(fileobj=inner) as archive:
            text = archive.extractfile("hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt").read().decode()
    rows = [line.split("\t") for line in text.splitlines()]
    rows = [row for row in rows if float(row[1])]
    order = np.random.RandomState(0).permutation(len(rows))
    y = np.array([float(row[1]) > 0 for row in rows], "float32")[order]
    sentences = [re.findall(r"[a-z']+|[!?]", rows[i][2].lower()) for i in order]

    # Only the words of the training sentences get numbers, the frequent ones first; 1 stands for all others.
    cut = len(rows) * 4 // 5
    counts = collections.Counter(word for sentence in sentences[:cut] for word in sentence)
    numbers = {word: i + 2 for i, (word, _) in enumerate(counts.most_common(WORDS - 2))}
    x = np.zeros((len(rows), LENGTH), "int32")
    for i, sentence in enumerate(sentences):
        found = [numbers.get(word, 1) for word in sentence[:LENGTH]]
        x[i, LENGTH - len(found) :] = found
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def build_model(keras):
    layers = keras.layers
    model = keras.models.Sequential()
    model.add(layers.Embedding(WORDS, 64, mask_zero=True, input_length=LENGTH))
    model.add(layers.Dropout(0.4))
    model.add(layers.LSTM(64))
    model.add(layers.Dropout(0.4))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    train_from_seeds(__doc__.split("\n")[0], load_data, build_model, batch_size=64, epochs=4)
