"""Files in Google's cloud storage, ``gs://…``, by way of TensorFlow where it is installed."""

from __future__ import annotations

import inspect
import io
import tempfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any


def _file_io() -> Any:
    """Return TensorFlow's module for files; tests put one of their own in its place."""
    from ..engine import saving

    if saving.tf_file_io is not None:
        return saving.tf_file_io
    try:
        from tensorflow.python.lib.io import file_io
    except ImportError:
        raise ImportError("Google Cloud Storage file transfer requires TensorFlow.") from None
    return file_io


def _is_cloud(filepath: Any) -> bool:
    return isinstance(filepath, str) and filepath.startswith("gs://")


def allow_write_to_gcs(save_function: Callable) -> Callable:
    """Let a function that saves to paths save to ``gs://`` paths too; usable as a decorator.

    Parameters
    ----------
    save_function
        Takes what is saved, `filepath` and `overwrite` as its first arguments.

    Examples
    --------
    >>> save = allow_write_to_gcs(lambda obj, filepath, overwrite=True: filepath)
    >>> save(None, "model.h5")
    'model.h5'
    """

    @wraps(save_function)
    def save(obj: Any, filepath: Any, overwrite: bool = True, *args: Any, **kwargs: Any) -> Any:
        if not _is_cloud(filepath):
            return save_function(obj, filepath, overwrite, *args, **kwargs)
        files = _file_io()
        if not overwrite and files.file_exists(filepath):
            from ..engine import saving

            if not saving.ask_to_proceed_with_overwrite(filepath):
                return None
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder, filepath.rsplit("/", 1)[-1])  # the name's ending says the format
            result = save_function(obj, str(here), True, *args, **kwargs)
            with files.FileIO(filepath, mode="wb") as target:
                target.write(here.read_bytes())
        return result

    return save


def allow_read_from_gcs(load_function: Callable) -> Callable:
    """Let a function that loads from streams load from ``gs://`` paths too; usable as a decorator.

    Parameters
    ----------
    load_function
        Has an argument `filepath`.

    Examples
    --------
    >>> load = allow_read_from_gcs(lambda filepath: filepath)
    >>> load("model.h5")
    'model.h5'
    """
    signature = inspect.signature(load_function)
    if "filepath" not in signature.parameters:
        raise ValueError(f"function {load_function} has no argument filepath")

    @wraps(load_function)
    def load(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs)
        if _is_cloud(given.arguments.get("filepath")):
            with _file_io().FileIO(given.arguments["filepath"], mode="rb") as source:
                given.arguments["filepath"] = io.BytesIO(source.read())
        return load_function(*given.args, **given.kwargs)

    return load
