"""Moving elements: reshapes, transposes, slices, joins, pads and repeats."""

import numpy as np
import pytest
from gradients import check_gradients
from running import AWKWARD_SIZES, assert_same_bits_for_threads, run

from pronghorn import ops

DTYPES = ["float32", "float64", "int32", "int64", "uint8", "bool"]


def data(shape, dtype="float32"):
    return np.random.RandomState(0).randint(0, 200, shape).astype(dtype)


TRANSPOSES = [
    ((2, 3), (1, 0)),
    ((4, 3, 5), (0, 2, 1)),
    ((4, 3, 5), (2, 0, 1)),
    ((4, 3, 5), (1, 0, 2)),
    ((2, 3, 4, 5), (0, 2, 3, 1)),
    ((2, 3, 4, 5), (0, 3, 1, 2)),
    ((2, 3, 4, 5), (3, 2, 1, 0)),
    ((3, 1, 4, 1, 5), (4, 3, 2, 1, 0)),
    ((2, 2, 2, 2, 2, 2, 2, 3), (7, 5, 3, 1, 0, 2, 4, 6)),
    ((0, 3), (1, 0)),
    ((33, 17, 64), (0, 2, 1)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape, axes", TRANSPOSES)
def test_transpose(shape, axes, dtype):
    x = data(shape, dtype)
    np.testing.assert_array_equal(run(lambda t: ops.transpose(t, axes), x), x.transpose(axes))


@pytest.mark.parametrize("rows", AWKWARD_SIZES)
@pytest.mark.parametrize("columns", AWKWARD_SIZES)
def test_transpose_of_matrices(rows, columns):
    for dtype in ["float32", "float64", "uint8"]:
        x = data((rows, columns), dtype)
        np.testing.assert_array_equal(run(ops.transpose, x), x.T)


INDICES = [
    np.s_[1],
    np.s_[-1],
    np.s_[1:],
    np.s_[..., 1:3],
    np.s_[:, ::2],
    np.s_[::-1],
    np.s_[:, ::-2, 1],
    np.s_[:, None, 1:2],
    np.s_[2:1],
    np.s_[None, ..., -1],
    np.s_[1, 2, 3],
    np.s_[...],
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_get_item(index):
    x = data((3, 5, 4))
    np.testing.assert_array_equal(run(lambda t: t[index], x), x[index])


def test_get_item_errors():
    x = data((3, 5))
    with pytest.raises(IndexError, match="out of range for axis 1"):
        run(lambda t: t[0, 5], x)
    with pytest.raises(IndexError, match="3 indices"):
        run(lambda t: t[0, 0, 0], x)
    with pytest.raises(TypeError, match="str"):
        run(lambda t: t["a"], x)


NUMPY = [
    ("reshape", (3, 8), lambda m, x: m.reshape(x, (4, -1))),
    ("ravel", (3, 8), lambda m, x: m.ravel(x)),
    ("expand_dims", (3, 8), lambda m, x: m.expand_dims(x, 1)),
    ("expand_dims last", (3, 8), lambda m, x: m.expand_dims(x, -1)),
    ("squeeze", (1, 8, 1), lambda m, x: m.squeeze(x)),
    ("squeeze one", (1, 8, 1), lambda m, x: m.squeeze(x, -1)),
    ("moveaxis", (2, 3, 4), lambda m, x: m.moveaxis(x, 0, -1)),
    ("moveaxis two", (2, 3, 4), lambda m, x: m.moveaxis(x, [0, 1], [1, 2])),
    ("swapaxes", (2, 3, 4), lambda m, x: m.swapaxes(x, 0, 2)),
    ("broadcast_to", (3, 1), lambda m, x: m.broadcast_to(x, (2, 3, 5))),
    ("broadcast_to scalar", (), lambda m, x: m.broadcast_to(x, (2, 3))),
    ("broadcast_to outer", (7,), lambda m, x: m.broadcast_to(x, (5, 7))),
    ("flip", (3, 4, 5), lambda m, x: m.flip(x)),
    ("flip axis", (3, 4, 5), lambda m, x: m.flip(x, 1)),
    ("flip axes", (3, 4, 5), lambda m, x: m.flip(x, (0, 2))),
    ("repeat", (3, 4), lambda m, x: m.repeat(x, 2, 0)),
    ("repeat last", (3, 4), lambda m, x: m.repeat(x, 3, -1)),
    ("repeat flat", (3, 4), lambda m, x: m.repeat(x, 3)),
    ("tile", (3, 4), lambda m, x: m.tile(x, (2, 3))),
    ("tile more axes", (3, 4), lambda m, x: m.tile(x, (2, 1, 3))),
    ("tile fewer axes", (3, 4), lambda m, x: m.tile(x, 2)),
    ("tile of great rank", (1, 2, 1, 2, 1, 2, 1, 2), lambda m, x: m.tile(x, (2, 1, 2, 1, 2, 3, 1, 2))),
    ("concatenate", (3, 4), lambda m, x: m.concatenate([x, x[:2], x], 0)),
    ("concatenate last", (3, 4), lambda m, x: m.concatenate([x, x[:, 1:], x], -1)),
    ("concatenate empty", (3, 4), lambda m, x: m.concatenate([x[:, :0], x], 1)),
    ("stack", (3, 4), lambda m, x: m.stack([x, x], 1)),
    ("split", (4, 6), lambda m, x: m.concatenate(m.split(x, 3, 1)[::-1], 0)),
    ("split at", (4, 6), lambda m, x: m.split(x, [1, 4], 1)[1]),
    ("pad", (3, 4), lambda m, x: m.pad(x, ((1, 2), (0, 3)), mode="constant", constant_values=7)),
    ("pad inner", (3, 4, 2), lambda m, x: m.pad(x, ((1, 0), (2, 1), (0, 0)), mode="constant")),
    ("pad reflect", (3, 5), lambda m, x: m.pad(x, ((1, 2), (4, 3)), mode="reflect")),
    ("pad symmetric", (3, 5), lambda m, x: m.pad(x, ((3, 2), (5, 1)), mode="symmetric")),
    ("zeros_like", (3, 5), lambda m, x: m.zeros_like(x)),
    ("full_like", (3, 5), lambda m, x: m.full_like(x, 3)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
@pytest.mark.parametrize("shape, function", [row[1:] for row in NUMPY], ids=[row[0] for row in NUMPY])
def test_like_numpy(shape, function, dtype):
    x = data(shape, dtype)
    found = run(lambda t: function(ops, t), x)
    expected = function(np, x)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


DIFFERENTIABLE = [row for row in NUMPY if "like" not in row[0]] + [
    ("transpose", (2, 3, 4), lambda m, x: m.transpose(x, (2, 0, 1))),
    ("strided slice", (5, 4), lambda m, x: x[1::2, ::-3]),
    ("slice", (5, 4), lambda m, x: x[1:3, 2]),
]


@pytest.mark.parametrize(
    "shape, function", [row[1:] for row in DIFFERENTIABLE], ids=[row[0] for row in DIFFERENTIABLE]
)
def test_gradients(shape, function):
    x = np.random.RandomState(1).standard_normal(shape)
    check_gradients(lambda t: function(ops, t), x)


def test_gradient_of_gradient_of_strided_slice():
    def twice(x):
        (gradient,) = ops.gradients(x[::2] * x[::2] * x[::2], [x])
        return gradient

    check_gradients(twice, np.random.RandomState(1).standard_normal((5, 3)))


def test_same_bits_for_any_number_of_threads():
    x = data((64, 33, 129))
    assert_same_bits_for_threads(
        lambda t: [
            ops.transpose(t, (0, 2, 1)),
            ops.transpose(t, (2, 1, 0)),
            ops.pad(t, ((1, 1), (0, 0), (3, 2))),
            ops.concatenate([t, t], 2),
            ops.broadcast_to(t, (2, 64, 33, 129)),
        ],
        x,
    )


def test_constants():
    np.testing.assert_array_equal(ops.eye(3, 4, 1), np.eye(3, 4, 1, "float32"))
    np.testing.assert_array_equal(ops.arange(5), np.arange(5, dtype="int32"))
    np.testing.assert_array_equal(ops.arange(1.0, 2.0, 0.25), np.arange(1, 2, 0.25, dtype="float32"))
    assert ops.zeros((2, 3), "int64").dtype == "int64"
    np.testing.assert_array_equal(ops.ones((2,)), np.ones(2, "float32"))


@pytest.mark.parametrize(
    "function, message",
    [
        (lambda t: ops.reshape(t, (4,)), r"\(3, 5\) with 15 elements into \(4,\)"),
        (lambda t: ops.reshape(t, (4, -1)), "15 elements"),
        (lambda t: ops.reshape(t, (-1, -1)), "only one size"),
        (lambda t: ops.transpose(t, (0, 0)), "not an ordering"),
        (lambda t: ops.squeeze(t, 0), "has size 3, not 1"),
        (lambda t: ops.broadcast_to(t, (3, 4)), "cannot"),
        (lambda t: ops.concatenate([t, ops.transpose(t)], 0), "does not match"),
        (lambda t: ops.split(t, 2, 1), "does not divide"),
        (lambda t: ops.slice(t, (0, 3), (3, 3)), "axis 1"),
        (lambda t: ops.pad(t, ((0, 0), (5, 0)), "reflect"), "too short"),
        (lambda t: ops.expand_dims(t, 4), "out of range"),
    ],
)
def test_errors(function, message):
    with pytest.raises(ValueError, match=message):
        run(function, data((3, 5)))
