"""Training one model from several seeds, with whichever Keras is named."""

import argparse
import importlib

import numpy as np


def train_from_seeds(description, data, build_model, batch_size, epochs):
    """Train, test, and print the accuracy on the test data: of each seed, then mean and deviation."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--module", default="pronghorn", help="pronghorn, or tf_keras")
    arguments = parser.parse_args()
    keras = importlib.import_module(arguments.module)

    (x_train, y_train), (x_test, y_test) = data()
    accuracies = []
    for seed in range(arguments.seeds):
        # NumPy's seed decides everything in Pronghorn and Keras 2.3; later ones have more to seed.
        getattr(keras.utils, "set_random_seed", np.random.seed)(seed)
        model = build_model(keras)
        fitted = model.fit(x_train, y_train, batch_size=batch_size, epochs=arguments.epochs, verbose=0)
        loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
        accuracies.append(100 * accuracy)
        print(
            f"seed {seed}: training loss {fitted.history['loss'][-1]:.4f}, "
            f"test loss {loss:.4f}, test accuracy {100 * accuracy:.2f} %",
            flush=True,
        )
    if len(accuracies) > 1:
        print(f"test accuracy {np.mean(accuracies):.2f} % ± {np.std(accuracies, ddof=1):.2f}")
