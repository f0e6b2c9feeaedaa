"""Training, evaluation and prediction on batches that somebody else makes: generators and sequences."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..utils.generic_utils import to_list, unpack_singleton
from ..utils.progbar import Progbar
from . import training_utils
from .training_arrays import (
    ArrayBatches,
    evaluate_loop,
    plain_callbacks,
    training_callbacks,
    validation_arrays,
)


class GeneratorMethods:
    """The methods of `Model` that take a generator or `Sequence`."""

    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: int | str = 1,
        callbacks: list | None = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        validation_freq: Any = 1,
        class_weight: dict | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool | str = True,
        initial_epoch: int = 0,
    ) -> Any:
        """Trains on batches `(x, y)` or `(x, y, sample_weights)` of a generator.

        Parameters
        ----------
        generator : generator or Sequence
            A generator goes on for ever; a `Sequence` knows its length.
        steps_per_epoch : int, optional
            Number of batches in an epoch; by default the length of the `Sequence`.
        validation_data : tuple, generator or Sequence, optional
            What to validate on after each epoch.
        shuffle : bool
            Whether to take the batches of a `Sequence` in a new order in each epoch.

        The other parameters are those of `fit`.
        """
        self._assert_compiled()
        is_sequence = training_utils.is_sequence(generator)
        grows = is_sequence and steps_per_epoch is None  # its length may differ from epoch to epoch
        steps_per_epoch = _steps(generator, steps_per_epoch, "steps_per_epoch")
        val_generator = hasattr(validation_data, "__next__") or training_utils.is_sequence(validation_data)
        arrays = []
        if val_generator:
            validation_steps = _steps(validation_data, validation_steps, "validation_steps")
        elif validation_data:
            data, validation_data = self._validation_batches(validation_data)
            arrays = validation_arrays(*data)

        def validate(batch_size, callbacks):
            if val_generator:
                return to_list(self.evaluate_generator(val_batches, validation_steps, callbacks=callbacks))
            return evaluate_loop(self, validation_data(batch_size), callbacks=callbacks)

        val_batches = validation_data
        if val_generator and training_utils.is_sequence(validation_data):
            val_batches = training_utils.iter_sequence_infinite(validation_data)
        batches = training_utils.iter_sequence_infinite(generator) if is_sequence else iter(generator)
        if not self._is_compiled:  # it learns its shapes from the first batch
            first = generator[0] if is_sequence else _next(batches)
            self._standardize_user_data(*first[:2], refuse_nan=False)
            if not is_sequence:
                batches = itertools.chain([first], batches)

        def epoch_of_batches():
            if grows:
                return len(generator), _shuffled(generator, shuffle)
            return steps_per_epoch, batches

        return self._train_on(
            epoch_of_batches,
            steps_per_epoch,
            validate if validation_data else None,
            {"epochs": epochs, "verbose": verbose, "callbacks": callbacks, "initial_epoch": initial_epoch},
            validation_freq,
            class_weight,
            at_epoch_end=generator.on_epoch_end if is_sequence else None,
            arrays=arrays,
        )

    def _validation_batches(self, validation_data):
        """Validation arrays, checked now, and cut into batches once their size is known."""
        data = self._validation_arrays(validation_data, None)
        return data, lambda batch_size: ArrayBatches(self, "test", *data, batch_size)

    def _fit_steps(self, data, steps, validation, validation_steps, options, validation_freq):
        """Trains on the same arrays, or the model's own data tensors, in every step."""
        if validation is not None and not validation_steps:
            raise ValueError(
                "Must specify `validation_steps` to perform validation when doing step-wise training."
            )

        def validate(batch_size, callbacks):
            return self._evaluate_steps(validation or data, validation_steps, 0, callbacks)

        return self._train_on(
            lambda: (steps, itertools.repeat(data)),
            steps,
            validate if validation_steps else None,
            options,
            validation_freq,
            raw=True,
        )

    def _train_on(
        self,
        epoch_of_batches,
        steps,
        validate,
        options,
        validation_freq,
        class_weight=None,
        at_epoch_end=None,
        raw=False,
        arrays=(),
    ):
        names = self.metrics_names
        params = {
            "batch_size": None,
            "epochs": options["epochs"],
            "steps": steps,
            "samples": None,
            "verbose": 1 if options["verbose"] == "auto" else options["verbose"],
        }
        callbacks = training_callbacks(self, options["callbacks"], params, validate is not None, "steps")
        for callback in callbacks:
            callback.validation_data = list(arrays)
        for epoch in range(options["initial_epoch"], options["epochs"]):
            self.reset_metrics()
            steps, batches = epoch_of_batches()
            callbacks.on_epoch_begin(epoch)
            logs = {}
            for index in range(steps):
                data = _next(batches)
                size = 1 if raw else _batch_size(data[0])
                batch_logs = {"batch": index, "size": size}
                callbacks._call_batch_hook("train", "begin", index, batch_logs)
                if raw:
                    results = self._on_batch("train", data, reset_metrics=False)
                else:
                    results = self.train_on_batch(*data, class_weight=class_weight, reset_metrics=False)
                batch_logs.update(zip(names, to_list(results)))
                callbacks._call_batch_hook("train", "end", index, batch_logs)
                if callbacks.model.stop_training:
                    break
            else:
                if validate and training_utils.should_run_validation(validation_freq, epoch):
                    logs = {"val_" + name: value for name, value in zip(names, validate(size, callbacks))}
            callbacks.on_epoch_end(epoch, logs)
            if callbacks.model.stop_training:
                break
            if at_epoch_end:
                at_epoch_end()
                callbacks.set_params({**callbacks.params, "steps": epoch_of_batches()[0]})
        callbacks._call_end_hook("train")
        return self.history

    def evaluate_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: list | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int | str = 0,
    ) -> Any:
        """Computes loss and metrics on batches of a generator or `Sequence`; see `evaluate`."""
        self._assert_compiled()
        steps = _steps(generator, steps, "steps")
        batches = _in_order(generator)
        return unpack_singleton(self._evaluate_on(batches, steps, verbose, callbacks))

    def _evaluate_steps(self, data, steps, verbose, callbacks):
        return self._evaluate_on(itertools.repeat(data), steps, verbose, callbacks, raw=True)

    def _evaluate_on(self, batches, steps, verbose, callbacks, raw=False):
        self.reset_metrics()
        names = list(self.metrics_names)
        params = {"steps": steps, "verbose": verbose, "metrics": names}
        callbacks = plain_callbacks(self, callbacks, params)
        callbacks._call_begin_hook("test")
        bar = Progbar(target=steps) if verbose == 1 else None
        losses, sizes = [], []
        for index in range(steps):
            data = _next(batches)
            sizes.append(1 if raw else _batch_size(data[0]))
            logs = {"batch": index, "size": sizes[-1]}
            callbacks._call_batch_hook("test", "begin", index, logs)
            if raw:
                results = self._on_batch("test", data, reset_metrics=False)
            else:
                results = self.test_on_batch(*data, reset_metrics=False)
            results = to_list(results)
            losses.append(results[0])
            logs.update(zip(names, results))
            callbacks._call_batch_hook("test", "end", index, logs)
            if bar is not None:
                bar.update(index + 1)
        callbacks._call_end_hook("test")
        return [float(np.average(losses, weights=sizes)), *results[1:]]

    def predict_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: list | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int | str = 0,
    ) -> Any:
        """Computes the outputs for batches of a generator or `Sequence`; see `predict`."""
        steps = _steps(generator, steps, "steps")
        inputs = (data[0] if isinstance(data, tuple) else data for data in _in_order(generator))
        return self._predict_on(inputs, steps, verbose, callbacks, self.predict_on_batch)

    def _predict_steps(self, inputs, steps, verbose, callbacks):
        def predict(arrays):
            return unpack_singleton(self._run_batch("predict", (arrays, [], [])))

        return self._predict_on(itertools.repeat(inputs), steps, verbose, callbacks, predict)

    def _predict_on(self, batches, steps, verbose, callbacks, predict):
        callbacks = plain_callbacks(self, callbacks, {"steps": steps, "verbose": verbose})
        callbacks._call_begin_hook("predict")
        bar = Progbar(target=steps) if verbose == 1 else None
        found = []
        for index in range(steps):
            x = _next(batches, check=False)
            logs = {"batch": index, "size": _batch_size(x)}
            callbacks._call_batch_hook("predict", "begin", index, logs)
            found.append(to_list(predict(x)))
            callbacks._call_batch_hook("predict", "end", index, {**logs, "outputs": found[-1]})
            if bar is not None:
                bar.update(index + 1)
        callbacks._call_end_hook("predict")
        return unpack_singleton([np.concatenate(outputs) for outputs in zip(*found)])


def _steps(generator, steps, name):
    if steps is not None:
        return steps
    if training_utils.is_sequence(generator):
        return len(generator)
    raise ValueError(
        f"`{name}=None` is only valid for a generator based on the `keras.utils.Sequence` class. "
        f"Please specify `{name}` or use the `keras.utils.Sequence` class."
    )


def _shuffled(sequence, shuffle):
    """The batches of a sequence, in a new order where `shuffle` is set."""
    order = np.arange(len(sequence))
    if shuffle:
        np.random.shuffle(order)
    return (sequence[int(index)] for index in order)


def _in_order(generator):
    if training_utils.is_sequence(generator):
        return training_utils.iter_sequence_infinite(generator)
    return iter(generator)


def _next(batches, check=True):
    try:
        data = next(batches)
    except StopIteration:
        raise ValueError("The generator ended before it had given the number of batches asked for.") from None
    if check and not (isinstance(data, (tuple, list)) and len(data) in (2, 3)):
        raise ValueError(
            "Output of generator should be a tuple `(x, y, sample_weight)` or `(x, y)`. Found: "
            f"{str(data)[:200]}"
        )
    return data


def _batch_size(x):
    if isinstance(x, dict):
        x = list(x.values())
    if isinstance(x, (list, tuple)):
        x = x[0] if len(x) else None
    return 1 if x is None else len(x)
