"""Write recurrent.npz: outputs, states and gradients of tf-keras, in float64, for recurrent_cases.

Run from the folder of this file, with tensorflow and tf-keras installed: python make_recurrent.py
"""

import numpy as np
import tensorflow as tf
import tf_keras
from layer_cases import arrays_for, diff_output, weights_for
from recurrent_cases import CASES, layer_of, mask_for, shapes_for

tf_keras.backend.set_floatx("float64")


def results_of(name, kind, arguments, shape, mask, states, wrapper):
    layer = layer_of(tf_keras.layers, kind, arguments, wrapper)
    if wrapper is not None:
        for half in (layer.forward_layer, layer.backward_layer):
            half.zero_output_for_mask = False  # Keras 2 repeats the output before, here as everywhere
    xs = [tf.constant(x, "float64") for x in arrays_for(name, shapes_for(shape, states))]
    options = {"mask": tf.constant(mask_for(shape))} if mask else {}
    if states:
        options["initial_state"] = xs[1:]
    layer(xs[0], **options)
    layer.set_weights(weights_for(name, [("", tuple(w.shape)) for w in layer.weights]))
    weights = list(layer.trainable_weights)
    if arguments.get("stateful"):
        layer.reset_states()
        layer(xs[0] * 0.5)
    with tf.GradientTape() as tape:
        tape.watch(xs)
        results = tf.nest.flatten(layer(xs[0], **options))
        loss = sum(tf.reduce_sum(y * diff_output(tuple(y.shape))) for y in results)
    gradients = tape.gradient(loss, xs + weights, unconnected_gradients="zero")
    return [np.asarray(x) for x in [*results, *gradients]]


if __name__ == "__main__":
    np.savez_compressed(
        "recurrent.npz",
        **{
            case[0]: np.concatenate([x.ravel() for x in results_of(*case)]).astype("float32")
            for case in CASES
        },
    )
