"""Makes training.npz: ten steps of tf-keras from given weights on given batches.

Run by a Python that has tensorflow and tf_keras: python tests/golden/make_training.py
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tf_keras as keras
from tf_keras.optimizers import legacy

STEPS = 10
layers = keras.layers

# The formulas of Keras 2.3.1 are those of tf-keras's older optimizers, with these arguments: accumulators
# start at zero, Adadelta takes full steps, and `clipnorm` looks at all gradients together.
OPTIMIZERS = {
    "sgd": lambda: legacy.SGD(0.05),
    "sgd_momentum": lambda: legacy.SGD(0.05, momentum=0.9, decay=0.1),
    "sgd_nesterov": lambda: legacy.SGD(0.05, momentum=0.9, nesterov=True),
    "sgd_clipnorm": lambda: legacy.SGD(0.5, global_clipnorm=0.2),
    "sgd_clipvalue": lambda: legacy.SGD(0.5, clipvalue=0.01),
    "rmsprop": lambda: legacy.RMSprop(0.01, rho=0.9),
    "adagrad": lambda: legacy.Adagrad(0.05, initial_accumulator_value=0.0),
    "adadelta": lambda: legacy.Adadelta(1.0, rho=0.95),
    "adam": lambda: legacy.Adam(0.01),
    "adam_decay": lambda: legacy.Adam(0.01, decay=0.05),
    "adam_amsgrad": lambda: legacy.Adam(0.01, amsgrad=True),
    "adamax": lambda: legacy.Adamax(0.02),
    "nadam": lambda: legacy.Nadam(0.02),
}


def mlp():
    return keras.Sequential(
        [
            layers.Dense(12, activation="relu", input_shape=(6,)),
            layers.Dense(8, activation="tanh", kernel_regularizer=keras.regularizers.l2(0.01)),
            layers.Dense(3, activation="softmax"),
        ]
    )


def cnn():
    return keras.Sequential(
        [
            layers.Conv2D(4, 3, padding="same", use_bias=False, input_shape=(8, 8, 2)),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(5, 3, strides=2, activation="elu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def train(found, name, model, optimizer, x, y):
    found[f"{name}/x"], found[f"{name}/y"] = x, y
    rng = np.random.default_rng(1)
    start = [(w + 0.1 * rng.standard_normal(w.shape)).astype("float32") for w in model.get_weights()]
    start = [np.abs(w) if "variance" in v.name else w for w, v in zip(start, model.weights)]
    model.set_weights(start)
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    results = [model.train_on_batch(x[i], y[i], reset_metrics=True) for i in range(STEPS)]
    found[f"{name}/losses"] = np.array(results)
    for kind, weights in (("start", start), ("end", model.get_weights())):
        for i, w in enumerate(weights):
            found[f"{name}/{kind}_{i}"] = w


def main():
    rng = np.random.default_rng(0)
    found = {}
    one_hot = np.eye(3, dtype="float32")
    x = rng.standard_normal((STEPS, 16, 6)).astype("float32")
    y = one_hot[rng.integers(0, 3, (STEPS, 16))]
    for name, optimizer in OPTIMIZERS.items():
        keras.utils.set_random_seed(0)
        train(found, f"mlp_{name}", mlp(), optimizer(), x, y)
    x = rng.standard_normal((STEPS, 12, 8, 8, 2)).astype("float32")
    y = one_hot[rng.integers(0, 3, (STEPS, 12))]
    for name in ("sgd_momentum", "adam"):
        keras.utils.set_random_seed(0)
        train(found, f"cnn_{name}", cnn(), OPTIMIZERS[name](), x, y)
    # All MLPs share their data and start, and so do the CNNs.
    for key in list(found):
        model, _, part = key.partition("/")
        if part in ("x", "y") or part.startswith("start"):
            found[f"{model[:3]}/{part}"] = found.pop(key)
    np.savez_compressed(pathlib.Path(__file__).with_name("training.npz"), **found)


if __name__ == "__main__":
    main()
