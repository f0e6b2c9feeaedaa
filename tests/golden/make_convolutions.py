"""Makes convolutions.npz: ten steps of tf-keras on a network of 3x3 and 5x5 convolutions.

Run by a Python that has tensorflow and tf_keras: python tests/golden/make_convolutions.py
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tf_keras as keras
from convolution_cases import network
from tf_keras.optimizers import legacy

STEPS = 10


def main():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((STEPS, 6, 13, 15, 3)).astype("float32")
    y = np.eye(4, dtype="float32")[rng.integers(0, 4, (STEPS, 6))]
    model = network(keras)
    start = [(w + 0.02 * rng.standard_normal(w.shape)).astype("float32") for w in model.get_weights()]
    model.set_weights(start)
    model.compile(legacy.SGD(0.05, momentum=0.9), "categorical_crossentropy")
    losses = [model.train_on_batch(x[i], y[i]) for i in range(STEPS)]
    found = {"x": x, "y": y, "losses": np.array(losses)}
    for kind, weights in (("start", start), ("end", model.get_weights())):
        found.update({f"{kind}_{i}": w for i, w in enumerate(weights)})
    np.savez_compressed(pathlib.Path(__file__).with_name("convolutions.npz"), **found)


if __name__ == "__main__":
    main()
