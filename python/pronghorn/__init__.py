"""Pronghorn: Keras for the CPU, on a C++ core of its own.

Examples
--------
>>> import pronghorn as keras
>>> model = keras.Sequential([keras.layers.Dense(1, input_shape=(4,))])
>>> model.output_shape
(None, 1)
"""

from __future__ import annotations

from ._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    submodules=[
        "activations",
        "backend",
        "callbacks",
        "config",
        "constraints",
        "datasets",
        "engine",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "models",
        "ops",
        "optimizers",
        "regularizers",
        "saving",
        "utils",
        "wrappers",
    ],
    attributes={
        "_core": ["__version__"],
        "alias": ["as_keras"],
        "engine.input_layer": ["Input"],
        "models": ["Model", "Sequential"],
    },
)
