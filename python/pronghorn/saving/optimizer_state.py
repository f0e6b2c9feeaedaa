"""The state of an optimizer in files, in whatever order and by whatever names it was written."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import optimizers
from ..utils.warn import warn

# What tf.keras calls the slots of our optimizers.
_SLOTS = {
    "SGD": {"moment": ("momentum", "m")},
    "RMSprop": {"accumulator": ("rms", "velocity")},
    "Adagrad": {"accumulator": ("accumulator",)},
    "Adadelta": {
        "accumulator": ("accum_grad", "accumulated_grad"),
        "delta_accumulator": ("accum_var", "accumulated_delta_var"),
    },
    "Adam": {"m": ("m",), "v": ("v",), "vhat": ("vhat",)},
    "Adamax": {"m": ("m",), "u": ("v", "u")},
    "Nadam": {"m": ("m",), "v": ("v",)},
}


def set_optimizer_state(
    model: Any, values: list, names: list[str] | None = None, weight_names: list[str] | None = None
) -> None:
    """Set the state of a compiled model's optimizer; warn where it does not fit.

    Parameters
    ----------
    model
        The model.
    values
        Arrays, in the order of the file.
    names
        Their names in the file, where it has any.
    weight_names
        Names in the file of the weights that are trained, where it has any.
    """
    model._make_train_function()
    optimizer = model.optimizer
    state = _in_our_order(optimizer, values, names or [])
    if weight_names and not _fits(optimizer, state):
        state = _sorted_by_weight(optimizer, state, weight_names)
    try:
        optimizer.set_weights(state)
    except ValueError as error:
        warn(
            "Error in loading the saved optimizer state. As a result, your model is starting with a freshly "
            f"initialized optimizer. ({error})"
        )


def _in_our_order(optimizer: Any, values: list, names: list[str]) -> list:
    kinds = _SLOTS.get(type(optimizer).__name__)
    if kinds is None or not optimizers.is_built_in(optimizer):
        return values
    by_name = _by_name(optimizer, kinds, values, names)
    if by_name is not None:
        return by_name
    own = optimizer.weights
    # Adam before Keras 2.1.3 kept no places for the moments that only amsgrad needs.
    if type(optimizer).__name__ == "Adam" and 0 < len(own) - len(values) == len(optimizer._slots["m"]):
        return [*values, *(variable.numpy() for variable in own[len(values) :])]
    return values


def _fits(optimizer: Any, state: list) -> bool:
    shapes = [tuple(variable.shape) for variable in optimizer.weights]
    return len(shapes) != len(state) or shapes == [value.shape for value in state]


def _sorted_by_weight(optimizer: Any, state: list, weight_names: list[str]) -> list:
    """Return a state whose slots are in the order of the weights' names, as Keras had them up to 2.0.5."""
    order = sorted(range(len(weight_names)), key=weight_names.__getitem__)
    state = list(state)
    own = [id(variable) for variable in optimizer.weights]
    for slots in getattr(optimizer, "_slots", {}).values():
        if len(slots) != len(order):
            return state
        start = own.index(id(slots[0]))
        block = state[start : start + len(order)]
        for position, value in zip(order, block):
            state[start + position] = value
    return state


def _by_name(optimizer: Any, kinds: dict, values: list, names: list[str]) -> list | None:
    """Return the state in our order, if the names are those that tf.keras gives."""
    found: dict[str, list] = {slot: [] for slot in kinds}
    iterations, schedule = None, None
    for name, value in zip(names, values):
        parts = name.split(":")[0].split("/")
        if parts[-1] in ("iter", "iteration"):
            iterations = value
        elif parts[-1] == "momentum_cache":
            schedule = value
        elif len(parts) > 2:
            for slot, words in kinds.items():
                # Older classes put the slot last, Adam/dense/kernel/m; newer ones Adam/m/dense/kernel.
                if parts[-1] in words or parts[1] in words:
                    found[slot].append(value)
                    break
    if iterations is None:
        return None
    state = [iterations]
    if isinstance(optimizer, optimizers.Nadam):
        state.append(momentum_product(optimizer, int(iterations)) if schedule is None else schedule)
    for slot in optimizer.slot_names:
        state += found[slot] or [variable.numpy() for variable in optimizer._slots[slot]]
    return [*state, *(variable.numpy() for variable in optimizer.weights[len(state) :])]


def momentum_product(optimizer: Any, steps: int) -> np.ndarray:
    """Return the product of the momenta of all steps so far, which newer versions do not write."""
    config = optimizer.get_config()
    exponents = np.arange(1, steps + 1) * config["schedule_decay"]
    return np.prod(config["beta_1"] * (1 - 0.5 * 0.96**exponents), dtype="float32")
