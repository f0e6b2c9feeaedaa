"""Products with an embedding's rows: each distinct row is multiplied once, forward and backward."""

import numpy as np
import pytest
from running import assert_same_bits_for_threads, run

from pronghorn import ops

VOCABULARY, BATCH, TIME, DEPTH, COLUMNS = 300, 5, 40, 128, 96  # just worth while


def draw(dtype="float32", vocabulary=VOCABULARY, index="int32"):
    random = np.random.RandomState(0)
    normal = lambda *shape: random.standard_normal(shape).astype(dtype)  # noqa: E731
    indices = random.randint(0, vocabulary, (BATCH, TIME)).astype(index)
    return [
        normal(vocabulary, DEPTH),
        indices,
        normal(DEPTH, COLUMNS),
        normal(COLUMNS),
        normal(BATCH * TIME, COLUMNS),
    ]


def product(table, indices, weights, bias=None):
    rows = ops.reshape(ops.take(table, indices, axis=0), (BATCH * TIME, DEPTH))
    result = ops.matmul(rows, weights)
    return result if bias is None else ops.add(result, bias)


def step(table, indices, weights, bias, factors):
    """The product, and table, weights and bias after a step of gradient descent on its sum by `factors`."""
    result = product(table, indices, weights, bias)
    grads = ops.gradients(ops.sum(ops.multiply(result, factors)), [table, weights, bias])
    params, _ = ops.optimizer_step("sgd", [np.float64(0.5)], [table, weights, bias], grads, [])
    return [result, *params]


def expected_step(table, indices, weights, bias, factors):
    table, weights, bias, factors = (a.astype("float64") for a in (table, weights, bias, factors))
    rows = table[indices.ravel()]
    by_table = np.zeros_like(table)
    np.add.at(by_table, indices.ravel(), factors @ weights.T)
    return [
        rows @ weights + bias,
        table - 0.5 * by_table,
        weights - 0.5 * rows.T @ factors,
        bias - 0.5 * factors.sum(0),
    ]


def ops_of(function, *arrays):
    with ops.Trace() as trace:
        results = function(*[trace.feed(a.shape, a.dtype.name, f"argument{i}") for i, a in enumerate(arrays)])
        for tensor in results if isinstance(results, list) else [results]:
            trace.fetch(tensor)
        return [s["op"] for s in trace.compile().steps()]


@pytest.mark.parametrize("dtype, index, tolerance", [("float32", "int32", 1e-3), ("float64", "int64", 1e-10)])
@pytest.mark.parametrize("vocabulary", [1, 7, 300, 20000])
def test_a_step(isa, vocabulary, dtype, index, tolerance):
    arrays = draw(dtype, vocabulary, index)
    for found, wanted in zip(run(step, *arrays), expected_step(*arrays)):
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("bias", [False, True])
def test_forward_alone(isa, bias):
    table, indices, weights, vector, _ = draw()
    arrays = [table, indices, weights] + [vector] * bias
    wanted = table[indices.ravel()].astype("float64") @ weights + vector * np.float64(bias)
    np.testing.assert_allclose(run(product, *arrays), wanted, rtol=1e-4, atol=1e-4)
    assert {"distinct_rows", "distinct_matmul"} <= set(ops_of(product, *arrays))


def test_same_bits_for_any_number_of_threads(isa):
    assert_same_bits_for_threads(step, *draw())


def test_which_ops():
    found = ops_of(step, *draw())
    assert {"distinct_rows", "distinct_matmul", "distinct_matmul_grad"} <= set(found)
    assert not {"take", "scatter_add", "matmul", "gemm"} & set(found)


def test_rows_that_are_also_used_otherwise_are_taken_as_they_are():
    def other_reader(table, indices, weights):
        return [product(table, indices, weights), ops.sum(ops.take(table, indices, axis=0))]

    def few(table, indices, weights):
        return ops.matmul(ops.take(table, indices[0], axis=0), weights)

    def gradient_is_read(*arguments):
        table, indices, weights, bias, factors = arguments
        result = ops.sum(ops.multiply(product(table, indices, weights, bias), factors))
        return ops.gradients(result, [table, weights])

    assert "distinct_rows" not in ops_of(other_reader, *draw()[:3])
    assert "distinct_rows" not in ops_of(few, *draw()[:3])
    assert "distinct_rows" not in ops_of(gradient_is_read, *draw())


def test_an_index_out_of_range():
    arrays = draw()
    arrays[1][3, 5] = VOCABULARY
    with pytest.raises(IndexError, match="index 300 .number 125 of 200. is out of range"):
        run(step, *arrays)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
def test_training_a_recurrent_layer(optimizer):
    """The same losses as where a penalty on the table keeps its gradient dense."""
    from pronghorn import layers, models

    def train(**options):
        np.random.seed(0)
        model = models.Sequential(
            [layers.Embedding(1000, 64, input_length=30, **options), layers.LSTM(16), layers.Dense(1)]
        )
        model.compile(optimizer, "mse")
        random = np.random.RandomState(3)
        x, y = random.randint(0, 500, (20, 30)), random.standard_normal((20, 1))
        losses = [float(model.train_on_batch(x, y)) for _ in range(5)]
        return losses, [s["op"] for s in list(model._steps.values())[0].program.steps()]

    found, steps = train()
    assert "distinct_matmul_grad" in steps
    wanted, steps = train(embeddings_regularizer=lambda w: 1e-30 * ops.sum(w))
    assert "distinct_rows" not in steps
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
