"""Utilities by Keras's names; each is loaded when it is first used."""

from __future__ import annotations

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    submodules=[
        "conv_utils",
        "data_utils",
        "generic_utils",
        "io_utils",
        "layer_utils",
        "losses_utils",
        "metrics_utils",
        "np_utils",
    ],
    attributes={
        "data_sequence": ["Sequence"],
        "data_utils": ["get_file"],
        "enqueuers": ["GeneratorEnqueuer", "OrderedEnqueuer", "SequenceEnqueuer"],
        "generic_utils": [
            "CustomObjectScope",
            "custom_object_scope",
            "deserialize_keras_object",
            "get_custom_objects",
            "get_registered_name",
            "get_registered_object",
            "register_keras_serializable",
            "serialize_keras_object",
        ],
        "io_utils": ["HDF5Matrix"],
        "layer_utils": ["convert_all_kernels_in_model", "get_source_inputs", "print_summary"],
        "np_utils": ["normalize", "to_categorical"],
        "progbar": ["Progbar"],
    },
)
