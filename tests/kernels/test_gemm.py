"""Products of matrices on every instruction set, against NumPy in float64."""

import numpy as np
import pytest
from gradients import check_gradients
from products import assert_close, draw, run_op
from running import AWKWARD_SIZES, assert_same_bits_for_threads

from pronghorn import _core, ops

TRANSPOSES = [(a, b) for a in (False, True) for b in (False, True)]
ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
}


def stored(m, n, k, transpose_a, transpose_b):
    return (k, m) if transpose_a else (m, k), (n, k) if transpose_b else (k, n)


def product(a, b, transpose_a, transpose_b):
    a, b = a.astype("float64"), b.astype("float64")
    return (a.T if transpose_a else a) @ (b.T if transpose_b else b)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("transposed", TRANSPOSES)
def test_awkward_sizes(isa, dtype, transposed):
    for i, m in enumerate(AWKWARD_SIZES):
        for j, n in enumerate(AWKWARD_SIZES):
            k = AWKWARD_SIZES[(5 * i + 3 * j) % len(AWKWARD_SIZES)]
            a, b = draw(i, *stored(m, n, k, *transposed), dtype=dtype)
            found = run_op("matmul", [a, b], transpose_a=transposed[0], transpose_b=transposed[1])
            assert_close(found, product(a, b, *transposed), k)


# Beyond the block sizes, long sums that are cut in slices, more of b than is packed at a time, rows and
# columns alone, nothing to sum.
LARGE = [
    (300, 100, 530),
    (40, 33, 9001),
    (3, 70, 5003),
    (2, 301, 100),
    (1, 4099, 65),
    (4099, 1, 65),
    (37, 4130, 70),
    (20, 1300, 900),
    (150, 600, 40),
    (130, 300, 2600),
    (210, 700, 3300),
    (20, 1400, 1700),
]
EMPTY = [(4, 5, 0), (0, 5, 3), (4, 0, 3)]


@pytest.mark.parametrize("transposed", TRANSPOSES)
@pytest.mark.parametrize("size", LARGE + EMPTY)
def test_large_and_empty(isa, size, transposed):
    m, n, k = size
    if isa == "reference" and m * n * k > 1e6:
        pytest.skip("the definition itself, slow at this size")
    a, b = draw(7, *stored(m, n, k, *transposed))
    found = run_op("matmul", [a, b], transpose_a=transposed[0], transpose_b=transposed[1])
    assert_close(found, product(a, b, *transposed), k)


# Rows, columns, terms, whether b is transposed: one for each way to carry out a product.
WITH_EPILOGUE = [
    (1, 64, 64, False),
    (1, 531, 67, False),
    (19, 45, 33, False),
    (19, 45, 33, True),
    (3, 19, 20, True),
    (70, 1, 31, False),
    (130, 70, 300, False),
    (130, 70, 300, True),
    (5, 7, 5000, False),
]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bias, residual", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_epilogue(isa, dtype, bias, residual, activation):
    for m, n, k, transpose_b in WITH_EPILOGUE:
        a, b = draw(3, *stored(m, n, k, False, transpose_b), dtype=dtype)
        extra, other = draw(4, (n,), (m, n), dtype=dtype)
        found = run_op(
            "gemm", [a, b] + [extra] * bias + [other] * residual, transpose_a=False, transpose_b=transpose_b,
            has_bias=bias, has_residual=residual, activation=activation,
        )  # fmt: skip
        expected = product(a, b, False, transpose_b) + extra * np.float64(bias) + other * np.float64(residual)
        assert_close(found, ACTIVATIONS[activation](expected), k, scale=max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mask(isa, dtype):
    for m, n, k, transpose_b in WITH_EPILOGUE:
        a, b = draw(3, *stored(m, n, k, False, transpose_b), dtype=dtype)
        (mask,) = draw(4, (m, n), dtype=dtype)
        mask[:, ::3] = 0
        attributes = {"transpose_b": transpose_b, "has_mask": True, "mask_factor": 1.5}
        found = run_op("gemm", [a, b, mask], **attributes)
        expected = product(a, b, False, transpose_b) * (mask > 0) * 1.5
        assert_close(found, expected, k, scale=max(1.0, np.abs(expected).max()))
        assert not found[mask <= 0].any()


def test_relu_keeps_nan(isa):
    a = np.full((3, 4), np.nan, "float32")
    found = run_op("gemm", [a, np.ones((4, 20), "float32")], activation="relu")
    assert np.isnan(found).all()


@pytest.mark.parametrize(
    "a, b",
    [((5, 3, 4), (4, 6)), ((5, 3, 4), (5, 4, 6)), ((2, 1, 3, 4), (5, 4, 6)), ((3, 4), (5, 4, 6)),
     ((1, 3, 4), (2, 4, 1)),
     ((90, 33, 40), (90, 40, 17)), ((0, 3, 4), (0, 4, 2))],
)  # fmt: skip
def test_batches_broadcast(isa, a, b):
    x, y = draw(5, a, b)
    assert_close(
        run_op("matmul", [x, y], transpose_a=False, transpose_b=False),
        np.matmul(x, y, dtype="float64"),
        a[-1],
    )


@pytest.mark.parametrize(
    "size", [(128, 784, 512), (64, 9000, 48), (512, 70, 300), (1, 700, 4000), (300, 90, 5000)]
)
def test_same_bits_for_any_number_of_threads(isa, size):
    if isa == "reference":
        pytest.skip("one thread by definition")
    m, k, n = size
    assert_same_bits_for_threads(ops.matmul, *draw(1, (m, k), (k, n)))


@pytest.mark.parametrize("transposed", TRANSPOSES)
@pytest.mark.parametrize("batch", [((), ()), ((2,), (2,)), ((2,), ()), ((), (2,)), ((3, 1), (1, 2))])
def test_gradients(transposed, batch):
    shapes = [b + s for b, s in zip(batch, stored(3, 4, 5, *transposed))]
    check_gradients(
        lambda a, b: ops.emit("matmul", [a, b], transpose_a=transposed[0], transpose_b=transposed[1]),
        *draw(2, *shapes),
    )


@pytest.mark.parametrize(
    "a, b", [((3,), (3,)), ((3,), (3, 2)), ((4, 3), (3,)), ((2, 4, 3), (3,)), ((3,), (2, 3, 4))]
)
def test_vectors(a, b):
    x, y = draw(6, a, b)
    found = ops.matmul(x, y)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.matmul(x, y), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ops.dot(x, y), np.dot(x, y), rtol=1e-5, atol=1e-6)


def test_dot_and_tensordot():
    x, y = draw(8, (2, 4, 3), (5, 3, 6))
    np.testing.assert_allclose(ops.dot(x, y), np.dot(x, y), rtol=1e-5, atol=1e-5)
    for axes in [([2], [1]), (2, 1), ([-1], [-2])]:
        np.testing.assert_allclose(ops.tensordot(x, y, axes), np.tensordot(x, y, axes), rtol=1e-5, atol=1e-5)
    z = y.transpose(1, 0, 2)
    np.testing.assert_allclose(ops.tensordot(x, z, 1), np.tensordot(x, z, 1), rtol=1e-5, atol=1e-5)


def test_integers_and_mixed_types():
    found = ops.matmul(np.array([[1, 2]], "int32"), np.array([[3], [4]], "int32"))
    assert found.dtype == np.int32 and found.item() == 11


@pytest.mark.parametrize(
    "x, y, axes, subscripts",
    [
        ((3, 4), (3, 4), None, "ij,ij->i"),
        ((3, 2, 4), (3, 4, 5), None, "bij,bjk->bik"),
        ((3, 4, 2), (3, 4, 5), 1, "bji,bjk->bik"),
        ((3, 2, 4), (3, 5, 4), (2, 2), "bij,bkj->bik"),
        ((3, 4), (3, 4, 5), (1, 1), "bj,bjk->bk"),
        ((3, 2, 4), (3, 4), (2, 1), "bij,bj->bi"),
        ((3, 2, 4, 6), (3, 7, 4, 5), (2, 2), "bijl,bmjn->bilmn"),
        ((3, 2, 4), (3, 5, 4, 6), (-1, -2), "bij,bkjl->bikl"),
    ],
)
def test_batch_dot(x, y, axes, subscripts):
    a, b = draw(9, x, y)
    expected = np.einsum(subscripts, a, b)
    found = ops.batch_dot(a, b, axes)
    assert found.shape == (expected.shape if expected.ndim > 1 else (3, 1))
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("axes", [0, (0, 1), ((1, 2), 1), (1, 2)])
def test_batch_dot_errors(axes):
    with pytest.raises(ValueError, match="batch_dot"):
        ops.batch_dot(*draw(0, (3, 4, 5), (3, 4, 6)), axes)


def test_shapes_that_do_not_match_are_named():
    with pytest.raises(ValueError, match=r"matmul.*\(2, 3\).*\(4, 5\)"):
        ops.matmul(*draw(0, (2, 3), (4, 5)))


def test_no_allocation_when_a_product_runs():
    a, b = draw(0, (128, 784), (784, 512))
    ops.matmul(a, b)
    before = _core.allocations()
    ops.matmul(a, b)
    assert _core.allocations() == before
