"""The callback that saves the model as it is trained."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..utils.warn import warn
from .base import Callback
from .control import checked_mode


class ModelCheckpoint(Callback):
    """Saves the model, or its weights, after epochs.

    A file is written beside its place and renamed, so it is never half there.

    Parameters
    ----------
    filepath : str or path
        The file; `{epoch}` and the names of results in it are filled in:
        `"weights.{epoch:02d}-{val_loss:.2f}.hdf5"`. Epochs count from 1 here.
    monitor : str
        Name of the value that says which model is the best.
    verbose : int
        Whether to say what is saved.
    save_best_only : bool
        Whether to save only what is better than everything before.
    save_weights_only : bool
        Whether to save the weights alone.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" takes higher for names with "acc" or starting with
        "fmeasure".
    period : int
        Number of epochs from one save to the next.

    Examples
    --------
    >>> checkpoint = ModelCheckpoint("best.h5", monitor="val_accuracy", save_best_only=True)
    >>> checkpoint.best
    -inf
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        period: int = 1,
    ) -> None:
        super().__init__()
        self.filepath = os.fspath(filepath)
        self.monitor = monitor
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.period = period
        self.epochs_since_last_save = 0
        mode = checked_mode("ModelCheckpoint", mode)
        likes_high = "acc" in monitor or monitor.startswith("fmeasure")
        higher = mode == "max" or (mode == "auto" and likes_high)
        self.monitor_op = np.greater if higher else np.less
        self.best = -np.inf if higher else np.inf

    def get_state(self) -> dict:
        """The best value so far, and how long ago the last save was."""
        return {"best": self.best, "epochs_since_last_save": self.epochs_since_last_save}

    def set_state(self, state: dict) -> None:
        """Takes what `get_state` returned."""
        self.__dict__.update(state)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Saves, where it is time to."""
        logs = logs or {}
        self.epochs_since_last_save += 1
        if self.epochs_since_last_save < self.period:
            return
        self.epochs_since_last_save = 0
        path = self._path(epoch, logs)
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            self._save(path)
            return
        current = logs.get(self.monitor)
        if current is None:
            warn(
                f"Can save best model only with {self.monitor} available, skipping. "
                f"Available metrics are: {','.join(logs)}",
                RuntimeWarning,
            )
        elif self.monitor_op(current, self.best):
            change = f"{self.monitor} improved from {self.best:.5f} to {current:.5f}"
            self._say(epoch, f"{change}, saving model to {path}")
            # Only what is on the disk is the best: a save that fails is tried again.
            self._save(path)
            self.best = current
        else:
            self._say(epoch, f"{self.monitor} did not improve from {self.best:.5f}")

    def _path(self, epoch, logs):
        try:
            return self.filepath.format(epoch=epoch + 1, **logs)
        except KeyError as error:
            raise KeyError(
                f"the filepath {self.filepath!r} of ModelCheckpoint asks for {error}, but the results of the "
                f"epoch are {', '.join(logs) or 'none'}"
            ) from None

    def _say(self, epoch, text):
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: {text}")

    def _save(self, path):
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path, overwrite=True)
