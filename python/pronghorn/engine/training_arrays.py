"""The loops of `fit`, `evaluate` and `predict` over arrays.

Batches run in the core, many per call: a call returns after a few hundredths of a second, for the progress
bar, or at the end of the epoch. Only callbacks that want every batch make it return after each.
"""

from __future__ import annotations

import operator
import time
from typing import Any

import numpy as np

from .. import callbacks as callbacks_module
from ..utils.generic_utils import unpack_singleton
from ..utils.progbar import Progbar
from .data import as_source, batch_shuffle
from .resuming import Progress
from .tracing import PREDICT, TRAIN
from .training_utils import should_run_validation

# Seconds that a call into the core takes at most when there are more batches: a progress bar moves, and
# Ctrl-C acts, at least this often.
SLICE_SECONDS = 0.08


class ArrayBatches:
    """Arrays cut into batches, with the steps for a whole batch and for the rest, and room for the results.

    Parameters
    ----------
    model : Model
        The model.
    mode : {"train", "test", "predict"}
        What is done with a batch.
    inputs, targets, weights : list of array
        As the model's steps take them; None for weights that are all 1.
    batch_size : int
        Number of rows in a batch; the last one may have fewer.
    """

    def __init__(
        self, model: Any, mode: str, inputs: Any, targets: Any, weights: Any, batch_size: int
    ) -> None:
        self.mode = mode
        self.data = inputs, targets, weights
        self.rows = len(inputs[0] if inputs else targets[0])
        if self.rows == 0:
            shapes = [array.shape for array in inputs]
            raise ValueError(
                f"Expected at least one sample, but got empty arrays: inputs of shapes {shapes}."
            )
        self.asked_batch_size = batch_size
        self.batch_size = min(batch_size, self.rows)
        self.whole, self.rest = divmod(self.rows, self.batch_size)
        self.count = self.whole + bool(self.rest)

        self.compile(model)
        given = [array for group in (inputs, targets, weights) for array in group if array is not None]
        self.sources = self._sources(given)
        per_batch = mode != PREDICT  # a result per batch, or rows of a result
        self.results = [
            np.empty((self.count if per_batch else self.rows, *(shape if per_batch else shape[1:])), dtype)
            for shape, dtype in self.step.result_types
        ]
        rest_from = self.whole if per_batch else self.whole * self.batch_size
        self._rest_results = [result[rest_from:] for result in self.results]
        self._sizes = [self.batch_size] * self.whole + [self.rest] * bool(self.rest)

    def compile(self, model: Any) -> None:
        """Takes the steps from the model, which compiles them where it has none for these shapes."""

        def step(rows):
            found = model._step_for(self.mode, *([_with_rows(a, rows) for a in group] for group in self.data))
            if self.mode == PREDICT:
                _check_rows(model, [shape for shape, _ in found.result_types], rows)
            return found

        self.step = step(self.batch_size)
        self.rest_step = step(self.rest) if self.rest else None

    def _sources(self, given):
        return [as_source(array, dtype) for array, dtype in zip(given, self.step.dtypes)]

    def run(self, first: int, last: int, order: Any = None, deadline: float = 0.0) -> int:
        """Runs batches `[first, last)` of rows in `order`; returns the index of the next one."""
        if first < self.whole:
            end = time.perf_counter() + deadline
            first = self.step.program.run_batches(
                self.sources, order, first, min(last, self.whole), (), self.results, deadline
            )
            if first < self.whole or first == last or (deadline and time.perf_counter() > end):
                return first
        start = self.whole * self.batch_size
        sources = self.sources if order is not None else [source[start:] for source in self.sources]
        rest = None if order is None else order[start:]
        self.rest_step.program.run_batches(sources, rest, 0, 1, (), self._rest_results, 0.0)
        return first + 1

    def batch_data(self, batch: int, order: Any = None) -> tuple[list, list]:
        """Inputs and targets of a batch."""
        rows = slice(self.seen(batch), self.seen(batch + 1))
        rows = rows if order is None else order[rows]
        inputs, targets, _ = (
            [np.asarray(array[rows]) for array in group if array is not None] for group in self.data
        )
        return inputs, targets

    def close(self) -> None:
        """Ends what reads ahead."""

    def __enter__(self) -> ArrayBatches:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def seen(self, batch: int) -> int:
        """Number of rows before batch `batch`."""
        return min(batch * self.batch_size, self.rows)

    def logs(self, first: int, last: int) -> dict:
        """Results of the batches `[first, last)`: the mean loss, and the metrics after the last one."""
        logs = callbacks_module.BatchLogs(batch=last - 1, size=self.seen(last) - self.seen(first))
        for name, result in zip(self.step.names, self.results):
            logs[name] = float(result.item(last - 1)) if result.ndim == 1 else result[last - 1].copy()
        # Plain numbers: with a few of them NumPy takes as long as a small model with a batch.
        logs.losses, logs.sizes = self.results[0][first:last].tolist(), self._sizes[first:last]
        if last - first > 1:
            logs["loss"] = sum(map(operator.mul, logs.losses, logs.sizes)) / logs["size"]
        return logs

    def mean_loss(self, first: int, last: int) -> float:
        """Mean loss of a sample of the batches `[first, last)`."""
        losses, sizes = self.results[0][first:last].astype("float64"), np.array(self._sizes[first:last])
        return float((losses * sizes).sum() / sizes.sum())


def _check_rows(model, shapes, rows):
    for name, shape in zip(model.output_names, shapes):
        if shape[:1] != (rows,):
            raise ValueError(
                f'predict returns a row of each output for each row of input, but output "{name}" of model '
                f'"{model.name}" has shape {tuple(shape)} for a batch of {rows}. Use predict_on_batch for it.'
            )


def _with_rows(array, rows):
    return None if array is None else (rows, *array.shape[1:])


def _number(value):
    return float(value) if np.ndim(value) == 0 else value.copy()


def fit_loop(
    model: Any,
    batches: ArrayBatches,
    validation: Any,
    epochs: int = 1,
    verbose: int = 1,
    callbacks: list | None = None,
    shuffle: bool | str = True,
    initial_epoch: int = 0,
    validation_freq: Any = 1,
) -> Any:
    """Trains on arrays, validating by a `Validation`; returns the `History`."""
    if verbose and validation:
        print(f"Train on {batches.rows} samples, validate on {validation.description}")
    params = {
        "batch_size": batches.asked_batch_size,
        "epochs": epochs,
        "steps": None,
        "samples": batches.rows,
        "verbose": verbose,
    }
    progress = Progress(initial_epoch, np.arange(batches.rows))
    callbacks = training_callbacks(model, callbacks, params, bool(validation), "samples", progress)
    for callback in callbacks:
        callback.validation_data = validation.arrays()
    progress.check_order(batches.rows, "samples")
    progress.skip_validations(validation, validation_freq)
    batches.compile(model)  # a training that is taken up again may draw its random numbers from other seeds
    for epoch in progress.epochs(epochs):
        batches.step.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        if progress.batch:
            callbacks.resume()
        elif shuffle == "batch":
            progress.order = batch_shuffle(progress.order, batches.batch_size)
        elif shuffle:
            np.random.shuffle(progress.order)
        finished = run_epoch(batches, callbacks, progress.order if shuffle else None, progress)
        logs = {}
        if finished and validation and should_run_validation(validation_freq, epoch):
            results = validation.run(batches.asked_batch_size, callbacks)
            logs = {"val_" + name: value for name, value in zip(batches.step.names, results)}
        callbacks.on_epoch_end(epoch, logs)
        progress.end_epoch(callbacks)
        if model._callback_model().stop_training:
            break
    return end_training(model, callbacks)


def validation_arrays(inputs: Any, targets: Any, weights: Any) -> list:
    """What callbacks find as `validation_data`: inputs, targets, and weights, 1 where none are given."""
    return [
        *inputs,
        *targets,
        *(np.ones(len(y), y.dtype) if w is None else w for y, w in zip(targets, weights)),
    ]


def run_epoch(batches: ArrayBatches, callbacks: Any, order: Any, progress: Progress) -> bool:
    """Trains on all batches, calling the batch hooks; returns False where one of them stopped it."""
    every = callbacks.needs_every_batch(TRAIN)
    progress.batch_data = lambda: batches.batch_data(progress.batch, order)
    if progress.batch and callbacks.model.stop_training:
        return False
    while progress.batch < batches.count:
        first = progress.batch
        size = batches.seen(first + 1) - batches.seen(first)
        callbacks._call_batch_hook(TRAIN, "begin", first, {"batch": first, "size": size})
        last = first + 1 if every else min(batches.count, first + callbacks.batches_to_go(batches.count))
        last = batches.run(first, last, order, SLICE_SECONDS)
        callbacks._call_batch_hook(TRAIN, "end", last - 1, batches.logs(first, last))
        progress.batch = last
        callbacks.after_batches(last - first)
        if callbacks.model.stop_training:
            return False
    return True


def evaluate_loop(model: Any, batches: ArrayBatches, verbose: int = 0, callbacks: list | None = None) -> list:
    """Evaluates on arrays; returns the mean loss and the metrics."""
    batches.step.reset_metrics()
    if not isinstance(callbacks, callbacks_module.CallbackList):
        params = {
            "batch_size": batches.asked_batch_size,
            "steps": None,
            "samples": batches.rows,
            "verbose": verbose,
            "metrics": list(model.metrics_names),
        }
        callbacks = plain_callbacks(model, callbacks, params)
    callbacks.model.stop_training = False
    callbacks._call_begin_hook("test")
    bar = Progbar(batches.rows) if verbose == 1 else callbacks.validation_bar(batches.rows)
    _watched(batches, callbacks, bar, batches.logs)
    callbacks._call_end_hook("test")
    metrics = [_number(result[-1]) for result in batches.results[1:]]
    return [batches.mean_loss(0, batches.count), *metrics]


def predict_loop(model: Any, batches: ArrayBatches, verbose: int = 0, callbacks: list | None = None) -> Any:
    """Predicts on arrays; returns an array, or a list of them where the model has several outputs."""
    params = {
        "batch_size": batches.asked_batch_size,
        "steps": None,
        "samples": batches.rows,
        "verbose": verbose,
    }
    callbacks = plain_callbacks(model, callbacks, params)

    def logs(first, last):
        rows = slice(batches.seen(first), batches.seen(last))
        outputs = [result[rows] for result in batches.results]
        return {"batch": last - 1, "size": rows.stop - rows.start, "outputs": outputs}

    callbacks._call_begin_hook("predict")
    bar = Progbar(batches.rows) if verbose == 1 else None
    _watched(batches, callbacks, bar, logs)
    callbacks._call_end_hook("predict")
    return unpack_singleton(batches.results)


def _watched(batches, callbacks, bar, logs_of):
    """Runs all batches, and moves a bar on, if there is one."""
    mode = batches.mode
    every = callbacks.needs_every_batch(mode)
    first = 0
    while first < batches.count:
        if every:
            size = batches.seen(first + 1) - batches.seen(first)
            callbacks._call_batch_hook(mode, "begin", first, {"batch": first, "size": size})
        last = batches.run(first, first + 1 if every else batches.count, None, SLICE_SECONDS)
        if every:
            callbacks._call_batch_hook(mode, "end", last - 1, logs_of(first, last))
        if bar is not None:
            bar.update(batches.seen(last))
        first = last


def training_callbacks(
    model: Any,
    callbacks: list | None,
    params: dict,
    do_validation: bool,
    count_mode: str,
    progress: Progress | None = None,
) -> Any:
    """The callbacks of a training: the user's between those that gather, show and keep the results.

    The training has begun for them, and is taken up again where one of them has a backup of it.
    """
    names = model.metrics_names
    model.history = callbacks_module.History()
    logger = callbacks_module.BaseLogger(stateful_metrics=names[1:])
    logger.warns = not any(isinstance(each, callbacks_module.TerminateOnNaN) for each in callbacks or ())
    first = [logger]
    if params["verbose"]:
        first.append(callbacks_module.ProgbarLogger(count_mode, stateful_metrics=names[1:]))
    metrics = list(names)
    if do_validation:
        metrics += ["val_" + name for name in names]
    params = {**params, "do_validation": do_validation, "metrics": metrics}
    callbacks = plain_callbacks(model, [*first, *(callbacks or ()), model.history], params)
    callbacks.model.stop_training = False
    callbacks.model._progress = progress
    callbacks._call_begin_hook("train")
    if progress:
        callbacks.resume()
    return callbacks


def end_training(model: Any, callbacks: Any) -> Any:
    """Tells the callbacks that the training has ended; returns the `History`."""
    callbacks._call_end_hook("train")
    callbacks.model._progress = None  # it holds on to the data
    return model.history


def plain_callbacks(model: Any, callbacks: list | None, params: dict) -> Any:
    """A list of callbacks that know the model and the parameters of the run."""
    if isinstance(callbacks, callbacks_module.CallbackList):
        return callbacks
    callbacks = callbacks_module.CallbackList(callbacks)
    callbacks.set_model(model._callback_model())
    callbacks.set_params(params)
    return callbacks
