"""Saving and loading models and weights: the functions that are called, whatever the format of the file."""

from __future__ import annotations

import os
from typing import Any

from ..utils.file_limits import weights_from_file
from ..utils.safe_mode import reading
from .cloud import allow_read_from_gcs, allow_write_to_gcs
from .formats import KERAS_ZIP, SAFETENSORS, WEIGHTS_H5, format_to_read, format_to_write, rewound, size_of
from .hdf5_files import opened_to_read, opened_to_write
from .hdf5_model import read_model, write_model
from .hdf5_weights import (
    load_weights_from_hdf5_group,
    load_weights_from_hdf5_group_by_name,
    save_weights_to_hdf5_group,
)
from .keras_weights import own_weights


@allow_write_to_gcs
def save_model(model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
    """Write a model to a file: architecture, weights, what it was compiled with, the optimizer's state.

    A file is written whole or not at all: whatever happens, there is the old one or the new one.

    Parameters
    ----------
    model
        The model.
    filepath
        Path, h5py file or group, or an object with a ``write`` method that takes bytes. A path that ends in
        ``.keras`` gets the format of Keras 3, anything else HDF5 in the layout of Keras 2.
    overwrite
        Whether to replace a file without asking.
    include_optimizer
        Whether what the model was compiled with goes into the file.

    Examples
    --------
    >>> import io
    >>> from pronghorn.layers import Dense
    >>> from pronghorn.models import Sequential
    >>> file = io.BytesIO()
    >>> save_model(Sequential([Dense(2, input_shape=(3,))]), file)
    >>> _ = file.seek(0)
    >>> load_model(file, compile=False).output_shape
    (None, 2)
    """
    if not _may_write(filepath, overwrite):
        return
    if format_to_write(filepath) == KERAS_ZIP:
        from .keras_zip import write_archive

        write_archive(filepath, model, include_optimizer)
        return
    with opened_to_write(filepath) as group:
        write_model(group, model, include_optimizer)


@allow_read_from_gcs
def load_model(
    filepath: Any,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Make the model that a file holds.

    Parameters
    ----------
    filepath
        Path, h5py file or group, or an object with a ``read`` method that gives bytes.
    custom_objects
        Classes and functions by the names that the file has for them.
    compile
        Whether to compile the model as it was.
    safe_mode
        Whether to refuse what would run code out of the file: layers made of a ``lambda``.

    Returns
    -------
    Model
        Compiled, and with the optimizer's state, where the file has that.
    """
    filepath = rewound(filepath)
    with reading(safe_mode), weights_from_file(size_of(filepath)):
        if format_to_read(filepath) == KERAS_ZIP:
            from .keras_zip import read_archive

            return read_archive(filepath, custom_objects, compile)
        with opened_to_read(filepath) as group:
            return read_model(group, custom_objects, compile)


@allow_write_to_gcs
def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write the weights of a model to a file.

    Parameters
    ----------
    model
        The model.
    filepath
        As for `save_model`.
    overwrite
        Whether to replace a file without asking.
    """
    if not _may_write(filepath, overwrite):
        return
    kind = format_to_write(filepath)
    if kind in (KERAS_ZIP, WEIGHTS_H5):
        from .keras_zip import write_weights_file

        write_weights_file(filepath, model)
    elif kind == SAFETENSORS:
        from .safetensors import save_safetensors

        save_safetensors(model, filepath)
    else:
        with opened_to_write(filepath) as group:
            save_weights_to_hdf5_group(group, model.layers, own_weights(model))


@allow_read_from_gcs
def load_weights(
    model: Any, filepath: Any, by_name: bool = False, skip_mismatch: bool = False, reshape: bool = False
) -> None:
    """Set the weights of a model to those in a file of weights, or of a whole model.

    Parameters
    ----------
    model
        The model.
    filepath
        As for `load_model`.
    by_name
        Whether layers are found by name; else they are taken in order, those without weights passed over.
    skip_mismatch
        Whether weights that do not fit are passed over with a warning; only together with `by_name`.
    reshape
        Whether arrays of another shape, but the same number of elements, are taken.
    """
    filepath = rewound(filepath)
    kind = format_to_read(filepath)
    if kind in (KERAS_ZIP, WEIGHTS_H5, SAFETENSORS) and (by_name or reshape):
        raise ValueError(
            f"`by_name` and `reshape` are for files in the layout of Keras 2; this one is {kind}"
        )
    if kind == SAFETENSORS:
        from .safetensors import load_safetensors

        load_safetensors(model, filepath, skip_mismatch)
        return
    if kind in (KERAS_ZIP, WEIGHTS_H5):
        from .keras_zip import read_weights_file

        read_weights_file(filepath, model, skip_mismatch)
        return
    if skip_mismatch and not by_name:
        raise ValueError("`skip_mismatch=True` works only together with `by_name=True`")
    with opened_to_read(filepath) as group:
        if "layer_names" not in group.attrs and "model_weights" in group:
            group = group["model_weights"]
        if by_name:
            load_weights_from_hdf5_group_by_name(group, model.layers, skip_mismatch, reshape)
        else:
            load_weights_from_hdf5_group(group, model.layers, reshape, own=own_weights(model))


def _may_write(filepath: Any, overwrite: bool) -> bool:
    if overwrite or not isinstance(filepath, (str, os.PathLike)) or not os.path.isfile(filepath):
        return True
    from ..engine import saving

    return saving.ask_to_proceed_with_overwrite(os.fspath(filepath))


def ask_to_proceed_with_overwrite(filepath: str) -> bool:
    """Ask the user whether to replace a file.

    Parameters
    ----------
    filepath
        Path of the file.
    """
    answer = input(f"[WARNING] {filepath} already exists - overwrite? [y/n]").strip().lower()
    while answer not in ("y", "n"):
        answer = input('Enter "y" (overwrite) or "n" (cancel).').strip().lower()
    if answer == "y":
        print("[TIP] Next time specify overwrite=True!")
    return answer == "y"
