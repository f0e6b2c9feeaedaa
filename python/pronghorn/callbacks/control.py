"""Callbacks that steer a training: stop it, or change the learning rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend as K
from ..engine.not_finite import find_not_finite
from ..utils.warn import warn
from .base import Callback


class TerminateOnNaN(Callback):
    """Stops a training as soon as the loss of a batch is not a finite number.

    Parameters
    ----------
    find_layer : bool
        Whether to say what was not finite first: the data, a weight, or the output of which layer. This keeps
        a copy of the weights at each batch.

    Examples
    --------
    >>> TerminateOnNaN().on_batch_end(0, {"loss": 1.0})
    """

    def __init__(self, find_layer: bool = False) -> None:
        super().__init__()
        self.find_layer = find_layer
        if find_layer:
            self.on_train_batch_begin = self._keep_weights

    def _keep_weights(self, batch, logs=None):
        self._weights = self.model.get_weights()
        self.on_batch_begin(batch, logs)

    def on_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Looks at the loss of the batch."""
        loss = (logs or {}).get("loss")
        if loss is not None and not np.all(np.isfinite(loss)):
            print(f"Batch {batch}: Invalid loss, terminating training")
            if self.find_layer:
                print(f"Batch {batch}: {self._find()}")
            self.model.stop_training = True

    def _find(self):
        after = self.model.get_weights()
        self.model.set_weights(self._weights)
        try:
            return find_not_finite(self.model, *self.model._progress.batch_data())
        finally:
            self.model.set_weights(after)


class EarlyStopping(Callback):
    """Stops a training once a value has stopped improving.

    Parameters
    ----------
    monitor : str
        Name of the value, as in the history.
    min_delta : float
        Least change that counts as an improvement.
    patience : int
        Number of epochs without improvement after which the training stops.
    verbose : int
        Whether to say so.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" takes higher for names with "acc".
    baseline : float, optional
        A value that the first epochs have to better.
    restore_best_weights : bool
        Whether to go back to the weights of the best epoch.

    Examples
    --------
    >>> EarlyStopping(monitor="val_accuracy", patience=3).patience
    3
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self.baseline = baseline
        self.patience = patience
        self.verbose = verbose
        self.wait = 0
        self.stopped_epoch = 0
        self.restore_best_weights = restore_best_weights
        self.best_weights = None
        mode = checked_mode("EarlyStopping", mode)
        higher = mode == "max" or (mode == "auto" and "acc" in monitor)
        self.monitor_op = np.greater if higher else np.less
        self.min_delta = min_delta if higher else -min_delta

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Starts afresh, so that an instance can be used again."""
        self.wait = 0
        self.stopped_epoch = 0
        self.best_weights = None
        if self.baseline is not None:
            self.best = self.baseline
        else:
            self.best = np.inf if self.monitor_op == np.less else -np.inf

    def get_state(self) -> dict:
        """The best value so far, its weights, and how long ago it was."""
        return {
            "best": self.best,
            "best_weights": self.best_weights,
            "wait": self.wait,
            "stopped_epoch": self.stopped_epoch,
        }

    def set_state(self, state: dict) -> None:
        """Takes what `get_state` returned."""
        self.__dict__.update(state)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Compares the value with the best one so far."""
        current = self.get_monitor_value(logs)
        if current is None:
            return
        if self.monitor_op(current - self.min_delta, self.best):
            self.best = current
            self.wait = 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            # No epoch may have been better than the baseline: then there is nothing to go back to.
            if self.restore_best_weights and self.best_weights is not None:
                if self.verbose > 0:
                    print("Restoring model weights from the end of the best epoch")
                self.model.set_weights(self.best_weights)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Says when the training was stopped."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1:05d}: early stopping")

    def get_monitor_value(self, logs: dict | None) -> Any:
        """The monitored value of an epoch; None, with a warning, where there is none."""
        return monitored(self.monitor, logs, "Early stopping conditioned on")


class LearningRateScheduler(Callback):
    """Sets the learning rate of each epoch by a function.

    Parameters
    ----------
    schedule : callable
        Function of the epoch (from 0) and the current learning rate, or of the epoch alone, to the new
        learning rate.
    verbose : int
        Whether to print each change.

    Examples
    --------
    >>> LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch)).schedule(1)
    0.05
    """

    def __init__(self, schedule: Callable, verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Sets the learning rate."""
        if not hasattr(self.model.optimizer, "lr"):
            raise ValueError('Optimizer must have a "lr" attribute.')
        lr = float(K.get_value(self.model.optimizer.lr))
        try:
            lr = self.schedule(epoch, lr)
        except TypeError:  # a schedule of the epoch alone
            lr = self.schedule(epoch)
        if not isinstance(lr, (float, np.float32, np.float64)):
            raise ValueError(f'The output of the "schedule" function should be float, but got {lr!r}.')
        K.set_value(self.model.optimizer.lr, lr)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: LearningRateScheduler setting learning rate to {lr}.")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Adds the learning rate to the results."""
        if logs is not None:
            logs["lr"] = K.get_value(self.model.optimizer.lr)


class ReduceLROnPlateau(Callback):
    """Reduces the learning rate once a value has stopped improving.

    Parameters
    ----------
    monitor : str
        Name of the value, as in the history.
    factor : float
        What the learning rate is multiplied by; below 1.
    patience : int
        Number of epochs without improvement after which the learning rate is reduced.
    verbose : int
        Whether to say so.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" takes higher for names with "acc".
    min_delta : float
        Least change that counts as an improvement.
    cooldown : int
        Number of epochs after a reduction before the value is watched again.
    min_lr : float
        The learning rate is not reduced below this.

    Examples
    --------
    >>> ReduceLROnPlateau(factor=0.5).in_cooldown()
    False
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau does not support a factor >= 1.0; got {factor}.")
        if "epsilon" in kwargs:
            min_delta = kwargs.pop("epsilon")
            warn("The `epsilon` argument is deprecated; use `min_delta`.")
        if kwargs:
            raise TypeError(f"ReduceLROnPlateau got unexpected arguments: {sorted(kwargs)}")
        self.monitor = monitor
        self.factor = factor
        self.min_lr = min_lr
        self.min_delta = min_delta
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.mode = checked_mode("ReduceLROnPlateau", mode)
        self._reset()

    def _reset(self):
        self.higher = self.mode == "max" or (self.mode == "auto" and "acc" in self.monitor)
        self.best = -np.inf if self.higher else np.inf
        self.cooldown_counter = 0
        self.wait = 0

    def monitor_op(self, current: Any, best: Any) -> Any:
        """Whether `current` is better than `best` by more than `min_delta`."""
        return current > best + self.min_delta if self.higher else current < best - self.min_delta

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Starts afresh, so that an instance can be used again."""
        self._reset()

    def get_state(self) -> dict:
        """The best value so far, and the counters."""
        return {"best": self.best, "wait": self.wait, "cooldown_counter": self.cooldown_counter}

    def set_state(self, state: dict) -> None:
        """Takes what `get_state` returned."""
        self.__dict__.update(state)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Watches the value and reduces the learning rate where it is time to."""
        logs = {} if logs is None else logs
        logs["lr"] = K.get_value(self.model.optimizer.lr)
        current = monitored(self.monitor, logs, "Reduce LR on plateau conditioned on")
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.monitor_op(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch):
        old = float(K.get_value(self.model.optimizer.lr))
        if old > self.min_lr:
            new = max(old * self.factor, self.min_lr)
            K.set_value(self.model.optimizer.lr, new)
            if self.verbose > 0:
                print(f"\nEpoch {epoch + 1:05d}: ReduceLROnPlateau reducing learning rate to {new}.")
            self.cooldown_counter = self.cooldown
            self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether a recent reduction is still to take effect."""
        return self.cooldown_counter > 0


def checked_mode(name: str | None, mode: str) -> Any:
    """`mode`, or "auto" with a warning where it is none of "auto", "min" and "max"."""
    if mode in ("auto", "min", "max"):
        return mode
    warn(f"{name} mode {mode} is unknown, fallback to auto mode.", RuntimeWarning)
    return "auto"


def monitored(name: str | None, logs: dict | None, subject: str) -> Any:
    """The value `name` in the results of an epoch; None, with a warning, where there is none."""
    value = (logs or {}).get(name)
    if value is None:
        warn(
            f"{subject} metric `{name}` which is not available. Available metrics are: "
            f"{','.join(logs or ())}",
            RuntimeWarning,
        )
    return value
