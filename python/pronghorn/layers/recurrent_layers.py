"""Base of the recurrent layers that are named after their cell: LSTM, GRU, SimpleRNN."""

from __future__ import annotations

import inspect
from typing import Any

from .. import activations, ops, regularizers
from ..backend.recurrence import as_bool
from .rnn import RNN

_OPTIONS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll")
_FUSED_ACTIVATIONS = ("tanh", "sigmoid", "hard_sigmoid", "relu", "linear")


def fused_activation(function: Any) -> str | None:
    """Return the name of an activation that kernels may know, or None."""
    for name in _FUSED_ACTIVATIONS:
        if function is getattr(activations, name):
            return name
    return None


def of_cell(cell_class: type) -> Any:
    """Decorate a layer's class: its cell is of `cell_class`, whose options are attributes of the layer."""

    def decorate(layer_class: type) -> type:
        names = list(inspect.signature(cell_class.__init__).parameters)
        layer_class._cell_class = cell_class
        layer_class._cell_options = tuple(name for name in names if name not in ("self", "kwargs"))
        for name in layer_class._cell_options:
            setattr(layer_class, name, property(lambda self, name=name: getattr(self.cell, name)))
        return layer_class

    return decorate


class CellLayer(RNN):
    """An `RNN` that makes its cell of its own arguments, and runs as one operation where it can."""

    _cell_class: type
    _cell_options: tuple[str, ...]

    def _set_up(self, given: dict[str, Any]) -> None:
        """Take the constructor's arguments, from its `locals()`."""
        options = {name: given[name] for name in self._cell_options if name in given}
        cell = self._cell_class(**options, dtype=given["kwargs"].get("dtype"))
        flags = {name: given[name] for name in _OPTIONS if name in given}
        super().__init__(cell, **flags, **given["kwargs"])
        self.activity_regularizer = regularizers.get(given["activity_regularizer"])

    def _run(self, x, states, mask, training, constants):
        if not constants and self._may_fuse(mask, training):
            self.cell.reset_dropout()
            dropped = self._drop_inputs(x, training)
            fused = self._fused(dropped, states, None if mask is None else as_bool(mask))
            if fused is not None:
                outputs, states = fused
                return self._last(outputs, states), outputs, states
        return super()._run(x, states, mask, training, constants)

    def _may_fuse(self, mask: Any, training: bool | None) -> bool:
        """Tell whether one operation gives what the cell would, step by step."""
        cell = self.cell
        if type(cell) is not self._cell_class or (mask is not None and len(mask.shape) != 2):
            return False
        return not cell.drops(training) or (cell.recurrent_dropout == 0 and not cell.masks_per_gate)

    def _drop_inputs(self, x: Any, training: bool | None) -> Any:
        """Drop the same inputs at all steps, as a cell whose gates have one mask in common does."""
        cell = self.cell
        if not cell.drops(training):
            return x
        ones = ops.ones((x.shape[0], 1, x.shape[2]), x.dtype)
        return x * ops.dropout(ones, cell.dropout, seed=cell._seeds["input"][0])

    def _last(self, outputs: Any, states: list) -> Any:
        """Return the last output: with these cells, it is the first state."""
        return states[0]

    def _fused(self, x: Any, states: list, mask: Any) -> tuple | None:
        """Return all outputs and the last states from one operation, or None where there is none."""
        return None

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["cell"]
        regularizer = regularizers.serialize(self.activity_regularizer)
        return {**config, **self.cell.options_config(), "activity_regularizer": regularizer}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the layer of what :meth:`get_config` gave."""
        config = dict(config)
        if config.get("implementation") == 0:  # what Keras 1 called consume_less="cpu"
            config["implementation"] = 1
        return cls(**config)
