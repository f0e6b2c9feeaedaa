"""Weights of layers to HDF5 groups and back: by order, or by the names of the layers."""

from __future__ import annotations

from typing import Any

from ..engine.base_layer import assign_weights
from ..engine.network_config import KERAS_VERSION
from ..utils.warn import warn
from .hdf5_group import (
    as_text,
    load_attributes_from_hdf5_group,
    read_arrays,
    save_attributes_to_hdf5_group,
    write_arrays,
)
from .weight_layouts import preprocess_weights_for_loading

BACKEND = "tensorflow"  # whose layouts are ours
_OWN = "top_level_model_weights"  # weights of a model beside those of its layers, where tf.keras puts them


def save_weights_to_hdf5_group(group: Any, layers: list, own: Any = ()) -> None:
    """Write the weights of layers, a group for each.

    Parameters
    ----------
    group
        HDF5 group.
    layers
        Layers, in the order that loading relies on.
    own
        Weights that a model has beside those of its layers.
    """
    save_attributes_to_hdf5_group(group, "layer_names", [layer.name.encode("utf-8") for layer in layers])
    group.attrs["backend"] = BACKEND.encode("utf-8")
    group.attrs["keras_version"] = KERAS_VERSION.encode("utf-8")
    for layer in layers:
        _write(group.require_group(layer.name), layer.weights)
    if own:
        _write(group.require_group(_OWN), own)


def _write(group: Any, weights: Any) -> None:
    names = [str(weight.name) if weight.name else f"param_{i}" for i, weight in enumerate(weights)]
    write_arrays(group, names, [weight.numpy() for weight in weights])


def load_weights_from_hdf5_group(f: Any, layers: list, reshape: bool = False, own: Any = ()) -> None:
    """Set the weights of layers from a group, by order: layers without weights are passed over.

    Parameters
    ----------
    f
        HDF5 group.
    layers
        Layers to set.
    reshape
        Whether arrays of another shape, but the same number of elements, are taken.
    own
        Weights that a model has beside those of its layers.
    """
    origin = origin_of(f)
    targets = [layer for layer in layers if layer.weights]
    names = [
        name
        for name in load_attributes_from_hdf5_group(f, "layer_names")
        if load_attributes_from_hdf5_group(f[name], "weight_names")
    ]
    if len(names) != len(targets):
        raise ValueError(
            f"You are trying to load a weight file containing {len(names)} layers into a model with "
            f"{len(targets)} layers."
        )
    pairs = []
    for k, (name, layer) in enumerate(zip(names, targets)):
        values = preprocess_weights_for_loading(layer, read_arrays(f[name]), *origin, reshape=reshape)
        if len(values) != len(layer.weights):
            raise ValueError(
                f'Layer #{k} (named "{layer.name}" in the current model) was found to correspond to layer '
                f"{name} in the save file. However the new layer {layer.name} expects {len(layer.weights)} "
                f"weights, but the saved weights have {len(values)} elements."
            )
        pairs += _checked(k, layer, values)
    if own and _OWN in f:
        values = read_arrays(f[_OWN])
        if len(values) == len(own):
            pairs += zip(own, values)
    assign_weights(pairs)


def _checked(k: int, layer: Any, values: list) -> list:
    for weight, value in zip(layer.weights, values):
        if tuple(weight.shape) != value.shape:
            raise ValueError(
                f'Layer #{k} (named "{layer.name}"), weight {weight.name} has shape {tuple(weight.shape)}, '
                f"but the saved weight has shape {value.shape}."
            )
    return list(zip(layer.weights, values))


def load_weights_from_hdf5_group_by_name(
    f: Any, layers: list, skip_mismatch: bool = False, reshape: bool = False
) -> None:
    """Set the weights of those layers whose names are in a group.

    Parameters
    ----------
    f
        HDF5 group.
    layers
        Layers to set.
    skip_mismatch
        Whether weights that do not fit are passed over with a warning.
    reshape
        Whether arrays of another shape, but the same number of elements, are taken.
    """
    origin = origin_of(f)
    pairs = []
    for k, name in enumerate(load_attributes_from_hdf5_group(f, "layer_names")):
        for layer in [layer for layer in layers if layer.name == name]:
            values = read_arrays(f[name])
            if not values and not layer.weights:
                continue
            try:
                values = preprocess_weights_for_loading(layer, values, *origin, reshape=reshape)
                if len(values) != len(layer.weights):
                    raise _Mismatch(
                        f'Layer #{k} (named "{layer.name}") expects {len(layer.weights)} weight(s), but the '
                        f"saved weights have {len(values)} element(s).",
                        f"in number of weights ({len(layer.weights)} vs {len(values)})",
                    )
            except ValueError as error:
                if not skip_mismatch:
                    raise
                reason = getattr(error, "reason", f"of layout ({error})")
                _warn_skipped(layer, reason)
                continue
            for weight, value in zip(layer.weights, values):
                if tuple(weight.shape) == value.shape:
                    pairs.append((weight, value))
                elif skip_mismatch:
                    _warn_skipped(layer, f"in shape ({tuple(weight.shape)} vs {value.shape})")
                else:
                    _checked(k, layer, values)
    assign_weights(pairs)


class _Mismatch(ValueError):
    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def _warn_skipped(layer: Any, reason: str) -> None:
    warn(f"Skipping loading of weights for layer {layer.name} due to mismatch {reason}.")


def weight_names(group: Any, layers: list) -> dict[int, str]:
    """Return the names that a group has for the weights of layers, by the identity of the weight.

    Parameters
    ----------
    group
        HDF5 group of weights.
    layers
        The layers that were loaded from it, in order.
    """
    names = [
        load_attributes_from_hdf5_group(group[name], "weight_names")
        for name in load_attributes_from_hdf5_group(group, "layer_names")
    ]
    targets = [layer.weights for layer in layers if layer.weights]
    pairs = zip(targets, filter(None, names))
    return {id(weight): name for weights, own in pairs for weight, name in zip(weights, own)}


def origin_of(group: Any) -> tuple[str, str | None]:
    """Return the version of Keras that wrote a group of weights, and its backend where that is known."""
    version = as_text(group.attrs["keras_version"]) if "keras_version" in group.attrs else "1"
    backend = as_text(group.attrs["backend"]) if "backend" in group.attrs else None
    return version, backend
