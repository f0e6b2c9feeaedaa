"""Tell nine speakers apart by how they say two vowels: sequences of different lengths, a mask, an LSTM.

    python examples/sequences/japanese_vowels.py [--seeds 1] [--module pronghorn]

The data are "Japanese Vowels" by M. Kudo, J. Toyama and M. Shimbo (1999), UCI Machine Learning Repository,
https://doi.org/10.24432/C5NS47, licensed CC BY 4.0: 270 utterances to train on and 370 to test with, 7 to 29
steps of 12 numbers each. They come with the package aeon, which pip downloads. With --module tf_keras another
Keras trains the same model.
"""

import zipfile

import numpy as np
from fetch import fetch
from seeds import train_from_seeds

WHEEL = "aeon-1.6.0-py3-none-any.whl"
SHA256 = "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409"
STEPS = 29


def load_data():
    """Training and test data: zeros before each utterance fill it up to 29 steps."""
    path = fetch("aeon==1.6.0", WHEEL, SHA256, "--only-binary=:all:")
    with zipfile.ZipFile(path) as wheel:
        return [
            read_ts(wheel.read(f"aeon/datasets/data/JapaneseVowels/JapaneseVowels_{part}.ts"))
            for part in ("TRAIN", "TEST")
        ]


def read_ts(data):
    """A line holds the values of one dimension after the other, with colons between, and the class."""
    lines = data.decode().split("@data")[1].split()
    x, y = np.zeros((len(lines), STEPS, 12), "float32"), np.zeros(len(lines), "int32")
    for i, line in enumerate(lines):
        *dimensions, label = line.split(":")
        series = np.array([dimension.split(",") for dimension in dimensions], "float32").T
        x[i, STEPS - len(series) :] = series
        y[i] = int(label) - 1
    return x, y


def build_model(keras):
    layers = keras.layers
    model = keras.models.Sequential()
    model.add(layers.Masking(mask_value=0.0, input_shape=(STEPS, 12)))
    model.add(layers.LSTM(64))
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(9, activation="softmax"))
    optimizer = keras.optimizers.Adam(0.01)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    train_from_seeds(__doc__.split("\n")[0], load_data, build_model, batch_size=16, epochs=60)
