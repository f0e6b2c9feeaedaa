"""What models are made of: nodes, layers and networks, and how they are traced and trained."""

from __future__ import annotations

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    submodules=[
        "base_layer",
        "input_layer",
        "network",
        "saving",
        "sequential",
        "topology",
        "training",
        "training_utils",
    ],
    attributes={
        "base_layer": ["InputSpec", "Layer"],
        "input_layer": ["Input", "InputLayer"],
        "network": ["get_source_inputs"],
        "training": ["Model"],
    },
)
