"""Sequential: layers one after the other."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from .. import config, ops
from ..utils.layer_utils import get_source_inputs
from ..utils.warn import warn
from .base_layer import Layer
from .input_layer import Input, InputLayer
from .network import Network
from .registry import deserialize, register, serialize
from .training import Model


@register
class Sequential(Model):
    """A stack of layers, each with one input and one output.

    The model is built as soon as the shape of its input is known: from the first layer's ``input_shape``,
    from an ``Input`` in its place, by :meth:`build`, or from the first data.

    Parameters
    ----------
    layers
        Layers to begin with.
    name
        Name of the model.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> model = Sequential([Dense(32, input_shape=(500,)), Dense(10)])
    >>> model.output_shape, model.count_params()
    ((None, 10), 16362)
    """

    def __init__(self, layers: Iterable[Any] | None = None, name: str | None = None):
        super().__init__(name=name)
        self._build_input_shape = None
        for layer in layers or ():
            self.add(layer)

    @property
    def layers(self) -> list:
        """The layers that were added; the input layer that stands before them is not among them."""
        own = self.__dict__.get("_layers", [])
        return own[1:] if own and isinstance(own[0], InputLayer) else own

    @property
    def model(self) -> Sequential:
        """The model itself, as Keras 1 scripts ask for it."""
        warn("`Sequential.model` is deprecated: the `Sequential` is the model itself")
        return self

    def add(self, layer: Any) -> None:
        """Put a layer, or what ``Input`` returned, on top of the stack.

        Examples
        --------
        >>> from pronghorn.layers import Dense
        >>> model = Sequential()
        >>> model.add(Dense(2, input_shape=(3,)))
        >>> model.output_shape
        (None, 2)
        """
        if isinstance(layer, ops.KerasTensor) and hasattr(layer, "_keras_history"):
            layer = layer._keras_history[0]
        if not isinstance(layer, Layer):
            raise TypeError(f"The added layer must be an instance of class Layer. Found: {layer}")
        if any(layer is other for other in self.__dict__.get("_layers", ())):
            raise ValueError(
                "All layers added to a Sequential model should have unique names. "
                f'Layer "{layer.name}" is in it already.'
            )
        self.built = False
        if not self.__dict__["_layers"]:
            self._start(layer)
        elif self.outputs:
            self.outputs = [_single(layer(self.outputs[0]))]
        if self.inputs:
            self.build()
        else:
            self.__dict__["_layers"].append(layer)

    def _start(self, layer: Layer) -> None:
        """Take the first layer; where it knows its input, the model begins."""
        if isinstance(layer, InputLayer):
            outputs = layer._inbound_nodes[-1].output_tensors
        else:
            first = layer
            while isinstance(first, Network):
                if not first.layers:
                    raise ValueError("Cannot add an empty model to a `Sequential` model.")
                first = first._input_layers[0] if first._is_graph_network else first.layers[0]
            if not hasattr(first, "batch_input_shape"):
                return
            x = Input(batch_shape=first.batch_input_shape, dtype=first.dtype, name=f"{layer.name}_input")
            outputs = layer(x)
            outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        if len(outputs) != 1:
            raise ValueError(
                "All layers in a Sequential model should have a single output tensor. "
                "For multi-output layers, use the functional API."
            )
        self.outputs = outputs
        self.inputs = get_source_inputs(outputs[0])

    def pop(self) -> None:
        """Take the last layer off."""
        if not self.layers:
            raise TypeError("There are no layers in the model.")
        self.__dict__["_layers"].pop()
        self.built = False
        if not self.layers:
            self.__dict__["_layers"] = []
            self.inputs = self.outputs = None
            self.__dict__["_is_graph_network"] = False
        elif self.outputs:
            last = self.layers[-1]
            last._outbound_nodes = []
            self.outputs = [last.output]
            self.build()

    def build(self, input_shape: Any = None) -> None:
        """Build for inputs of this shape, the batch axis included.

        Examples
        --------
        >>> from pronghorn.layers import Dense
        >>> model = Sequential([Dense(2)])
        >>> model.build((None, 3))
        >>> len(model.weights)
        2
        """
        if input_shape and not self.inputs:
            x = Input(batch_shape=tuple(input_shape), dtype=config.floatx(), name=f"{self.name}_input")
            self.inputs = [x]
            for layer in self.__dict__["_layers"]:
                x = _single(layer(x))
            self.outputs = [x]
            self._build_input_shape = tuple(input_shape)
        if self.inputs:
            self._init_graph_network(self.inputs, self.outputs, name=self.name, trainable=self.trainable)

    def count_params(self) -> int:
        """Return how many numbers the weights hold."""
        if not self.built:
            self.build()
        return super().count_params()

    def predict_proba(self, x: Any, batch_size: int | None = 32, verbose: int = 0) -> Any:
        """Return ``predict(x)``, with a warning where it can't be probabilities."""
        predictions = self.predict(x, batch_size, verbose)
        if predictions.min() < 0.0 or predictions.max() > 1.0:
            warn(
                "The model's values are no probabilities: they reach below 0 or above 1. "
                "Its last layer may lack an activation such as softmax or sigmoid."
            )
        return predictions

    def predict_classes(self, x: Any, batch_size: int | None = 32, verbose: int = 0) -> Any:
        """Return each sample's most probable class; for one output, whether it is above 0.5."""
        predictions = self.predict(x, batch_size=batch_size, verbose=verbose)
        if predictions.shape[-1] > 1:
            return predictions.argmax(axis=-1)
        return (predictions > 0.5).astype("int32")

    def get_config(self) -> dict[str, Any]:
        """Return the layers as plain data."""
        layers = [serialize(layer) for layer in self.layers]
        config = {"name": self.name, "layers": copy.deepcopy(layers)}
        if self._build_input_shape:
            config["build_input_shape"] = self._build_input_shape
        elif self.inputs and not hasattr(self.layers[0], "batch_input_shape"):
            config["build_input_shape"] = tuple(self.inputs[0].shape)
        return config

    @classmethod
    def from_config(cls, config: Any, custom_objects: dict[str, Any] | None = None) -> Sequential:
        """Make a model of what :meth:`get_config` gave, or of the list of layers that Keras 1 wrote.

        Examples
        --------
        >>> from pronghorn.layers import Dense
        >>> Sequential.from_config(Sequential([Dense(2, input_shape=(3,))]).get_config()).output_shape
        (None, 2)
        """
        old = not isinstance(config, dict)
        model = cls(name=None if old else config.get("name"))
        for data in config if old else config["layers"]:
            model.add(deserialize(data, custom_objects=custom_objects))
        shape = None if old else config.get("build_input_shape")
        if not model.inputs and shape:
            model.build(shape)
        return model


def _single(outputs: Any) -> Any:
    if isinstance(outputs, (list, tuple)):
        raise TypeError(
            "All layers in a Sequential model should have a single output tensor. "
            "For multi-output layers, use the functional API."
        )
    return outputs
