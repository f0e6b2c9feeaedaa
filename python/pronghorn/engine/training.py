"""Models: networks that can be trained, evaluated and used for prediction."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..utils.generic_utils import slice_arrays, unpack_singleton
from ..utils.warn import warn
from . import training_arrays, training_utils
from .batch_methods import BatchMethods
from .batch_streams import SameData
from .compiling import CompileMethods
from .disk_batches import array_batches
from .feeding import FeedMethods
from .network import Network
from .registry import register
from .step_methods import StepMethods
from .tracing import PREDICT, TEST, TRAIN
from .training_generator import GeneratorMethods
from .validation import ArrayValidation, StepValidation, Validation, open_validation


@register
class Model(StepMethods, BatchMethods, CompileMethods, FeedMethods, GeneratorMethods, Network):
    """A network with the methods of training: `compile`, `fit`, `evaluate`, `predict` and their like.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn.layers import Dense, Input
    >>> x = Input((3,))
    >>> model = Model(x, Dense(1)(x))
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=2, verbose=0)
    >>> sorted(history.history)
    ['loss']
    """

    stop_training = False
    callback_model = None

    def __setattr__(self, name, value):
        if name in ("history", "stop_training"):  # set by every training; nothing compiled depends on them
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def _callback_model(self):
        return self.callback_model or self

    _get_callback_model = _callback_model

    # --- fit, evaluate, predict

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = 1,
        callbacks: list | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: dict | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_freq: Any = 1,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Trains the model for a number of epochs.

        Parameters
        ----------
        x, y : array, list or dict of arrays
            Inputs and targets. `x` may also be a generator or `Sequence` of batches; there is no `y` then.
        batch_size : int, optional
            Rows per gradient update; 32 by default.
        epochs : int
            Index of the last epoch, from 1.
        verbose : {0, 1, 2, "auto"}
            Silent, a progress bar, a line per epoch; "auto" is the bar.
        callbacks : list of Callback, optional
            Called as training goes on.
        validation_split : float
            Share of the rows, the last ones, that is kept for validation.
        validation_data : tuple, optional
            `(x, y)` or `(x, y, sample_weights)` to validate on after each epoch.
        shuffle : bool or "batch"
            Whether to take the rows in a new order in each epoch; "batch" shuffles whole batches.
        class_weight : dict, optional
            From class index to the weight of its samples' losses.
        sample_weight : array, optional
            Weights of the samples' losses.
        initial_epoch : int
            Epoch to start at, from 0.
        steps_per_epoch, validation_steps : int, optional
            Number of batches to take from generators.
        validation_freq : int or container
            Validate after every so many epochs, or after the epochs named.
        max_queue_size, workers, use_multiprocessing
            How generators are run.

        Returns
        -------
        History
            Its `history` holds the results of each epoch by name.

        Examples
        --------
        >>> from pronghorn.layers import Dense
        >>> from pronghorn.models import Sequential
        >>> model = Sequential([Dense(1, input_shape=(2,))])
        >>> model.compile("adam", "mse", metrics=["mae"])
        >>> x = np.random.rand(100, 2)
        >>> history = model.fit(x, x.sum(axis=1), epochs=3, validation_split=0.1, verbose=0)
        >>> len(history.history["val_mae"])
        3
        """
        if "nb_epoch" in kwargs:
            warn("The `nb_epoch` argument in `fit` has been renamed `epochs`.")
            epochs = kwargs.pop("nb_epoch")
        if kwargs:
            raise TypeError(f"Unrecognized keyword arguments: {kwargs}")
        if x is None and y is None and steps_per_epoch is None:
            raise ValueError(
                "If fitting from data tensors, you should specify the `steps_per_epoch` argument; "
                "to fit on arrays, pass `x` and `y`."
            )
        self._assert_compiled()
        verbose = 1 if verbose == "auto" else verbose
        batch_size = self._validate_or_infer_batch_size(batch_size, steps_per_epoch, x)
        options = {
            "epochs": epochs,
            "verbose": verbose,
            "callbacks": callbacks,
            "initial_epoch": initial_epoch,
        }
        how = {
            "workers": workers,
            "max_queue_size": max_queue_size,
            "use_multiprocessing": use_multiprocessing,
        }
        if training_utils.is_generator_or_sequence(x):
            training_utils.check_generator_arguments(y, sample_weight, validation_split=validation_split)
            return self.fit_generator(
                x,
                steps_per_epoch=steps_per_epoch,
                validation_data=validation_data,
                validation_steps=validation_steps,
                validation_freq=validation_freq,
                class_weight=class_weight,
                shuffle=shuffle,
                **options,
                **how,
            )
        training_utils.check_steps(x, steps_per_epoch, "steps_per_epoch")
        if steps_per_epoch is not None:
            training_utils.check_num_samples([x], batch_size, steps_per_epoch, "steps_per_epoch")
        elif validation_steps and not training_utils.is_generator_or_sequence(validation_data):
            raise ValueError(
                "Can only use `validation_steps` when doing step-wise training, i.e. `steps_per_epoch` "
                "must be set."
            )
        data = self._standardize_user_data(
            x, y, sample_weight=sample_weight, class_weight=class_weight, batch_size=batch_size
        )
        if steps_per_epoch is not None:
            if validation_split:
                raise ValueError(
                    "If your data is in the form of symbolic tensors, or trained on as a whole in each step, "
                    "you cannot use `validation_split`."
                )
            with self._step_validation(data, validation_data, validation_steps, how) as validation:
                return self._train_on(
                    SameData(data, steps_per_epoch),
                    lambda data: self._on_batch(TRAIN, data, reset_metrics=False),
                    validation,
                    options,
                    validation_freq,
                )
        if not validation_data and validation_split:
            data, held_out = _split(data, validation_split)
            validation = ArrayValidation(self, held_out)
        else:
            validation = open_validation(self, validation_data, validation_steps, batch_size, how)
        with validation, array_batches(self, TRAIN, *data, batch_size) as batches:
            return training_arrays.fit_loop(
                self,
                batches,
                validation,
                shuffle=shuffle,
                validation_freq=validation_freq,
                **options,
            )

    def _step_validation(self, data, validation_data, validation_steps, how):
        """Validation of a training that takes the same data in every step."""
        if training_utils.is_generator_or_sequence(validation_data):
            return open_validation(self, validation_data, validation_steps, None, how)
        if validation_data and not validation_steps:
            raise ValueError(
                "Must specify `validation_steps` to perform validation when doing step-wise training."
            )
        if not validation_steps:
            return Validation()
        if validation_data:
            data = self._validation_arrays(validation_data, None)
        return StepValidation(self, data, validation_steps)

    def _validation_arrays(self, validation_data, batch_size):
        if len(validation_data) not in (2, 3):
            raise ValueError(
                "When passing validation_data, it must contain 2 (x_val, y_val) or 3 (x_val, y_val, "
                f"val_sample_weights) items, however it contains {len(validation_data)} items"
            )
        x, y, *rest = validation_data
        return self._standardize_user_data(
            x, y, sample_weight=rest[0] if rest else None, batch_size=batch_size
        )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = 1,
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: list | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> Any:
        """Computes loss and metrics on data.

        Parameters are those of `fit`; `steps` is the number of batches to take from a generator.

        Returns
        -------
        float, or list of float where there are metrics or several outputs
            In the order of `metrics_names`.

        Examples
        --------
        >>> from pronghorn.layers import Activation
        >>> from pronghorn.models import Sequential
        >>> model = Sequential([Activation("linear", input_shape=(1,))])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> model.evaluate(np.array([1.0, 3.0]), np.array([1.0, 1.0]), verbose=0)
        [2.0, 1.0]
        """
        self._assert_compiled()
        verbose = 1 if verbose == "auto" else verbose
        batch_size = self._validate_or_infer_batch_size(batch_size, steps, x)
        if training_utils.is_generator_or_sequence(x):
            training_utils.check_generator_arguments(y, sample_weight)
            return self.evaluate_generator(
                x,
                steps=steps,
                verbose=verbose,
                callbacks=callbacks,
                max_queue_size=max_queue_size,
                workers=workers,
                use_multiprocessing=use_multiprocessing,
            )
        if x is None and y is None and steps is None:
            raise ValueError(
                "If evaluating from data tensors, you should specify the `steps` argument; "
                "to evaluate on arrays, pass `x` and `y`."
            )
        training_utils.check_steps(x, steps, "steps")
        if steps is not None:
            training_utils.check_num_samples([x], batch_size, steps)
        data = self._standardize_user_data(x, y, sample_weight=sample_weight, batch_size=batch_size)
        if steps is not None:
            return unpack_singleton(self._evaluate_steps(SameData(data, steps), verbose, callbacks))
        with array_batches(self, TEST, *data, batch_size) as batches:
            return unpack_singleton(
                training_arrays.evaluate_loop(self, batches, verbose=verbose, callbacks=callbacks)
            )

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = 0,
        steps: int | None = None,
        callbacks: list | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> Any:
        """Computes the outputs for data.

        Parameters
        ----------
        x : array, list or dict of arrays, generator or Sequence
            Inputs.
        batch_size : int, optional
            Rows computed at once; 32 by default.
        verbose : {0, 1, "auto"}
            Whether to show a progress bar.
        steps : int, optional
            Number of batches to take from a generator.
        callbacks : list of Callback, optional
            Called as prediction goes on.

        Returns
        -------
        array, or list of arrays where the model has several outputs

        Examples
        --------
        >>> from pronghorn.layers import Activation
        >>> from pronghorn.models import Sequential
        >>> Sequential([Activation("relu", input_shape=(2,))]).predict(np.array([[-1.0, 2.0]]))
        array([[0., 2.]], dtype=float32)
        """
        if callbacks is None and not verbose and steps is None and batch_size is None:
            step = self._quick_step(PREDICT, x)
            if step is not None:
                return unpack_singleton(step.run((x,)))
        verbose = 1 if verbose == "auto" else verbose
        batch_size = self._validate_or_infer_batch_size(batch_size, steps, x)
        if training_utils.is_generator_or_sequence(x):
            return self.predict_generator(
                x,
                steps=steps,
                verbose=verbose,
                callbacks=callbacks,
                max_queue_size=max_queue_size,
                workers=workers,
                use_multiprocessing=use_multiprocessing,
            )
        if x is None and steps is None:
            raise ValueError(
                "If predicting from data tensors, you should specify the `steps` argument; "
                "to predict on arrays, pass `x`."
            )
        training_utils.check_steps(x, steps, "steps")
        if steps is not None:
            training_utils.check_num_samples([x], batch_size, steps)
        inputs, _, _ = self._standardize_user_data(x, needs_targets=False)
        if steps is not None:
            return self._predict_on(
                SameData((inputs, [], []), steps),
                verbose,
                callbacks,
                lambda data: unpack_singleton(self._run_batch(PREDICT, data)),
            )
        rows = len(inputs[0])
        if self.stateful and rows > batch_size and rows % batch_size != 0:
            raise ValueError(
                "In a stateful network, you should only pass inputs with a number of samples that can be "
                f"divided by the batch size. Found: {rows} samples. Batch size: {batch_size}."
            )
        with array_batches(self, PREDICT, inputs, [], [], batch_size) as batches:
            result = training_arrays.predict_loop(self, batches, verbose=verbose, callbacks=callbacks)
        if rows <= min(batch_size, 32) and type(x) is np.ndarray and x.shape == inputs[0].shape:
            self._quick[self._quick_key(PREDICT, x)] = batches.step
        return result


def _split(data, share):
    """Rows to train on, and the last ones, to validate on."""
    if not 0.0 < share < 1.0:
        raise ValueError(f"`validation_split` should be between 0 and 1; got {share}.")
    rows = len(data[0][0])
    at = int(rows * (1.0 - share))
    if at in (0, rows):
        raise ValueError(
            f"validation_split={share} of {rows} samples leaves {at} to train on and {rows - at} to validate "
            "on; there have to be some of both."
        )
    return [slice_arrays(group, 0, at) for group in data], [slice_arrays(group, at) for group in data]
