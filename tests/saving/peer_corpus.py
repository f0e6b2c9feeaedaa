"""Writes files of models by tf-keras and Keras 3 into a folder; run by a Python that has both."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tf_keras

os.chdir(sys.argv[1])
for package, tag in ((keras, "keras3"), (tf_keras, "tfkeras")):
    layers = package.layers
    a, b = package.Input((5,), name="a"), package.Input((5,), name="b")
    shared = layers.Dense(4, activation="relu", kernel_regularizer="l2")
    inner = package.Sequential([package.Input((4,)), layers.Dense(3), layers.LeakyReLU()])
    x = layers.BatchNormalization()(layers.Add()([shared(a), shared(b)]))
    graph = package.Model([a, b], layers.Dense(2)(layers.Dropout(0.3)(inner(x))))
    start = package.Input((6, 3)) if package is keras else layers.InputLayer((6, 3))
    stack = package.Sequential(
        [
            start,
            layers.Conv1D(4, 3, padding="same"),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.GRU(2),
            layers.Dense(2),
        ]
    )
    for name, model, data in (
        ("graph", graph, [np.ones((4, 5)), np.ones((4, 5))]),
        ("stack", stack, np.ones((4, 6, 3))),
    ):
        model.compile(package.optimizers.Adam(0.01), "mse", metrics=["mae"])
        model.fit(data, np.ones((4, 2)), verbose=0)
        model.save(f"{tag}_{name}.keras")
        model.save_weights(f"{tag}_{name}.weights.h5")
        model.save(f"{tag}_{name}.h5")
