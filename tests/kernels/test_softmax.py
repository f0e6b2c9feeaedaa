"""Softmax, log-softmax and the cross-entropies."""

import numpy as np
import pytest
from gradients import check_gradients
from running import AWKWARD_SIZES, assert_same_bits_for_threads, run

from pronghorn import ops

TOLERANCE = {"float32": 4e-6, "float64": 1e-13}


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def scores(shape, dtype="float64", seed=0):
    return (np.random.RandomState(seed).standard_normal(shape) * 3).astype(dtype)


def distributions(shape, dtype="float64", seed=1):
    return softmax(scores(shape, seed=seed)).astype(dtype)


def labels(shape, classes, dtype="int32"):
    return np.random.RandomState(2).randint(0, classes, shape).astype(dtype)


def close(found, expected, dtype):
    assert found.dtype == np.dtype(dtype)
    scale = max(1.0, np.max(np.abs(expected), initial=0))
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [*AWKWARD_SIZES, 1000])
def test_forward_and_backward(isa, columns, dtype):
    rows = 19
    x, y = scores((rows, columns)), distributions((rows, columns))
    p, k = softmax(x), labels((rows,), columns)
    clipped = np.clip(y, 1e-7, 1 - 1e-7)
    weights = np.random.RandomState(3).standard_normal(rows)
    everyone = np.arange(rows)

    def functions(x, y, k, weights):
        softmax_loss = ops.categorical_crossentropy(y, x, from_logits=True)
        sparse_loss = ops.sparse_categorical_crossentropy(k, x, from_logits=True)
        (softmax_grad,) = ops.gradients(softmax_loss * weights, [x])
        (sparse_grad,) = ops.gradients(sparse_loss * weights, [x])
        return [
            ops.softmax(x),
            ops.log_softmax(x),
            softmax_loss,
            sparse_loss,
            ops.categorical_crossentropy(ops.softmax(x), y),
            ops.sparse_categorical_crossentropy(k, y),
            ops.binary_crossentropy(y, x, from_logits=True),
            ops.binary_crossentropy(ops.softmax(x), y * 0.8 + 0.1),
            softmax_grad,
            sparse_grad,
        ]

    one_hot, middle = np.eye(columns)[k], y * 0.8 + 0.1
    expected = [
        p,
        np.log(p),
        -(y * np.log(p)).sum(-1),
        -np.log(p[everyone, k]),
        -(p * np.log(np.clip(y / y.sum(-1, keepdims=True), 1e-7, 1 - 1e-7))).sum(-1),
        np.log(clipped.sum(-1)) - np.log(clipped[everyone, k]),
        np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x))),
        -(p * np.log(middle + 1e-7) + (1 - p) * np.log(1 - middle + 1e-7)),
        (p - y) * weights[:, None],
        (p - one_hot) * weights[:, None],
    ]
    found = run(functions, x.astype(dtype), y.astype(dtype), k, weights.astype(dtype), simplify=False)
    for f, e in zip(found, expected):
        close(f, e, dtype)


def test_extreme_logits(isa):
    x = np.array([[1000.0, 0.0, -1000.0], [-1e30, 0.0, -np.inf]], "float32")
    np.testing.assert_array_equal(run(ops.softmax, x), [[1, 0, 0], [0, 1, 0]])
    found = run(lambda x: ops.sparse_categorical_crossentropy(np.array([1, 1]), x, from_logits=True), x)
    np.testing.assert_array_equal(found, [1000, 0])
    big = np.array([100.0, -50.0], "float32")
    found = run(lambda x: ops.binary_crossentropy(np.array([0.0, 0.0], "float32"), x, from_logits=True), big)
    np.testing.assert_allclose(found, [100, np.exp(-50.0)], rtol=1e-5)


def test_clipping_matches_keras(isa):
    p = np.array([[0.0, 1.0, 0.0]], "float32")
    found = run(lambda p: ops.categorical_crossentropy(np.array([[1.0, 0.0, 0.0]], "float32"), p), p)
    np.testing.assert_allclose(found, [-np.log(np.float32(1e-7))], rtol=1e-6)


@pytest.mark.parametrize("label_type", ["int32", "int64", "float32"])
def test_labels(label_type):
    x, k = scores((2, 5, 4)), labels((2, 5, 1), 4)
    found = run(ops.sparse_categorical_crossentropy, k.astype(label_type), softmax(x))
    expected = -np.log(np.take_along_axis(softmax(x), k, -1))[..., 0]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("label", [-1, 4])
def test_label_out_of_range(label, from_logits):
    with pytest.raises(ValueError, match=f"label {label} of row 1 is not one of the 4 classes"):
        run(
            lambda k, x: ops.sparse_categorical_crossentropy(k, x, from_logits=from_logits),
            np.array([0, label]),
            distributions((2, 4)),
        )


def test_label_that_is_nan():
    with pytest.raises(ValueError, match="label of row 1 is NaN"):
        run(ops.sparse_categorical_crossentropy, np.array([0, np.nan], "float32"), distributions((2, 4)))


def test_axis():
    x = scores((3, 4, 5))
    np.testing.assert_allclose(
        run(lambda x: ops.softmax(x, 1), x), np.moveaxis(softmax(np.moveaxis(x, 1, -1)), -1, 1)
    )
    y = distributions((3, 4, 5))
    found = run(lambda x: ops.categorical_crossentropy(y, x, axis=1), np.abs(x))
    swapped = run(
        lambda x: ops.categorical_crossentropy(y.swapaxes(1, 2).copy(), x), np.abs(x).swapaxes(1, 2).copy()
    )
    np.testing.assert_array_equal(found, swapped)


LOSSES = {
    "softmax": lambda x, y: ops.softmax(x),
    "log_softmax": lambda x, y: ops.log_softmax(x),
    "categorical on logits": lambda x, y: ops.categorical_crossentropy(y, x, from_logits=True),
    "categorical": lambda x, y: ops.categorical_crossentropy(y, ops.exp(x)),
    "categorical clipped": lambda x, y: ops.categorical_crossentropy(y, ops.exp(x * 20)),
    "sparse on logits": lambda x, y: ops.sparse_categorical_crossentropy(
        labels((4,), 5), x, from_logits=True
    ),
    "sparse": lambda x, y: ops.sparse_categorical_crossentropy(labels((4,), 5), ops.sigmoid(x)),
    "binary on logits": lambda x, y: ops.binary_crossentropy(y, x, from_logits=True),
    "binary": lambda x, y: ops.binary_crossentropy(y, ops.sigmoid(x)),
    "binary clipped": lambda x, y: ops.binary_crossentropy(y, x),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name):
    x, y = scores((4, 5)), distributions((4, 5))
    uses_targets = "categorical" in name or "binary" in name
    check_gradients(LOSSES[name], x, y, wanted=[0, 1] if uses_targets else [0])


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_of_gradients(name):
    def gradient(x, y):
        (found,) = ops.gradients(ops.sin(LOSSES[name](x, y)), [x])
        return found

    check_gradients(gradient, scores((4, 5)), distributions((4, 5)), wanted=[0])


def test_same_bits_for_any_number_of_threads():
    x, y = scores((501, 97), "float32"), distributions((501, 97), "float32")
    assert_same_bits_for_threads(
        lambda x, y: [
            ops.softmax(x),
            ops.log_softmax(x),
            ops.categorical_crossentropy(y, x, from_logits=True),
            ops.categorical_crossentropy(x, y),
            ops.binary_crossentropy(x, y),
        ],
        x,
        y,
    )


@pytest.mark.parametrize(
    "function, message",
    [
        (lambda x: ops.categorical_crossentropy(x[:1], x), r"shape \(1, 4\), but the output \(3, 4\)"),
        (lambda x: ops.sparse_categorical_crossentropy(x, x), r"need \(3,\)"),
        (lambda x: ops.binary_crossentropy(x[:, :3], x), "shape mismatch"),
        (lambda x: ops.softmax(x, 2), "axis 2 is out of range"),
    ],
)
def test_errors(function, message):
    with pytest.raises(ValueError, match=message):
        run(function, scores((3, 4)))
