"""The state of an optimizer in Keras 3's layout: steps, learning rate, then the slots weight by weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import optimizers
from ..engine.network import Network
from ..utils.warn import warn
from .optimizer_state import momentum_product

# A weight's slots stand beside each other, but for these: they follow for all weights at the end.
_LAST = ("vhat",)


def trained_weights(layer: Any, config: Any) -> list:
    """Return the weights that training changes, in the order that a file has its layers in.

    Parameters
    ----------
    layer
        A layer or model.
    config
        Its configuration in the file, or None where that is not known.
    """
    layers = config.get("layers") if isinstance(config, dict) else None
    if not isinstance(layer, Network) or not isinstance(layers, list) or not layer.trainable:
        return layer.trainable_weights
    by_name = {inner.name: inner for inner in layer.layers}
    found = list(layer._trainable_weights)
    for data in layers:
        own = data.get("config") if isinstance(data, dict) else None
        name = (own.get("name") if isinstance(own, dict) else None) or data.get("name")
        if name in by_name:
            found += trained_weights(by_name.pop(name), own)
    return found + [weight for inner in by_name.values() for weight in inner.trainable_weights]


def write_state(group: Any, model: Any) -> None:
    """Write the state of a model's optimizer, where it has any, into ``optimizer`` of an h5py group.

    Parameters
    ----------
    group
        The group.
    model
        A compiled model.
    """
    optimizer, weights = model.optimizer, model.trainable_weights
    if not optimizers.is_built_in(optimizer) or not optimizer.weights:
        return
    values = [optimizer.iterations.numpy()]
    if optimizer.initial_decay <= 0:  # else the rate is a schedule, which has no state
        values.append(optimizer.learning_rate.numpy())
    for slots in _slots_in_order(optimizer, weights, bool(optimizer._step_slots())):
        values += [slot.numpy() for slot in slots]
    if isinstance(optimizer, optimizers.Nadam):
        values.append(optimizer.m_schedule.numpy())
    place = group.create_group("optimizer/vars")
    place.attrs["name"] = type(optimizer).__name__.lower()
    for i, value in enumerate(values):
        place[str(i)] = value


def _slots_in_order(optimizer: Any, weights: list, used: bool, hats_last: bool = True) -> list[list]:
    """Return the slots of each weight, each weight's beside each other; `vhat` behind all or beside them."""
    if not used:
        return []
    places = {identity: i for i, identity in enumerate(optimizer._slots_of or ())}
    last = _LAST if hats_last else ()
    paired = [name for name in optimizer.slot_names if name not in last]
    hats = [name for name in optimizer.slot_names if name in last]
    found = [[optimizer._slots[name][places[id(w)]] for name in paired] for w in weights]
    return found + [[optimizer._slots[name][places[id(w)]] for w in weights] for name in hats]


def read_state(group: Any, model: Any, config: Any = None) -> None:
    """Set the state of a compiled model's optimizer to what a file has; warn where it does not fit.

    Parameters
    ----------
    group
        Group of a file in Keras 3's layout.
    model
        A compiled model.
    config
        Configuration of the model in the file, or None.
    """
    place = group.get("optimizer/vars", {})
    if not len(place) or not optimizers.is_built_in(model.optimizer):
        return
    arrays = [np.asarray(place[name]) for name in sorted(place, key=lambda name: (len(name), name))]
    weights = trained_weights(model, config)
    model._make_train_function()
    optimizer = model.optimizer
    for hats_last in (True, False):
        if _assign(optimizer, arrays, _slots_in_order(optimizer, weights, True, hats_last)):
            return
    if len(arrays) <= 2 and arrays[0].shape == ():  # of a model that was not trained yet, or without slots
        optimizer.iterations.assign(arrays[0])
        return
    warn("The state of the optimizer in the file does not fit the model: training starts with a fresh one.")


def _assign(optimizer: Any, arrays: list, order: list[list]) -> bool:
    """Set the slots, if the arrays fit: behind the steps, and the learning rate if it is there."""
    slots = [slot for beside in order for slot in beside]
    rest = arrays[1:]
    schedule = None
    if isinstance(optimizer, optimizers.Nadam):
        if len(rest) in (len(slots) + 1, len(slots) + 2) and rest[-1].shape == ():
            schedule = rest.pop()
        else:
            schedule = momentum_product(optimizer, int(arrays[0]))
    if len(rest) == len(slots) + 1 and rest[0].shape == ():
        rest = rest[1:]
    if [tuple(slot.shape) for slot in slots] != [value.shape for value in rest] or arrays[0].shape != ():
        return False
    optimizer.iterations.assign(arrays[0])
    for slot, value in zip(slots, rest):
        slot.assign(value)
    if schedule is not None:
        optimizer.m_schedule.assign(schedule)
    return True
