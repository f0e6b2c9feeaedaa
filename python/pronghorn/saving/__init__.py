"""Files of models and weights: HDF5 in the layout of Keras 2, archives of Keras 3, safetensors, pickles."""

from __future__ import annotations

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    submodules=[],
    attributes={
        "errors": ["FileFormatError", "UnsafeFileError"],
        "model_files": ["load_model", "load_weights", "save_model", "save_weights"],
    },
)
