"""Queues of batches, made by threads or processes while those before them are used."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

import numpy as np

from .data_sequence import Sequence
from .warn import warn
from .worker_pool import WorkerDied, WorkerPool

# Seconds after which a batch of a `Sequence` that has not come is made by the caller, as in Keras.
BATCH_TIMEOUT = 30

_numbers = itertools.count()


class SequenceEnqueuer:
    """Base of the queues: workers make batches, at most `max_queue_size` of them ahead.

    Batches are asked for by the one who takes them, in the order in which they are taken; there is no thread
    that asks on its own. So what is made ahead never reaches beyond what will be taken, and with one worker a
    run can be repeated from the state of NumPy's random numbers.

    Parameters
    ----------
    sequence : Sequence or generator
        Where batches come from.
    use_multiprocessing : bool
        Whether the workers are processes; else they are threads.

    Examples
    --------
    >>> class Numbers(Sequence):
    ...     def __len__(self):
    ...         return 3
    ...
    ...     def __getitem__(self, index):
    ...         return index
    >>> enqueuer = OrderedEnqueuer(Numbers())
    >>> enqueuer.start(workers=2, max_queue_size=4)
    >>> [next(batches) for batches in [enqueuer.get()] for _ in range(5)]
    [0, 1, 2, 0, 1]
    >>> enqueuer.stop()
    """

    def __init__(self, sequence: Any, use_multiprocessing: bool = False) -> None:
        self.sequence = sequence
        self.use_multiprocessing = use_multiprocessing
        self.uid = next(_numbers)
        self.workers = 0
        self.queue: deque = deque()
        self.stop_signal: threading.Event | None = None
        self._pool: WorkerPool | None = None
        self._most = 1

    def is_running(self) -> bool:
        """Whether it has been started and not been stopped."""
        return self.stop_signal is not None and not self.stop_signal.is_set()

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """Starts the workers; with 0 of them batches are made by the caller, when they are taken.

        Parameters
        ----------
        workers : int
            Number of threads or processes.
        max_queue_size : int
            Number of batches made ahead at most.
        """
        self.workers = workers
        self._most = max(1, max_queue_size)
        self.stop_signal = threading.Event()
        self._start_pool()

    def _start_pool(self):
        if self.workers > 0:
            seed = self._seed() if self.use_multiprocessing else 0
            self._pool = WorkerPool(self._task(), self.workers, self.use_multiprocessing, seed)

    def stop(self, timeout: float | None = None) -> None:
        """Ends the workers; `timeout` is there for Keras's sake."""
        if self.stop_signal is not None:
            self.stop_signal.set()
        self.queue.clear()
        if self._pool is not None:
            self._pool.stop()
            self._pool = None

    def __enter__(self) -> SequenceEnqueuer:
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop()

    def get(self) -> Iterator[Any]:
        """Returns an iterator over batches, for ever or until the generator ends; None is skipped."""
        batches = self.take()
        self._fill(self._most)
        return batches

    def take(self, count: int | None = None) -> Iterator[Any]:
        """Yields the next `count` batches; none beyond them are made ahead."""
        given = 0
        try:
            while self.is_running() and (count is None or given < count):
                self._fill(self._most if count is None else min(self._most, count - given))
                if not self.queue:
                    return
                batch = self._first()
                if batch is not None:
                    given += 1
                    yield batch
        except Exception:
            self.stop()
            raise

    def give_back(self, batch: Any) -> None:
        """Makes a batch that was taken the next one to be taken."""
        future: Future = Future()
        future.set_result(batch)
        self.queue.appendleft((None, future))

    def _submit(self, item):
        if self._pool is None:
            future = _Later(self._task(), item)
        else:
            future = self._pool.submit(item)
        self.queue.append((item, future))

    # What differs between sequences and generators.

    def _task(self):
        raise NotImplementedError

    def _seed(self):
        # Drawn, so that processes follow the state of NumPy's random numbers.
        return int(np.random.randint(2**31 - 1))

    def _fill(self, size):
        raise NotImplementedError

    def _first(self):  # a batch, or None for one that is skipped
        raise NotImplementedError


class OrderedEnqueuer(SequenceEnqueuer):
    """The batches of a `Sequence`, epoch after epoch, in order whatever the number of workers.

    When all batches of an epoch have been taken, `on_epoch_end` of the sequence is called, in the thread that
    takes them, before the next batch is made.

    Parameters
    ----------
    sequence : Sequence
        Where batches come from.
    use_multiprocessing : bool
        Whether the workers are processes; they get a new copy of the sequence after an `on_epoch_end`.
    shuffle : bool
        Whether to take the batches of each epoch in a new order.
    """

    def __init__(self, sequence: Any, use_multiprocessing: bool = False, shuffle: bool = False) -> None:
        super().__init__(sequence, use_multiprocessing)
        self.shuffle = shuffle
        self._order: deque | None = None  # what is left of the epoch; None before it begins

    @property
    def remaining(self) -> np.ndarray:
        """Indices of the batches that are still to be taken in this epoch; empty between epochs."""
        waiting = [item for item, _ in self.queue if item is not None]
        return np.array([*waiting, *(self._order or ())], dtype="int64")

    def set_remaining(self, indices: Any, within_pass: bool) -> None:
        """Sets what is still to be taken; nothing means the end of a pass, or that none has begun."""
        if len(indices) and np.max(indices) >= len(self.sequence):
            raise ValueError(
                f"The backup is of a training on a sequence of more than {np.max(indices)} batches, but "
                f"there are {len(self.sequence)} now."
            )
        self._order = deque(map(int, indices)) if len(indices) or within_pass else None

    def _task(self):
        return self.sequence.__getitem__

    def _fill(self, size):
        self.join_end_of_epoch()
        if self._order is None:
            order = np.arange(len(self.sequence))
            if self.shuffle:
                np.random.shuffle(order)
            self._order = deque(order.tolist())
        while self._order and len(self.queue) < size:
            self._submit(self._order.popleft())

    def skip_pass(self) -> None:
        """Leaves the sequence, and NumPy's random numbers, as after a pass over it."""
        if self.shuffle:
            np.random.shuffle(np.arange(len(self.sequence)))
        self.sequence.on_epoch_end()

    def join_end_of_epoch(self) -> None:
        """Calls the sequence's `on_epoch_end` if the epoch is over; its length may be another one then."""
        if self._order is None or self._order or self.queue:
            return
        self._order = None
        changes = getattr(type(self.sequence), "on_epoch_end", None) is not Sequence.on_epoch_end
        self.sequence.on_epoch_end()
        if changes and self.use_multiprocessing and self._pool is not None:
            self._pool.stop()
            self._start_pool()

    def _first(self):
        index, future = self.queue[0]
        try:
            batch = future.result(BATCH_TIMEOUT)
        except (FutureTimeoutError, WorkerDied) as error:
            if isinstance(error, FutureTimeoutError) and future.done():
                raise  # the batch's own error
            warn(f"The input {index} could not be retrieved. It could be because a worker has died.")
            batch = self.sequence[index]
        self.queue.popleft()
        return batch


class GeneratorEnqueuer(SequenceEnqueuer):
    """What a generator yields.

    Threads share the generator, so more than one need one that may be entered from several threads. Each
    process has a copy of its own and yields the same again, unless the generator draws random numbers.

    Parameters
    ----------
    sequence : generator
        Where batches come from; it may end.
    use_multiprocessing : bool
        Whether the workers are processes, which have to be forked.
    wait_time
        Not used; there for Keras's sake.
    random_seed : int, optional
        Start of the random numbers of the processes; drawn where it is None.
    """

    def __init__(
        self,
        sequence: Any,
        use_multiprocessing: bool = False,
        wait_time: Any = None,
        random_seed: int | None = None,
    ) -> None:
        super().__init__(sequence, use_multiprocessing)
        self.random_seed = random_seed
        self._ended = False
        if wait_time is not None:
            warn("`wait_time` is not used anymore.", DeprecationWarning)

    def _task(self):
        return _Next(self.sequence)

    def _seed(self):
        return super()._seed() if self.random_seed is None else self.random_seed

    def _fill(self, size):
        while not self._ended and len(self.queue) < size:
            self._submit(None)

    def _first(self):
        _, future = self.queue.popleft()
        try:
            return future.result()
        except StopIteration:
            self._ended = True
        except ValueError as error:
            if "generator already executing" not in str(error):
                raise
            raise RuntimeError(
                "Your generator is NOT thread-safe: with `use_multiprocessing=False` and `workers` above 1 "
                "several threads take from it at a time. Guard it by a lock, use one worker, or make it a "
                "`Sequence`."
            ) from error
        return None


class _Next:
    """Takes from a generator; pickles with a clear error."""

    def __init__(self, generator):
        self.generator = generator

    def __call__(self, _):
        return next(self.generator)

    def __reduce__(self):
        raise ValueError(
            "A generator cannot be sent to a process that is not forked. Use a `Sequence`, threads "
            "(`use_multiprocessing=False`), or `multiprocessing.set_start_method('fork')`."
        )


class _Later(Future):
    """A future that is computed by who asks for it."""

    def __init__(self, task, item):
        super().__init__()
        self._call = task, item

    def result(self, timeout=None):
        task, item = self._call
        return task(item)
