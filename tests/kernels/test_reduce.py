"""Reductions against NumPy, on every instruction set."""

import itertools

import numpy as np
import pytest
from gradients import check_gradients
from running import AWKWARD_SIZES, assert_same_bits_for_threads, run

from pronghorn import ops

FLOATS = ["float32", "float64"]
REDUCTIONS = {
    "sum": (ops.sum, np.sum),
    "mean": (ops.mean, np.mean),
    "max": (ops.max, np.max),
    "min": (ops.min, np.min),
    "prod": (ops.prod, np.prod),
    "var": (ops.var, np.var),
    "std": (ops.std, np.std),
}


def sample(shape, dtype="float64", seed=0):
    values = np.random.RandomState(seed).uniform(-2, 2, shape)
    if dtype.startswith("float"):
        return values.astype(dtype)
    # By way of int64: a negative float as an unsigned integer is a warning on some processors.
    return (values * 4).round().astype("int64").astype(dtype)


def close(found, expected, dtype, largest=1.0):
    """`largest`: the size of the intermediate sums, which rounding is relative to."""
    assert found.shape == np.shape(expected) and found.dtype == np.dtype(dtype)
    tolerance = {"float32": 1e-6, "float64": 2e-15}.get(dtype, 0)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * largest)


def all_axes(rank):
    return [None, *itertools.chain(*(itertools.combinations(range(rank), n) for n in range(1, rank + 1)))]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_rows_and_columns(isa, name, dtype):
    operation, expected = REDUCTIONS[name]
    for rows, columns in itertools.product([1, 3, 16, 33], AWKWARD_SIZES):
        x = sample((rows, columns), dtype, seed=rows * columns)
        for axis in (0, 1):
            reference = expected(x.astype("float64"), axis=axis)
            close(run(lambda x: operation(x, axis=axis), x), reference, dtype, largest=4.0)  # noqa: B023


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", all_axes(4), ids=str)
def test_any_axes(isa, axis, keepdims):
    x = sample((3, 5, 2, 7))
    for name in ("sum", "max", "mean"):
        operation, expected = REDUCTIONS[name]
        found = run(lambda x: operation(x, axis=axis, keepdims=keepdims), x)  # noqa: B023
        close(found, expected(x, axis=axis, keepdims=keepdims), "float64", largest=20.0)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_integers(isa, dtype):
    for size in (*AWKWARD_SIZES, 1000):
        x = np.abs(sample((size, 3), dtype, seed=size))
        summed = "int32" if dtype == "uint8" else dtype
        for axis in (0, 1, None):
            close(run(lambda x: ops.sum(x, axis), x), x.sum(axis, dtype=summed), summed)  # noqa: B023
            close(run(lambda x: ops.max(x, axis), x), x.max(axis), dtype)  # noqa: B023
            close(run(lambda x: ops.min(x, axis), x), x.min(axis), dtype)  # noqa: B023


def test_booleans(isa):
    for size in (*AWKWARD_SIZES, 200):
        x = sample((size, 5), seed=size) > 1.5
        for axis in (0, 1, None):
            close(run(lambda x: ops.any(x, axis), x), x.any(axis), "bool")  # noqa: B023
            close(run(lambda x: ops.all(x, axis), x), x.all(axis), "bool")  # noqa: B023
            close(run(lambda x: ops.sum(x, axis), x), x.sum(axis, dtype="int32"), "int32")  # noqa: B023
    close(run(ops.count_nonzero, np.array([0.0, 2.0, -1.0])), np.int32(2), "int32")


@pytest.mark.parametrize(
    "shape", [(300000,), (100000, 3), (40000, 33), (2, 70000), (3, 200000), (2, 50000, 5)]
)
def test_large_sums_are_accurate(isa, shape):
    """Within a few roundings of the exact sum, although all terms are positive and partial sums grow."""
    x = np.random.RandomState(1).uniform(0, 1, shape).astype("float32")
    for axis in (0, len(shape) - 1, None):
        exact = x.astype("float64").sum(axis)
        np.testing.assert_allclose(run(lambda x: ops.sum(x, axis), x), exact, rtol=2e-6)  # noqa: B023


def test_nothing_to_reduce(isa):
    empty = np.zeros((0, 3), "float32")
    close(run(lambda x: ops.sum(x, 0), empty), np.zeros(3), "float32")
    close(run(lambda x: ops.prod(x, 0), empty), np.ones(3), "float32")
    assert np.all(np.isnan(run(lambda x: ops.mean(x, 0), empty)))
    assert run(lambda x: ops.sum(x, 1), empty).shape == (0,)
    close(run(ops.sum, np.array(3.0)), np.array(3.0), "float64")


def test_not_a_number_stays(isa):
    for size in AWKWARD_SIZES:
        for at in {0, size // 2, size - 1}:
            x = sample((size, 2))
            x[at, 0] = np.nan
            for operation in (ops.max, ops.min, ops.sum):
                found = run(lambda x: operation(x, 0), x)  # noqa: B023
                assert np.isnan(found[0]) and not np.isnan(found[1])
                assert np.isnan(run(operation, x))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8"])
@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_positions(axis, dtype):
    x = np.abs(sample((4, 31, 3), dtype)) if dtype == "uint8" else sample((4, 31, 3), dtype)
    for operation, expected in ((ops.argmax, np.argmax), (ops.argmin, np.argmin)):
        close(run(lambda x: operation(x, axis), x), expected(x, axis), "int64")  # noqa: B023
        kept = run(lambda x: operation(x, axis, keepdims=True), x)  # noqa: B023
        close(kept, expected(x, axis, keepdims=True), "int64")


def test_position_of_not_a_number():
    x = np.array([[1.0, np.nan, 3.0, np.nan], [5.0, 5.0, 1.0, 1.0]])
    assert run(lambda x: ops.argmax(x, 1), x).tolist() == np.argmax(x, 1).tolist() == [1, 0]
    assert run(lambda x: ops.argmin(x, 1), x).tolist() == np.argmin(x, 1).tolist() == [1, 2]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_running_totals(axis, exclusive, reverse):
    x = sample((3, 5, 4))
    for operation, expected, neutral in ((ops.cumsum, np.cumsum, 0.0), (ops.cumprod, np.cumprod, 1.0)):
        turned = np.flip(x, axis) if reverse else x
        totals = expected(turned, axis)
        if exclusive:
            first = np.full_like(np.take(x, [0], axis), neutral)
            totals = np.concatenate([first, np.delete(totals, -1, axis)], axis)
        totals = np.flip(totals, axis) if reverse else totals
        found = run(lambda x: operation(x, axis, reverse=reverse, exclusive=exclusive), x)  # noqa: B023
        close(found, totals, "float64", largest=10.0)
        check_gradients(lambda x: operation(x, axis, reverse=reverse, exclusive=exclusive), x)  # noqa: B023


def test_logsumexp():
    x = sample((3, 5)) * 400
    expected = np.log(np.sum(np.exp(x - x.max(1, keepdims=True)), 1)) + x.max(1)
    close(run(lambda x: ops.logsumexp(x, 1), x), expected, "float64", largest=1000.0)
    assert run(ops.logsumexp, np.full(3, -np.inf)) == -np.inf
    check_gradients(lambda x: ops.logsumexp(x, axis=(0, 2)), sample((3, 4, 2)))
    check_gradients(lambda x: ops.logsumexp(x, axis=1, keepdims=True), sample((3, 4, 2)))


@pytest.mark.parametrize("axis", all_axes(3), ids=str)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_gradients(name, axis):
    operation = REDUCTIONS[name][0]
    if name == "std" and axis is not None and len(axis) == 1:
        axis = (axis[0], (axis[0] + 1) % 3)  # a spread of two equal numbers has no slope
    check_gradients(lambda x: operation(x, axis=axis), sample((2, 3, 4), seed=5))
    check_gradients(lambda x: operation(x, axis=axis, keepdims=True), sample((2, 3, 4), seed=5))


def test_gradients_at_edges():
    """Equal largest elements share the gradient; a product with a zero in it has one all the same."""

    def gradient(operation, x):
        return run(lambda x: ops.gradients(operation(x), [x])[0], np.array(x)).tolist()

    assert gradient(ops.max, [1.0, 3.0, 3.0]) == [0, 0.5, 0.5]
    assert gradient(ops.min, [1.0, 1.0, 3.0, 1.0]) == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3])
    assert gradient(ops.prod, [2.0, 0.0, 3.0]) == [0, 6, 0]
    assert gradient(ops.prod, [0.0, 0.0, 3.0]) == [0, 0, 0]


@pytest.mark.parametrize("shape", [(300000,), (70000, 5), (40, 5000), (5, 300, 77)])
def test_same_bits_for_any_number_of_threads(shape):
    x = sample(shape, "float32")
    assert_same_bits_for_threads(
        lambda x: [ops.sum(x), ops.sum(x, 0), ops.mean(x, -1), ops.argmax(x, -1), ops.cumsum(x, -1)], x
    )


@pytest.mark.parametrize("axis", [2, -3, (0, 0), (1, -1)])
def test_errors(axis):
    with pytest.raises(ValueError, match="sum: (axis|an axis)"):
        ops.sum(np.ones((2, 3)), axis=axis)
