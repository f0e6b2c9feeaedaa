"""The gradient of a large matrix is computed while the optimizer updates it, and never stands in memory."""

import numpy as np
import pytest
from graphs import Builder, assert_same_values, op_names

from pronghorn import _core

SHAPE, BATCH = (1031, 1021), 5  # 4 MB in float32

# Per rule: its attributes, scalars beside the learning rate, and kinds of slots.
RULES = {
    "sgd": ({}, [], 0),
    "rmsprop": ({"rho": 0.9, "epsilon": 1e-7}, [], 1),
    "adam": ({"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}, [3.0], 2),
}


def updated(rule="rmsprop", dtype="float32", shape=SHAPE, batch=BATCH, scale=False):
    """One step for a matrix whose gradient is a product, and for a small vector, fetched."""
    attributes, scalars, slots = RULES[rule]
    b = Builder()
    factors = [b.feed((batch, shape[0]), dtype), b.feed((batch, shape[1]), dtype)]
    gradient = b.matmul(*factors, transpose_a=True)
    if scale:
        gradient = b.multiply(gradient, b.constant(0.5, dtype))
    params = [b.state((7,), dtype), b.state(shape, dtype)]
    inputs = [b.constant(value, dtype) for value in (0.1, *scalars)]
    inputs += [b.feed((7,), dtype), gradient, *params]
    inputs += [b.feed(s, dtype, low=0.0) for _ in range(slots) for s in ((7,), shape)]
    outputs = b.emit(rule, *inputs, n=2, inplace_from=len(scalars) + 3, **attributes)
    b.fetch(*outputs)
    return b


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "dtype, shape", [("float32", SHAPE), ("float64", (3, 200003)), ("float64", (200003, 3))]
)
def test_values(rule, dtype, shape):
    b = updated(rule, dtype, shape, batch=1 if 3 in shape else BATCH)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    assert_same_values(b, rtol=tolerance, atol=tolerance)


def test_the_product_is_no_step_of_its_own():
    b = updated()
    assert op_names(b.graph.simplified().fused()) == ["rmsprop"]


def test_products_that_stay():
    """Small ones, wide batches, and those that something else is done to first."""
    assert "matmul" in op_names(updated(shape=(100, 100)).graph.fused())
    assert "matmul" in op_names(updated(batch=300).graph.fused())
    assert "matmul" in op_names(updated(scale=True).graph.fused())


@pytest.mark.parametrize("isa", _core.isas())
def test_bits_do_not_depend_on_threads(isa):
    threads, active = _core.threads(), _core.isa()
    b = updated()
    try:
        _core.set_isa(isa)
        results = []
        for count in (1, 2, 3):
            _core.set_threads(count)
            results.append(b.run())
    finally:
        _core.set_threads(threads)
        _core.set_isa(active)
    for other in results[1:]:
        for first, second in zip(results[0], other):
            np.testing.assert_array_equal(first, second)


def test_training_holds_no_gradient_of_its_largest_weight():
    from pronghorn import layers, models

    model = models.Sequential([layers.Dense(1000, input_shape=(4000,), name="large"), layers.Dense(1)])
    model.compile("rmsprop", "mse")
    x = np.ones((4, 4000), "float32")
    before = model.get_weights()[0]
    model.train_on_batch(x, np.ones((4, 1)))
    (program,) = [step.program for step in model._steps.values()]
    assert program.arena_bytes + program.scratch_bytes < before.nbytes / 2
    assert np.abs(model.get_weights()[0] - before).max() > 0
