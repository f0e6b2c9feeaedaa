"""Weights in safetensors files, by the names of layers and weights."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..engine.base_layer import assign_weights
from ..engine.network import Network
from .atomic import written_whole
from .errors import FileFormatError
from .hdf5_group import unique_names
from .keras_weights import children, own_weights


def _library() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            "safetensors files need safetensors, which is not installed: pip install pronghorn[safetensors]"
        ) from None
    return safetensors


def named_weights(model: Any) -> dict[str, Any]:
    """Return the weights of a model by the names that they have in files.

    Parameters
    ----------
    model
        The model.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> from pronghorn.models import Sequential
    >>> list(named_weights(Sequential([Dense(2, input_shape=(3,), name="out")])))
    ['out/kernel', 'out/bias']
    """
    found: list[tuple[str, Any]] = []
    _collect(model, "", found, set())
    names = unique_names(name for name, _ in found)
    return {name: weight for name, (_, weight) in zip(names, found)}


def _collect(layer: Any, path: str, found: list[tuple[str, Any]], seen: set[int]) -> None:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    for weight in own_weights(layer):
        found.append((f"{path}{str(weight.name).split(':')[0].split('/')[-1]}", weight))
    for attribute, inner in children(layer):
        # Layers of a model by their names; parts of a layer, whose names are made up, by where they are.
        step = inner.name if isinstance(layer, Network) else attribute
        _collect(inner, f"{path}{step}/", found, seen)


def save_safetensors(model: Any, filepath: Any) -> None:
    """Write the weights of a model to a safetensors file (needs the extra ``safetensors``).

    Parameters
    ----------
    model
        The model.
    filepath
        Path.
    """
    library = _library()
    arrays = {name: np.ascontiguousarray(weight.numpy()) for name, weight in named_weights(model).items()}
    with written_whole(filepath) as beside:
        library.numpy.save_file(arrays, beside, metadata={"format": "keras"})


def load_safetensors(model: Any, filepath: Any, skip_mismatch: bool = False) -> None:
    """Set the weights of a model to those in a safetensors file (needs the extra ``safetensors``).

    Parameters
    ----------
    model
        The model.
    filepath
        Path.
    skip_mismatch
        Whether weights that the file lacks, or has in another shape, are passed over.
    """
    library = _library()
    wanted = named_weights(model)
    if not wanted:
        raise ValueError(f'model "{model.name}" has no weights to load: build it first')
    pairs = []
    try:
        with library.safe_open(os.fspath(filepath), framework="numpy") as file:
            names = set(file.keys())
            missing = [name for name in wanted if name not in names]
            if missing and not skip_mismatch:
                raise ValueError(f"{filepath} has no weights {missing[:10]}; it has {sorted(names)[:10]}")
            for name, weight in wanted.items():
                if name not in names:
                    continue
                shape = tuple(file.get_slice(name).get_shape())  # known before anything is read
                if shape == tuple(weight.shape):
                    pairs.append((weight, file.get_tensor(name)))
                elif not skip_mismatch:
                    raise ValueError(
                        f"weight {name} has shape {tuple(weight.shape)}, but {shape} in {filepath}"
                    )
    except library.SafetensorError as error:
        raise FileFormatError(f"{filepath} is not a whole safetensors file: {error}") from None
    assign_weights(pairs)
