"""Cross-entropies of softmax and sigmoid outputs are computed from the logits, and so are their gradients."""

import numpy as np
import pytest
from graphs import Builder, assert_same_values, op_names


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def one_hot(labels, depth):
    return np.eye(depth)[labels]


LABELS = np.array([0, 3, 2, 1, 3, 0])


@pytest.mark.parametrize("view", ["none", "reshape", "transpose"])
def test_categorical_crossentropy(view):
    b = Builder()
    logits = b.feed((6, 4), low=-30, high=30)
    targets = b.constant(one_hot(LABELS, 4))
    output = b.softmax(logits)
    if view == "reshape":
        output, targets = b.reshape(output, shape=[2, 3, 4]), b.reshape(targets, shape=[2, 3, 4])
    if view == "transpose":
        output, targets = (b.reshape(t, shape=[2, 3, 4]) for t in (output, targets))
        output, targets = (b.transpose(t, axes=[1, 0, 2]) for t in (output, targets))
    loss = b.categorical_crossentropy(targets, output, epsilon=1e-7)
    b.fetch(loss, *b.gradients(loss, [logits]))
    ops = op_names(b.graph.simplified())
    assert "categorical_crossentropy" not in ops and "log" not in ops
    p = softmax(b.arrays[0])
    expected = -np.log(p[np.arange(6), LABELS])
    if view == "transpose":
        expected = expected.reshape(2, 3).T
    values, gradient = b.run()
    np.testing.assert_allclose(values.ravel(), expected.ravel(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(gradient, p - one_hot(LABELS, 4), rtol=1e-10, atol=1e-15)
    assert_same_values(b)


def test_sparse_categorical_crossentropy():
    b = Builder()
    logits = b.feed((6, 4), low=-30, high=30)
    loss = b.sparse_categorical_crossentropy(b.constant(LABELS, "int64"), b.softmax(logits), epsilon=1e-7)
    b.fetch(loss, *b.gradients(loss, [logits]))
    assert "sparse_categorical_crossentropy" not in op_names(b.graph.simplified())
    p = softmax(b.arrays[0])
    values, gradient = b.run()
    np.testing.assert_allclose(values, -np.log(p[np.arange(6), LABELS]), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(gradient, p - one_hot(LABELS, 4), rtol=1e-10, atol=1e-15)


def test_binary_crossentropy():
    b = Builder()
    logits = b.feed((6, 4), low=-40, high=40)
    targets = b.constant(one_hot(LABELS, 4))
    output = b.reshape(b.sigmoid(b.reshape(logits, shape=[24])), shape=[6, 4])
    loss = b.binary_crossentropy(targets, output, epsilon=1e-7)
    b.fetch(loss, *b.gradients(loss, [logits]))
    assert "binary_crossentropy" not in op_names(b.graph.simplified())
    x, t = b.arrays[0], one_hot(LABELS, 4)
    values, gradient = b.run()
    np.testing.assert_allclose(
        values, np.maximum(x, 0) - x * t + np.log1p(np.exp(-abs(x))), rtol=1e-12, atol=1e-15
    )
    np.testing.assert_allclose(gradient, 1 / (1 + np.exp(-x)) - t, rtol=1e-10, atol=1e-15)


def test_softmax_over_another_axis_stays():
    b = Builder()
    output = b.transpose(b.softmax(b.feed((4, 6))), axes=[1, 0])
    b.fetch(b.categorical_crossentropy(b.constant(one_hot(LABELS, 4)), output, epsilon=1e-7))
    assert "categorical_crossentropy" in op_names(b.graph.simplified())


def test_probabilities_that_are_no_softmax_stay():
    b = Builder()
    output = b.feed((6, 4), low=0.1, high=0.9)
    b.fetch(b.categorical_crossentropy(b.constant(one_hot(LABELS, 4)), output, epsilon=1e-7))
    assert op_names(b.graph.simplified()) == ["categorical_crossentropy"]
