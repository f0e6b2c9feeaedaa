"""Callbacks that watch a training and write down what they see."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..utils.progbar import NoteBar, Progbar
from ..utils.warn import warn
from .base import Callback, per_slice


class BaseLogger(Callback):
    """Gathers the results of batches into those of the epoch; every `fit` has one, before all other
    callbacks. It warns of the first loss that is not a number.

    Parameters
    ----------
    stateful_metrics : iterable of str, optional
        Names of values taken as they are after the last batch; all others are averaged over the samples.

    Examples
    --------
    >>> logger = BaseLogger()
    >>> logger.set_params({"metrics": ["loss"]})
    >>> logger.on_epoch_begin(0)
    >>> logger.on_batch_end(0, {"size": 3, "loss": 1.0})
    >>> logger.on_batch_end(1, {"size": 1, "loss": 0.0})
    >>> logs = {}
    >>> logger.on_epoch_end(0, logs)
    >>> logs
    {'loss': 0.75}
    """

    def __init__(self, stateful_metrics: Iterable[str] | None = None) -> None:
        super().__init__()
        self.stateful_metrics = set(stateful_metrics or ())
        self.warns = True

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Starts the sums afresh."""
        self.epoch = epoch
        self.seen = 0
        self.totals = {}

    @per_slice
    def on_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Adds the results of a batch."""
        logs = logs or {}
        size = logs.get("size", 0)
        self.seen += size
        for name, value in logs.items():
            if name in self.stateful_metrics:
                self.totals[name] = value
            elif name == "loss" and getattr(logs, "losses", None) is not None:
                # Batch by batch, so that the sum has the same bits however the batches are run.
                total = self.totals.get(name, 0.0)
                for loss, count in zip(logs.losses, logs.sizes):
                    total += loss * count
                self.totals[name] = total
            else:
                self.totals[name] = self.totals.get(name, 0) + value * size
        total = self.totals.get("loss")
        if self.warns and isinstance(total, float) and not math.isfinite(total):
            self.warns = False
            self._warn(batch, logs)

    def _warn(self, batch, logs):
        losses = getattr(logs, "losses", None) or [logs["loss"]]
        index = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), 0)
        warn(
            f"The loss became {losses[index]} at batch {batch - len(losses) + 1 + index} of epoch "
            f"{self.epoch + 1} (batches count from 0, epochs from 1). The callback TerminateOnNaN() stops a "
            "training there, and TerminateOnNaN(find_layer=True) says which layer made it.",
            RuntimeWarning,
        )

    def get_state(self) -> dict:
        """The sums so far."""
        return {"seen": self.seen, "totals": self.totals}

    def set_state(self, state: dict) -> None:
        """Takes what `get_state` returned."""
        self.seen, self.totals = state["seen"], state["totals"]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Puts the results of the epoch into `logs`, for the callbacks that follow."""
        if logs is None:
            return
        for name in self.params["metrics"]:
            if name in self.totals:
                total = self.totals[name]
                logs[name] = total if name in self.stateful_metrics else total / self.seen


class ProgbarLogger(Callback):
    """Shows the progress bar of `fit`.

    Parameters
    ----------
    count_mode : {"samples", "steps"}
        What the bar counts.
    stateful_metrics : iterable of str, optional
        Names of values shown as they are; all others are averaged over the epoch.

    Examples
    --------
    >>> ProgbarLogger(count_mode="steps").use_steps
    True
    """

    def __init__(self, count_mode: str = "samples", stateful_metrics: Iterable[str] | None = None) -> None:
        super().__init__()
        if count_mode not in ("samples", "steps"):
            raise ValueError(f'Unknown `count_mode`: {count_mode}; expected "samples" or "steps".')
        self.use_steps = count_mode == "steps"
        self.stateful_metrics = set(stateful_metrics or ())

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Reads the verbosity and the number of epochs."""
        self.verbose = self.params["verbose"]
        self.epochs = self.params["epochs"]

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Starts a new bar."""
        self.seen = 0
        self.log_values = []
        self.target = self.params["steps" if self.use_steps else "samples"]
        if self.verbose:
            print(f"Epoch {epoch + 1}/{self.epochs}")
            self.progbar = Progbar(self.target, verbose=self.verbose, stateful_metrics=self.stateful_metrics)

    @per_slice
    def on_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Forgets the values of the batch before."""
        if self.target is None or self.seen < self.target:
            self.log_values = []

    @per_slice
    def on_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Moves the bar on; the last batch is left to `on_epoch_end`, which knows the validation too."""
        logs = logs or {}
        self.seen += logs.get("num_steps", 1) if self.use_steps else logs.get("size", 0)
        self.log_values += [(name, logs[name]) for name in self.params["metrics"] if name in logs]
        if self.verbose and (self.target is None or self.seen < self.target):
            self.progbar.update(self.seen, self.log_values)

    def validation_bar(self, target: int | None) -> Any:
        """What shows the progress of the validation of `target` units; None where nothing is to be shown."""
        return NoteBar(self.progbar, self.seen, "validation", target) if self.verbose == 1 else None

    def get_state(self) -> dict:
        """How far the bar is."""
        if not self.verbose or not hasattr(self, "progbar"):
            return {}
        return {"seen": self.seen, "values": self.progbar.values()}

    def set_state(self, state: dict) -> None:
        """Moves the bar on."""
        if state and hasattr(self, "progbar"):
            self.seen = state["seen"]
            self.progbar.go_on(state["seen"], state["values"])

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Fills the bar."""
        logs = logs or {}
        self.log_values += [(name, logs[name]) for name in self.params["metrics"] if name in logs]
        if self.verbose:
            if self.target is None:
                self.progbar.target = self.seen
            self.progbar.update(self.seen, self.log_values)


class History(Callback):
    """Keeps the results of every epoch; `fit` returns one.

    Examples
    --------
    >>> history = History()
    >>> history.on_train_begin()
    >>> history.on_epoch_end(0, {"loss": 0.5})
    >>> history.epoch, history.history
    ([0], {'loss': [0.5]})
    """

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Starts afresh."""
        self.epoch = []
        self.history = {}

    def plot(self, names: list[str] | None = None, axes: Any = None) -> Any:
        """Draws the results over the epochs; needs matplotlib.

        Parameters
        ----------
        names : list of str, optional
            What to draw, without the prefix `val_`; everything by default.
        axes : matplotlib axes or sequence of them, optional
            Where to draw, one per name; a new figure where it is None.

        Returns
        -------
        array of matplotlib axes
            The figure is the current one: `plt.show()` shows it, `plt.savefig("training.png")` keeps it.
        """
        from ..utils.history_plot import plot_history

        return plot_history(self.history, self.epoch, names, axes)

    def get_state(self) -> dict:
        """All that is kept."""
        return {"epoch": self.epoch, "history": self.history}

    def set_state(self, state: dict) -> None:
        """Takes what `get_state` returned."""
        self.epoch, self.history = state["epoch"], state["history"]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Appends the results of an epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class CSVLogger(Callback):
    """Writes a line per epoch to a file of comma-separated values.

    Parameters
    ----------
    filename : str or path
        The file.
    separator : str
        What stands between two values.
    append : bool
        Whether to go on in a file that exists, writing no second header; otherwise it is overwritten.

    Examples
    --------
    >>> CSVLogger("log.csv", separator=";").sep
    ';'
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.sep = separator
        self.filename = filename
        self.file_flags = ""
        self.append = append
        self.writer = None
        self.keys = None
        self.append_header = True
        self.csv_file = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Looks whether the file needs a header; it is opened for the first line."""
        if self.append and os.path.exists(self.filename):
            with open(self.filename) as file:
                self.append_header = not file.readline()

    def _open(self, mode):
        self.csv_file = open(self.filename, mode, newline="\n")  # noqa: SIM115

    def get_state(self) -> dict:
        """How long the file is, and what its columns are."""
        if self.csv_file is None or self.csv_file.closed:
            return {"length": None}
        os.fsync(self.csv_file.fileno())
        return {"length": os.path.getsize(self.filename), "keys": self.keys}

    def set_state(self, state: dict) -> None:
        """Goes on in the file, without the lines that were written after the backup."""
        if state["length"] is None or not os.path.exists(self.filename):
            return
        self._open("r+")
        self.csv_file.truncate(min(state["length"], os.path.getsize(self.filename)))
        self.csv_file.seek(0, os.SEEK_END)
        self.keys, self.append_header = state["keys"], False

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Writes the results of an epoch."""
        logs = logs or {}
        if self.csv_file is None or self.csv_file.closed:
            self._open("a" if self.append else "w")
        if self.keys is None:
            self.keys = sorted(logs)
        if self.model.stop_training:  # a training that was stopped early may lack the validation's values
            logs = {key: logs.get(key, "NA") for key in self.keys}
        if self.writer is None:
            self.writer = csv.DictWriter(self.csv_file, ["epoch", *self.keys], delimiter=self.sep)
            if self.append_header:
                self.writer.writeheader()
        self.writer.writerow({"epoch": epoch, **{key: _cell(logs.get(key, "NA")) for key in self.keys}})
        self.csv_file.flush()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Closes the file."""
        if self.csv_file is not None:
            self.csv_file.close()
        self.writer = None

    def __del__(self):
        if getattr(self, "csv_file", None) is not None and not self.csv_file.closed:
            self.csv_file.close()


def _cell(value):
    if isinstance(value, str) or np.ndim(value) == 0:
        return value
    return f'"[{", ".join(map(str, value))}]"'


class LambdaCallback(Callback):
    """A callback made of functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : callable, optional
        Functions of `(epoch, logs)`.
    on_batch_begin, on_batch_end : callable, optional
        Functions of `(batch, logs)`.
    on_train_begin, on_train_end : callable, optional
        Functions of `(logs)`.
    **kwargs
        Any other hook of `Callback` by its name, or any attribute.

    Examples
    --------
    >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print("epoch", epoch))
    >>> callback.on_epoch_end(0, {})
    epoch 0
    """

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_batch_begin: Callable | None = None,
        on_batch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_batch_begin": on_batch_begin,
            "on_batch_end": on_batch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
        }
        self.__dict__.update(kwargs)
        # A hook that is not given stays the base class's, so that it costs a training nothing.
        self.__dict__.update({name: hook for name, hook in hooks.items() if hook is not None})

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Calls `on_batch_begin`, positionally."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Calls `on_batch_end`, positionally."""
        self.on_batch_end(batch, logs)

    on_train_batch_begin.per_slice = True
    on_train_batch_end.per_slice = True
