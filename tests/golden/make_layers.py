"""Write layers.npz: outputs and gradients of tf-keras, in float64, for the cases of layer_cases.

Run from the folder of this file, with tensorflow and tf-keras installed: python make_layers.py
"""

import numpy as np
import tensorflow as tf
import tf_keras
from layer_cases import CASES, arrays_for, diff_output, weights_for

tf_keras.backend.set_floatx("float64")

# TensorFlow has no channels_first kernels for CPUs: the same layer is run with channels last.
TRANSPOSED = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "MaxPooling2D", "AveragePooling2D")


def to_last(x):
    return np.moveaxis(x, 1, -1)


def to_first(x):
    return np.moveaxis(x, -1, 1)


class Bilinear(tf_keras.layers.Layer):
    """Keras 2.3 interpolates with the first pixels falling together, tf-keras with pixel centres."""

    def __init__(self, size, interpolation):
        super().__init__()
        self.size = size

    def call(self, x):
        rows, columns = x.shape[1] * self.size[0], x.shape[2] * self.size[1]
        return tf.compat.v1.image.resize_bilinear(tf.cast(x, "float32"), (rows, columns))


def results_of(name, kind, arguments, shapes, training):
    arguments = dict(arguments)
    moved = kind in TRANSPOSED and arguments.get("data_format") == "channels_first"
    if moved:
        arguments["data_format"] = "channels_last"
    dtype = "float32" if kind.endswith("Pooling3D") else "float64"  # TensorFlow has no other kernels
    if "interpolation" in arguments:
        layer = Bilinear(**arguments)
    else:
        layer = getattr(tf_keras.layers, kind)(**arguments, dtype=dtype)
    xs = arrays_for(name, shapes)
    inputs = [tf.constant(to_last(x) if moved else x, dtype) for x in xs]
    fed = inputs if len(inputs) > 1 else inputs[0]
    layer(fed)
    layer.set_weights(weights_for(name, [(w.name, tuple(w.shape)) for w in layer.weights]))
    options = {"training": training} if kind == "BatchNormalization" else {}
    weights = list(layer.trainable_weights)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = layer(fed, **options)
        shape = to_first(np.empty(y.shape)).shape if moved else tuple(y.shape)
        dy = diff_output(shape)
        loss = tf.reduce_sum(tf.cast(y, "float64") * (to_last(dy) if moved else dy))
    gradients = tape.gradient(loss, inputs + weights)
    out = [y.numpy(), *(g.numpy() for g in gradients)]
    if moved:
        out = [to_first(x) for x in out[: 1 + len(inputs)]] + out[1 + len(inputs) :]
    return out


if __name__ == "__main__":
    stored = {}
    for case in CASES:
        for i, array in enumerate(results_of(*case)):
            stored[f"{case[0]}/{i}"] = array.astype("float32")
    np.savez_compressed("layers.npz", **stored)
