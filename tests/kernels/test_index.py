"""Taking, adding and ordering elements by index."""

import numpy as np
import pytest
from gradients import check_gradients
from running import AWKWARD_SIZES, assert_same_bits_for_threads, run

from pronghorn import ops

NUMERIC = ["float32", "float64", "int32", "int64", "uint8"]


def data(shape, dtype="float32"):
    return np.random.RandomState(0).randint(0, 100, shape).astype(dtype)


def indices(shape, size, dtype="int32"):
    return np.random.RandomState(1).randint(0, size, shape).astype(dtype)


@pytest.mark.parametrize("dtype", [*NUMERIC, "bool"])
@pytest.mark.parametrize("index_type", ["int32", "int64"])
@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_take(axis, index_type, dtype):
    x = data((5, 4, 3), dtype)
    at = indices((2, 7), 60 if axis is None else x.shape[axis], index_type)
    found = run(lambda x, at: ops.take(x, at, axis), x, at)
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, np.take(x, at, axis))


@pytest.mark.parametrize("width", AWKWARD_SIZES)
def test_take_and_scatter_add_of_rows(width):
    x, at = data((11, width)), indices(50, 11)
    np.testing.assert_array_equal(run(lambda x, at: ops.take(x, at, axis=0), x, at), x[at])
    updates = data((50, width))
    expected = np.zeros((11, width), "float32")
    np.add.at(expected, at, updates)
    np.testing.assert_array_equal(
        run(lambda at, u: ops.scatter_add(at, u, (11, width)), at, updates), expected
    )


@pytest.mark.parametrize("dtype", NUMERIC)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_scatter_add(axis, dtype):
    shape = (5, 4, 3)
    at = indices((2, 6), shape[axis], "int64")
    updates = data(shape[:axis] + (2, 6) + shape[axis + 1 :], dtype)
    expected = np.zeros(shape, dtype)
    np.add.at(np.moveaxis(expected, axis, 0), at, np.moveaxis(updates, [axis, axis + 1], [0, 1]))
    np.testing.assert_array_equal(
        run(lambda at, u: ops.scatter_add(at, u, shape, axis), at, updates), expected
    )


def test_written_indices_count_from_the_end():
    x = data((5, 3))
    np.testing.assert_array_equal(run(lambda x: ops.take(x, [-1, 0], axis=0), x), x[[-1, 0]])
    np.testing.assert_array_equal(run(lambda x: x[[1, -2]], x), x[[1, -2]])


@pytest.mark.parametrize("bad", [-1, 5, 2**31 - 1])
def test_index_out_of_range(bad):
    x, at = data((5, 3)), np.array([0, 1, bad], "int32")
    with pytest.raises(IndexError, match=rf"take: index {bad} \(number 2 of 3\) .* axis of size 5"):
        run(lambda x, at: ops.take(x, at, axis=0), x, at)
    with pytest.raises(IndexError, match="scatter_add"):
        run(lambda x, at: ops.scatter_add(at, x[:3], (5, 3)), x, at)
    with pytest.raises(IndexError, match="take_along_axis"):
        run(lambda x, at: ops.take_along_axis(x, ops.reshape(at, (1, 3)), axis=0), x, at)


@pytest.mark.parametrize("dtype", [*NUMERIC, "bool"])
@pytest.mark.parametrize("depth", [1, 7, 33])
def test_one_hot(depth, dtype):
    at = indices((3, 4), depth)
    found = run(lambda at: ops.one_hot(at, depth, dtype=dtype), at)
    np.testing.assert_array_equal(found, np.eye(depth, dtype=dtype)[at])


def test_one_hot_elsewhere():
    np.testing.assert_array_equal(ops.one_hot(np.array([-1, 3, 1]), 3), [[0, 0, 0], [0, 0, 0], [0, 1, 0]])
    at = indices((2, 5), 3)
    found = run(lambda at: ops.one_hot(at, 3, axis=1), at)
    np.testing.assert_array_equal(found, np.moveaxis(np.eye(3)[at], -1, 1))


def test_take_along_axis():
    x = data((4, 5, 6))
    for axis in range(3):
        at = np.argsort(x, axis)
        found = run(lambda x, at: ops.take_along_axis(x, at, axis), x, at)  # noqa: B023
        np.testing.assert_array_equal(found, np.take_along_axis(x, at, axis))


def test_gather_nd():
    x, at = data((4, 5, 6)), np.stack([indices((3, 2), 4), indices((3, 2), 5)], -1)
    np.testing.assert_array_equal(run(ops.gather_nd, x, at), x[at[..., 0], at[..., 1]])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("columns", AWKWARD_SIZES)
def test_order(columns, dtype):
    x = data((7, columns), dtype)
    ascending = np.argsort(x, -1, kind="stable")
    np.testing.assert_array_equal(run(ops.argsort, x), ascending)
    np.testing.assert_array_equal(run(ops.sort, x), np.sort(x, -1))
    np.testing.assert_array_equal(run(lambda x: ops.sort(x, 0), x), np.sort(x, 0))
    descending = np.argsort(-x, -1, kind="stable")
    for k in {0, 1, columns // 2, columns}:
        values, at = run(lambda x: ops.top_k(x, k), x)  # noqa: B023
        np.testing.assert_array_equal(at, descending[:, :k])
        np.testing.assert_array_equal(values, np.take_along_axis(x, at, -1))


def test_nan_is_the_greatest():
    x = np.array([1.0, np.nan, np.inf, -np.inf, np.nan], "float32")
    np.testing.assert_array_equal(run(lambda x: ops.top_k(x, 3)[1], x), [1, 4, 2])
    np.testing.assert_array_equal(run(ops.argsort, x), [3, 0, 2, 1, 4])


def test_in_top_k():
    p = np.array([[0.1, 0.7, 0.2], [0.5, 0.5, 0.0], [0.1, np.nan, 0.2], [0.1, 0.7, 0.2]], "float32")
    targets = np.array([2, 1, 1, 3])
    np.testing.assert_array_equal(run(lambda t, p: ops.in_top_k(t, p, 1), targets, p), [0, 1, 0, 0])
    np.testing.assert_array_equal(run(lambda t, p: ops.in_top_k(t, p, 2), targets, p), [1, 1, 0, 0])


GRADIENTS = {
    "take": lambda x: ops.take(x, np.array([[1, 1], [0, 2]]), axis=1),
    "take_along_axis": lambda x: ops.take_along_axis(x, np.array([[1, 1], [0, 2], [2, 2]])),
    "scatter_add": lambda x: ops.scatter_add(np.array([1, 1, 0]), x, (4, 5)),
    "top_k": lambda x: ops.top_k(x, 2)[0],
    "sort": lambda x: ops.sort(x, 0),
    "gather_nd": lambda x: ops.gather_nd(x, np.array([[1, 1], [0, 4]])),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name):
    x = np.random.RandomState(0).standard_normal((3, 5))
    check_gradients(GRADIENTS[name], x)

    def gradient(x):
        y = GRADIENTS[name](x)
        return ops.gradients(y * y * y, [x])[0]

    check_gradients(gradient, x)


def test_same_bits_for_any_number_of_threads():
    x, at = np.random.RandomState(0).standard_normal((5000, 64)).astype("float32"), indices(5000, 3000)
    assert_same_bits_for_threads(
        lambda x, at: [
            ops.take(x, at, axis=0),
            ops.scatter_add(at, x, (3000, 64)),
            ops.scatter_add(at % 60, ops.transpose(x), (64, 60), axis=1),
            ops.top_k(x, 5)[0],
            ops.argsort(x),
        ],
        x,
        at,
    )


@pytest.mark.parametrize(
    "function, error, message",
    [
        (lambda x: ops.take(x, x, axis=0), TypeError, "indices must be integers"),
        (lambda x: ops.top_k(x, 6), ValueError, "k is 6"),
        (lambda x: ops.take(x, [0], axis=2), ValueError, "axis 2 is out of range"),
        (lambda x: ops.scatter_add([0, 1], x, (3, 5)), ValueError, r"need updates of shape \(2, 5\)"),
        (lambda x: ops.in_top_k([0], x, 1), ValueError, r"need targets of shape \(3,\)"),
    ],
)
def test_errors(function, error, message):
    with pytest.raises(error, match=message):
        run(function, np.zeros((3, 5)))
