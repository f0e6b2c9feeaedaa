"""Groups of elementwise ops as one tile program."""

import numpy as np
import pytest

from pronghorn import _core, ops


def programs(function, *arrays):
    """The program of function(*arrays) with fusion and without."""
    made = []
    for fuse in (True, False):
        with ops.Trace() as trace:
            result = function(*[trace.feed(a.shape, a.dtype.name) for a in arrays])
            for tensor in result if isinstance(result, (list, tuple)) else [result]:
                trace.fetch(tensor)
            made.append(trace.compile(fuse=fuse))
    return made


def check(function, *arrays, steps=None):
    """Same bits with and without fusion; `steps`: how many are left."""
    fused, plain = programs(function, *arrays)
    assert steps is None or fused.num_steps == steps, str(fused)
    for found, expected in zip(fused.run(list(arrays)), plain.run(list(arrays))):
        assert np.array_equal(found, expected, equal_nan=True)


def sample(*shape, dtype="float32", seed=0):
    return np.random.RandomState(seed + sum(shape)).standard_normal(shape).astype(dtype)


@pytest.fixture(params=_core.isas())
def isa(request):
    before = _core.isa()
    _core.set_isa(request.param)
    yield request.param
    _core.set_isa(before)


@pytest.mark.parametrize("shape", [(1,), (7,), (33, 17), (5, 3, 61), (700, 10), (4, 3001)])
def test_chain_with_broadcasts(isa, shape):
    x, row, column = sample(*shape), sample(shape[-1]), sample(*shape[:-1], 1)

    def body(x, row, column):
        return ops.where(x > 0.5, ops.tanh(x * row + 1.0), ops.exp(-ops.abs(x)) * column) / (x * x + 2.0)

    check(body, x, row, column, steps=1)


def test_types_meet_in_one_program(isa):
    x, n = sample(40, 9, dtype="float64"), np.arange(9, dtype="int32")

    def body(x, n):
        positive = ops.logical_and(x > 0.0, ops.equal(ops.mod(n, 2), 0))
        return ops.cast(ops.cast(positive, "float32") * 3.0, "float64") + x

    check(body, x, n)


def test_diamond(isa):
    x = sample(50, 30)

    def body(x):
        y = ops.exp(x)
        return ops.sqrt(y * y + y)

    check(body, x, steps=1)


def test_a_result_that_is_read_elsewhere_is_kept():
    x = sample(20, 20)

    def body(x):
        y = ops.exp(x)
        return [y, ops.sum(y, axis=0), ops.square(y) - 1.0]

    check(body, x)


def test_long_chains_are_cut():
    x = sample(1000)

    def body(x):
        for k in range(100):
            x = ops.sin(x) + float(k)
        return x

    fused, plain = programs(body, x)
    assert 1 < fused.num_steps < 10 < plain.num_steps == 200 - 1
    check(body, x)


def test_many_inputs():
    arrays = [sample(60, 40, seed=i) for i in range(40)]

    def body(*arrays):
        total = arrays[0]
        for i, a in enumerate(arrays[1:]):
            total = total * a if i % 2 else total + a
        return total

    check(body, *arrays)


def test_wide_trees_stay_within_the_registers():
    x = sample(300)

    def tree(x, depth):
        if depth == 0:
            return x
        return ops.sin(tree(x + float(depth), depth - 1)) * ops.cos(tree(x - float(depth), depth - 1))

    check(lambda x: tree(x, 6), x)


def test_random_numbers_are_the_same_inside_a_group(isa):
    x = sample(33, 19)

    def body(x):
        noise = ops.random_normal((33, 19), seed=3)
        return ops.dropout(ops.relu(x + noise), 0.3, seed=4) * 2.0

    fused, _ = programs(body, x)
    assert fused.num_steps == 1
    check(body, x)


def test_a_mask_of_another_shape_is_drawn_on_its_own():
    x = sample(12, 30)
    check(lambda x: ops.dropout(x * 2.0, 0.5, noise_shape=(None, 1), seed=1) + 1.0, x)


def test_gradients():
    x, b = sample(33, 17, dtype="float64"), sample(17, dtype="float64")

    def body(x, b):
        loss = ops.mean(ops.square(ops.tanh(x * 2.0 + b) - ops.sigmoid(x)))
        return [loss, *ops.gradients(loss, [x, b])]

    fused, plain = programs(body, x, b)
    assert fused.num_steps < plain.num_steps
    check(body, x, b)


def test_same_bits_for_any_number_of_threads():
    x, row = sample(400, 777), sample(777)
    fused, _ = programs(lambda x, row: ops.exp(ops.dropout(x, 0.5, seed=1) * row) + 1.0, x, row)
    before = _core.threads()
    try:
        found = []
        for threads in (1, 2, 3):
            _core.set_threads(threads)
            found.append(fused.run([x, row])[0].tobytes())
    finally:
        _core.set_threads(before)
    assert found[0] == found[1] == found[2]


def test_results_that_are_read_later_are_further_outputs(isa):
    x = sample(61, 10)

    def body(x):
        y = ops.exp(x)
        z = ops.tanh(y) * x
        return [y, z, z + y, ops.sum(y, axis=0)]

    fused, _ = programs(body, x)
    assert [step["op"] for step in fused.steps()] == ["fused", "sum"]
    check(body, x)


def test_no_group_reads_what_depends_on_it():
    """The sum stands between the two halves: joining them would make a circle."""
    x = sample(30, 20)

    def body(x):
        y = ops.exp(x)
        return ops.sqrt(y + ops.sum(y, axis=0)) * y

    check(body, x)


def test_updates_are_written_in_place():
    """A momentum rule in plain operations: one step, no copies, no arena."""
    weight, slot = ops.Variable(sample(64, 32)), ops.Variable(sample(64, 32, seed=1))
    before = weight.numpy(), slot.numpy()
    with ops.Trace() as trace:
        gradient = trace.feed((64, 32), "float32")
        velocity = trace.read(slot) * 0.9 - gradient * 0.1
        moved = trace.read(weight) + velocity
        trace.assign(slot, velocity)
        trace.assign(weight, moved)
        program = trace.compile()
    assert [step["op"] for step in program.steps()] == ["fused"] and program.arena_bytes == 0
    step = sample(64, 32, seed=2)
    program.run([step])
    velocity = before[1] * np.float32(0.9) - step * np.float32(0.1)
    np.testing.assert_array_equal(slot.numpy(), velocity)
    np.testing.assert_array_equal(weight.numpy(), before[0] + velocity)


def test_an_input_that_is_read_again_is_not_overwritten():
    a, b = ops.Variable(sample(50)), ops.Variable(sample(50, seed=1))
    first, second = a.numpy(), b.numpy()
    with ops.Trace() as trace:
        total = trace.read(a) + trace.read(b)
        product = total * trace.read(a)
        trace.assign(a, total)
        trace.assign(b, product)
        program = trace.compile()
    program.run([])
    np.testing.assert_array_equal(a.numpy(), first + second)
    np.testing.assert_array_equal(b.numpy(), (first + second) * first)
