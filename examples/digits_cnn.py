"""Train a convolutional network on handwritten digits, and draw what it learnt.

    python examples/digits_cnn.py [--epochs 20] [--picture digits_cnn.png]

The 1,797 digits of 8 by 8 pixels come with the package. One in five is held out.
"""

import argparse

import numpy as np

import pronghorn as keras
from pronghorn.datasets import digits
from pronghorn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from pronghorn.optimizers import Adam


def build_model():
    # An epoch is 45 steps: the moving averages of the normalisation have to follow faster than by default.
    model = keras.Sequential()
    model.add(Conv2D(32, (3, 3), padding="same", activation="relu", input_shape=(8, 8, 1)))
    model.add(BatchNormalization(momentum=0.9))
    model.add(Conv2D(32, (3, 3), padding="same", activation="relu"))
    model.add(MaxPooling2D((2, 2)))
    model.add(Dropout(0.25))
    model.add(Conv2D(64, (3, 3), padding="same", activation="relu"))
    model.add(BatchNormalization(momentum=0.9))
    model.add(Flatten())
    model.add(Dense(128, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(10, activation="softmax"))
    optimizer = Adam(lr=1e-3, decay=5e-3)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def draw(path, history, images, labels, predictions):
    """Write a picture: the learning curves, and held-out digits with what the network takes them for."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(12, 5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1])

    epochs = range(1, len(history["loss"]) + 1)
    loss, accuracy = left.subplots(2, 1, sharex=True)
    loss.semilogy(epochs, history["loss"], label="training")
    loss.semilogy(epochs, history["val_loss"], label="held out")
    loss.set(title="Loss", ylabel="cross-entropy")
    loss.legend()
    accuracy.plot(epochs, history["accuracy"], label="training")
    accuracy.plot(epochs, history["val_accuracy"], label="held out")
    accuracy.set(title="Accuracy", xlabel="epoch", ylim=(0.85, 1.005))
    accuracy.locator_params(axis="x", integer=True)

    # The mistakes first, then the ones it was least sure of.
    sureness = predictions[np.arange(len(labels)), labels]
    right.suptitle("Held-out digits, the hardest first: prediction (truth)")
    for axes, i in zip(right.subplots(4, 7).flat, np.argsort(sureness)):
        guess = predictions[i].argmax()
        axes.imshow(images[i], cmap="gray_r")
        axes.set_title(
            f"{guess} ({labels[i]})", color="black" if guess == labels[i] else "crimson", fontsize=10
        )
        axes.axis("off")
    figure.savefig(path, dpi=120)
    print("wrote", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--picture", default="digits_cnn.png")
    arguments = parser.parse_args()

    np.random.seed(1)
    (x_train, y_train), (x_test, y_test) = digits.load_data(test_split=0.2)
    x_train = x_train[..., np.newaxis].astype("float32") / 16
    x_test = x_test[..., np.newaxis].astype("float32") / 16

    model = build_model()
    model.summary()
    history = model.fit(
        x_train, y_train, batch_size=32, epochs=arguments.epochs, validation_data=(x_test, y_test)
    )
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"test loss {loss:.4f}, test accuracy {100 * accuracy:.2f} % on {len(x_test)} held-out digits")
    draw(arguments.picture, history.history, x_test[..., 0], y_test, model.predict(x_test))


if __name__ == "__main__":
    main()
