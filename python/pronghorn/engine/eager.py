"""Calling a layer on arrays: a program per shapes and mode is kept, and runs at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..naming import name_scope
from .call_context import CallContext
from .tracking import Tracked, flatten_layers

_MOST_PROGRAMS = 64


def call_now(layer: Any, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """Return ``layer(inputs, **kwargs)`` for NumPy arrays, as arrays.

    Examples
    --------
    >>> from pronghorn.layers import Activation
    >>> call_now(Activation("relu"), np.array([-1.0, 2.0], "float32"), {})
    array([0., 2.], dtype=float32)
    """
    programs = layer.__dict__.get("_programs")
    if type(inputs) is np.ndarray and not kwargs and programs is not None:
        program = programs.get((inputs.shape, inputs.dtype))
        if program is not None and program.is_current():
            return program.run([inputs])
    return _call(layer, inputs, kwargs)


def _call(layer: Any, inputs: Any, kwargs: dict[str, Any]) -> Any:
    many = isinstance(inputs, (list, tuple))
    layer.assert_input_compatibility(inputs)
    arrays = [np.asarray(x) for x in (inputs if many else [inputs])]
    tensors = {name: value for name, value in kwargs.items() if isinstance(value, np.ndarray)}
    settings = {name: value for name, value in kwargs.items() if name not in tensors}
    key: Any = tuple((x.shape, x.dtype) for x in [*arrays, *tensors.values()]), many
    key += (tuple(tensors), repr(sorted(settings.items())))
    if not many and not kwargs:
        key = (arrays[0].shape, arrays[0].dtype)
    programs = layer.__dict__.setdefault("_programs", {})
    program = programs.get(key)
    if program is None or not program.is_current():
        if len(programs) >= _MOST_PROGRAMS:
            programs.clear()
        program = programs[key] = LayerProgram(layer, arrays, many, tensors, settings)
    return program.run([*arrays, *tensors.values()])


class LayerProgram:
    """One layer's call as a program over its array arguments.

    Parameters
    ----------
    layer
        The layer.
    arrays, many
        The inputs, and whether the layer takes them as a list.
    tensors, settings
        Keyword arguments that are arrays, and those that are not.
    """

    def __init__(
        self, layer: Any, arrays: list, many: bool, tensors: dict[str, Any], settings: dict[str, Any]
    ):
        with name_scope(layer.name):
            layer._ensure_built(arrays)
        step = layer.__dict__.get("_random_step")
        if step is None:
            step = layer.__dict__["_random_step"] = ops.Variable(
                0, dtype="int64", name="random_step", trainable=False
            )
        with ops.Trace(training=settings.get("training"), random_step=step) as trace, CallContext():
            self.dtypes = [
                *layer._input_dtypes([trace.core_dtype(x) for x in arrays]),
                *(trace.core_dtype(x) for x in tensors.values()),
            ]
            fed = [trace.feed(x.shape, dtype) for x, dtype in zip([*arrays, *tensors.values()], self.dtypes)]
            inputs = fed[: len(arrays)] if many else fed[0]
            arguments = {**settings, **dict(zip(tensors, fed[len(arrays) :]))}
            outputs = layer._call_traced(trace, inputs, arguments)
            self.many = isinstance(outputs, (list, tuple))
            for tensor in outputs if self.many else [outputs]:
                trace.fetch(tensor)
            self.program = trace.compile()
        # A program holds the layers' settings as they were; any that changed since makes it stale.
        self.checked = Tracked._changes  # no layer has changed as long as this stays
        self.versions = [(inner, inner._version) for inner in flatten_layers(layer)]

    def is_current(self) -> bool:
        """Tell whether every layer is as it was when the program was made."""
        changes = Tracked._changes
        if self.checked != changes:
            if any(layer._version != version for layer, version in self.versions):
                return False
            self.checked = changes
        return True

    def run(self, arrays: list) -> Any:
        """Run on arrays of the shapes that the program was made for."""
        feeds = [
            x if x.dtype == dtype and x.flags.c_contiguous else np.array(x, dtype=dtype, order="C", ndmin=0)
            for x, dtype in zip(arrays, self.dtypes)
        ]
        results = self.program.run(feeds)
        return results if self.many else results[0]
