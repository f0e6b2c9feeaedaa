"""Elementwise ops against NumPy, on every instruction set."""

import numpy as np
import pytest
from gradients import check_gradients
from running import AWKWARD_SIZES, assert_same_bits_for_threads, run

from pronghorn import _core, ops

FLOATS = ["float32", "float64"]
NUMBERS = ["float32", "float64", "int32", "int64", "uint8"]
# Relative to the largest of 1 and the result. The reference instruction set rounds the same way, but by libm.
TOLERANCE = {"float32": 5e-7, "float64": 2e-15}


def sample(shape, dtype="float32", low=-3.0, high=3.0, seed=0):
    values = np.random.RandomState(seed).uniform(low, high, shape)
    if dtype == "uint8":
        return np.abs(values * 40).astype(dtype)
    return (values * 10 if dtype.startswith("int") else values).astype(dtype)


def close(found, expected, dtype=None):
    assert found.shape == np.shape(expected)
    if dtype is not None:
        assert found.dtype == np.dtype(dtype)
    tolerance = TOLERANCE.get(found.dtype.name, 0)
    np.testing.assert_allclose(found, expected, rtol=8 * tolerance, atol=tolerance)


def erf(x):
    from math import erf

    return np.vectorize(erf)(x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805

UNARY = {  # name: (operation, NumPy, lowest and highest argument)
    "negative": (ops.negative, np.negative, -3, 3),
    "abs": (ops.abs, np.abs, -3, 3),
    "sign": (ops.sign, np.sign, -3, 3),
    "square": (ops.square, np.square, -3, 3),
    "sqrt": (ops.sqrt, np.sqrt, 0.01, 9),
    "rsqrt": (ops.rsqrt, lambda x: 1 / np.sqrt(x), 0.1, 9),
    "reciprocal": (ops.reciprocal, lambda x: 1 / x, 0.1, 9),
    "exp": (ops.exp, np.exp, -20, 3),
    "expm1": (ops.expm1, np.expm1, -20, 3),
    "log": (ops.log, np.log, 1e-3, 50),
    "log1p": (ops.log1p, np.log1p, -0.9, 5),
    "log2": (ops.log2, np.log2, 1e-3, 50),
    "log10": (ops.log10, np.log10, 1e-3, 50),
    "sin": (ops.sin, np.sin, -50, 50),
    "cos": (ops.cos, np.cos, -50, 50),
    "tan": (ops.tan, np.tan, -1.4, 1.4),
    "tanh": (ops.tanh, np.tanh, -12, 12),
    "sigmoid": (ops.sigmoid, sigmoid, -30, 30),
    "softplus": (ops.softplus, lambda x: np.logaddexp(x, 0), -30, 3),
    "softsign": (ops.softsign, lambda x: x / (1 + np.abs(x)), -30, 30),
    "erf": (ops.erf, erf, -5, 5),
    "floor": (ops.floor, np.floor, -30, 30),
    "ceil": (ops.ceil, np.ceil, -30, 30),
    "round": (ops.round, np.round, -30, 30),
    "relu": (ops.relu, lambda x: np.maximum(x, 0), -3, 3),
    "relu6": (ops.relu6, lambda x: np.clip(x, 0, 6), -3, 9),
    "elu": (lambda x: ops.elu(x, 0.7), lambda x: np.where(x < 0, 0.7 * np.expm1(x), x), -3, 3),
    "selu": (ops.selu, lambda x: SELU_SCALE * np.where(x < 0, SELU_ALPHA * np.expm1(x), x), -3, 3),
    "leaky_relu": (lambda x: ops.leaky_relu(x, 0.1), lambda x: np.where(x < 0, 0.1 * x, x), -3, 3),
    "hard_sigmoid": (ops.hard_sigmoid, lambda x: np.clip(0.2 * x + 0.5, 0, 1), -4, 4),
    "silu": (ops.silu, lambda x: x * sigmoid(x), -9, 3),
    "gelu": (lambda x: ops.gelu(x, False), lambda x: x * 0.5 * (1 + erf(x / np.sqrt(2))), -5, 3),
    "log_sigmoid": (ops.log_sigmoid, lambda x: -np.logaddexp(-x, 0), -3, 30),
    "clip": (lambda x: ops.clip(x, -1, 2), lambda x: np.clip(x, -1, 2), -3, 3),
}  # fmt: skip

BINARY = {
    "add": (ops.add, np.add),
    "subtract": (ops.subtract, np.subtract),
    "multiply": (ops.multiply, np.multiply),
    "divide": (ops.divide, np.divide),
    "floor_divide": (ops.floor_divide, np.floor_divide),
    "mod": (ops.mod, np.mod),
    "power": (ops.power, np.power),
    "maximum": (ops.maximum, np.maximum),
    "minimum": (ops.minimum, np.minimum),
    "squared_difference": (ops.squared_difference, lambda a, b: (a - b) ** 2),
    "logaddexp": (ops.logaddexp, np.logaddexp),
}

COMPARISONS = {
    "equal": (ops.equal, np.equal),
    "not_equal": (ops.not_equal, np.not_equal),
    "less": (ops.less, np.less),
    "less_equal": (ops.less_equal, np.less_equal),
    "greater": (ops.greater, np.greater),
    "greater_equal": (ops.greater_equal, np.greater_equal),
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UNARY)
def test_unary(isa, name, dtype):
    operation, expected, low, high = UNARY[name]
    for size in (*AWKWARD_SIZES, 2053):
        x = sample((size,), dtype, low, high, seed=size)
        close(run(operation, x), expected(x.astype("float64")), dtype)


@pytest.mark.parametrize("name", ["negative", "abs", "sign", "square", "relu"])
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_unary_of_integers(isa, name, dtype):
    operation, expected, _, _ = UNARY[name]
    x = sample((37,), dtype)
    close(run(operation, x), expected(x), dtype)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("name", BINARY)
def test_binary(isa, name, dtype):
    if name in ("divide", "logaddexp") and not dtype.startswith("float"):
        pytest.skip("of floating point numbers")
    operation, expected = BINARY[name]
    for size in AWKWARD_SIZES:
        a, b = sample((size,), dtype, seed=1), sample((size,), dtype, seed=2)
        if name == "power":
            a, b = np.abs(a), np.abs(b) // 8 if not dtype.startswith("float") else b
        if not dtype.startswith("float"):
            b = np.where(b == 0, 3, b).astype(dtype)
        with np.errstate(over="ignore"):
            close(run(operation, a, b), expected(a, b), dtype)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(isa, name, dtype):
    operation, expected = COMPARISONS[name]
    for size in AWKWARD_SIZES:
        a = (sample((size,), dtype, seed=1) / (10 if dtype == "uint8" else 1)).round().astype(dtype)
        b = (sample((size,), dtype, seed=2) / (10 if dtype == "uint8" else 1)).round().astype(dtype)
        close(run(operation, a, b), expected(a, b), "bool")


def test_logic(isa):
    for size in AWKWARD_SIZES:
        a, b = sample((size,), seed=3) > 0, sample((size,), seed=4) > 0
        close(run(ops.logical_and, a, b), a & b, "bool")
        close(run(ops.logical_or, a, b), a | b, "bool")
        close(run(ops.logical_xor, a, b), a ^ b, "bool")
        close(run(ops.equal, a, b), a == b, "bool")
        close(run(ops.logical_not, a), ~a, "bool")


@pytest.mark.parametrize("dtype", [*NUMBERS, "bool"])
def test_where(isa, dtype):
    for size in AWKWARD_SIZES:
        c = sample((size,), seed=5) > 0
        a, b = sample((size,), "int32", seed=6).astype(dtype), sample((size,), "int32", seed=7).astype(dtype)
        close(run(ops.where, c, a, b), np.where(c, a, b), dtype)
        close(run(ops.where, c, a[:1], b), np.where(c, a[:1], b), dtype)
        close(run(ops.where, c[:1], a, b), np.where(c[:1], a, b), dtype)


@pytest.mark.parametrize("source", [*NUMBERS, "bool"])
@pytest.mark.parametrize("target", [*NUMBERS, "bool"])
def test_cast(isa, source, target):
    for size in AWKWARD_SIZES:
        x = sample((size,), "float64", 0, 90).astype(source)
        close(run(lambda x: ops.cast(x, target), x), x.astype(target), target)
    close(run(lambda x: ops.cast(x, target), x[:1].reshape(())), x[0].astype(target), target)


BROADCASTS = [
    ((5, 7), (7,)),
    ((5, 7), (5, 1)),
    ((1, 7), (5, 1)),
    ((), (5, 7)),
    ((1,), (1,)),
    ((3, 1, 5), (4, 1)),
    ((2, 3, 4, 5), (3, 1, 5)),
    ((700, 10), (10,)),
    ((700, 10), (700, 1)),
    ((3, 5000), (5000,)),
    ((3, 5000), (3, 1)),
    ((2, 3001), (2, 1)),
    ((2, 1, 2, 1, 2), (3, 1, 3, 1)),
    ((0, 3), (3,)),
]


@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
def test_broadcasting(isa, shapes):
    a, b = sample(shapes[0], seed=1), sample(shapes[1], seed=2)
    close(run(ops.subtract, a, b), a - b)
    close(run(ops.subtract, b, a), b - a)
    close(run(ops.less, a, b), a < b)


def test_edges(isa):
    inf, nan = np.inf, np.nan
    for dtype in FLOATS:
        x = np.array([0.0, -0.0, 1, -1, inf, -inf, nan, np.finfo(dtype).max, 1e5, -1e5, 100, -1000], dtype)
        with np.errstate(all="ignore"):
            for name in ["exp", "log", "log1p", "sqrt", "tanh", "sin", "cos", "floor", "abs", "sign"]:
                operation, expected = UNARY[name][:2]
                close(run(operation, x), expected(x.astype("float64")).astype(dtype), dtype)
            for name in ["maximum", "minimum", "divide", "power", "multiply"]:
                operation, expected = BINARY[name]
                a, b = (m.ravel() for m in np.meshgrid(x, x))
                close(run(operation, a, b), expected(a, b), dtype)
            close(run(ops.isnan, x), np.isnan(x))
            close(run(ops.isinf, x), np.isinf(x))
            close(run(ops.isfinite, x), np.isfinite(x))
            close(
                run(ops.sigmoid, x),
                np.where(np.isnan(x), nan, 0.5 * (1 + np.tanh(0.5 * x.astype("float64")))),
            )
            close(run(lambda x: ops.clip(x, -1, 1), x), np.clip(x, -1, 1))
            close(run(ops.relu, x), np.maximum(x, 0))


def test_integers_divided_by_zero(isa):
    for dtype in ("int32", "int64", "uint8"):
        a, b = np.array([5, 0, 7], dtype), np.array([0, 0, 2], dtype)
        close(run(ops.floor_divide, a, b), np.array([0, 0, 3], dtype))
        close(run(ops.mod, a, b), np.array([0, 0, 1], dtype))
    lowest = np.array([np.iinfo("int32").min], "int32")
    close(run(ops.floor_divide, lowest, np.array([-1], "int32")), lowest)


DIFFERENTIABLE = sorted(set(UNARY) - {"sign", "floor", "ceil", "round"})


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradient_of_unary(name):
    operation, _, low, high = UNARY[name]
    x = sample((4, 5), "float64", max(low, -4), min(high, 4), seed=1)
    check_gradients(operation, np.where(np.abs(x) < 0.02, 0.5, x))


@pytest.mark.parametrize(
    "name", ["sigmoid", "tanh", "softplus", "square", "erf", "exp", "log", "rsqrt", "elu"]
)
def test_gradient_of_gradient(name):
    operation, _, low, _ = UNARY[name]
    x = sample((7,), "float64", 0.2 if low > 0 else -2, 2, seed=2)
    check_gradients(lambda x: ops.gradients(ops.sum(operation(x)), [x])[0], x)


@pytest.mark.parametrize("name", sorted(set(BINARY) - {"floor_divide"}))
@pytest.mark.parametrize("shapes", [((4, 5), (4, 5)), ((4, 5), (5,)), ((4, 1), (1, 5)), ((), (3,))], ids=str)
def test_gradient_of_binary(name, shapes):
    a = sample(shapes[0], "float64", 0.5, 3, seed=1)
    b = sample(shapes[1], "float64", 0.6, 3, seed=2)
    check_gradients(BINARY[name][0], a, b)


def test_gradient_of_where_and_cast():
    x = sample((3, 4), "float64", seed=8)
    check_gradients(lambda c, a, b: ops.where(c, a, b), x > 0, x, sample((4,), "float64", seed=9))
    check_gradients(lambda a: ops.cast(ops.square(ops.cast(a, "float64")), "float64"), x)


def gradient(function, *arrays):
    return run(lambda *x: ops.gradients(ops.sum(function(*x)), list(x)), *arrays)


def test_gradients_at_edges():
    """As TensorFlow has them: the first of equal operands, 0 at a kink, infinity where the slope is."""
    one = np.array([1.0])
    zero = np.array([0.0])
    assert [g[0] for g in gradient(ops.maximum, one, one)] == [1, 0]
    assert [g[0] for g in gradient(ops.minimum, one, one)] == [1, 0]
    assert gradient(ops.relu, zero)[0][0] == 0
    assert gradient(ops.abs, zero)[0][0] == 0
    assert gradient(ops.sqrt, zero)[0][0] == np.inf
    assert gradient(lambda x: ops.clip(x, 0, 1), np.array([0.0, 1.0, 1.1]))[0].tolist() == [1, 1, 0]
    assert [g[0] for g in gradient(ops.power, zero, np.array([2.0]))] == [0, 0]
    assert gradient(ops.power, np.array([-2.0]), np.array([2.0]))[1][0] == 0


def test_python_scalars_take_the_dtype_of_the_tensor():
    for dtype in FLOATS:
        assert ops.add(np.ones(2, dtype), 1).dtype == dtype
        assert ops.multiply(np.ones(2, dtype), 0.5).dtype == dtype
        assert ops.add(np.ones(2, dtype), np.ones(2, "int32")).dtype == dtype
    assert ops.add(np.ones(2, "int32"), 1).dtype == "int32"
    assert ops.add(np.ones(2, "int32"), 0.5).dtype == "float32"
    assert ops.add(np.ones(2, "float32"), np.ones(2)).dtype == "float64"
    assert ops.add(np.ones(2, "int32"), np.ones(2, "int64")).dtype == "int64"
    assert ops.add(np.ones(2, bool), np.ones(2, bool)).dtype == "int32"
    assert ops.divide(np.ones(2, "int32"), 2).dtype == "float32"


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.add(np.ones((2, 3)), np.ones((4,))),
        lambda: ops.where(np.ones(3, bool), np.ones(3), np.ones(2)),
        lambda: ops.where(np.ones(3, bool)),
        lambda: ops.dropout(np.ones(3), 1.0),
        lambda: ops.dropout(np.ones((3, 2)), 0.5, noise_shape=(2, 2)),
    ],
)
def test_errors(call):
    with pytest.raises(ValueError, match="add|where|dropout"):
        call()


def test_operands_of_different_types_are_refused_by_the_core():
    graph = _core.Graph()
    a, b = graph.feed("a", (2,), "float32"), graph.feed("b", (2,), "float64")
    with pytest.raises(TypeError, match=r"add: both operands .* float32\(2,\) and float64\(2,\)"):
        graph.emit("add", [a, b], {})
    with pytest.raises(TypeError, match="sqrt: not defined for int32"):
        graph.emit("sqrt", [graph.feed("c", (2,), "int32")], {})


def test_same_bits_for_any_number_of_threads():
    a, b = sample((300, 1000), seed=1), sample((1000,), seed=2)
    assert_same_bits_for_threads(lambda a, b: [ops.tanh(a * b), ops.power(ops.abs(a), b), a > b], a, b)


def test_body_and_tail_give_the_same_bits(isa):
    """The last, partial vector is computed by the same formula as the others."""
    x = sample((64,), seed=3)
    for operation, _, low, high in UNARY.values():
        x = sample((64,), "float32", low, high, seed=3)
        whole = run(operation, x)
        for size in AWKWARD_SIZES:
            assert np.array_equal(run(operation, x[:size]), whole[:size], equal_nan=True)
