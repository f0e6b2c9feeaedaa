"""Each rule of the simplify pass: which ops are left, and that the numbers stay."""

import numpy as np
import pytest
from graphs import Builder, assert_same_values, op_names

# A graph's fetches, built on x (2, 3, 4), y (2, 3, 4) and positive p (2, 3, 4), and the ops that are left.
ALGEBRA = {
    "x * 1": (lambda b, x, y, p: b.multiply(x, b.constant(1)), []),
    "1 * x": (lambda b, x, y, p: b.multiply(b.constant(1), x), []),
    "x * -1": (lambda b, x, y, p: b.multiply(x, b.constant(-1)), ["negative"]),
    "x * ones": (lambda b, x, y, p: b.multiply(x, b.constant(np.ones((3, 4)))), []),
    "x * 0 may be nan": (lambda b, x, y, p: b.multiply(x, b.constant(0)), ["multiply"]),
    "(x * 2) * 3": (lambda b, x, y, p: b.multiply(b.multiply(x, b.constant(2)), b.constant(3)), ["multiply"]),
    "-x * 3": (lambda b, x, y, p: b.multiply(b.negative(x), b.constant(3)), ["multiply"]),
    "-(x * 3)": (lambda b, x, y, p: b.negative(b.multiply(x, b.constant(3))), ["multiply"]),
    "-x * -y": (lambda b, x, y, p: b.multiply(b.negative(x), b.negative(y)), ["multiply"]),
    "x + 0": (lambda b, x, y, p: b.add(x, b.constant(0)), []),
    "x + -y": (lambda b, x, y, p: b.add(x, b.negative(y)), ["subtract"]),
    "x - 0": (lambda b, x, y, p: b.subtract(x, b.constant(0)), []),
    "0 - x": (lambda b, x, y, p: b.subtract(b.constant(0), x), ["negative"]),
    "x - -y": (lambda b, x, y, p: b.subtract(x, b.negative(y)), ["add"]),
    "-(x - y)": (lambda b, x, y, p: b.negative(b.subtract(x, y)), ["subtract"]),
    "--x": (lambda b, x, y, p: b.negative(b.negative(x)), []),
    "x / 1": (lambda b, x, y, p: b.divide(x, b.constant(1)), []),
    "x / 4": (lambda b, x, y, p: b.divide(x, b.constant(4)), ["multiply"]),
    "x / 3": (lambda b, x, y, p: b.divide(x, b.constant(3)), ["divide"]),
    "1 / p": (lambda b, x, y, p: b.divide(b.constant(1), p), ["reciprocal"]),
    "x ** 1": (lambda b, x, y, p: b.power(x, b.constant(1)), []),
    "x ** 2": (lambda b, x, y, p: b.power(x, b.constant(2)), ["square"]),
    "p ** 0.5": (lambda b, x, y, p: b.power(p, b.constant(0.5)), ["sqrt"]),
    "p ** -0.5": (lambda b, x, y, p: b.power(p, b.constant(-0.5)), ["rsqrt"]),
    "p ** -1": (lambda b, x, y, p: b.power(p, b.constant(-1)), ["reciprocal"]),
    "1 / sqrt(p)": (lambda b, x, y, p: b.divide(b.constant(1), b.sqrt(p)), ["rsqrt"]),
    "sqrt(x ** 2)": (lambda b, x, y, p: b.sqrt(b.square(x)), ["abs"]),
    "relu(relu(x))": (lambda b, x, y, p: b.relu(b.relu(x)), ["relu"]),
    "cast to itself": (lambda b, x, y, p: b.cast(x, dtype="float64"), []),
    "cast of a wider cast": (
        lambda b, x, y, p: b.cast(b.cast(b.greater(x, y), dtype="int32"), dtype="float32"),
        ["greater", "cast"],
    ),
    "cast of a narrower cast": (
        lambda b, x, y, p: b.cast(b.cast(x, dtype="float32"), dtype="float64"),
        ["cast", "cast"],
    ),
    "where(true)": (lambda b, x, y, p: b.where(b.constant(True, "bool"), x, y), []),
    "where(c, x, x)": (lambda b, x, y, p: b.where(b.greater(x, y), x, x), []),
    "equal sums": (lambda b, x, y, p: b.multiply(b.add(x, y), b.add(y, x)), ["add", "multiply"]),
    "argmax(softmax)": (lambda b, x, y, p: b.argmax(b.softmax(x), axis=2), ["argmax"]),
    "argmax(softmax) over another axis": (
        lambda b, x, y, p: b.argmax(b.softmax(x), axis=1),
        ["softmax", "argmax"],
    ),
    "log(softmax)": (lambda b, x, y, p: b.log(b.softmax(x)), ["log_softmax"]),
}

BROADCASTS = {
    "elementwise of a broadcast": (
        lambda b, x, y, p: b.add(
            x, b.broadcast_to(b.slice(y, begin=[0, 0, 0], size=[1, 1, 4]), shape=[2, 3, 4])
        ),
        ["slice", "add"],
    ),
    "elementwise of broadcasts only": (
        lambda b, x, y, p: b.sum(
            b.exp(b.broadcast_to(b.slice(y, begin=[0, 0, 0], size=[1, 1, 4]), shape=[2, 3, 4])),
            axes=[2],
            keepdims=False,
        ),
        ["slice", "exp", "sum", "broadcast_to", "reshape"],
    ),
    "sum of a broadcast": (
        lambda b, x, y, p: b.sum(
            b.broadcast_to(b.slice(y, begin=[0, 0, 0], size=[1, 3, 4]), shape=[2, 3, 4]),
            axes=[0],
            keepdims=False,
        ),
        ["slice", "multiply", "reshape"],
    ),
    "mean of a broadcast": (
        lambda b, x, y, p: b.mean(
            b.broadcast_to(b.slice(y, begin=[0, 0, 0], size=[1, 3, 4]), shape=[2, 3, 4]),
            axes=[0],
            keepdims=True,
        ),
        ["slice"],
    ),
    "broadcast of a broadcast": (
        lambda b, x, y, p: b.concatenate(
            b.broadcast_to(
                b.broadcast_to(b.mean(x, axes=[2], keepdims=True), shape=[2, 3, 4]), shape=[5, 2, 3, 4]
            ),
            b.constant(np.zeros((5, 2, 3, 1))),
            axis=3,
        ),
        ["mean", "broadcast_to", "concatenate"],
    ),
}

VIEWS = {
    "reshape of a reshape": (
        lambda b, x, y, p: b.reshape(b.reshape(x, shape=[6, 4]), shape=[4, 6]),
        ["reshape"],
    ),
    "reshape there and back": (lambda b, x, y, p: b.reshape(b.reshape(x, shape=[24]), shape=[2, 3, 4]), []),
    "op between reshapes": (
        lambda b, x, y, p: b.reshape(b.exp(b.reshape(x, shape=[6, 4])), shape=[2, 3, 4]),
        ["exp"],
    ),
    "bias between reshapes": (
        lambda b, x, y, p: b.reshape(b.add(b.reshape(x, shape=[6, 4]), b.state((4,))), shape=[2, 3, 4]),
        ["add"],
    ),
    "stop_gradient": (lambda b, x, y, p: b.stop_gradient(x), []),
    "transpose by nothing": (lambda b, x, y, p: b.transpose(x, axes=[0, 1, 2]), []),
    "transpose there and back": (
        lambda b, x, y, p: b.transpose(b.transpose(x, axes=[1, 2, 0]), axes=[2, 0, 1]),
        [],
    ),
    "transpose twice": (
        lambda b, x, y, p: b.transpose(b.transpose(x, axes=[1, 2, 0]), axes=[1, 2, 0]),
        ["transpose"],
    ),
    "transpose of ones": (
        lambda b, x, y, p: b.transpose(b.sum(x, axes=[2], keepdims=True), axes=[0, 2, 1]),
        ["sum", "reshape"],
    ),
    "sum over nothing": (lambda b, x, y, p: b.sum(x, axes=[], keepdims=False), []),
    "max over one": (
        lambda b, x, y, p: b.max(b.sum(x, axes=[1], keepdims=True), axes=[1], keepdims=False),
        ["sum", "reshape"],
    ),
    "slice of all": (lambda b, x, y, p: b.slice(x, begin=[0, 0, 0], size=[2, 3, 4]), []),
    "slice of a slice": (
        lambda b, x, y, p: b.slice(
            b.slice(x, begin=[0, 1, 0], size=[2, 2, 2], stride=[1, 1, 2]), begin=[0, 0, 1], size=[2, 1, 1]
        ),
        ["slice"],
    ),
    "slice of a concatenation": (
        lambda b, x, y, p: b.slice(b.concatenate(x, y, axis=1), begin=[0, 3, 0], size=[2, 3, 4]),
        [],
    ),
    "slice across a concatenation": (
        lambda b, x, y, p: b.slice(b.concatenate(x, y, axis=1), begin=[0, 2, 0], size=[2, 3, 4]),
        ["concatenate", "slice"],
    ),
    "concatenation of one": (lambda b, x, y, p: b.concatenate(x, axis=1), []),
    "concatenation of all slices": (
        lambda b, x, y, p: b.concatenate(
            b.slice(x, begin=[0, 0, 0], size=[2, 1, 4]), b.slice(x, begin=[0, 1, 0], size=[2, 2, 4]), axis=1
        ),
        [],
    ),
    "slices in another order": (
        lambda b, x, y, p: b.concatenate(
            b.slice(x, begin=[0, 1, 0], size=[2, 2, 4]), b.slice(x, begin=[0, 0, 0], size=[2, 1, 4]), axis=1
        ),
        ["slice", "slice", "concatenate"],
    ),
    "concatenation of concatenations": (
        lambda b, x, y, p: b.concatenate(b.concatenate(x, y, axis=1), b.concatenate(p, axis=1), x, axis=1),
        ["concatenate"],
    ),
    "sum of pieces that touch": (
        lambda b, x, y, p: b.add(
            b.pad(x, before=[0, 1, 0], after=[0, 5, 0]), b.pad(y, before=[0, 4, 0], after=[0, 2, 0])
        ),
        ["concatenate", "pad"],
    ),
    "sum of pieces that are all": (
        lambda b, x, y, p: b.add(
            b.add(b.pad(p, before=[0, 0, 8], after=[0, 0, 0]), b.pad(y, before=[0, 0, 4], after=[0, 0, 4])),
            b.pad(x, before=[0, 0, 0], after=[0, 0, 8]),
        ),
        ["concatenate"],
    ),
    "sum of pieces that overlap": (
        lambda b, x, y, p: b.add(
            b.pad(x, before=[0, 1, 0], after=[0, 5, 0]), b.pad(y, before=[0, 3, 0], after=[0, 3, 0])
        ),
        ["pad", "pad", "add"],
    ),
    "sum of pieces at a corner": (
        lambda b, x, y, p: b.add(
            b.pad(x, before=[0, 0, 0], after=[0, 3, 4]), b.pad(y, before=[0, 3, 4], after=[0, 0, 0])
        ),
        ["pad", "pad", "add"],
    ),
    "pad by nothing": (lambda b, x, y, p: b.pad(x, before=[0, 0, 0], after=[0, 0, 0]), []),
    "flip of nothing": (lambda b, x, y, p: b.flip(x, axes=[]), []),
    "constants": (
        lambda b, x, y, p: b.add(
            x, b.transpose(b.exp(b.constant(np.arange(24.0).reshape(4, 3, 2) / 24)), axes=[2, 1, 0])
        ),
        ["add"],
    ),
}

NHWC, NCHW = [0, 2, 1], [0, 2, 1]  # with one spatial axis each is the other's inverse
LAYOUTS = {
    "matmul of transposes": (
        lambda b, x, y, p: b.matmul(b.transpose(x, axes=[0, 2, 1]), y, transpose_a=False, transpose_b=False),
        ["matmul"],
    ),
    "matmul of rows of matrices": (
        lambda b, x, y, p: b.relu(b.add(b.matmul(x, b.state((4, 5))), b.state((5,)))),
        ["reshape", "matmul", "add", "relu", "reshape"],
    ),
    "sum of a transpose": (
        lambda b, x, y, p: b.sum(b.transpose(x, axes=[2, 0, 1]), axes=[1, 2], keepdims=False),
        ["sum", "reshape"],
    ),
    "kept sum of a transpose": (
        lambda b, x, y, p: b.max(b.transpose(x, axes=[2, 1, 0]), axes=[1], keepdims=True),
        ["max", "transpose"],
    ),
    "op between transposes": (
        lambda b, x, y, p: b.transpose(b.relu(b.transpose(x, axes=NCHW)), axes=NHWC),
        ["relu"],
    ),
    "bias and residual between transposes": (
        lambda b, x, y, p: b.transpose(
            b.tanh(
                b.add(
                    b.add(b.transpose(x, axes=NCHW), b.reshape(b.state((4,)), shape=[1, 4, 1])),
                    b.transpose(y, axes=NCHW),
                )
            ),
            axes=NHWC,
        ),
        ["reshape", "add", "add", "tanh"],
    ),
    "concatenation between transposes": (
        lambda b, x, y, p: b.transpose(
            b.concatenate(b.transpose(x, axes=NCHW), b.transpose(y, axes=NCHW), axis=1), axes=NHWC
        ),
        ["concatenate"],
    ),
    "padding between transposes": (
        lambda b, x, y, p: b.transpose(
            b.pad(b.transpose(x, axes=NCHW), before=[0, 0, 1], after=[0, 0, 2]), axes=NHWC
        ),
        ["pad"],
    ),
    "transposes that nothing undoes": (
        lambda b, x, y, p: b.concatenate(
            b.transpose(x, axes=NCHW), b.relu(b.transpose(x, axes=NCHW)), axis=0
        ),
        ["transpose", "relu", "concatenate"],
    ),
}


@pytest.mark.parametrize("row", [*ALGEBRA, *BROADCASTS, *VIEWS, *LAYOUTS])
def test_rule(row):
    build, expected = {**ALGEBRA, **BROADCASTS, **VIEWS, **LAYOUTS}[row]
    b = Builder()
    b.fetch(build(b, b.feed((2, 3, 4)), b.feed((2, 3, 4)), b.feed((2, 3, 4), low=0.1)))
    simplified = b.graph.simplified()
    simplified.verify()
    assert sorted(op_names(simplified)) == sorted(expected), str(simplified)
    assert_same_values(b)


def test_sources_keep_their_order():
    b = Builder()
    unread, x = b.feed((2,)), b.feed((3,))
    b.fetch(b.exp(x))
    del unread
    (result,) = b.run()
    np.testing.assert_allclose(result, np.exp(b.arrays[1]), rtol=1e-14)


def test_dead_nodes_are_dropped():
    b = Builder()
    x = b.feed((2, 3))
    b.exp(x)
    b.fetch(b.log(b.exp(b.exp(x))))
    b.sqrt(x)
    assert op_names(b.graph.simplified()) == ["exp", "exp", "log"]


def test_large_results_are_not_folded():
    b = Builder()
    large = b.constant(np.zeros((1 << 14,)))
    b.fetch(b.add(b.feed((1 << 14,)), b.exp(b.add(large, b.constant(np.arange(float(1 << 14)))))))
    assert "exp" in op_names(b.graph.simplified())


def dropout_between_transposes(b, x):
    x = b.transpose(x, axes=[0, 2, 1])
    y = b.dropout(x, b.constant(3, "int64"), rate=0.5, seed=7)
    return b.transpose(y, axes=[0, 2, 1])


def test_dropout_between_transposes():
    """Forward and backward drop the same elements, wherever the transposes have gone."""
    b = Builder()
    x, weights = b.feed((4, 6, 5)), b.feed((4, 6, 5))
    y = dropout_between_transposes(b, x)
    total = b.sum(b.multiply(y, weights), axes=[0, 1, 2], keepdims=False)
    (gradient,) = b.gradients(total, [x])
    b.fetch(y, gradient)
    assert op_names(b.graph.simplified()).count("transpose") == 0
    y, gradient = b.run()
    assert 0.2 < (y == 0).mean() < 0.8
    np.testing.assert_allclose(y * b.arrays[1], gradient * b.arrays[0], rtol=1e-13)


def test_dropout_drawn_in_two_layouts_stays():
    b = Builder()
    x = b.feed((5, 5, 5))
    b.fetch(dropout_between_transposes(b, x), b.dropout(x, b.constant(3, "int64"), rate=0.5, seed=7))
    assert op_names(b.graph.simplified()).count("transpose") == 2
    assert_same_values(b)


@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
def test_outer_products_need_no_matmul(transpose_a, transpose_b):
    b = Builder()
    column, row = b.feed((1, 5) if transpose_a else (5, 1)), b.feed((8, 1) if transpose_b else (1, 8))
    product = b.matmul(column, row, transpose_a=transpose_a, transpose_b=transpose_b)
    b.fetch(product)
    assert "matmul" not in op_names(b.graph.simplified())
    assert_same_values(b)


def test_pieces_of_an_outer_product():
    """As where a layer of one unit reads concatenated branches: the whole is never made."""
    b = Builder()
    column, row = b.feed((5, 1)), b.feed((1, 8))
    whole = b.matmul(column, row)
    b.fetch(*(b.slice(whole, begin=[0, at], size=[5, 4], stride=[1, 1]) for at in (0, 4)))
    graph = b.graph.simplified()
    assert op_names(graph).count("multiply") == 2 and "(5, 8)" not in str(graph)
    assert_same_values(b)
