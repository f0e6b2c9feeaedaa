"""The sequence, the initial states and the constants that a recurrent layer is called with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from ..engine.base_layer import InputSpec


class StepArguments:
    """What one call is given: the sequence, and initial states and constants as lists or None."""

    def __init__(self, inputs: Any, initial_state: list | None, constants: list | None):
        self.inputs = inputs
        self.initial_state = initial_state
        self.constants = constants

    @classmethod
    def split(
        cls, inputs: Any, initial_state: Any, constants: Any, num_constants: int | None
    ) -> tuple[Any, list | None, list]:
        """Take a call's arguments apart; states and constants may come by name or after the sequence."""
        initial_state, constants = _list_or_none(initial_state), _list_or_none(constants)
        if isinstance(inputs, (list, tuple)):
            inputs, others = inputs[0], list(inputs[1:])
            if num_constants and constants is None:
                others, constants = others[:-num_constants], others[-num_constants:]
            if others:
                if initial_state is not None:
                    raise ValueError("Layer was passed initial state via both kwarg and inputs list")
                initial_state = others
        return inputs, initial_state, constants or []

    @property
    def state_spec(self) -> list[InputSpec]:
        """What the states of this call are."""
        return [InputSpec(shape=tuple(state.shape)) for state in self.initial_state]

    @property
    def constants_spec(self) -> list[InputSpec]:
        """What the constants of this call are."""
        return [InputSpec(shape=tuple(constant.shape)) for constant in self.constants]

    def joined(self, kwargs: dict[str, Any]) -> Any:
        """Return the inputs of the layer's call.

        Tensors that the call depends on are inputs of its node. Variables are not: they go by name, into
        `kwargs`.
        """
        more = (self.initial_state or []) + (self.constants or [])
        variables = [isinstance(x, ops.Variable) for x in more]
        if any(variables):
            if not all(variables):
                raise ValueError(
                    "The initial state or constants of an RNN layer cannot be specified with a mix of Keras "
                    'tensors and non-Keras tensors (a "Keras tensor" is a tensor that was returned by a '
                    "Keras layer, or by `Input`)"
                )
            if self.initial_state is not None:
                kwargs["initial_state"] = self.initial_state
            if self.constants is not None:
                kwargs["constants"] = self.constants
            return self.inputs
        return [self.inputs, *more] if more else self.inputs


def standardize(inputs: Any, initial_state: Any, constants: Any, num_constants: int | None) -> StepArguments:
    """Gather the arguments of a call of a layer; a list holds states and constants after the sequence."""
    if isinstance(inputs, (list, tuple)):
        if initial_state is not None or constants is not None:
            raise ValueError(
                "A recurrent layer was given its initial state or constants both by name and in its inputs: "
                f"{inputs}"
            )
        inputs, states, constants = StepArguments.split(inputs, None, None, num_constants)
        return StepArguments(inputs, states, constants or None)
    return StepArguments(inputs, _list_or_none(initial_state), _list_or_none(constants))


def spec_shapes(specs: list[InputSpec] | None) -> list | None:
    """Return the shapes in a list of specifications."""
    return None if specs is None else [spec.shape for spec in specs]


def zero_states(inputs: Any, shapes_of: Callable[[tuple], list[tuple]]) -> list:
    """Return states of zeros; `shapes_of` gives their shapes, but for the batch, for that of the inputs."""
    return _zero_states(inputs, shapes_of)


@ops.operation
def _zero_states(inputs, shapes_of):
    shapes = shapes_of(inputs.shape)
    return [ops.zeros((inputs.shape[0], *shape), inputs.dtype) for shape in shapes]


def _list_or_none(x: Any) -> list | None:
    return x if x is None or isinstance(x, list) else list(x) if isinstance(x, tuple) else [x]
