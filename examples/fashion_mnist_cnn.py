"""Train a small convolutional network on Fashion-MNIST to 90 % and more.

    python examples/fashion_mnist_cnn.py [--epochs 8]

The data come from ~/.keras/datasets/fashion-mnist, or from Debian's package dataset-fashion-mnist.
"""

import argparse

import numpy as np

import pronghorn as keras
from pronghorn.datasets import fashion_mnist
from pronghorn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from pronghorn.optimizers import Adam


def build_model():
    model = keras.Sequential()
    model.add(Conv2D(32, (3, 3), padding="same", activation="relu", input_shape=(28, 28, 1)))
    model.add(BatchNormalization())
    model.add(MaxPooling2D((2, 2)))
    model.add(Conv2D(64, (3, 3), padding="same", activation="relu"))
    model.add(BatchNormalization())
    model.add(MaxPooling2D((2, 2)))
    model.add(Dropout(0.25))
    model.add(Flatten())
    model.add(Dense(128, activation="relu"))
    model.add(Dropout(0.3))
    model.add(Dense(10, activation="softmax"))
    optimizer = Adam(lr=1e-3, decay=1e-3)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=8)
    arguments = parser.parse_args()

    np.random.seed(1)
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    x_train = x_train[..., np.newaxis].astype("float32") / 255
    x_test = x_test[..., np.newaxis].astype("float32") / 255

    model = build_model()
    model.fit(x_train, y_train, batch_size=128, epochs=arguments.epochs, validation_split=0.1)
    loss, accuracy = model.evaluate(x_test, y_test, batch_size=500, verbose=0)
    print(f"test loss {loss:.4f}, test accuracy {100 * accuracy:.2f} % on {len(x_test)} pictures")


if __name__ == "__main__":
    main()
