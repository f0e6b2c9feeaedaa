"""Files of models and weights: HDF5 in the layout of Keras 2, and pickles."""

from __future__ import annotations

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    submodules=[],
    attributes={
        "model_files": ["load_model", "load_weights", "save_model", "save_weights"],
    },
)
