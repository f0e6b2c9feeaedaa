"""Base of the recurrent layers that are named after their cell: LSTM, GRU, SimpleRNN."""

from __future__ import annotations

import inspect
from typing import Any

from .. import regularizers
from .rnn import RNN

_OPTIONS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll")


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
    """An `RNN` that makes its cell of its own arguments."""

    _cell_class: type
    _cell_options: tuple[str, ...]

    def _set_up(self, given: dict[str, Any]) -> None:
        """Take the constructor's arguments, from its `locals()`."""
        options = {name: given[name] for name in self._cell_options if name in given}
        cell = self._cell_class(**options, dtype=given["kwargs"].get("dtype"))
        flags = {name: given[name] for name in _OPTIONS if name in given}
        super().__init__(cell, **flags, **given["kwargs"])
        self.activity_regularizer = regularizers.get(given["activity_regularizer"])

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
