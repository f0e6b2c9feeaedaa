"""Keras 2's backend functions: values against NumPy, on arrays, variables and placeholders."""

import numpy as np
import pytest

from pronghorn import backend as K

RANDOM = np.random.RandomState(0)
A = RANDOM.uniform(-2, 2, (3, 4)).astype("float32")
B = RANDOM.uniform(-2, 2, (3, 4)).astype("float32")
P = np.abs(A) + np.float32(0.1)
C = RANDOM.uniform(-2, 2, (2, 3, 4)).astype("float32")


def reduced(name, axis, keep):
    return lambda x: getattr(np, name)(x, axis=axis, keepdims=keep)


UNARY = [
    ("square", A, {}, np.square),
    ("abs", A, {}, np.abs),
    ("sqrt", A, {}, lambda x: np.sqrt(np.maximum(x, 0))),
    ("exp", A, {}, np.exp),
    ("log", P, {}, np.log),
    ("round", A, {}, np.round),
    ("sign", A, {}, np.sign),
    ("sin", A, {}, np.sin),
    ("cos", A, {}, np.cos),
    ("clip", A, {"min_value": -1.0, "max_value": 0.5}, lambda x: np.clip(x, -1, 0.5)),
    ("clip", A, {"min_value": None, "max_value": 0.5}, lambda x: np.minimum(x, 0.5)),
    ("clip", A, {"min_value": 1.0, "max_value": -1.0}, lambda x: np.ones_like(x)),
    ("pow", P, {"a": 3}, lambda x: x**3),
    ("softplus", A, {}, lambda x: np.log1p(np.exp(x))),
    ("softsign", A, {}, lambda x: x / (1 + np.abs(x))),
    ("sigmoid", A, {}, lambda x: 1 / (1 + np.exp(-x))),
    ("hard_sigmoid", A, {}, lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    ("tanh", A, {}, np.tanh),
    ("relu", A, {"alpha": 0.1}, lambda x: np.where(x > 0, x, 0.1 * x)),
    ("elu", A, {"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    ("softmax", A, {}, lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
    ("l2_normalize", A, {"axis": 1}, lambda x: x / np.sqrt((x**2).sum(1, keepdims=True))),
    ("cumsum", A, {"axis": 1}, lambda x: np.cumsum(x, 1)),
    ("cumprod", A, {"axis": 0}, lambda x: np.cumprod(x, 0)),
    ("logsumexp", A, {"axis": 1}, lambda x: np.log(np.exp(x).sum(1))),
    ("argmax", A, {}, lambda x: np.argmax(x, -1)),
    ("argmin", A, {"axis": 0}, lambda x: np.argmin(x, 0)),
    ("any", A > 1, {"axis": 1}, lambda x: np.any(x, 1)),
    ("all", A, {"axis": 1, "keepdims": True}, lambda x: np.all(x, 1, keepdims=True)),
    ("mean", A > 0, {"axis": 0}, lambda x: np.mean(x, 0)),
    *(
        (name, C, {"axis": axis, "keepdims": keep}, reduced(name, axis, keep))
        for name in ("sum", "mean", "max", "min", "prod", "var", "std")
        for axis, keep in ((None, False), (1, True), ((0, -1), False))
    ),
    ("transpose", C, {}, np.transpose),
    ("reshape", C, {"shape": (4, -1)}, lambda x: x.reshape(4, -1)),
    ("permute_dimensions", C, {"pattern": (2, 0, 1)}, lambda x: x.transpose(2, 0, 1)),
    ("repeat", A, {"n": 3}, lambda x: np.repeat(x[:, None], 3, 1)),
    ("repeat_elements", C, {"rep": 2, "axis": 1}, lambda x: np.repeat(x, 2, 1)),
    ("tile", C, {"n": (1, 2)}, lambda x: np.tile(x, (1, 2))),
    ("tile", C, {"n": 2}, lambda x: np.tile(x, 2)),
    ("flatten", C, {}, np.ravel),
    ("batch_flatten", C, {}, lambda x: x.reshape(2, 12)),
    ("expand_dims", C, {"axis": 1}, lambda x: x[:, None]),
    ("squeeze", C[:, :1], {"axis": 1}, lambda x: x[:, 0]),
    ("reverse", C, {"axes": (0, -1)}, lambda x: x[::-1, :, ::-1]),
    ("slice", C, {"start": (0, 1, 1), "size": (2, 2, -1)}, lambda x: x[:, 1:3, 1:]),
    ("temporal_padding", C, {"padding": (1, 2)}, lambda x: np.pad(x, ((0, 0), (1, 2), (0, 0)))),
    ("zeros_like", C, {}, np.zeros_like),
    ("ones_like", C, {}, np.ones_like),
    ("identity", C, {}, lambda x: x),
    ("cast", A, {"dtype": "int32"}, lambda x: x.astype("int32")),
]  # fmt: skip

BINARY = [
    ("maximum", A, B, np.maximum),
    ("minimum", A, B, np.minimum),
    ("equal", A, A, np.equal),
    ("not_equal", A, B, np.not_equal),
    ("greater", A, B, np.greater),
    ("greater_equal", A, B, np.greater_equal),
    ("less", A, B, np.less),
    ("less_equal", A, B, np.less_equal),
    ("dot", A, B.T, np.dot),
    ("dot", A, C.transpose(0, 2, 1), np.dot),
    ("batch_dot", A, B, lambda x, y: (x * y).sum(1, keepdims=True)),
    ("batch_dot", C, C.transpose(0, 2, 1), lambda x, y: np.einsum("bij,bjk->bik", x, y)),
]


@pytest.mark.parametrize("kind", ["array", "variable", "placeholder"])
@pytest.mark.parametrize("row", UNARY, ids=[f"{i}-{row[0]}" for i, row in enumerate(UNARY)])
def test_unary(row, kind):
    name, x, arguments, reference = row
    check(lambda t: getattr(K, name)(t, **arguments), [x], reference(x), kind)


@pytest.mark.parametrize("kind", ["array", "variable", "placeholder"])
@pytest.mark.parametrize("row", BINARY, ids=[f"{i}-{row[0]}" for i, row in enumerate(BINARY)])
def test_binary(row, kind):
    name, x, y, reference = row
    check(getattr(K, name), [x, y], reference(x, y), kind)


def check(function, arrays, expected, kind):
    if kind == "array":
        found = function(*arrays)
    elif kind == "variable":
        found = K.eval(function(*(K.variable(a, dtype=a.dtype.name) for a in arrays)))
    else:
        same = len({len(a) for a in arrays}) == 1
        tensors = [
            K.placeholder((None, *a.shape[1:]) if same else a.shape, dtype=a.dtype.name) for a in arrays
        ]
        result = function(*tensors)
        assert all(n in (None, m) for n, m in zip(K.int_shape(result), np.shape(expected)))
        found = K.function(tensors, [result])(arrays)[0]
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-5)


# --- variables and functions --------------------------------------------------------------------------------


def test_questions():
    x = K.placeholder((None, 3), name="x")
    v = K.variable(A, name="v")
    assert K.int_shape(x) == (None, 3) and K.ndim(x) == 2 and K.dtype(x) == "float32"
    assert K.int_shape(v) == (3, 4) and K.count_params(v) == 12 and K.size(v) == 12
    assert K.is_variable(v) and not K.is_variable(x)
    assert K.is_placeholder(x) and not K.is_placeholder(v)
    assert K.is_tensor(x) and K.is_tensor(v) and not K.is_tensor(A)
    assert not K.is_keras_tensor(x) and not K.is_sparse(x)
    with pytest.raises(ValueError, match="symbolic"):
        K.is_keras_tensor(A)
    assert K.int_shape(K.placeholder(ndim=2)) == (None, None)
    for dtype in ("float16", "int16", "string"):
        with pytest.raises(TypeError, match="dtype must be one of float32, .*, not '" + dtype):
            K.placeholder((2,), dtype=dtype)
    np.testing.assert_array_equal(K.function([x], [K.shape(x)])([np.ones((5, 3))])[0], [5, 3])


def test_is_keras_tensor_of_an_input():
    from pronghorn.layers import Input

    assert K.is_keras_tensor(Input((3,)))


def test_values_in_and_out():
    v = K.zeros((2, 2))
    K.set_value(v, [[1, 2], [3, 4]])
    w = K.ones((2,), dtype="float64", name="w")
    K.batch_set_value([(w, [5, 6])])
    first, second = K.batch_get_value([v, w])
    np.testing.assert_array_equal(first, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(second, [5, 6])
    with pytest.raises(ValueError, match="shape"):
        K.set_value(v, [1.0])


def test_updates():
    v = K.variable(1.0)
    x = K.placeholder(())
    f = K.function([x], [v * 10.0], updates=[(v, v + x)])
    assert f([2.0])[0] == 10.0  # reads before the update
    assert K.get_value(v) == 3.0
    K.eval(K.update(v, 7.0))
    K.eval(K.update_add(v, 1.0))
    K.eval(K.update_sub(v, 3.0))
    assert K.get_value(v) == 5.0
    K.eval(K.moving_average_update(v, K.variable(1.0), 0.75))
    assert K.get_value(v) == 4.0


def test_outputs_of_functions_keep_their_structure():
    x = K.placeholder((None,))
    assert K.function([x], x + 1.0)([np.zeros(1)])[0] == 1.0
    assert K.function([x], {"y": x + 1.0})([np.zeros(1)])["y"][0] == 1.0
    with pytest.raises(ValueError, match="expected 1 inputs, got 2"):
        K.function([x], [x])([A, A])


def test_gradients():
    x = K.placeholder((None, 4))
    y = K.square(x)
    loss = K.sum(y * 3.0)
    f = K.function([x], K.gradients(loss, [x, y]))
    by_x, by_y = f([A])
    np.testing.assert_allclose(by_x, 6 * A, rtol=1e-5)
    np.testing.assert_allclose(by_y, np.full_like(A, 3.0))
    v = K.variable([2.0])
    blocked = K.sum(K.stop_gradient(v) * v)
    assert K.eval(K.gradients(blocked, [v])[0]) == 2.0


def test_learning_phase():
    x = K.placeholder((None, 100))
    phase = K.learning_phase()
    f = K.function([x, phase], [K.in_train_phase(x * 2.0, x), K.in_test_phase(x * 2.0, x)])
    ones = np.ones((1, 100))
    assert [y[0, 0] for y in f([ones, 1])] == [2.0, 1.0]
    assert [y[0, 0] for y in f([ones, 0])] == [1.0, 2.0]
    K.set_learning_phase(1)
    try:
        assert K.learning_phase() == 1
        assert K.in_train_phase("train", "test") == "train"
    finally:
        K.clear_session()
    with pytest.raises(ValueError, match="0 or 1"):
        K.set_learning_phase(2)


def test_random_numbers_differ_from_call_to_call():
    x = K.placeholder((None, 100))
    f = K.function([x], [K.dropout(x, 0.5)])
    ones = np.ones((2, 100))
    first, second = f([ones])[0], f([ones])[0]
    assert set(np.unique(first)) == {0.0, 2.0}
    assert (first != second).any()


@pytest.mark.parametrize("name, arguments", [
    ("random_normal", {"mean": 1.0, "stddev": 0.5}),
    ("random_uniform", {"minval": 0.5, "maxval": 1.5}),
    ("truncated_normal", {"mean": 1.0, "stddev": 0.5}),
])  # fmt: skip
def test_random(name, arguments):
    x = getattr(K, name)((100, 100), **arguments)
    assert x.shape == (100, 100) and abs(x.mean() - 1.0) < 0.02
    np.random.seed(3)
    first = getattr(K, name)((4,))
    np.random.seed(3)
    np.testing.assert_array_equal(first, getattr(K, name)((4,)))


def test_random_binomial_and_variables():
    assert abs(K.random_binomial((100, 100), p=0.3).mean() - 0.3) < 0.02
    assert K.eval(K.random_uniform_variable((50,), 2.0, 3.0)).min() >= 2.0
    assert abs(K.eval(K.random_normal_variable((2000,), 5.0, 0.1)).mean() - 5.0) < 0.02


# --- choices and loops --------------------------------------------------------------------------------------


def test_switch():
    x, y = K.placeholder((3, 4)), K.placeholder((3, 4))
    rows = K.placeholder((3,), dtype="bool")
    one = K.placeholder((), dtype="int32")
    keep = np.array([True, False, True])
    found = K.function([rows, x, y], [K.switch(rows, x, lambda: y)])([keep, A, B])[0]
    np.testing.assert_array_equal(found, np.where(keep[:, None], A, B))
    f = K.function([one, x, y], [K.switch(one, x, y)])
    np.testing.assert_array_equal(f([1, A, B])[0], A)
    np.testing.assert_array_equal(f([0, A, B])[0], B)
    assert K.switch(True, lambda: "then", "else") == "then"
    with pytest.raises(ValueError, match="Rank of `condition`"):
        K.switch(K.variable(A, dtype="bool"), K.variable([1.0]), K.variable([1.0]))


def test_loops():
    v = K.variable(A)
    np.testing.assert_allclose(K.eval(K.map_fn(K.sum, v)), A.sum(1), rtol=1e-5)
    np.testing.assert_allclose(
        K.eval(K.foldl(lambda a, b: a * 2.0 + b, v)), 4 * A[0] + 2 * A[1] + A[2], rtol=1e-5
    )
    np.testing.assert_allclose(
        K.eval(K.foldr(lambda a, b: a * 2.0 + b, v)), 4 * A[2] + 2 * A[1] + A[0], rtol=1e-5
    )
    assert K.eval(K.foldl(lambda a, b: a + K.sum(b), v, initializer=K.variable(1.0))) == pytest.approx(
        1 + A.sum(), rel=1e-5
    )


def test_print_tensor(capfd):
    x = K.placeholder((2,))
    f = K.function([x], [K.print_tensor(x, "x is") * 2.0])
    np.testing.assert_array_equal(f([np.array([1.0, 2.0])])[0], [2.0, 4.0])
    assert "x is [1. 2.]" in capfd.readouterr().out


# --- the rest -----------------------------------------------------------------------------------------------


def test_joining():
    check(lambda x, y: K.concatenate([x, y], axis=1), [A, B], np.concatenate([A, B], 1), "placeholder")
    check(lambda x, y: K.stack([x, y], axis=1), [A, B], np.stack([A, B], 1), "placeholder")


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_images(data_format):
    x = RANDOM.standard_normal((2, 3, 4, 5)).astype("float32")
    axes = (2, 3) if data_format == "channels_first" else (1, 2)
    nearest = np.repeat(np.repeat(x, 2, axes[0]), 3, axes[1])
    np.testing.assert_array_equal(K.resize_images(x, 2, 3, data_format), nearest)
    pads = [(0, 0)] * 4
    pads[axes[0]], pads[axes[1]] = (1, 2), (0, 3)
    np.testing.assert_array_equal(K.spatial_2d_padding(x, ((1, 2), (0, 3)), data_format), np.pad(x, pads))
    with pytest.raises(ValueError, match="data_format"):
        K.resize_images(x, 2, 2, "channels_middle")
    with pytest.raises(ValueError, match="interpolation"):
        K.resize_images(x, 2, 2, data_format, "cubic")


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [3, 4, 5])
def test_bias_add(rank, data_format):
    shape = (2, 3, 4, 5, 6)[:rank]
    x = np.zeros(shape, "float32")
    channel = 1 if data_format == "channels_first" else rank - 1
    bias = np.arange(shape[channel], dtype="float32")
    expected = np.broadcast_to(bias.reshape([-1 if i == channel else 1 for i in range(rank)]), shape)
    np.testing.assert_array_equal(K.bias_add(x, bias, data_format), expected)
    with pytest.raises(ValueError, match="bias dimensions"):
        K.bias_add(x, np.zeros((1,) * rank, "float32"), data_format)


@pytest.mark.parametrize("axis", [1, -1])
def test_batch_normalization(axis):
    x = RANDOM.standard_normal((6, 3, 5)).astype("float32")
    size = x.shape[axis]
    mean, var, beta, gamma = (RANDOM.uniform(0.5, 2, size).astype("float32") for _ in range(4))
    wide = [-1 if i == axis % 3 else 1 for i in range(3)]
    m, v, b, g = (p.reshape(wide) for p in (mean, var, beta, gamma))
    expected = (x - m) / np.sqrt(v + 1e-3) * g + b
    np.testing.assert_allclose(
        K.batch_normalization(x, mean, var, beta, gamma, axis), expected, rtol=1e-4, atol=1e-5
    )
    axes = [i for i in range(3) if i != axis % 3]
    normed, found_mean, found_var = K.normalize_batch_in_training(x, gamma, beta, axes)
    np.testing.assert_allclose(found_mean, x.mean(tuple(axes)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found_var, x.var(tuple(axes)), rtol=1e-4)
    spread = x.var(tuple(axes)).reshape(wide)
    expected = (x - x.mean(tuple(axes)).reshape(wide)) / np.sqrt(spread + 1e-3) * g + b
    np.testing.assert_allclose(normed, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("arguments", [(5,), (-5,), (2, 7), (2, 8, 3)])
def test_arange(arguments):
    found = K.arange(*arguments)
    np.testing.assert_array_equal(found, np.arange(*arguments))
    assert found.dtype == "int32" and K.arange(3, dtype="float32").dtype == "float32"


def test_constants():
    np.testing.assert_array_equal(K.eye((2, 3)), np.eye(2, 3))
    np.testing.assert_array_equal(K.constant([[1, 2]]), [[1, 2]])
    assert K.constant(3, shape=(2, 2)).shape == (2, 2)
    assert K.cast_to_floatx([1]).dtype == "float32"


def test_names():
    K.reset_uids()
    assert [K.get_uid("a"), K.get_uid("a"), K.get_uid("b")] == [1, 2, 1]
    with K.name_scope("outer"):
        assert K.variable(1.0, name="v").name.startswith("outer/v")
    assert K.backend() == "tensorflow"


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: K.placeholder(), ValueError, "shape"),
        (lambda: K.placeholder((2,), sparse=True), ValueError, "sparse"),
        (lambda: K.slice(A, (0,), (1, 1)), ValueError, "each axis"),
        (lambda: K.repeat(C, 2), ValueError, "2 axes"),
        (lambda: K.tile(A, (1, 1, 1)), NotImplementedError, "axes"),
        (lambda: K.conv1d(C, C, data_format="channels_middle"), ValueError, "data_format"),
        (lambda: K.conv1d(C, C, padding="causal", data_format="channels_first"), ValueError, "causal"),
        (lambda: K.conv2d(C, C, padding="twice"), ValueError, "padding"),
        (lambda: K.pool2d(C, (2, 2), pool_mode="median"), ValueError, "pool_mode"),
        (lambda: K.pool3d(C, (2, 2, 2), padding="twice"), ValueError, "padding"),
        (lambda: K.set_floatx("float8"), ValueError, "floatx"),
        (lambda: K.get_session(), RuntimeError, "session"),
        (lambda: K.set_session(None), RuntimeError, "session"),
        (lambda: K.function([], [], fetches=[]), ValueError, "fetches"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
