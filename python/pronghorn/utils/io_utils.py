"""Data in files, by Keras's names."""

from .hdf5_matrix import HDF5Matrix

__all__ = ["HDF5Matrix"]
