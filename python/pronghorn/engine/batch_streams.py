"""Where batches come from that somebody else makes: sequences, generators and other iterables.

A stream gives the batches of one epoch after the other, made ahead by workers; it is opened for one `fit`,
`evaluate` or `predict`, and closing it ends the workers.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .. import ops
from ..utils.warn import warn


def is_sequence(data: Any) -> bool:
    """Whether an object has the methods of `utils.Sequence`."""
    if getattr(data, "use_sequence_api", False):
        return True
    return all(callable(getattr(data, name, None)) for name in ("__getitem__", "__len__", "on_epoch_end"))


def is_batch_iterable(data: Any) -> bool:
    """Whether an object is no data itself but can be iterated for batches, as a PyTorch `DataLoader`."""
    if isinstance(data, (np.ndarray, list, tuple, Mapping, str, bytes)) or ops.is_tensor(data):
        return False
    if hasattr(data, "shape") or hasattr(data, "__array__"):
        return False
    return hasattr(data, "__iter__") or hasattr(data, "__next__")


def is_generator_or_sequence(x: Any) -> bool:
    """Whether `x` gives batches instead of being data."""
    return inspect.isgenerator(x) or is_sequence(x) or is_batch_iterable(x)


def length_of(data: Any) -> int | None:
    """Number of batches in an epoch, None where that is unknown."""
    if hasattr(data, "__next__"):
        return None
    try:
        return len(data)
    except TypeError:
        return None


class BatchStream:
    """Batches of a sequence, generator or iterable, epoch by epoch.

    Parameters
    ----------
    data : Sequence, generator or iterable
        What gives the batches.
    steps : int or None
        Number of batches in an epoch; None for what `data` has.
    steps_name : str
        What the user knows `steps` as, for errors.
    workers, max_queue_size, use_multiprocessing
        As in `fit`.
    shuffle : bool
        Whether the batches of a sequence come in a new order in each epoch.

    Examples
    --------
    >>> with BatchStream(iter([1, 2, 3]), steps=2) as stream:
    ...     list(stream.epoch())
    [1, 2]
    """

    def __init__(
        self,
        data: Any,
        steps: int | None = None,
        steps_name: str = "steps",
        workers: int = 1,
        max_queue_size: int = 10,
        use_multiprocessing: bool = False,
        shuffle: bool = False,
    ) -> None:
        from ..utils import enqueuers  # with all that multiprocessing needs

        self.data = data
        self.is_sequence = is_sequence(data)
        self._asked_steps = steps
        self._start = {"workers": workers, "max_queue_size": max_queue_size}
        self._use_multiprocessing = use_multiprocessing and workers > 0
        # Neither Keras's own nor a generator: its lists may be what Keras's tuples are.
        self.is_foreign = not (self.is_sequence or inspect.isgenerator(data))
        self._generator_enqueuer = enqueuers.GeneratorEnqueuer
        self._enqueuer = None
        once = hasattr(data, "__next__")
        if steps is None and once:
            raise ValueError(
                f"`{steps_name}=None` is only valid for a generator based on the `keras.utils.Sequence` "
                f"class or an iterable that can be iterated again. Please specify `{steps_name}` or use the "
                "`keras.utils.Sequence` class."
            )
        if not self.is_sequence and use_multiprocessing and workers > 1:
            warn(
                "Using a generator with `use_multiprocessing=True` and multiple workers may duplicate your "
                "data: each process has a copy of the generator. Please consider using the "
                "`keras.utils.Sequence` class.",
                UserWarning,
            )
        # Whether each epoch is one pass over an iterable whose length nobody knows.
        self._by_passes = not (self.is_sequence or once) and steps is None and length_of(data) is None
        if self.is_sequence:
            self._enqueuer = enqueuers.OrderedEnqueuer(data, self._use_multiprocessing, shuffle=bool(shuffle))
        elif not self._by_passes:
            batches = data if once else _over_and_over(data)
            self._enqueuer = enqueuers.GeneratorEnqueuer(batches, self._use_multiprocessing)
        if self._enqueuer is not None:
            self._enqueuer.start(**self._start)

    def __enter__(self) -> BatchStream:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def close(self) -> None:
        """Ends the workers."""
        if self._enqueuer is not None:
            self._enqueuer.stop()

    @property
    def steps(self) -> int | None:
        """Number of batches in the next epoch; None where only its end tells."""
        return length_of(self.data) if self._asked_steps is None else self._asked_steps

    def epoch(self, done: int = 0) -> Iterator[Any]:
        """Yields the batches of an epoch but the first `done`, which were used before an interruption.

        Raises ValueError where there are fewer than asked for.
        """
        if self._by_passes:
            self.close()
            self._enqueuer = self._generator_enqueuer(iter(self.data), self._use_multiprocessing)
            self._enqueuer.start(**self._start)
            yield from itertools.islice(self._enqueuer.take(), done, None)
            return
        steps, given = self.steps, done
        for batch in self._enqueuer.take(steps - done):
            given += 1
            yield batch
        if given < steps:
            raise ValueError(
                f"The generator ended before it had given the number of batches asked for: {given} of "
                f"{steps}."
            )

    def skip(self, count: int) -> None:
        """Goes to where the stream is after `count` batches.

        Generators have to make them. Of a sequence, and of what can be iterated again, only those of the last
        pass are made.
        """
        if self._by_passes:
            return
        length = length_of(self.data)
        if self.is_sequence:
            self._skip_passes(count // length)
        for _ in self._enqueuer.take(count % length if length else count):
            pass

    def _skip_passes(self, count):
        for _ in range(count):
            self._enqueuer.skip_pass()

    def go_to(self, epochs: int, batch: int, order: np.ndarray) -> None:
        """Goes to where the stream is after some epochs and batches, with these indices still to come."""
        count = epochs * (self.steps or 0) + batch
        if self.is_sequence:
            # A pass that ends with the last of the batches is still open: `end_epoch` closes it.
            self._skip_passes((count - (batch > 0)) // length_of(self.data))
            self._enqueuer.set_remaining(order, within_pass=batch > 0)
        else:
            self.skip(count)

    def end_epoch(self) -> None:
        """Tells a sequence that its batches have all been used, if they have."""
        if self.is_sequence:
            self._enqueuer.join_end_of_epoch()

    @property
    def order(self) -> np.ndarray:
        """Indices of the batches that a sequence has still to give in this epoch."""
        return self._enqueuer.remaining if self.is_sequence else np.zeros(0, "int64")

    def inputs_of(self, data: Any, count: int) -> Any:
        """What to predict on for a batch, which may be one to train on, of a model with `count` inputs."""
        if isinstance(data, tuple):
            if len(data) not in (1, 2, 3):
                raise wrong_batch(data)
            data = data[0]
        if isinstance(data, list) and self.is_foreign and len(data) in (2, 3) and count == 1:
            return data[0]  # `[x, y]` of a `DataLoader`
        return data

    def size_of(self, x: Any) -> int:
        """Number of rows; 1 where a model has no inputs to be fed."""
        if isinstance(x, dict):
            x = list(x.values())
        if isinstance(x, (list, tuple)):
            x = x[0] if len(x) else None
        if x is None:
            return 1
        size = len(x)
        if size == 0:
            raise ValueError("Received an empty batch. Batches should contain at least one item.")
        return size

    def look_ahead(self) -> Any:
        """The first batch, which will come again: from it a model learns its shapes."""
        if self.is_sequence:
            return self.data[0]
        if self._by_passes:
            return next(iter(self.data))
        batch = next(self._enqueuer.take(1), None)
        self._enqueuer.give_back(batch)
        return batch


class SameData:
    """A stream of the same data in every step: a model's own tensors, or whole arrays.

    Parameters
    ----------
    data
        What each step gets.
    steps : int
        Number of steps in an epoch.
    """

    is_sequence = False
    order = ()

    def __init__(self, data: Any, steps: int) -> None:
        self.data = data
        self.steps = steps

    def epoch(self, done: int = 0) -> Any:
        """Yields the data once per step that is not done."""
        return itertools.repeat(self.data, self.steps - done)

    def go_to(self, epochs: int, batch: int, order: Any) -> None:
        """Nothing to do: all batches are the same."""

    def end_epoch(self) -> None:
        """Nothing to do."""

    def inputs_of(self, data: Any, count: int) -> Any:
        """The data."""
        return data

    def size_of(self, x: Any) -> int:
        """All steps count the same."""
        return 1


def wrong_batch(data: Any) -> ValueError:
    """The error for what a generator gave that is no batch."""
    return ValueError(
        f"Output of generator should be a tuple `(x, y, sample_weight)` or `(x, y)`. Found: {str(data)[:200]}"
    )


def _over_and_over(iterable):
    while True:
        empty = True
        for batch in iterable:
            empty = False
            yield batch
        if empty:
            return
