"""Where Keras's settings are, by Keras's names; read when this module is loaded."""

import os

from ..config import keras_home

_keras_dir = keras_home()
_keras_base_dir = os.path.dirname(_keras_dir)
_config_path = os.path.join(_keras_dir, "keras.json")
_BACKEND = "pronghorn"
