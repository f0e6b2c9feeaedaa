"""The callback that lets a training go on after the process or the machine has died."""

from __future__ import annotations

import os
import zipfile
from typing import Any

from ..engine import resuming
from ..utils.state_file import load_state, save_state
from .base import Callback


class BackupAndRestore(Callback):
    """Backs a training up as it goes; the same training, started again, goes on from there.

    A training that was killed and started again ends with the same bits as one that never was: the backup
    holds the weights, the optimizer's state, the metrics, the order of the rows, the states of all random
    numbers, the learning rate, the history, and what other callbacks keep (see `Callback.get_state`). The
    script has to make the same model and pass the same data.

    Parameters
    ----------
    backup_dir : str or path
        Folder for the backup, for this training alone.
    save_freq : "epoch" or int
        When to save: after each epoch, or after every so many batches.
    delete_checkpoint : bool
        Whether to delete the backup when the training has ended. Otherwise the same training, started again,
        is over at once and has its history; with more epochs it goes on.
    double_checkpoint : bool
        Whether to keep the backup before the last one too, and to fall back on it where the last one cannot
        be read.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from pronghorn.layers import Dense
    >>> from pronghorn.models import Sequential
    >>> model = Sequential([Dense(1, input_shape=(2,))])
    >>> model.compile("adam", "mse")
    >>> backup = BackupAndRestore(tempfile.mkdtemp(), delete_checkpoint=False)
    >>> x, y = np.ones((4, 2)), np.ones(4)
    >>> _ = model.fit(x, y, epochs=2, callbacks=[backup], verbose=0)
    >>> model.fit(x, y, epochs=5, callbacks=[backup], verbose=0).epoch
    [0, 1, 2, 3, 4]
    """

    def __init__(
        self,
        backup_dir: Any,
        save_freq: str | int = "epoch",
        delete_checkpoint: bool = True,
        double_checkpoint: bool = False,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError("BackupAndRestore needs a folder, but `backup_dir` is empty.")
        whole = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
        if save_freq != "epoch" and not whole:
            raise ValueError(
                f'`save_freq` of BackupAndRestore is "epoch" or a number of batches, not {save_freq!r}.'
            )
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.delete_checkpoint = delete_checkpoint
        self.double_checkpoint = double_checkpoint
        self._path = os.path.join(self.backup_dir, "training.npz")
        self._previous = os.path.join(self.backup_dir, "training.previous.npz")
        self._batches = 0

    def get_state(self) -> dict:
        """How many batches ago the last backup was."""
        return {"batches": self._batches}

    def set_state(self, state: dict) -> None:
        """Takes what `get_state` returned."""
        self._batches = state["batches"]

    def load(self) -> Any:
        """The content of the backup, and the file it is from; None where there is none."""
        for path in (self._path, self._previous):
            if not os.path.exists(path):
                continue
            try:
                return load_state(path), path
            except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
                if path == self._previous or not os.path.exists(self._previous):
                    raise ValueError(
                        f"The backup {path} cannot be read ({error}). Remove it to train from the start."
                    ) from error
        return None

    def resume(self, callbacks: Any) -> None:
        """Called by `fit` when all callbacks have begun: puts everything where the backup has it."""
        found = self.load()
        if found is not None:
            resuming.restore(self.model, callbacks, *found)

    def batches_to_go(self) -> int | None:
        """How many batches may run before the next backup; None for any number."""
        return None if self.save_freq == "epoch" else self.save_freq - self._batches

    def after_batches(self, callbacks: Any, count: int) -> None:
        """Called by `fit` when all callbacks have seen another `count` batches."""
        if self.save_freq != "epoch":
            self._batches += count
            if self._batches >= self.save_freq:
                self._batches = 0
                self.save(callbacks)

    def after_epoch(self, callbacks: Any) -> None:
        """Called by `fit` when all callbacks have seen the end of an epoch."""
        last = self.model._progress.epoch == self.params["epochs"]
        if self.save_freq == "epoch" or last or self.model.stop_training:
            self.save(callbacks)

    def save(self, callbacks: Any) -> None:
        """Backs the training up as it stands."""
        os.makedirs(self.backup_dir, exist_ok=True)
        state = resuming.snapshot(self.model, callbacks)
        if self.double_checkpoint and os.path.exists(self._path):
            beside = self._previous + ".partial"
            if os.path.exists(beside):
                os.remove(beside)
            os.link(self._path, beside)
            os.replace(beside, self._previous)
        save_state(self._path, state)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Deletes the backup, where that was asked for."""
        if self.delete_checkpoint:
            for path in (self._previous, self._path):
                if os.path.exists(path):
                    os.remove(path)
            if os.path.isdir(self.backup_dir) and not os.listdir(self.backup_dir):
                os.rmdir(self.backup_dir)
