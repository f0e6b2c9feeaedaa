"""Models, and models from models: copies, and configurations turned back into models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import layers as _layers  # noqa: F401  (loading them enters their names for configurations)
from . import ops, saving
from .engine.input_layer import Input, InputLayer
from .engine.registry import deserialize
from .engine.sequential import Sequential
from .engine.training import Model
from .utils.generic_utils import CustomObjectScope, to_list, unpack_singleton
from .utils.safe_mode import reading

if TYPE_CHECKING:
    from .saving.model_files import load_model, save_model

__all__ = [
    "Input",
    "InputLayer",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
]


def __getattr__(name: str) -> Any:
    if name in ("load_model", "save_model"):  # most programs start without a file
        return getattr(saving, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def clone_model(model: Any, input_tensors: Any = None) -> Any:
    """Make a model of the same layers with weights of its own.

    Parameters
    ----------
    model
        A functional or sequential model.
    input_tensors
        Tensors to build the copy on, in place of new inputs.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> clone_model(Sequential([Dense(2, input_shape=(3,))])).output_shape
    (None, 2)
    """
    if not isinstance(model, Model):
        raise ValueError("Expected `model` argument to be a `Model` instance, got ", model)
    if isinstance(model, Sequential):
        return _clone_sequential(model, input_tensors)
    if not model._is_graph_network:
        raise ValueError(
            "Expected `model` argument to be a functional `Model` instance, got a subclass:", model
        )
    return _clone_graph(model, input_tensors)


def _clone_layer(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())


def _clone_sequential(model: Any, input_tensors: Any) -> Any:
    layers = [_clone_layer(layer) for layer in model.layers]
    if input_tensors is None:
        copy = Sequential(layers, name=model.name)
        if model.built and not copy.built:
            copy.build(model.inputs[0].shape)
        return copy
    tensors = to_list(input_tensors)
    if len(tensors) != 1:
        raise ValueError(
            "To clone a `Sequential` model, we expect at most one tensor as part of `input_tensors`."
        )
    x = tensors[0]
    if not hasattr(x, "_keras_history"):
        x = Input(tensor=x, name=f"input_wrapper_for_{x.name}")
    if not isinstance(x._keras_history[0], InputLayer):
        raise ValueError(
            "Cannot clone a `Sequential` model on top of a tensor that comes from a layer other than an "
            "`InputLayer`. Use the functional API instead."
        )
    return Sequential([x._keras_history[0], *layers], name=model.name)


def _clone_graph(model: Any, input_tensors: Any) -> Any:
    if input_tensors is None:
        inputs = [
            Input(batch_shape=layer.batch_input_shape, dtype=layer.dtype, name=layer.name)
            for layer in model._input_layers
        ]
    else:
        inputs = [
            x if hasattr(x, "_keras_history") else Input(tensor=x, name=f"input_wrapper_for_{layer.name}")
            for x, layer in zip(to_list(input_tensors), model._input_layers)
        ]
    copies = {layer: x._keras_history[0] for layer, x in zip(model._input_layers, inputs)}
    tensors = {id(x): y for x, y in zip(model.inputs, inputs)}
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            layer = node.outbound_layer
            if isinstance(layer, InputLayer):
                continue
            if layer not in copies:
                copies[layer] = _clone_layer(layer)
            taken = unpack_singleton([tensors.get(id(x), x) for x in node.input_tensors])
            arguments = {name: _replaced(value, tensors) for name, value in (node.arguments or {}).items()}
            made = to_list(copies[layer](taken, **arguments), allow_tuple=True)
            tensors.update((id(x), y) for x, y in zip(node.output_tensors, made))
    outputs = [tensors[id(x)] for x in model.outputs]
    return Model(inputs, outputs, name=model.name)


def _replaced(value: Any, tensors: dict[int, Any]) -> Any:
    if isinstance(value, ops.KerasTensor):
        return tensors.get(id(value), value)
    if isinstance(value, list):
        return [_replaced(item, tensors) for item in value]
    return value


def model_from_config(
    config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """Make a model of ``{"class_name": …, "config": …}``.

    Parameters
    ----------
    config
        Plain data, out of JSON for instance.
    custom_objects
        Classes and functions by the names that the configuration has for them.
    safe_mode
        Whether to refuse what would run code out of the configuration: layers made of a ``lambda``.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> config = Sequential([Dense(2, input_shape=(3,))]).get_config()
    >>> model_from_config({"class_name": "Sequential", "config": config}).output_shape
    (None, 2)
    """
    if isinstance(config, list):
        raise TypeError(
            "`model_from_config` expects a dictionary, not a list. Maybe you meant to use "
            "`Sequential.from_config(config)`?"
        )
    from .saving.dialects import in_keras2

    with CustomObjectScope(custom_objects), reading(safe_mode):
        return deserialize(in_keras2(config), custom_objects=custom_objects)


def model_from_json(
    json_string: str, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """Make a model of what ``Model.to_json`` gave; parameters are those of `model_from_config`.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> model_from_json(Sequential([Dense(2, input_shape=(3,))]).to_json()).output_shape
    (None, 2)
    """
    from .saving.guarded import load_json

    return model_from_config(load_json(json_string, "the model's JSON"), custom_objects, safe_mode)


def model_from_yaml(
    yaml_string: str, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """Make a model of what ``Model.to_yaml`` gave (needs PyYAML); parameters as of `model_from_config`."""
    try:
        import yaml
    except ImportError:
        raise ImportError("model_from_yaml needs PyYAML: pip install pyyaml") from None
    return model_from_config(yaml.safe_load(yaml_string), custom_objects, safe_mode)
