"""Where Keras's settings are, by Keras's names; looked up when asked for, as `KERAS_HOME` may change."""

from __future__ import annotations

import os

from ..config import keras_home

_BACKEND = "pronghorn"


def __getattr__(name: str) -> str:
    folder = keras_home()
    places = {
        "_keras_base_dir": os.path.dirname(folder),
        "_keras_dir": folder,
        "_config_path": os.path.join(folder, "keras.json"),
    }
    if name not in places:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return places[name]
