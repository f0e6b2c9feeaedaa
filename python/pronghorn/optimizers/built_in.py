"""Optimizers that update all weights in one step of the core."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import config, ops
from ..ops.dispatch import operation
from .base import Optimizer


@operation(infer=lambda name, scalars, params, grads, slots, attributes: _types(params) * (1 + len(slots)))
def optimizer_update(
    name: str, scalars: list, params: list, grads: list, slots: list, attributes: dict
) -> Any:
    """As `ops.optimizer_step`, but symbolic too, and with all results in one list."""
    new_params, new_slots = ops.optimizer_step(name, scalars, params, grads, slots, **attributes)
    return new_params + [slot for kind in new_slots for slot in kind]


def _types(params):
    return [(param.shape, param.dtype) for param in params]


class BuiltIn(Optimizer):
    """An optimizer whose step is an op of the core.

    Hyper-parameters are variables, read by every step: `K.set_value(optimizer.lr, ...)` takes effect at once.
    """

    rule = ""  # the op
    slot_names = ()
    slot_start = 0.0  # what slots hold before the first step
    numbers = ()  # hyper-parameters that the op reads behind its own scalars

    def __init__(self, kwargs, **hyper_parameters):
        """`kwargs` are those that the user passed beyond the named ones: `lr` and `decay` among them."""
        decay = kwargs.pop("decay", 0.0)
        hyper_parameters["learning_rate"] = kwargs.pop("lr", hyper_parameters["learning_rate"])
        super().__init__(**kwargs)
        self.initial_decay = decay
        self.iterations = ops.Variable(0, dtype="int64", name="iterations", trainable=False)
        for name, value in {**hyper_parameters, "decay": decay}.items():
            setattr(self, name, ops.Variable(value, name=name, trainable=False))
        self._slots = {}
        self._slots_of = None

    def get_updates(self, loss, params):
        """The updates of one step: of the weights, of the state, and of the number of steps."""
        grads = self.get_gradients(loss, params)
        self._make_slots(params)
        next_iteration = self.iterations + 1
        slots = [self._slots[name] for name in self._step_slots()]
        values = optimizer_update(
            self.rule,
            [self._rate(), *self._scalars(next_iteration), *(getattr(self, name) for name in self.numbers)],
            params,
            grads,
            slots,
            self._attributes(),
        )
        for i, param in enumerate(params):
            if param.constraint is not None:
                values[i] = param.constraint(values[i])
        variables = [*params, *(variable for kind in slots for variable in kind)]
        self.updates = [ops.update(self.iterations, next_iteration)]
        self.updates += [ops.update(variable, value) for variable, value in zip(variables, values)]
        return self.updates

    def _scalars(self, next_iteration):
        """What the op reads behind the learning rate."""
        return [next_iteration]

    def _attributes(self):
        """The numbers of the op that never change."""
        return {"epsilon": self.epsilon}

    def _step_slots(self):
        return self.slot_names

    def _rate(self):
        """The learning rate of this step, `lr / (1 + decay * iterations)`."""
        if self.initial_decay <= 0:
            return self.learning_rate
        return self.learning_rate * (1.0 / (1.0 + self.decay * ops.cast(self.iterations, config.floatx())))

    def _make_slots(self, params):
        """Variables of `slot_start` beside `params`; the same ones as long as these stay the same."""
        of = [id(param) for param in params]
        if self._slots_of != of:
            self._slots_of = of
            self._slots = {
                name: [
                    ops.Variable(
                        self._first_slot(param), dtype=param.dtype, name=f"{name}_{i}", trainable=False
                    )
                    for i, param in enumerate(params)
                ]
                for name in self.slot_names
            }
            self.weights = self._state(params)

    def _first_slot(self, param):
        # Zeros take no memory until they are written to, which matters beside a large weight.
        zeros = np.zeros(param.shape, param.dtype)
        return zeros + self.slot_start if self.slot_start else zeros

    def _state(self, params):
        return [self.iterations, *(slot for name in self.slot_names for slot in self._slots[name])]

    def make_state(self, params):
        """Makes the moments and accumulators of `params`, so that they can be set before the first step."""
        self._make_slots(params)

    def forget_state(self):
        """Starts anew with the next step, all moments and accumulators being zero; `compile` calls it."""
        self._slots_of = None

    def set_weights(self, weights) -> None:
        """Sets the state from a list of arrays; lists of older Keras versions lack `iterations`."""
        weights = list(weights)
        if self.slot_names and len(weights) + 1 == len(self.weights):
            weights.insert(0, np.array(0))
        super().set_weights(weights)

    def _values(self, *names):
        """Current values, for `get_config`."""
        values = {name: getattr(self, name) for name in names}
        return {
            name: float(value.numpy()) if isinstance(value, ops.Variable) else value
            for name, value in values.items()
        }
