"""One LSTM layer that reads two tweets: are both by the same author?

    python -m pronghorn examples/functional/shared_lstm.py [--epochs 10]

The tweets are made: two authors use the letters with frequencies of their own. The last layer adds up what
the two tweets say, so it can learn to tell pairs by one author from pairs of which the other wrote one tweet.
"""

import argparse

import keras
import numpy as np
from keras.layers import LSTM, Dense, Input
from keras.models import Model

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=10)
epochs = parser.parse_args().epochs

np.random.seed(1)
habits = np.random.dirichlet(np.full(256, 0.5), size=2)


def write(author):
    """280 characters, each as a vector of 256 with a one in it."""
    return np.eye(256, dtype="float32")[np.random.choice(256, 280, p=habits[author])]


def make_pairs(n):
    same = np.random.randint(2, size=n)
    first = np.random.randint(2, size=n)  # whether the other author wrote the first of two, or the second
    data_a = np.stack([write(author) for author in (1 - same) * first])
    data_b = np.stack([write(author) for author in (1 - same) * (1 - first)])
    return data_a, data_b, same


data_a, data_b, labels = make_pairs(256)

tweet_a = Input(shape=(280, 256))
tweet_b = Input(shape=(280, 256))

# This layer takes a matrix and gives a vector of 64 numbers.
shared_lstm = LSTM(64)

# Calling one layer twice uses its weights twice.
encoded_a = shared_lstm(tweet_a)
encoded_b = shared_lstm(tweet_b)

merged_vector = keras.layers.concatenate([encoded_a, encoded_b], axis=-1)
predictions = Dense(1, activation="sigmoid")(merged_vector)

model = Model(inputs=[tweet_a, tweet_b], outputs=predictions)
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
model.summary()
assert model.count_params() == 4 * 64 * (256 + 64 + 1) + 129  # the LSTM counts once

untrained = model.evaluate([data_a, data_b], labels, verbose=0)[0]
history = model.fit([data_a, data_b], labels, epochs=epochs, verbose=2).history
assert history["loss"][-1] < untrained

unseen_a, unseen_b, unseen_labels = make_pairs(128)
loss, accuracy = model.evaluate([unseen_a, unseen_b], unseen_labels, verbose=0)
print(f"{100 * accuracy:.1f} % of {len(unseen_labels)} unseen pairs judged rightly")
