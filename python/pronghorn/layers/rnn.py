"""`RNN`: any cell over the time steps of a sequence; cells stacked into one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..backend.recurrence import choose, rnn
from ..engine.base_layer import InputSpec, Layer
from ..engine.registry import deserialize, serialize
from ..utils.arguments import has_arg
from ..utils.file_limits import take_memory
from ..utils.generic_utils import to_list
from ..utils.warn import warn
from .recurrent_inputs import StepArguments, spec_shapes, standardize, zero_states


class StackedRNNCells(Layer):
    """Cells one above the other that act as one: the output of each is the input of the next.

    Parameters
    ----------
    cells : list
        Each with ``call(inputs, states)`` and ``state_size``.
    reverse_state_order : bool
        Whether the states are listed from the last cell to the first, as old versions of Keras did.

    Examples
    --------
    >>> from pronghorn.layers import LSTMCell
    >>> StackedRNNCells([LSTMCell(3), LSTMCell(5)]).state_size
    (3, 3, 5, 5)
    """

    def __init__(self, cells, **kwargs):
        for cell in cells:
            if not hasattr(cell, "call"):
                raise ValueError("All cells must have a `call` method. received cells:", cells)
            if not hasattr(cell, "state_size"):
                raise ValueError("All cells must have a `state_size` attribute. received cells:", cells)
        reverse = kwargs.pop("reverse_state_order", False)
        super().__init__(**kwargs)
        self.cells = list(cells)
        self.reverse_state_order = reverse
        if reverse:
            warn(
                "`reverse_state_order=True` of `StackedRNNCells` will be removed: use the natural order of "
                "the states"
            )

    def _in_state_order(self, items: list) -> list:
        return items[::-1] if self.reverse_state_order else items

    def _by_cell(self, states: list) -> list[list]:
        own, states = [], list(states)
        for cell in self._in_state_order(self.cells):
            count = len(state_sizes(cell))
            own.append(states[:count])
            states = states[count:]
        return self._in_state_order(own)

    @property
    def state_size(self) -> tuple:
        """Sizes of all states, cell by cell."""
        return tuple(size for cell in self._in_state_order(self.cells) for size in state_sizes(cell))

    @property
    def output_size(self) -> int:
        """Size of the last cell's output."""
        return output_size(self.cells[-1])

    def build(self, input_shape):
        input_shape, constants = split_shapes(input_shape)
        for cell in self.cells:
            build_cell(cell, input_shape, constants if has_arg(cell.call, "constants") else [])
            input_shape = (input_shape[0], output_size(cell))
        self.built = True

    def call(self, inputs, states, constants=None, **kwargs):
        after = []
        for cell, before in zip(self.cells, self._by_cell(states)):
            arguments = {**kwargs, "constants": constants}
            arguments = {name: x for name, x in arguments.items() if has_arg(cell.call, name)}
            inputs, new = cell.call(inputs, before, **arguments)
            after.append(list(new))
        return inputs, [state for cell in self._in_state_order(after) for state in cell]

    def over_time(self, x, states, mask, training, go_backwards):
        """Run one cell after the other over all steps, where each can; see `over_time` of the cells."""
        if not all(hasattr(cell, "over_time") for cell in self.cells):
            return None
        after = []
        for cell, before in zip(self.cells, self._by_cell(states)):
            found = cell.over_time(x, before, mask, training, go_backwards)
            if found is None:
                return None
            last, x, new = found
            after.append(new)
            if go_backwards:  # outputs come in the order of the steps: from here on that is forwards
                go_backwards, mask = False, None if mask is None else ops.flip(mask, axis=1)
        return last, x, [state for cell in self._in_state_order(after) for state in cell]

    def reset_dropout(self) -> None:
        """Let all cells draw new dropout masks at the next step."""
        for cell in self.cells:
            _reset_dropout(cell)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "cells": [serialize(cell) for cell in self.cells]}
        return {**config, "reverse_state_order": True} if self.reverse_state_order else config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the stack of what :meth:`get_config` gave."""
        config = dict(config)
        cells = [deserialize(cell, custom_objects=custom_objects) for cell in config.pop("cells")]
        return cls(cells, **config)


class RNN(Layer):
    """A cell over the time steps of a sequence.

    Parameters
    ----------
    cell : object or list
        With ``call(inputs_at_t, states_at_t)`` that returns the output and the list of the new states,
        ``state_size`` (an int, or one per state), and ``output_size`` where that is not the size of the first
        state. It may take ``constants`` in `call`. A list is stacked.
    return_sequences : bool
        Whether to return the outputs of all steps rather than the last.
    return_state : bool
        Whether to return the last states after the output.
    go_backwards : bool
        Whether to begin with the last step; a sequence is returned in that order.
    stateful : bool
        Whether each row of a batch starts with the state that this row of the batch before ended with. Needs
        a fixed batch size.
    unroll : bool
        Accepted: loops are always unrolled or run within one operation. Needs a known number of steps.

    Notes
    -----
    Calls take ``initial_state`` and ``constants``, tensors or lists of them.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn.layers import GRUCell
    >>> layer = RNN(GRUCell(4), return_sequences=True)
    >>> layer(np.zeros((2, 5, 3), "float32")).shape
    (2, 5, 4)
    """

    def __init__(
        self,
        cell,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        **kwargs,
    ):
        cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        if not hasattr(cell, "call"):
            raise ValueError("`cell` should have a `call` method. The RNN was passed:", cell)
        if not hasattr(cell, "state_size"):
            raise ValueError(
                "The RNN cell should have an attribute `state_size` (tuple of integers, one integer per RNN "
                "state)."
            )
        # Not Keras 2.3's: tf.keras and Keras 3 have it, and set it within Bidirectional.
        zero_output = bool(kwargs.pop("zero_output_for_mask", False))
        super().__init__(**kwargs)
        self.zero_output_for_mask = zero_output
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.supports_masking = True
        self.input_spec = [InputSpec(ndim=3)]
        self.state_spec = None
        self.constants_spec = None
        self._states = None
        self._num_constants = None

    zero_output_for_mask = False

    # --- shapes

    @property
    def states(self) -> list:
        """The variables that a stateful layer keeps its states in; None for each where it has none."""
        return [None] * len(state_sizes(self.cell)) if self._states is None else self._states

    @states.setter
    def states(self, states) -> None:
        self._states = states

    def compute_output_shape(self, input_shape):
        input_shape, _ = split_shapes(input_shape)
        time = (input_shape[1],) if self.return_sequences else ()
        shape = (input_shape[0], *time, *self._output_shape(input_shape))
        if not self.return_state:
            return shape
        return [shape] + [(input_shape[0], *state) for state in self._state_shapes(input_shape)]

    def _state_shapes(self, input_shape: tuple) -> list[tuple]:
        """Return the shape of each state but for the batch."""
        return [(size,) for size in state_sizes(self.cell)]

    def _output_shape(self, input_shape: tuple) -> tuple:
        return (output_size(self.cell),)

    def _state_axis(self) -> int:
        return -1

    def _output_dtypes(self, inputs: list, count: int) -> list[str]:
        return [str(inputs[0].dtype) if not self.weights else self.dtype] * count

    def compute_mask(self, inputs, mask=None):
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        mask = mask if self.return_sequences else None
        return [mask] + [None] * len(self.states) if self.return_state else mask

    def build(self, input_shape):
        input_shape, others = split_shapes(input_shape)
        constants = others[len(others) - (self._num_constants or 0) :]
        rows = input_shape[0] if self.stateful else None
        self.input_spec = [InputSpec(shape=(rows, None, *input_shape[2:]))]
        build_cell(self.cell, (input_shape[0], *input_shape[2:]), constants)
        sizes = state_sizes(self.cell)
        if self.state_spec is None:
            self.state_spec = [
                InputSpec(shape=(None, *shape)) for shape in self._state_shapes((None,) * len(input_shape))
            ]
        elif [spec.shape[self._state_axis()] for spec in self.state_spec] != sizes:
            raise ValueError(
                "An `initial_state` was passed that is not compatible with `cell.state_size`. Received "
                f"`state_spec`={self.state_spec}; however `cell.state_size` is {self.cell.state_size}"
            )
        if self.stateful:
            self.reset_states()
        self.built = True

    # --- calls

    def __call__(self, inputs, initial_state=None, constants=None, **kwargs):
        """Apply the layer, starting from `initial_state` where given; see :meth:`Layer.__call__`."""
        call = standardize(inputs, initial_state, constants, self._num_constants)
        if call.constants is not None:
            self.constants_spec = call.constants_spec
            self._num_constants = len(call.constants)
            if not has_arg(self.cell.call, "constants"):
                raise ValueError("RNN cell does not support constants")
        if call.initial_state is not None and spec_shapes(self.state_spec) != spec_shapes(call.state_spec):
            self.state_spec = call.state_spec
        if self.unroll and call.inputs.shape[1] is None:
            raise ValueError(
                "Cannot unroll a RNN if the time dimension is undefined. Give it with `shape` or "
                "`batch_shape` of the Input layer, or, in a Sequential model, with `input_shape` or "
                "`batch_input_shape` of the first layer (`input_length` for an Embedding)."
            )
        return super().__call__(call.joined(kwargs), **kwargs)

    def assert_input_compatibility(self, inputs):
        """Check the sequence, and the number of initial states; the states' sizes are checked by `build`."""
        inputs = to_list(inputs, allow_tuple=True)
        super().assert_input_compatibility(inputs[:1])
        given = len(inputs) - 1 - (self._num_constants or 0)
        if self.built and given > 0 and given != len(self.states):
            raise ValueError(f"Layer has {len(self.states)} states but was passed {given} initial states.")

    def call(self, inputs, mask=None, training=None, initial_state=None, constants=None):
        x, states, constants = StepArguments.split(inputs, initial_state, constants, self._num_constants)
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        if states is None:
            states = self._kept_states() if self.stateful else self.get_initial_state(x)
        if len(states) != len(self.states):
            raise ValueError(
                f"Layer has {len(self.states)} states but was passed {len(states)} initial states."
            )
        trace = ops.current_trace()
        last, outputs, states = self._run(x, [trace.convert(s) for s in states], mask, training, constants)
        if self.stateful:
            self.add_update(list(zip(self.states, states)))
        if self.zero_output_for_mask and mask is not None:
            mask = ops.flip(mask, axis=1) if self.go_backwards else mask
            outputs = choose(mask, outputs, ops.zeros_like(outputs))
        output = outputs if self.return_sequences else last
        return [output, *states] if self.return_state else output

    def _run(self, x: Any, states: list, mask: Any, training: bool | None, constants: list) -> tuple:
        """Return the last output, the outputs of all steps, and the last states."""
        _reset_dropout(self.cell)
        if not constants and hasattr(self.cell, "over_time"):
            found = self.cell.over_time(x, states, mask, training, self.go_backwards)
            if found is not None:
                return found
        arguments = {"training": training} if has_arg(self.cell.call, "training") else {}

        def step(x, states):
            if not constants:
                return self.cell.call(x, states, **arguments)
            own, given = states[: -len(constants)], states[-len(constants) :]
            return self.cell.call(x, own, constants=given, **arguments)

        return rnn(step, x, states, self.go_backwards, mask, constants, self.unroll)

    @property
    def uses_learning_phase(self) -> bool | None:
        """False where training makes no difference, None where the call's arguments decide."""
        return None if _may_drop(self.cell) else False

    def get_initial_state(self, inputs):
        """Return states of zeros for these inputs."""
        return zero_states(inputs, self._state_shapes)

    # --- states from batch to batch

    def _kept_states(self) -> list:
        # What they were before the run, however often the layer is called in it.
        return [ops.current_trace().read_before(state) for state in self.states]

    def reset_states(self, states=None):
        """Set the states of a stateful layer to zeros, or to given arrays."""
        if not self.stateful:
            raise AttributeError("Layer must be stateful.")
        shapes = self._kept_shapes()
        if self.states[0] is None:
            take_memory(8 * sum(map(math.prod, shapes)), f"the states of layer {self.name}")
            self.states = [
                ops.Variable(np.zeros(shape), dtype=self.dtype, name=f"{self.name}/state", trainable=False)
                for shape in shapes
            ]
        if states is None:
            states = [np.zeros(shape) for shape in shapes]
        states = to_list(states, allow_tuple=True)
        if len(states) != len(shapes):
            raise ValueError(
                f"Layer {self.name} expects {len(shapes)} states, but it received {len(states)} state "
                f"values. Input received: {states}"
            )
        for index, (value, shape) in enumerate(zip(states, shapes)):
            if np.shape(value) != shape:
                raise ValueError(
                    f"State {index} is incompatible with layer {self.name}: expected shape={shape}, found "
                    f"shape={np.shape(value)}"
                )
        for variable, value in zip(self.states, states):
            variable.assign(value)

    def _kept_shapes(self) -> list[tuple]:
        shape = self.input_spec[0].shape
        rows = shape[0] if shape is not None else None
        shapes = [(rows, *state) for state in self._state_shapes(shape)] if rows else [(None,)]
        if any(None in state for state in shapes):
            raise ValueError(
                "If a RNN is stateful, it needs to know its batch size (and a convolutional one the rows and "
                "columns of its input). Specify the shape of your input tensors: in a Sequential model, by "
                "`batch_input_shape` of the first layer; in the functional API, by `batch_shape` of the "
                "Input layer."
            )
        return shapes

    # --- configuration

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "cell": serialize(self.cell),
        }
        if self.zero_output_for_mask:
            config["zero_output_for_mask"] = True
        return config if self._num_constants is None else {**config, "num_constants": self._num_constants}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the layer of what :meth:`get_config` gave."""
        config = dict(config)
        cell = deserialize(config.pop("cell"), custom_objects=custom_objects)
        constants = config.pop("num_constants", None)
        layer = cls(cell, **config)
        layer._num_constants = constants
        return layer


def state_sizes(cell: Any) -> list:
    """Return the sizes of a cell's states as a list."""
    size = cell.state_size
    return list(size) if hasattr(size, "__len__") else [size]


def output_size(cell: Any) -> int:
    """Return the size of a cell's output: that of its first state unless it says otherwise."""
    size = getattr(cell, "output_size", None)
    return state_sizes(cell)[0] if size is None else size


def build_cell(cell: Any, input_shape: tuple, constants: list) -> None:
    """Make the weights of a cell, if it is a layer."""
    if isinstance(cell, Layer) and not cell.built:
        cell.build([input_shape, *constants] if constants else input_shape)
        cell.built = True


def split_shapes(shapes: Any) -> tuple[tuple, list]:
    """Return the shape of the sequence and the shapes of what comes after it."""
    shapes = shapes if isinstance(shapes, list) else [shapes]
    return tuple(shapes[0]), [tuple(shape) for shape in shapes[1:]]


def _reset_dropout(cell: Any) -> None:
    if hasattr(cell, "reset_dropout"):
        cell.reset_dropout()


def _may_drop(cell: Any) -> bool:
    if isinstance(cell, StackedRNNCells):
        return any(_may_drop(inner) for inner in cell.cells)
    if hasattr(cell, "dropout") and hasattr(cell, "recurrent_dropout"):
        return bool(cell.dropout or cell.recurrent_dropout)
    return has_arg(cell.call, "training")
