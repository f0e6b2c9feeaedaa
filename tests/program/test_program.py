"""Running programs: feeds, batches gathered by index, allocations, threads, timings."""

import gc
import platform
import threading
import weakref

import numpy as np
import pytest
from running import assert_same_bits_for_threads, run

from pronghorn import _core, ops


def doubling_program(batch, features=3, dtype="float32"):
    graph = _core.Graph()
    x = graph.feed("x", (batch, features), dtype)
    two = graph.constant(np.array(2, dtype))
    graph.fetch(graph.emit("multiply", [x, two], {})[0][0])
    return _core.Program(graph)


def test_feeds_are_checked():
    program = doubling_program(2)
    with pytest.raises(ValueError, match=r'feed "x" must be float32\(2, 3\), not float64\(2, 3\)'):
        program.run([np.zeros((2, 3))])
    with pytest.raises(ValueError, match="takes 1 feeds, but 2 were given"):
        program.run([np.zeros((2, 3), "float32")] * 2)
    with pytest.raises(TypeError, match="must be a NumPy array"):
        program.run([[1.0]])


def test_feeds_may_be_strided():
    data = np.arange(12, dtype="float32").reshape(3, 4).T[:2, :]
    np.testing.assert_array_equal(doubling_program(2).run([data])[0], 2 * data)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("ordered", [False, True])
def test_batches_are_gathered_and_cast(dtype, ordered):
    data = (np.random.RandomState(0).rand(10, 3) * 9).astype(dtype)
    order = np.random.RandomState(1).permutation(10) if ordered else None
    out = np.empty((10, 3), "float32")
    program = doubling_program(2)
    assert program.run_batches([data], order, 0, 5, outputs=[out]) == 5
    expected = data if order is None else data[order]
    np.testing.assert_array_equal(out, 2 * expected.astype("float32"))


def test_batches_of_rows_with_a_stride():
    data = np.arange(60, dtype="float32").reshape(10, 6)[::2, :3]
    out = np.empty((4, 3), "float32")
    doubling_program(2).run_batches([data], None, 0, 2, outputs=[out])
    np.testing.assert_array_equal(out, 2 * data[:4])


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"order": np.array([0, 99])}, IndexError, "row 99 was asked for, but the array has 4 rows"),
        ({"order": np.array([0, -1])}, IndexError, "row -1"),
        ({"order": np.array([0])}, ValueError, "the order has 1 indices"),
        ({"order": None, "last": 3}, IndexError, "row 4"),
        ({"order": None, "outputs": [np.empty((1, 3), "float32")]}, ValueError, "room for 1 batches"),
    ],
)
def test_batches_out_of_range(arguments, error, text):
    arguments = {"last": 1, **arguments}
    with pytest.raises(error, match=text):
        doubling_program(2).run_batches([np.zeros((4, 3), "float32")], first=0, **arguments)


def test_the_deadline_stops_at_a_batch_boundary():
    data = np.zeros((2000, 3), "float32")
    program = doubling_program(1)
    done = program.run_batches([data], None, 0, 2000, deadline=1e-9)
    assert done == 1
    assert program.run_batches([data], None, done, 2000) == 2000


def test_no_allocation_after_the_first_run():
    program = doubling_program(4)
    data = np.zeros((400, 3))
    program.run_batches([data], None, 0, 1)
    before = _core.allocations()
    program.run_batches([data], np.arange(400), 0, 100)
    assert _core.allocations() == before


def test_runs_from_several_threads_do_not_meet():
    program = doubling_program(50, 200)
    wrong = []

    def work(seed):
        data = np.random.RandomState(seed).rand(50, 200).astype("float32")
        for _ in range(50):
            if not np.array_equal(program.run([data])[0], 2 * data):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_steps_name_what_runs():
    program = doubling_program(2)
    program.set_profiling(True)
    program.run([np.zeros((2, 3), "float32")])
    (step,) = program.steps()
    assert step["calls"] == 1 and step["implementation"] and "float32(2, 3)" in step["shape"]


def test_variables_are_shared_by_programs():
    counter = ops.Variable(0, dtype="int64", name="counter")

    def program(increment):
        with ops.Trace() as trace:
            counter.assign_add(increment)
            return trace.compile()

    one, ten = program(1), program(10)
    for p in (one, ten, one):
        p.run([])
    assert counter.numpy() == 12


def test_reads_after_assign_see_the_new_value_and_deferred_updates_the_old():
    v = ops.Variable([1.0], name="v")
    with ops.Trace() as trace:
        ops.update_add(v, 1.0)
        trace.fetch(v + 0.0)
        trace.commit()
        trace.fetch(v + 0.0)
        v.assign(v * 10.0)
        trace.fetch(v + 0.0)
        program = trace.compile()
    assert [float(x[0]) for x in program.run([])] == [1.0, 2.0, 20.0]
    assert v.numpy() == [20.0]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="flushing is the processor's")
@pytest.mark.parametrize("threads", [1, 3])
def test_numbers_below_the_normal_ones_are_zero_in_programs_alone(threads):
    before = _core.threads()
    tiny = np.full(2**20, 1e-30, "float32")
    factor = np.float32(1e-10)
    try:
        _core.set_threads(threads)
        assert not run(lambda x: x * 1e-10, tiny).any()
    finally:
        _core.set_threads(before)
    assert (tiny * factor).all()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 65])
def test_each_row_is_computed_once_whatever_the_number_of_threads(count):
    rows = np.arange(count * 40000, dtype="float32").reshape(count, 40000)
    assert_same_bits_for_threads(lambda x: [x * 3.0, ops.sum(x, axis=-1)], rows, threads=(1, 2, 3, 5))


def test_a_tensor_of_another_trace_is_refused():
    with ops.Trace() as outer:
        x = outer.feed((2,))
    with ops.Trace(), pytest.raises(ValueError, match="belongs to another trace"):
        ops.convert_to_tensor(x)


def test_eager_calls_leave_their_arguments_to_the_reference_counts():
    argument = np.ones(5, "float32")
    alive = weakref.ref(argument)
    gc.disable()
    try:
        ops.exp(argument)
        del argument
        assert alive() is None
    finally:
        gc.enable()
