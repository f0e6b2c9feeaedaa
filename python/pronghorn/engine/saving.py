"""Keras 2's module of saving functions, by its names."""

from __future__ import annotations

from ..models import model_from_config, model_from_json, model_from_yaml
from ..saving.cloud import allow_read_from_gcs, allow_write_to_gcs
from ..saving.hdf5_group import (
    HDF5_OBJECT_HEADER_LIMIT,
    load_attributes_from_hdf5_group,
    save_attributes_to_hdf5_group,
)
from ..saving.hdf5_weights import (
    load_weights_from_hdf5_group,
    load_weights_from_hdf5_group_by_name,
    save_weights_to_hdf5_group,
)
from ..saving.model_files import ask_to_proceed_with_overwrite, load_model, save_model
from ..saving.model_pickle import pickle_model, unpickle_model
from ..saving.weight_layouts import preprocess_weights_for_loading

__all__ = [
    "HDF5_OBJECT_HEADER_LIMIT",
    "allow_read_from_gcs",
    "allow_write_to_gcs",
    "ask_to_proceed_with_overwrite",
    "load_attributes_from_hdf5_group",
    "load_model",
    "load_weights_from_hdf5_group",
    "load_weights_from_hdf5_group_by_name",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "pickle_model",
    "preprocess_weights_for_loading",
    "save_attributes_to_hdf5_group",
    "save_model",
    "save_weights_to_hdf5_group",
    "unpickle_model",
]

tf_file_io = None  # a module to reach ``gs://`` paths with; TensorFlow's where this is None
