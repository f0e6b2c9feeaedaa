"""Weights in Keras 3's layout: groups along the attributes of layers, arrays by number in ``vars``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.base_layer import Layer, assign_weights
from ..engine.input_layer import InputLayer
from ..engine.network import Network
from ..engine.sequential import Sequential
from ..layers.bidirectional import Bidirectional
from ..layers.rnn import RNN, StackedRNNCells
from ..layers.wrapper import Wrapper
from ..utils.warn import warn
from .errors import FileFormatError


def snake_case(name: str) -> str:
    """Return the name of a class as Keras 3 spells it in paths.

    Examples
    --------
    >>> snake_case("Conv2D"), snake_case("PReLU"), snake_case("GlobalMaxPooling1D")
    ('conv2d', 'p_re_lu', 'global_max_pooling1d')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        found.append(f"{name}_{seen[name]}" if seen[name] else name)
    return found


def children(layer: Any) -> list[tuple[str, Any]]:
    """Return what a layer keeps weights in beside its own, with the path from it to each.

    Parameters
    ----------
    layer
        The layer or model.
    """
    if isinstance(layer, Network) and (layer._is_graph_network or isinstance(layer, Sequential)):
        return _container("layers", _listed(layer))
    if isinstance(layer, Bidirectional):
        return [("forward_layer", layer.forward_layer), ("backward_layer", layer.backward_layer)]
    if isinstance(layer, Wrapper):
        return [("layer", layer.layer)]
    if isinstance(layer, RNN):
        return [("cell", layer.cell)]
    if isinstance(layer, StackedRNNCells):
        return _container("cells", layer.cells)
    found = []
    for name in sorted(name for name in layer.__dict__ if not name.startswith("_")):
        value = layer.__dict__[name]
        if isinstance(value, Layer):
            found.append((name, value))
        elif isinstance(value, (list, tuple, dict)):
            items = list(value.values()) if isinstance(value, dict) else value
            found += _container(name, [item for item in items if isinstance(item, Layer)])
    return found


def _listed(model: Any) -> list:
    layers = model.layers
    if isinstance(model, Sequential):
        return [layer for layer in layers if not isinstance(layer, InputLayer)]
    return layers


def _container(name: str, layers: Any) -> list[tuple[str, Any]]:
    names = _unique([snake_case(_class_name(layer)) for layer in layers])
    return [(f"{name}/{inner}", layer) for inner, layer in zip(names, layers)]


def _class_name(layer: Any) -> str:
    """Return the class of a layer by Keras 3's name: its models with a graph are `Functional`."""
    name = type(layer).__name__
    return "Functional" if name == "Model" and layer._is_graph_network else name


def saved_layers(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield each layer of a model, the model first, with its path in the file; shared ones once.

    Parameters
    ----------
    model
        The model.
    """
    waiting, seen = [("", model)], set()
    while waiting:
        path, layer = waiting.pop(0)
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        yield path, layer
        waiting[:0] = [(f"{path}/{name}" if path else name, child) for name, child in children(layer)]


def own_weights(layer: Any) -> list:
    """Return the weights that are a layer's own, the trainable ones first, frozen or not.

    Parameters
    ----------
    layer
        The layer.
    """
    if isinstance(layer, RNN) or type(layer).__name__ in ("CuDNNGRU", "CuDNNLSTM"):
        inner = {id(w) for _, child in children(layer) for w in child.weights}
        return [w for w in layer._trainable_weights + layer._non_trainable_weights if id(w) not in inner]
    return [*layer._trainable_weights, *layer._non_trainable_weights]


def write_weights(group: Any, model: Any) -> None:
    """Write the weights of a model into an h5py group.

    Parameters
    ----------
    group
        The group.
    model
        The model.
    """
    for path, layer in saved_layers(model):
        place = group.require_group(f"{path}/vars" if path else "vars")
        place.attrs["name"] = layer.name
        for i, weight in enumerate(own_weights(layer)):
            place[str(i)] = weight.numpy()


def read_weights(group: Any, model: Any, skip_mismatch: bool = False) -> None:
    """Set the weights of a model to those of a group.

    Parameters
    ----------
    group
        Group of a file in Keras 3's layout.
    model
        The model.
    skip_mismatch
        Whether layers whose weights do not fit are passed over with a warning.
    """
    pairs = []
    for path, layer in saved_layers(model):
        weights = own_weights(layer)
        if not weights:
            continue
        where = path
        if where not in group:  # tf-keras's name of the same
            where = re.sub("(^|/)layers(?=/)", r"\1_layer_checkpoint_dependencies", path)
        try:
            pairs += list(zip(weights, _arrays(group, where, layer, weights)))
        except ValueError as error:
            if not skip_mismatch:
                raise
            warn(f"Skipping loading of weights for layer {layer.name}: {error}")
    assign_weights(pairs)


def _arrays(group: Any, path: str, layer: Any, weights: list) -> list[np.ndarray]:
    place = f"{path}/vars" if path else "vars"
    found = group.get(place, {})
    if not hasattr(found, "keys"):
        raise FileFormatError(f"{place} is not a group of weights")
    if len(found) != len(weights) or any(str(i) not in found for i in range(len(weights))):
        raise ValueError(
            f'Layer "{layer.name}" expects {len(weights)} weights at {place!r}, but the file has '
            f"{len(found)} there: {sorted(found)[:20]}. The file may be of another model"
        )
    arrays = []
    for i, weight in enumerate(weights):
        data = found[str(i)]
        if tuple(data.shape) != tuple(weight.shape):
            raise ValueError(
                f'Layer "{layer.name}", weight {weight.name} has shape {tuple(weight.shape)}, but the '
                f"file has {tuple(data.shape)} at {place}/{i}"
            )
        arrays.append(np.asarray(data))
    return arrays
