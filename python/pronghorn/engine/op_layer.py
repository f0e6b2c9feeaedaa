"""Operations on symbolic tensors as layers, so that ``x * 2`` may stand in a model like any layer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..naming import get_uid
from ..ops.tensor import operations
from ..utils.generic_utils import to_list
from .base_layer import Layer
from .node import connect
from .registry import register


class Slot(NamedTuple):
    """The place of input number `index` among the arguments of an operation."""

    index: int


@register
class OpLayer(Layer):
    """One call of an operation, with its symbolic tensors as the layer's inputs.

    Parameters
    ----------
    function
        Name of the operation.
    arguments, keywords
        The call's arguments, with a :class:`Slot` in the place of each symbolic tensor.

    Examples
    --------
    >>> from pronghorn.layers import Input
    >>> from pronghorn.models import Model
    >>> x = Input((3,))
    >>> [type(layer).__name__ for layer in Model(x, x * 2).layers]
    ['InputLayer', 'OpLayer']
    """

    def __init__(
        self, function: str, arguments: Any = (), keywords: dict[str, Any] | None = None, **kwargs: Any
    ):
        kwargs.setdefault("name", f"op_{function}_{get_uid('op_' + function)}")
        super().__init__(**kwargs)
        self.function = function
        self._arguments = tuple(arguments)
        self._keywords = dict(keywords or {})
        for x in _leaves((self._arguments, self._keywords)):
            if isinstance(x, ops.Variable):
                (self._trainable_weights if x.trainable else self._non_trainable_weights).append(x)
        self.built = True

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """Make the call on these inputs; see :meth:`Layer.__call__`."""
        outputs = super().__call__(inputs, **kwargs)
        is_size = operations[self.function].is_size(*self._with(inputs))
        for x in to_list(outputs):
            if isinstance(x, ops.KerasTensor):
                x._is_size = is_size
        return outputs

    def _with(self, inputs: Any) -> Any:
        """The call's arguments, with the inputs in their places."""
        inputs = to_list(inputs)
        return _fill((self._arguments, self._keywords), lambda slot: inputs[slot.index])

    def call(self, inputs: Any) -> Any:
        """Make the call on these inputs."""
        arguments, keywords = self._with(inputs)
        return operations[self.function](*arguments, **keywords)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: what an operation means for a mask is not known."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the operation's name and arguments as plain data."""
        arguments, keywords = _encode((self._arguments, self._keywords), self.name)["tuple"]
        config = {**super().get_config(), "function": self.function}
        return {**config, "arguments": arguments, "keywords": keywords}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> OpLayer:
        """Make the layer of what :meth:`get_config` gave."""
        config = dict(config)
        function = config.pop("function")
        arguments, keywords = _decode(config.pop("arguments")), _decode(config.pop("keywords"))
        if not any(isinstance(x, Slot) for x in _leaves((arguments, keywords))):
            # It would be computed while the model is made, however large it is.
            raise ValueError(f"operation {function} of layer {config.get('name')} has no tensor to work on")
        return cls(function, arguments, keywords, **config)

    @classmethod
    def of_call(cls, call: Any) -> None:
        """Make a layer, and its node, of a recorded call."""
        inputs: list = []

        def slot(x: Any) -> Slot:
            inputs.append(x)
            return Slot(len(inputs) - 1)

        arguments, keywords = _fill((call.args, call.kwargs), slot, ops.KerasTensor)
        layer = cls(call.name, arguments, keywords)
        none = [None] * len(inputs)
        connect(layer, inputs, call.output_tensors, none, [None] * len(call.output_tensors), None)


def _leaves(value: Any) -> Any:
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, (list, tuple)) and not isinstance(value, Slot):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _fill(value: Any, replace: Any, kind: type = Slot) -> Any:
    if isinstance(value, kind):
        return replace(value)
    if isinstance(value, dict):
        return {name: _fill(item, replace, kind) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_fill(item, replace, kind) for item in value)
    return value


def _encode(value: Any, name: str) -> Any:
    """Return arguments as plain data; what JSON has no word for becomes a dictionary with one key."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Slot):
        return {"input": value.index}
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": str(value.dtype)}
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, name) for item in value]}
    if isinstance(value, list):
        return [_encode(item, name) for item in value]
    if isinstance(value, dict):
        return {"dict": {key: _encode(item, name) for key, item in value.items()}}
    raise ValueError(
        f"Layer {name}: an argument of type {type(value).__name__} can't be written to a configuration"
    )


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "input" in value:
        return Slot(value["input"])
    if "slice" in value:
        return slice(*value["slice"])
    if "ellipsis" in value:
        return Ellipsis
    if "array" in value:
        return np.array(value["array"], dtype=value["dtype"])
    if "tuple" in value:
        return tuple(_decode(item) for item in value["tuple"])
    return {key: _decode(item) for key, item in value["dict"].items()}
