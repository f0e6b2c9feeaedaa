"""Training, evaluation and prediction on batches that somebody else makes: generators and sequences."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..utils.generic_utils import to_list, unpack_singleton
from ..utils.keras1_arguments import generator_method
from ..utils.progbar import Progbar
from . import training_utils
from .batch_streams import BatchStream, wrong_batch
from .resuming import StreamProgress
from .training_arrays import end_training, plain_callbacks, training_callbacks
from .validation import open_validation


class GeneratorMethods:
    """The methods of `Model` that take a generator or `Sequence`."""

    @generator_method
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
        generator : generator, Sequence or iterable
            A generator goes on for ever; a `Sequence` knows its length. Any object that can be iterated for
            batches, such as a PyTorch `DataLoader`, is iterated once per epoch.
        steps_per_epoch : int, optional
            Number of batches in an epoch; by default the length of the `Sequence` or iterable.
        validation_data : tuple, generator or Sequence, optional
            What to validate on after each epoch.
        validation_steps : int, optional
            Number of batches to validate on, where `validation_data` is a generator.
        max_queue_size : int
            Number of batches that workers make ahead.
        workers : int
            Number of threads or processes that make batches; with 0 they are made between the steps.
        use_multiprocessing : bool
            Whether the workers are processes.
        shuffle : bool
            Whether to take the batches of a `Sequence` in a new order in each epoch.

        The other parameters are those of `fit`.

        Examples
        --------
        >>> from pronghorn.layers import Dense
        >>> from pronghorn.models import Sequential
        >>> from pronghorn.utils import Sequence
        >>> class Halves(Sequence):
        ...     def __len__(self):
        ...         return 4
        ...
        ...     def __getitem__(self, index):
        ...         x = np.random.rand(8, 3)
        ...         return x, x / 2
        >>> model = Sequential([Dense(3, input_shape=(3,))])
        >>> model.compile("sgd", "mse")
        >>> len(model.fit_generator(Halves(), epochs=2, workers=2, verbose=0).epoch)
        2
        """
        self._assert_compiled()
        how = {
            "workers": workers,
            "max_queue_size": max_queue_size,
            "use_multiprocessing": use_multiprocessing,
        }
        with BatchStream(generator, steps_per_epoch, "steps_per_epoch", shuffle=shuffle, **how) as stream:
            if not self._is_compiled:  # it learns its shapes from the first batch
                self._standardize_user_data(*_checked(stream.look_ahead())[:2], refuse_nan=False)
            with open_validation(self, validation_data, validation_steps, None, how) as validation:
                return self._train_on(
                    stream,
                    lambda data: self.train_on_batch(*data, class_weight=class_weight, reset_metrics=False),
                    validation,
                    {
                        "epochs": epochs,
                        "verbose": verbose,
                        "callbacks": callbacks,
                        "initial_epoch": initial_epoch,
                    },
                    validation_freq,
                )

    def _train_on(self, stream, train, validation, options, validation_freq):
        """Trains epoch by epoch on the batches of a stream."""
        names = self.metrics_names
        params = {
            "batch_size": None,
            "epochs": options["epochs"],
            "steps": stream.steps,
            "samples": None,
            "verbose": 1 if options["verbose"] == "auto" else options["verbose"],
        }
        progress = StreamProgress(options["initial_epoch"], stream)
        callbacks = training_callbacks(
            self, options["callbacks"], params, bool(validation), "steps", progress
        )
        progress.skip_validations(validation, validation_freq)
        for callback in callbacks:
            callback.validation_data = validation.arrays()
        for epoch in progress.epochs(options["epochs"]):
            self.reset_metrics()
            callbacks.on_epoch_begin(epoch)
            if progress.batch:
                callbacks.resume()
            size = self._train_epoch(stream, train, callbacks, progress)
            logs = {}
            if not callbacks.model.stop_training:
                stream.end_epoch()
                if validation and training_utils.should_run_validation(validation_freq, epoch):
                    results = validation.run(size, callbacks)
                    logs = {"val_" + name: value for name, value in zip(names, results)}
            callbacks.on_epoch_end(epoch, logs)
            progress.end_epoch(callbacks)
            if callbacks.model.stop_training:
                break
            if stream.is_sequence:  # its length may be another now
                callbacks.set_params({**callbacks.params, "steps": stream.steps})
        return end_training(self, callbacks)

    def _train_epoch(self, stream, train, callbacks, progress):
        """Trains on the rest of an epoch; returns the size of its last batch."""
        names, size = self.metrics_names, 1
        if progress.batch and callbacks.model.stop_training:
            return size
        for data in stream.epoch(progress.batch):
            data = _checked(data)
            size = stream.size_of(data[0])
            progress.batch_data = functools.partial(self._batch_data, data)
            logs = {"batch": progress.batch, "size": size}
            callbacks._call_batch_hook("train", "begin", progress.batch, logs)
            logs.update(zip(names, to_list(train(data))))
            callbacks._call_batch_hook("train", "end", progress.batch, logs)
            progress.batch += 1
            callbacks.after_batches(1)
            if callbacks.model.stop_training:
                break
        return size

    def _batch_data(self, data):
        return self._standardize_user_data(*data[:2], refuse_nan=False)[:2]

    @generator_method
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
        with BatchStream(generator, steps, "steps", workers, max_queue_size, use_multiprocessing) as stream:
            return unpack_singleton(self._evaluate_on(stream, verbose, callbacks))

    def _evaluate_steps(self, stream, verbose, callbacks):
        """Evaluates on a stream of the same data."""
        return self._evaluate_on(
            stream, verbose, callbacks, lambda data: self._on_batch("test", data, reset_metrics=False)
        )

    def _evaluate_on(self, stream, verbose, callbacks, test=None):
        test = test or (lambda data: self.test_on_batch(*data, reset_metrics=False))
        self.reset_metrics()
        names = list(self.metrics_names)
        steps = stream.steps
        callbacks = plain_callbacks(self, callbacks, {"steps": steps, "verbose": verbose, "metrics": names})
        callbacks.model.stop_training = False
        callbacks._call_begin_hook("test")
        bar = Progbar(steps) if verbose in (1, "auto") else callbacks.validation_bar(steps)
        losses, sizes = [], []
        for index, data in enumerate(stream.epoch()):
            data = _checked(data)
            sizes.append(stream.size_of(data[0]))
            logs = {"batch": index, "size": sizes[-1]}
            callbacks._call_batch_hook("test", "begin", index, logs)
            results = to_list(test(data))
            losses.append(results[0])
            logs.update(zip(names, results))
            callbacks._call_batch_hook("test", "end", index, logs)
            if bar is not None:
                bar.update(index + 1)
        if not sizes:
            raise ValueError("There was no batch to evaluate on.")
        callbacks._call_end_hook("test")
        return [float(np.average(losses, weights=sizes)), *results[1:]]

    @generator_method
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
        """Computes the outputs for batches of a generator or `Sequence`; see `predict`.

        Of batches that are tuples, as for training, only the inputs are used.
        """
        with BatchStream(generator, steps, "steps", workers, max_queue_size, use_multiprocessing) as stream:
            return self._predict_on(stream, verbose, callbacks, self.predict_on_batch)

    def _predict_on(self, stream, verbose, callbacks, predict):
        steps = stream.steps
        callbacks = plain_callbacks(self, callbacks, {"steps": steps, "verbose": verbose})
        callbacks.model.stop_training = False
        callbacks._call_begin_hook("predict")
        bar = Progbar(target=steps) if verbose in (1, "auto") else None
        found = []
        for index, data in enumerate(stream.epoch()):
            x = stream.inputs_of(data, len(self.input_names))
            logs = {"batch": index, "size": stream.size_of(x)}
            callbacks._call_batch_hook("predict", "begin", index, logs)
            found.append(to_list(predict(x)))
            callbacks._call_batch_hook("predict", "end", index, {**logs, "outputs": found[-1]})
            if bar is not None:
                bar.update(index + 1)
        if not found:
            raise ValueError("There was no batch to predict on.")
        callbacks._call_end_hook("predict")
        return unpack_singleton([np.concatenate(outputs) for outputs in zip(*found)])


def _checked(data):
    """A batch to train or test on, `(x, y)` or `(x, y, sample_weights)`."""
    if not (isinstance(data, (tuple, list)) and len(data) in (2, 3)):
        raise wrong_batch(data)
    return data
