"""Run by a Python that has tf-keras: writes models for us to read, and reads ours.

python peer_tf_keras.py write FOLDER      each model as .h5, and what it gives as .npz
python peer_tf_keras.py read FOLDER       what the models that we wrote give, as .peer.npz
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
import tf_keras as keras
from peer_models import compile_and_train, for_each_model, results_of

tf.config.run_functions_eagerly(True)  # building a graph for each model would take minutes


def write(folder, name, build, shapes, random):
    keras.utils.set_random_seed(0)
    model = build(keras)
    compile_and_train(model, name, shapes, keras.optimizers)
    model.save(f"{folder}/{name}.h5")
    np.savez(f"{folder}/{name}.npz", *results_of(model, name, shapes, random))


def read(folder, name, build, shapes, random):
    model = keras.models.load_model(f"{folder}/{name}.h5")
    np.savez(f"{folder}/{name}.peer.npz", *results_of(model, name, shapes, random))


if __name__ == "__main__":
    for_each_model({"write": write, "read": read}[sys.argv[1]], sys.argv[2])
