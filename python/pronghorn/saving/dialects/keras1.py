"""What Keras 1 wrote: merging layers, regularizers and constraints without a class name."""

from __future__ import annotations

from typing import Any

from ...utils.keras1_arguments import convert

_REGULARIZERS = ("WeightRegularizer", "ActivityRegularizer", "L1L2Regularizer")
_CONSTRAINTS = {"MaxNorm": {"m": "max_value"}, "NonNeg": {}, "UnitNorm": {}}
_MERGED = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate"}
_SHAPES = ("input_dim", "input_length")


def object_without_class(config: dict[str, Any]) -> dict[str, Any]:
    """Return a regularizer or constraint of Keras 1 as Keras 2 writes it; any other dictionary as it is.

    Examples
    --------
    >>> object_without_class({"name": "WeightRegularizer", "l1": 0.0, "l2": 0.5})
    {'class_name': 'L1L2', 'config': {'l1': 0.0, 'l2': 0.5}}
    """
    name = config.get("name")
    if name in _REGULARIZERS and config.keys() <= {"name", "l1", "l2"}:
        return {"class_name": "L1L2", "config": {key: config[key] for key in ("l1", "l2") if key in config}}
    if isinstance(name, str) and name in _CONSTRAINTS and config.keys() <= {"name", "m", "axis"}:
        renamed = _CONSTRAINTS[name]
        inner = {renamed.get(key, key): value for key, value in config.items() if key != "name"}
        return {"class_name": name, "config": inner}
    return config


def layer(name: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the class name and configuration of a layer that Keras 2 has no more; others as given.

    Parameters
    ----------
    name
        Name of the class.
    config
        Its configuration.

    Examples
    --------
    >>> layer("Merge", {"name": "m", "mode": "concat", "concat_axis": 1})
    ('Concatenate', {'name': 'm', 'axis': 1})
    """
    if name == "Merge":
        return _merge(config)
    if name not in ("Embedding", "Dense") and "input_dim" in config:
        # Written into every layer, whether it is the first or not.
        unknown = config["input_dim"] is None or "batch_input_shape" in config
        config = {key: value for key, value in config.items() if not (unknown and key in _SHAPES)}
    if "input_dtype" in config:
        config = {("dtype" if key == "input_dtype" else key): value for key, value in config.items()}
    return name, config


def arguments(cls: type, config: dict[str, Any]) -> dict[str, Any]:
    """Return a layer's configuration with the arguments of Keras 1 under the names of Keras 2.

    Parameters
    ----------
    cls
        Class of the layer.
    config
        Its configuration.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> arguments(Dense, {"output_dim": 3, "bias": False})
    {'units': 3, 'use_bias': False}
    """
    interface = getattr(cls.__init__, "keras1", None)
    return config if interface is None else convert(cls.__name__, interface, (), config, tell=False)[1]


def _merge(config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    mode = config.get("mode", "sum")
    kept = {key: config[key] for key in ("name", "trainable") if key in config}
    if mode in ("dot", "cos"):
        axes = config.get("dot_axes", -1)
        return "Dot", {**kept, "axes": axes, "normalize": mode == "cos"}
    if mode not in _MERGED or config.get("layers"):
        what = f"mode={mode!r}" if mode not in _MERGED else "whole models as its inputs"
        raise ValueError(
            f'Merge "{config.get("name")}" of Keras 1 with {what} has no equal in Keras 2: build the model '
            "with `layers.add`, `layers.concatenate` and so on, and use `load_weights`"
        )
    if mode == "concat":
        kept["axis"] = config.get("concat_axis", -1)
    return _MERGED[mode], kept
