"""Threads that do tasks ahead of their use, each by a process of its own where that is asked for.

A thread is enough where the work is done by NumPy or the disk, without the interpreter lock. With processes,
each thread hands its tasks to one process and waits for the answer, so that answers are read while the
training goes on, and the death of a process is noticed at once.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import random
import signal
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.connection import wait
from typing import Any

import numpy as np

# Seconds that `stop` waits for tasks that are being done in threads, which nothing can end from outside.
PATIENCE = 5.0
_LOOK_FOR_PARENT = 1.0  # seconds


class WorkerDied(RuntimeError):
    """A process ended, by itself or by the system, before its task was done."""


class WorkerTraceback(Exception):
    """The traceback of an error in a worker process, shown as the cause of that error."""

    def __str__(self) -> str:
        return "\n" + self.args[0]


class WorkerPool:
    """Workers that call `task(item)` for the items submitted to them.

    Parameters
    ----------
    task : callable
        What is called. Processes that are spawned and not forked get a pickled copy.
    workers : int
        Number of threads, or of processes.
    use_processes : bool
        Whether to do the tasks in processes.
    seed : int, optional
        Task number `n` of a process starts with NumPy's and Python's random numbers seeded by `seed + n`:
        what it draws depends neither on which process does it nor on what the others draw.

    Examples
    --------
    >>> pool = WorkerPool(abs, workers=2)
    >>> [pool.submit(x).result() for x in (-1, 2)]
    [1, 2]
    >>> pool.stop()
    """

    def __init__(
        self, task: Callable[[Any], Any], workers: int = 1, use_processes: bool = False, seed: int = 0
    ) -> None:
        self._tasks: queue.SimpleQueue = queue.SimpleQueue()
        self._count = 0
        # All processes are there before the first thread is.
        remotes: list[_Remote] = []
        try:
            for _ in range(workers if use_processes else 0):
                remotes.append(_Remote(task, seed))
        except BaseException:
            _end(os.getpid(), self._tasks, [], remotes)
            raise
        living = _Count(workers)
        threads = [
            threading.Thread(target=_work, args=(self._tasks, call, living), daemon=True)
            for call in (remotes or [lambda number, item: task(item)] * workers)
        ]
        # Runs when the pool is collected, and at the end of the interpreter, too.
        self._end = weakref.finalize(self, _end, os.getpid(), self._tasks, threads, remotes)
        for thread in threads:
            thread.start()

    def submit(self, item: Any) -> Future:
        """Returns a future of `task(item)`."""
        future: Future = Future()
        self._tasks.put((future, self._count, item))
        self._count += 1
        return future

    def stop(self) -> None:
        """Ends all workers; tasks that have not begun are cancelled."""
        self._end()


class _Count:
    """A number that several threads count down."""

    def __init__(self, number):
        self._number = number
        self._lock = threading.Lock()

    def down(self):
        with self._lock:
            self._number -= 1
            return self._number


def _work(tasks, call, living):
    """What a thread does."""
    while (task := tasks.get()) is not None:
        future, number, item = task
        if not future.set_running_or_notify_cancel():
            continue
        try:
            result = call(number, item)
        except WorkerDied as error:
            future.set_exception(error)
            if call is _refuse:
                continue
            if living.down():
                return
            call = _refuse  # the last one answers those that wait
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        task = future = item = result = None  # nothing is kept alive while waiting for the next


def _end(owner, tasks, threads, remotes):
    if os.getpid() != owner:  # in a forked child the workers are the parent's
        return
    while True:
        try:
            task = tasks.get_nowait()
        except queue.Empty:
            break
        if task is not None:
            task[0].cancel()
    for _ in threads:
        tasks.put(None)
    for remote in remotes:
        remote.process.terminate()
    until = time.monotonic() + PATIENCE
    for thread in threads:
        if thread.ident is not None and thread is not threading.current_thread():
            thread.join(max(0.0, until - time.monotonic()))
    for remote in remotes:
        remote.close()


def _refuse(number, item):
    raise WorkerDied("no worker is left to do the task")


class _Remote:
    """A process that does tasks."""

    def __init__(self, task, seed):
        context = multiprocessing.get_context()
        self.connection, other = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(other, _Task(task), seed, os.getpid()), daemon=True, name="pronghorn-worker"
        )
        try:
            self.process.start()
        finally:
            other.close()

    def __call__(self, number, item):
        try:
            self.connection.send((number, item))
            wait([self.connection, self.process.sentinel])
            if not self.connection.poll():
                raise EOFError
            ok, value = _receive(self.connection)
        except (EOFError, OSError):
            self.process.join(1)
            raise WorkerDied(
                f"a worker process ended (exit code {self.process.exitcode}) before its task was done; "
                "the system ends processes that take too much memory"
            ) from None
        if ok:
            return value
        error, text = value
        error.__cause__ = WorkerTraceback(text)
        raise error

    def close(self):
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.connection.close()


class _Task:
    """What a process is to call. One that was not forked imports the module of a user's class to unpickle it,
    and finds this package under the name `keras` there if the parent does.
    """

    def __init__(self, call):
        self.call = call

    def __reduce__(self):
        from ..alias import as_keras

        served = getattr(sys.modules.get("keras"), "as_keras", None) is as_keras
        return _PickledTask, (served, pickle.dumps(self.call))

    def load(self):
        return self.call


class _PickledTask:
    """A task as it arrives; unpickled where an error can be told to the caller."""

    def __init__(self, as_keras, data):
        self.as_keras, self.data = as_keras, data

    def load(self):
        if self.as_keras:
            from ..alias import as_keras

            as_keras()
        return pickle.loads(self.data)


def _serve(connection, task, seed, parent):
    """What a process does."""
    call = None
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        # Processes forked later hold the parent's end too: only its number tells that it is gone.
        while not connection.poll(_LOOK_FOR_PARENT):
            if os.getppid() != parent:
                return
        try:
            number, item = connection.recv()
        except EOFError:
            return
        np.random.seed((seed + number) % 2**32)
        random.seed(seed + number)
        try:
            call = call or task.load()
            _send(connection, (True, call(item)))
        except BrokenPipeError:
            return
        except BaseException as error:
            _send(connection, (False, (_portable(error), traceback.format_exc())))


def _send(connection, message):
    """Sends an object; arrays go as they are, without a copy among the pickled bytes."""
    buffers: list = []
    data = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    raws = [buffer.raw() for buffer in buffers]
    connection.send((data, len(raws)))
    for raw in raws:
        connection.send_bytes(raw)


def _receive(connection):
    data, count = connection.recv()
    return pickle.loads(data, buffers=[bytearray(connection.recv_bytes()) for _ in range(count)])


def _portable(error):
    """The error if it survives pickling, else one that says the same."""
    try:
        pickle.loads(pickle.dumps(error))
        if isinstance(error, Exception):
            return error
    except Exception:
        pass
    return RuntimeError(f"{type(error).__name__}: {error}")
