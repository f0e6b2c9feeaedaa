"""Data in files, by Keras's names."""

from ..saving.h5_dict import H5Dict, load_from_binary_h5py, save_to_binary_h5py
from ..saving.hdf5_group import HDF5_OBJECT_HEADER_LIMIT
from ..saving.model_files import ask_to_proceed_with_overwrite
from .hdf5_matrix import HDF5Matrix

h5dict = H5Dict

__all__ = [
    "HDF5_OBJECT_HEADER_LIMIT",
    "H5Dict",
    "HDF5Matrix",
    "ask_to_proceed_with_overwrite",
    "h5dict",
    "load_from_binary_h5py",
    "save_to_binary_h5py",
]
