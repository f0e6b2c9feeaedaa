"""What every callback is, and the list that `fit` calls them through."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..utils.warn import warn


def per_slice(hook: Callable) -> Any:
    """Marks a batch hook that may be called once for a run of batches, with the logs of them all.

    Such hooks read `size` as a number of samples and values as means over these samples. As long as a
    training has no other batch hooks, its batches run in the core without a return to Python between them.
    """
    hook.per_slice = True
    return hook


class BatchLogs(dict):
    """The logs of a run of batches, with the loss of each and its number of samples.

    Examples
    --------
    >>> BatchLogs(size=3)["size"]
    3
    """

    losses: Any = None
    sizes: Any = None


class Callback:
    """Base class of callbacks: override the hooks you need.

    Attributes
    ----------
    params : dict
        Parameters of the run: `batch_size`, `epochs`, `steps`, `samples`, `verbose`, `do_validation`,
        `metrics`.
    model : Model
        The model being trained, evaluated or used for prediction.

    Examples
    --------
    >>> class Losses(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, logs["loss"])
    >>> Losses().on_epoch_end(3, {"loss": 0.5})
    3 0.5
    """

    def __init__(self) -> None:
        self.validation_data = None
        self.model = None

    def set_params(self, params: dict) -> None:
        """Receives the parameters of the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Receives the model."""
        self.model = model

    def get_state(self) -> dict:
        """What has to be kept for the callback to go on after an interruption: see `BackupAndRestore`.

        Returns
        -------
        dict
            Arrays, numbers, text, and lists and dictionaries of these.
        """
        return {}

    def set_state(self, state: dict) -> None:
        """Takes what `get_state` returned; called after `on_train_begin`."""

    def on_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """The older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """The older name of `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Called before an epoch of training; `epoch` counts from 0."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Called after an epoch, with its results; those of validation have the prefix `val_`."""

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Called before a training batch; `logs` holds `batch` and `size`."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Called after a training batch; `logs` holds `batch`, `size` and the results."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Called before a batch of `evaluate` or of a validation within `fit`."""

    def on_test_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Called after a batch of `evaluate` or of a validation within `fit`."""

    def on_predict_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Called before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Called after a batch of `predict`; `logs["outputs"]` holds its outputs."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Called before the first epoch."""

    def on_train_end(self, logs: dict | None = None) -> None:
        """Called after the last epoch."""

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Called before an evaluation or validation."""

    def on_test_end(self, logs: dict | None = None) -> None:
        """Called after an evaluation or validation."""

    def on_predict_begin(self, logs: dict | None = None) -> None:
        """Called before a prediction."""

    def on_predict_end(self, logs: dict | None = None) -> None:
        """Called after a prediction."""


# The default `on_train_batch_*` do nothing but call `on_batch_*`.
_DEFAULT_HOOKS = {hook for name, hook in vars(Callback).items() if name.startswith("on_") and "batch" in name}


class CallbackList:
    """Calls a list of callbacks as if it were one.

    Parameters
    ----------
    callbacks : list of Callback, optional
        The callbacks, in the order of their calls.
    queue_length : int
        Number of recent calls over which the time spent in batch hooks is watched.

    Examples
    --------
    >>> len(list(CallbackList([Callback(), Callback()])))
    2
    """

    def __init__(self, callbacks: Iterable[Callback] | None = None, queue_length: int = 10) -> None:
        self.callbacks, self._keepers = [], []  # keepers: those that back the training up
        self._watching = {}  # of each mode, those that do something round a batch
        for callback in callbacks or ():
            self.append(callback)
        self.queue_length = queue_length
        self.params = {}
        self.model = None
        self._t_enter_batch = None
        self._reset_batch_timing()

    def _reset_batch_timing(self):
        self._delta_t_batch = 0.0
        self._delta_ts = defaultdict(lambda: deque(maxlen=self.queue_length))

    def append(self, callback: Callback) -> None:
        """Adds a callback at the end."""
        self.callbacks.append(callback)
        self._watching.clear()
        if hasattr(callback, "batches_to_go"):
            self._keepers.append(callback)

    def set_params(self, params: dict) -> None:
        """Hands the parameters of the run to all."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Hands the model to all."""
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def needs_every_batch(self, mode: str) -> bool:
        """Whether a callback wants to be called round every batch of "train", "test" or "predict"."""
        names = [f"on_{mode}_batch_begin", f"on_{mode}_batch_end"]
        if mode == "train":
            names += ["on_batch_begin", "on_batch_end"]
        every, watching = False, []
        for callback in self.callbacks:
            hooks = [getattr(callback, name) for name in names]
            hooks = [hook for hook in hooks if getattr(hook, "__func__", hook) not in _DEFAULT_HOOKS]
            if hooks:
                watching.append(callback)
                every = every or not all(getattr(hook, "per_slice", False) for hook in hooks)
        self._watching[mode] = watching
        return every

    def _call_batch_hook(self, mode, hook, batch, logs=None):
        if not self.callbacks:
            return
        hook_name = f"on_{mode}_batch_{hook}"
        if hook == "end" and self._t_enter_batch is not None:
            self._delta_t_batch = time.time() - self._t_enter_batch
        logs = logs or {}
        start = time.time()
        for callback in self._watching.get(mode, self.callbacks):
            getattr(callback, hook_name)(batch, logs)
        end = time.time()
        self._delta_ts[hook_name].append(end - start)
        # A tenth of a second is worth a word only where it is more than the batch itself takes.
        if end - start > 0.1 and self._delta_t_batch > 0.0:
            median = np.median(self._delta_ts[hook_name])
            if median > 0.95 * self._delta_t_batch and median > 0.1:
                warn(
                    f"The callbacks' {hook_name} take {median:.6f} seconds, more than the batch itself.",
                    RuntimeWarning,
                )
        if hook == "begin":
            self._t_enter_batch = time.time()

    def resume(self) -> None:
        """Puts the training where a backup has it."""
        for callback in self._keepers:
            callback.resume(self)

    def batches_to_go(self, most: int) -> int:
        """How many batches may run until a callback backs the training up."""
        for keeper in self._keepers:
            most = min(most, keeper.batches_to_go() or most)
        return most

    def after_batches(self, count: int) -> None:
        """Tells those that back the training up that all callbacks have seen another `count` batches."""
        for callback in self._keepers:
            callback.after_batches(self, count)

    def after_epoch(self) -> None:
        """Tells those that back the training up that all callbacks have seen the end of an epoch."""
        for callback in self._keepers:
            callback.after_epoch(self)

    def validation_bar(self, target: int | None) -> Any:
        """The bar for a validation within `fit`, where a callback shows one."""
        for callback in self.callbacks:
            if hasattr(callback, "validation_bar"):
                return callback.validation_bar(target)
        return None

    def _call_begin_hook(self, mode):
        getattr(self, f"on_{mode}_begin")()

    def _call_end_hook(self, mode):
        getattr(self, f"on_{mode}_end")()

    def on_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """The older name of `on_train_batch_begin`."""
        self._call_batch_hook("train", "begin", batch, logs=logs)

    def on_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """The older name of `on_train_batch_end`."""
        self._call_batch_hook("train", "end", batch, logs=logs)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Calls all callbacks before an epoch of training."""
        self._each("on_epoch_begin", epoch, {} if logs is None else logs)
        self._reset_batch_timing()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Calls all callbacks after an epoch; what one adds to `logs`, the next can read."""
        self._each("on_epoch_end", epoch, {} if logs is None else logs)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Calls all callbacks before a training batch."""
        self._call_batch_hook("train", "begin", batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Calls all callbacks after a training batch."""
        self._call_batch_hook("train", "end", batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Calls all callbacks before a batch of an evaluation."""
        self._call_batch_hook("test", "begin", batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Calls all callbacks after a batch of an evaluation."""
        self._call_batch_hook("test", "end", batch, logs=logs)

    def on_predict_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Calls all callbacks before a batch of a prediction."""
        self._call_batch_hook("predict", "begin", batch, logs=logs)

    def on_predict_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Calls all callbacks after a batch of a prediction."""
        self._call_batch_hook("predict", "end", batch, logs=logs)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Calls all callbacks before a training."""
        self._each("on_train_begin", logs)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Calls all callbacks after a training."""
        self._each("on_train_end", logs)

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Calls all callbacks before an evaluation."""
        self._each("on_test_begin", logs)

    def on_test_end(self, logs: dict | None = None) -> None:
        """Calls all callbacks after an evaluation."""
        self._each("on_test_end", logs)

    def on_predict_begin(self, logs: dict | None = None) -> None:
        """Calls all callbacks before a prediction."""
        self._each("on_predict_begin", logs)

    def on_predict_end(self, logs: dict | None = None) -> None:
        """Calls all callbacks after a prediction."""
        self._each("on_predict_end", logs)

    def _each(self, hook, *args):
        for callback in self.callbacks:
            getattr(callback, hook)(*args)

    def __iter__(self) -> Iterator[Callback]:
        return iter(self.callbacks)
