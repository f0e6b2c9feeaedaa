"""Lambda: a function as a layer."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

import pronghorn as keras

from .. import backend
from ..engine.base_layer import Layer
from ..utils.generic_utils import deserialize_keras_object, func_dump, func_load, has_arg
from ..utils.keras1_arguments import accepts_keras1
from ..utils.safe_mode import refuse_code


def _dump(function) -> tuple[Any, str]:
    """Give a function as plain data: its code, or its name if it is not a Python function."""
    if isinstance(function, types.LambdaType):
        return func_dump(function), "lambda"
    return function.__name__, "function"


def _load(value, kind: str, custom_objects, what: str):
    if kind == "function":
        return deserialize_keras_object(
            value, custom_objects=custom_objects, printable_module_name="function of a Lambda layer"
        )
    if kind == "lambda":
        refuse_code(what)
        # Code is saved without its surroundings: these are the names that it may count on.
        return func_load(value, globs={"K": backend, "np": np, "keras": keras, **(custom_objects or {})})
    if kind == "raw":
        return value
    raise TypeError(f"Unknown function type of {what}: {kind!r}")


class Lambda(Layer):
    """A function as a layer.

    Parameters
    ----------
    function : callable
        Takes the input tensor (or list of them) and gives the output; an argument called `mask` gets the
        mask.
    output_shape : tuple, list or callable, optional
        Shape of a sample, or a function of the input shape; by default it is found by running the function.
    mask : tensor or callable, optional
        The output's mask, or a function of (inputs, mask).
    arguments : dict, optional
        More keyword arguments of `function`.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn.models import Sequential
    >>> Sequential([Lambda(lambda x: x**2, input_shape=(2,))]).predict(np.array([[2.0, 3.0]]))
    array([[4., 9.]], dtype=float32)
    """

    @accepts_keras1("lambda")
    def __init__(self, function, output_shape=None, mask=None, arguments=None, **kwargs):
        super().__init__(**kwargs)
        self.function = function
        self.arguments = arguments or {}
        if mask is not None:
            self.supports_masking = True
        self.mask = mask
        if isinstance(output_shape, list):
            output_shape = tuple(output_shape)
        if output_shape is not None and not isinstance(output_shape, tuple) and not callable(output_shape):
            raise TypeError(
                f"In Lambda, `output_shape` must be a list, a tuple, or a function. Got: {output_shape!r}"
            )
        self._output_shape = output_shape

    def call(self, inputs, mask=None):
        arguments = dict(self.arguments)
        if has_arg(self.function, "mask"):
            arguments["mask"] = mask
        return self.function(inputs, **arguments)

    def compute_mask(self, inputs, mask=None):
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def _knows_output_shape(self):
        return self._output_shape is not None

    def compute_output_shape(self, input_shape):
        if self._output_shape is None:
            return self.infer_output_shape(input_shape)
        if isinstance(self._output_shape, tuple):
            first = input_shape[0] if isinstance(input_shape, list) else input_shape
            return (first[0] if first else None, *self._output_shape)
        shape = self._output_shape(input_shape)
        if not isinstance(shape, (list, tuple)):
            raise ValueError(
                f"`output_shape` function of Lambda must return a tuple or a list of tuples. Got: {shape!r}"
            )
        if isinstance(shape, list) and (shape[0] is None or isinstance(shape[0], int)):
            return tuple(shape)
        return shape

    def get_config(self) -> dict[str, Any]:
        function, function_type = _dump(self.function)
        output_shape, output_shape_type = self._output_shape, "raw"
        if callable(output_shape):
            output_shape, output_shape_type = _dump(output_shape)
        return {
            **super().get_config(),
            "function": function,
            "function_type": function_type,
            "output_shape": output_shape,
            "output_shape_type": output_shape_type,
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        of_layer = f'of Lambda layer "{config.get("name")}"'
        config["function"] = _load(
            config["function"], config.pop("function_type"), custom_objects, f"The function {of_layer}"
        )
        config["output_shape"] = _load(
            config.get("output_shape"),
            config.pop("output_shape_type", "raw"),
            custom_objects,
            f"The output_shape function {of_layer}",
        )
        for module in ("module", "output_shape_module"):  # where tf.keras would look for names
            config.pop(module, None)
        # Arrays among the arguments were written as {"type": "ndarray", "value": nested lists}.
        config["arguments"] = {
            key: np.array(value["value"])
            if isinstance(value, dict) and value.get("type") == "ndarray"
            else value
            for key, value in (config.get("arguments") or {}).items()
        }
        return cls(**config)
