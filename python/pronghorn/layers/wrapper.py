"""Base of the layers that change how another layer is applied."""

from __future__ import annotations

from typing import Any

from ..engine.base_layer import Layer
from ..engine.registry import deserialize, serialize


class Wrapper(Layer):
    """A layer around another one, whose weights and losses are its own.

    Parameters
    ----------
    layer : Layer
        What is wrapped.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> Wrapper(Dense(3)).layer.units
    3
    """

    def __init__(self, layer, **kwargs):
        trainable = kwargs.pop("trainable", layer.trainable)
        self.layer = layer
        self._input_map = {}
        super().__init__(trainable=trainable, **kwargs)

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights: a property of the wrapped layer."""
        return self.layer.trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self.layer.trainable = value

    @property
    def activity_regularizer(self) -> Any:
        """That of the wrapped layer."""
        return getattr(self.layer, "activity_regularizer", None)

    def _output_dtypes(self, inputs: list, count: int) -> list[str]:
        return [self.layer._output_dtypes(inputs, 1)[0]] * count

    def _input_dtypes(self, given: list[str]) -> list[str]:
        return self.layer._input_dtypes(given)

    def get_weights(self):
        return self.layer.get_weights()

    def set_weights(self, weights):
        self.layer.set_weights(weights)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize(self.layer)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the wrapper, and the layer within, of what :meth:`get_config` gave."""
        config = dict(config)
        return cls(deserialize(config.pop("layer"), custom_objects=custom_objects), **config)
