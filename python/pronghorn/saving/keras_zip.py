"""Whole models in the zip archives of Keras 3, ``.keras``: configuration, weights, state of the optimizer."""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from typing import Any

from ..engine.network_config import plain_value
from ..engine.registry import deserialize
from ..utils.generic_utils import CustomObjectScope
from .atomic import written_whole
from .dialects import in_keras2
from .dialects.keras3 import as_structured_by_keras2, with_functions_of_keras3
from .errors import FileFormatError
from .formats import is_zip
from .guarded import load_json, open_hdf5, open_zip
from .hdf5_files import h5py
from .keras_state import read_state, write_state
from .keras_weights import read_weights, write_weights
from .training_config import compile_as

KERAS_VERSION = "3.0.0"  # whose format the archives have
WEIGHTS = "model.weights.h5"


def write_archive(target: Any, model: Any, include_optimizer: bool = True) -> None:
    """Write a model as Keras 3 does.

    Parameters
    ----------
    target
        Path, or an object with a ``write`` method.
    model
        The model.
    include_optimizer
        Whether what it was compiled with goes into the file.
    """
    from .. import __version__
    from .dialects.to_keras3 import in_keras3

    config = in_keras3(model)
    if not include_optimizer:
        config.pop("compile_config", None)
    date = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    metadata = {"keras_version": KERAS_VERSION, "date_saved": date, "pronghorn_version": __version__}
    entries = {
        "metadata.json": json.dumps(metadata).encode(),
        "config.json": json.dumps(config, default=plain_value).encode(),
        WEIGHTS: weights_image(model, include_optimizer),
    }
    if callable(getattr(target, "write", None)):
        target.write(_packed(entries))
    else:
        with written_whole(target) as beside, open(beside, "wb") as file:
            file.write(_packed(entries))


def _packed(entries: dict[str, bytes]) -> bytes:
    image = io.BytesIO()
    with zipfile.ZipFile(image, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return image.getvalue()


def weights_image(model: Any, include_optimizer: bool = True) -> bytes:
    """Return the content of a ``.weights.h5`` file of Keras 3.

    Parameters
    ----------
    model
        The model.
    include_optimizer
        Whether the state of its optimizer goes into it.
    """
    image = io.BytesIO()
    with h5py().File(image, "w") as file:
        write_weights(file, model)
        if include_optimizer and model.optimizer:
            write_state(file, model)
    return image.getvalue()


def write_weights_file(target: Any, model: Any) -> None:
    """Write the weights of a model, and the state of its optimizer, into a ``.weights.h5`` file of Keras 3.

    Parameters
    ----------
    target
        Path.
    model
        The model.
    """
    with written_whole(target) as beside, open(beside, "wb") as file:
        file.write(weights_image(model))


def read_weights_file(source: Any, model: Any, skip_mismatch: bool = False) -> None:
    """Set the weights of a model to those in a ``.weights.h5`` file, or in a ``.keras`` archive.

    Parameters
    ----------
    source
        Path, or an object with a ``read`` method.
    model
        The model.
    skip_mismatch
        Whether layers whose weights do not fit are passed over with a warning.
    """
    if not model.built:
        raise ValueError(
            f'Unable to load weights into model "{model.name}", which has no weights yet: call it '
            "first, or build it"
        )
    what = None
    if is_zip(source):
        with open_zip(source) as archive:
            source, what = archive.read(WEIGHTS), f"{WEIGHTS} of {archive.what}"
    with open_hdf5(source, what) as group:
        read_weights(group, model, skip_mismatch)
        if model.optimizer and model._is_compiled:
            read_state(group, model)


def read_archive(source: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True) -> Any:
    """Make the model that an archive of Keras 3 or tf.keras holds.

    Parameters
    ----------
    source
        Path, bytes, or an object with a ``read`` method.
    custom_objects
        Classes and functions by the names that the archive has for them.
    compile
        Whether to compile the model as it was.
    """
    with open_zip(source) as archive, CustomObjectScope(custom_objects):
        config = load_json(archive.read("config.json"), f"config.json of {archive.what}")
        if not isinstance(config, dict) or "class_name" not in config:
            raise FileFormatError(f"config.json of {archive.what} is not the configuration of a model")
        if _version(archive).startswith("3."):
            config = with_functions_of_keras3(config)
        model = deserialize(in_keras2(config))
        if not hasattr(model, "fit"):
            raise FileFormatError(f"{archive.what} holds a {type(model).__name__}, not a model")
        with open_hdf5(archive.read(WEIGHTS), f"{WEIGHTS} of {archive.what}") as group:
            if not model.built:
                raise ValueError(
                    f'model "{model.name}" of {archive.what} was saved before it was built, and '
                    "has no weights. Build it before it is saved"
                )
            read_weights(group, model)
            training = config.get("compile_config")
            if compile and training and compile_as(model, _training(training)):
                read_state(group, model, config.get("config"))
    return model


def _version(archive: Any) -> str:
    if "metadata.json" not in archive.names():
        return ""
    metadata = load_json(archive.read("metadata.json"), f"metadata.json of {archive.what}")
    return str(metadata.get("keras_version")) if isinstance(metadata, dict) else ""


def _training(config: Any) -> dict[str, Any]:
    if not isinstance(config, dict):
        raise FileFormatError(f"the file's `compile_config` is damaged: {str(config)[:200]}")
    config = as_structured_by_keras2(config)
    optimizer = config.get("optimizer") or "rmsprop"  # what Keras 3 takes where nothing is said
    if isinstance(optimizer, str):
        optimizer = {"class_name": optimizer, "config": {}}
    if not isinstance(optimizer, dict) or "class_name" not in optimizer:
        raise FileFormatError(f"the file's optimizer is damaged: {str(optimizer)[:200]}")
    return {"loss": None, **config, "optimizer_config": optimizer}
