"""Run by a Python that has Keras 3 and tf-keras: writes archives for us to read, and reads ours.

python peer_keras3.py PACKAGE write FOLDER   each model as .keras and .weights.h5, what it gives as .npz
python peer_keras3.py PACKAGE read FOLDER    what the models that we wrote give, as .peer.npz
"""

import importlib
import os
import sys
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from peer_archives import compile_and_train, results_of
from peer_models import for_each_model

keras = importlib.import_module(sys.argv[1])
tf.config.run_functions_eagerly(True)  # building a graph for each model would take minutes
warnings.simplefilter("ignore")


@keras.saving.register_keras_serializable("keras2", "hard_sigmoid")
def hard_sigmoid(x):
    return tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0)


def write(folder, name, build, shapes, random):
    keras.utils.set_random_seed(0)
    try:
        model = build(keras)
    except (AttributeError, TypeError, ValueError, NotImplementedError) as error:
        # It has no such layer, or no such option of it.
        with open(f"{folder}/{name}.absent", "w") as file:
            file.write(repr(error))
        return
    if not model.built:
        model.build((None, *shapes[0]))
    compile_and_train(model, name, shapes, keras.optimizers)
    model.save(f"{folder}/{name}.keras")
    model.save_weights(f"{folder}/{name}.weights.h5")
    np.savez(f"{folder}/{name}.npz", *results_of(model, name, shapes, random))


def read(folder, name, build, shapes, random):
    model = keras.models.load_model(f"{folder}/{name}.keras")
    np.savez(f"{folder}/{name}.peer.npz", *results_of(model, name, shapes, random))
    model.load_weights(f"{folder}/{name}.weights.h5")
    np.savez(f"{folder}/{name}.weights.npz", *results_of(model, name, shapes, random))


if __name__ == "__main__":
    for_each_model({"write": write, "read": read}[sys.argv[2]], sys.argv[3])
