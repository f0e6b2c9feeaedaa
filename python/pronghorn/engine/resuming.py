"""Where a training is, and all that has to be kept for it to go on as if it had never been interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import ops
from .tracking import flatten_layers
from .training_utils import should_run_validation


class Progress:
    """Where a training is: `fit` moves it on, and starts from where a callback has set it.

    Attributes
    ----------
    epoch : int
        The epoch that runs, or that is next.
    batch : int
        How many of its batches are done.
    order : array or None
        The order in which the epoch takes its rows, or batches.
    stopped : bool
        Whether the training was stopped, by a callback, before the interruption.
    batch_data : callable
        Gives inputs and targets of the batch that runs.
    """

    batch_data: Any = None

    def __init__(self, epoch: int, order: Any = None) -> None:
        self._first = epoch
        self.epoch = epoch
        self.batch = 0
        self.order = order
        self.stopped = False

    def epochs(self, end: int) -> Iterator[int]:
        """The epochs to run; none where the training had been stopped before it was interrupted."""
        while self.epoch < end and not self.stopped:
            yield self.epoch

    def order_to_keep(self) -> Any:
        """What `set` needs to know of the order."""
        return self.order

    def set(self, epoch: int, batch: int, order: Any = None) -> None:
        """Goes to where the training was when it was interrupted."""
        self.epoch, self.batch, self.order = epoch, batch, order

    def skip_validations(self, validation: Any, validation_freq: Any) -> None:
        """Brings validation data that go on from one validation to the next to where they were."""
        past = range(self._first, self.epoch)
        count = sum(should_run_validation(validation_freq, epoch) for epoch in past)
        if validation and count:
            before = np.random.get_state(legacy=False)
            validation.skip(count)
            np.random.set_state(before)

    def end_epoch(self, callbacks: Any) -> None:
        """Moves on to the next epoch; the callbacks have seen the end of this one."""
        self.epoch, self.batch = self.epoch + 1, 0
        callbacks.after_epoch()

    def check_order(self, count: int, unit: str) -> None:
        """Raises where the order that a backup holds is of other data."""
        if len(self.order) != count:
            raise ValueError(
                f"The backup is of a training on {len(self.order)} {unit}, but there are {count} now."
            )


class StreamProgress(Progress):
    """Where a training on a stream of batches is.

    The order is that of what a `Sequence` has still to give. Generators cannot be told where to begin: what
    was used before the interruption is made again and thrown away.
    """

    def __init__(self, epoch: int, stream: Any) -> None:
        super().__init__(epoch)
        self._stream = stream
        self._brought = False

    def set(self, epoch: int, batch: int, order: Any) -> None:
        """Goes to where the training was when it was interrupted, once, and brings the stream there."""
        super().set(epoch, batch)
        if not self._brought:
            self._brought = True
            self._stream.go_to(epoch - self._first, batch, order)

    def order_to_keep(self) -> Any:
        """Indices of the batches still to come in this epoch; empty where there are no indices."""
        return self._stream.order


def snapshot(model: Any, callbacks: Any) -> dict:
    """All that the rest of the training depends on, as nested data."""
    progress = model._progress
    return {
        "epoch": progress.epoch,
        "batch": progress.batch,
        "order": progress.order_to_keep(),
        "stopped": bool(callbacks.model.stop_training),
        "numpy": np.random.get_state(legacy=False),
        "seeds": _seeds(model),
        "variables": {name: variable.numpy() for name, variable in variables_of(model).items()},
        "callbacks": [
            {"class": name, "number": number, "state": callback.get_state()}
            for (name, number), callback in _numbered(callbacks).items()
        ],
    }


def restore(model: Any, callbacks: Any, state: dict, where: str) -> None:
    """Makes everything be as it was at the `snapshot`, read from `where`."""
    model._make_train_function()  # the optimizer's state, where no step has been compiled yet
    variables = variables_of(model)
    problems = [
        f"{name} {_shape(state['variables'].get(name))} in the backup, {_shape(variables.get(name))} here"
        for name in {**variables, **state["variables"]}
        if _shape(state["variables"].get(name)) != _shape(variables.get(name))
    ]
    if problems:
        raise ValueError(
            f'{where} was made by the training of another model than "{model.name}": '
            f"{'; '.join(problems[:3])}. Remove it to train from the start."
        )
    if _seeds(model) != state["seeds"]:
        # A script that sets no seed draws others than the run before. Compiled steps hold the old ones.
        for layer, seeds in zip(flatten_layers(model), state["seeds"]):
            layer.__dict__.update(seeds)
        model._drop_steps()
    for name, variable in variables.items():
        variable.assign(state["variables"][name])
    progress = model._progress
    progress.set(state["epoch"], state["batch"], state["order"])
    progress.stopped = state["stopped"] and progress.batch == 0
    callbacks.model.stop_training = state["stopped"]
    states = {(entry["class"], entry["number"]): entry["state"] for entry in state["callbacks"]}
    for key, callback in _numbered(callbacks).items():
        if key in states:
            callback.set_state(states[key])
    np.random.set_state(state["numpy"])


def variables_of(model: Any) -> dict:
    """All variables that a training may change, by names that are the same in every run of a script."""
    found, seen = {}, set()

    def add(name, value):
        if isinstance(value, ops.Variable):
            if id(value) not in seen:
                seen.add(id(value))
                found[name] = value
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                add(f"{name}/{i}", item)
        elif isinstance(value, dict):
            for key, item in value.items():
                add(f"{name}/{key}", item)

    add("weights", model.weights)
    for name, value in vars(model.optimizer).items():
        add(f"optimizer/{name}", value)
    for i, metric in enumerate([*model.metrics, *(model._output_loss_metrics or ())]):
        add(f"metrics/{i}", metric.weights)
    add("random_step", model._random_step)
    for i, layer in enumerate(flatten_layers(model)):
        for name, value in vars(layer).items():
            add(f"layers/{i}/{name}", value)
    return found


def _seeds(model):
    """What the random operations of each layer follow from, those of the model itself first."""
    names = "_op_seed", "_seed", "_seeds"
    return [
        {name: vars(each)[name] for name in names if name in vars(each)} for each in flatten_layers(model)
    ]


def _numbered(callbacks):
    """The callbacks that keep something, each under its class and its number among those of this class."""
    found, counts = {}, {}
    for callback in callbacks:
        if hasattr(callback, "get_state"):
            name = type(callback).__name__
            found[name, counts.setdefault(name, 0)] = callback
            counts[name] += 1
    return found


def _shape(value):
    return "missing" if value is None else tuple(value.shape)
