"""Queues of batches on their own: as Keras scripts use them, when processes die, at the end of all."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from pronghorn.utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence, SequenceEnqueuer
from pronghorn.utils.worker_pool import WorkerDied, WorkerPool

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


class Items(Sequence):
    def __init__(self, count=6):
        self.count, self.factor = count, 1

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return np.full((2, 2), index * self.factor)

    def on_epoch_end(self):
        self.factor *= 10


def taken(enqueuer, count, workers=2, size=3):
    enqueuer.start(workers, size)
    batches = enqueuer.get()
    found = [int(next(batches)[0, 0]) for _ in range(count)]
    enqueuer.stop()
    return found


@pytest.fixture(params=["fork", "spawn"])
def start_method(request):
    if request.param not in multiprocessing.get_all_start_methods():
        pytest.skip("not on this system")
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method(request.param, force=True)
    yield request.param
    multiprocessing.set_start_method(before, force=True)


def test_keras_finds_them_where_they_were():
    from pronghorn.utils import data_utils, io_utils

    assert data_utils.OrderedEnqueuer is OrderedEnqueuer and data_utils.Sequence is Sequence
    assert issubclass(data_utils.GeneratorEnqueuer, SequenceEnqueuer)
    assert io_utils.HDF5Matrix.__name__ == "HDF5Matrix"


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_order_and_end_of_epoch_in_threads(workers):
    assert taken(OrderedEnqueuer(Items(3)), 7, workers) == [0, 1, 2, 0, 10, 20, 0]


def test_order_and_end_of_epoch_in_processes(start_method):
    assert taken(OrderedEnqueuer(Items(3), use_multiprocessing=True), 7) == [0, 1, 2, 0, 10, 20, 0]
    assert multiprocessing.active_children() == []


def test_shuffled_epochs_are_whole():
    np.random.seed(0)
    found = taken(OrderedEnqueuer(Items(8), shuffle=True), 8)
    assert sorted(found) == list(range(8)) != found


def test_length_is_read_anew():
    class Halving(Items):
        def on_epoch_end(self):
            self.count //= 2

    sequence = Halving(4)
    enqueuer = OrderedEnqueuer(sequence)
    enqueuer.start()
    batches = enqueuer.get()
    for _ in range(4):
        next(batches)
    enqueuer.join_end_of_epoch()
    assert len(sequence) == 2
    assert [int(next(batches)[0, 0]) for _ in range(3)] == [0, 1, 0]
    enqueuer.stop()
    assert not enqueuer.is_running()


def test_finite_generators_end_and_none_is_skipped():
    enqueuer = GeneratorEnqueuer(iter([1, None, 2, 3]))
    enqueuer.start(workers=1)
    assert list(enqueuer.get()) == [1, 2, 3]
    enqueuer.stop()


class Dying(Items):
    def __getitem__(self, index):
        if index == 2 and os.getpid() != self.parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


def test_batches_of_a_process_that_died_are_made_here(start_method):
    sequence = Dying(4)
    sequence.parent = os.getpid()
    with pytest.warns(UserWarning, match="worker has died"):
        assert taken(OrderedEnqueuer(sequence, use_multiprocessing=True), 4, workers=1) == [0, 1, 2, 3]


def test_a_generator_in_a_process_that_died_is_lost():
    def batches():
        yield 1
        os.kill(os.getpid(), signal.SIGKILL)

    enqueuer = GeneratorEnqueuer(batches(), use_multiprocessing=True)
    enqueuer.start(workers=1, max_queue_size=4)
    with pytest.raises(WorkerDied, match="exit code -9"):
        list(enqueuer.get())


def test_generators_are_not_sent_to_spawned_processes():
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    try:
        with pytest.raises(ValueError, match="Sequence"):
            GeneratorEnqueuer(iter([1]), use_multiprocessing=True).start()
    finally:
        multiprocessing.set_start_method(before, force=True)
    assert multiprocessing.active_children() == []


class Odd(Exception):
    """Does not survive pickling."""

    def __init__(self, a, b):
        super().__init__(a + b)


def fail(item):
    raise Odd("what is ", item)


@pytest.mark.parametrize("processes", [False, True])
def test_any_error_arrives(processes):
    pool = WorkerPool(fail, use_processes=processes)
    with pytest.raises(RuntimeError if processes else Odd, match="what is wrong"):
        pool.submit("wrong").result(20)
    pool.stop()


def test_arrays_of_all_sizes_arrive():
    pool = WorkerPool(np.arange, use_processes=True)
    for size in (0, 1, 100_000, 3_000_000):
        np.testing.assert_array_equal(pool.submit(size).result(20), np.arange(size))
    pool.stop()


EXIT = """
import os, sys, time
from pronghorn.utils import OrderedEnqueuer, Sequence

class Slow(Sequence):
    def __len__(self):
        return 100

    def __getitem__(self, index):
        time.sleep(0.02)
        return os.getpid()

enqueuer = OrderedEnqueuer(Slow(), use_multiprocessing=%s)
enqueuer.start(2, 10)
batches = enqueuer.get()
print(*{next(batches) for _ in range(8)}, flush=True)
%s
"""


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
@pytest.mark.parametrize("processes", [False, True])
@pytest.mark.parametrize("end", ["", "raise SystemExit(3)", "os.kill(os.getpid(), 9)"])
def test_no_worker_outlives_the_interpreter(processes, end):
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", EXIT % (processes, end)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert done.returncode == {"": 0, "raise SystemExit(3)": 3}.get(end, -9)
    workers = [int(pid) for pid in done.stdout.split()]
    while any(map(alive, workers)) and time.monotonic() < begin + 30:
        time.sleep(0.1)
    assert not any(map(alive, workers))
