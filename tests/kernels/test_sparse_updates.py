"""The optimizer takes the gradient of a table as indices and rows, with the bits of the dense update."""

import numpy as np
import pytest
from running import assert_same_bits_for_threads, run

from pronghorn import _core, ops

BETAS = {"beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-7}
# name: kinds of slots, scalars, attributes
RULES = {
    "sgd": (0, 1, {}),
    "sgd momentum": (1, 1, {"momentum": 0.9}),
    "sgd nesterov": (1, 1, {"momentum": 0.9, "nesterov": True}),
    "rmsprop": (1, 1, {"rho": 0.9, "epsilon": 1e-7}),
    "rmsprop without epsilon": (1, 1, {"rho": 0.9, "epsilon": 0.0}),
    "rmsprop of Keras 3": (1, 1, {"rho": 0.9, "epsilon": 0.0, "epsilon_under_root": 1e-7}),
    "adagrad": (1, 1, {"epsilon": 1e-7}),
    "adadelta": (2, 1, {"rho": 0.95, "epsilon": 1e-7}),
    "adam": (2, 2, BETAS),
    "adam amsgrad": (3, 2, BETAS),
    "adamax": (2, 2, BETAS),
    "nadam": (2, 3, {**BETAS, "schedule_decay": 0.004}),
}
SHAPES = [((40, 7), (3, 9)), ((1000, 33), (5, 11)), ((9, 1100), (6,)), ((300, 2, 5), (4, 1)), ((50,), (20,))]


def draw(rule, table, indices, dtype="float32"):
    """Table, a vector, the gradients' parts, and the slots of both parameters."""
    random = np.random.RandomState(1)
    normal = lambda *shape: random.standard_normal(shape).astype(dtype)  # noqa: E731
    slots = [np.abs(normal(*s)) for _ in range(RULES[rule][0]) for s in (table, (5,))]
    some = random.randint(0, table[0], indices).astype("int32")
    return [normal(*table), normal(5), some, normal(*indices, *table[1:]), normal(5), *slots]


def scattered(shape):
    return lambda indices, updates: ops.emit("scatter_add", [indices, updates], shape=list(shape), axis=0)


def update(rule, gradient):
    """One step of a rule, the table's gradient being ``gradient(indices, updates)``."""
    kinds, scalars, attributes = RULES[rule]

    def function(table, vector, indices, updates, other, *slots):
        numbers = [np.float64(0.1), np.int64(3), np.float64(0.7)][:scalars]
        pairs = [list(slots[2 * k : 2 * k + 2]) for k in range(kinds)]
        params, slots = ops.optimizer_step(
            rule.split()[0],
            numbers,
            [table, vector],
            [gradient(indices, updates), other],
            pairs,
            **attributes,
        )
        return [*params, *(tensor for pair in slots for tensor in pair)]

    return function


@pytest.mark.parametrize("table, indices", SHAPES)
@pytest.mark.parametrize("rule", RULES)
def test_bits_of_the_dense_update(isa, rule, table, indices):
    arrays = draw(rule, table, indices)
    dense = run(scattered(table), *arrays[2:4])
    expected = run(update(rule, lambda indices, updates: updates), *arrays[:3], dense, *arrays[4:])
    for found, wanted in zip(run(update(rule, scattered(table)), *arrays), expected):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("rule", ["sgd", "rmsprop", "adam"])
def test_doubles(rule):
    arrays = draw(rule, (90, 17), (30,), "float64")
    arrays[2] = arrays[2].astype("int64")
    dense = run(scattered((90, 17)), *arrays[2:4])
    expected = run(update(rule, lambda indices, updates: updates), *arrays[:3], dense, *arrays[4:])
    for found, wanted in zip(run(update(rule, scattered((90, 17))), *arrays), expected):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("rule", ["sgd", "rmsprop", "adam"])
def test_same_bits_for_any_number_of_threads(isa, rule):
    assert_same_bits_for_threads(update(rule, scattered((3000, 40))), *draw(rule, (3000, 40), (700,)))


def steps_of(gradient, table=(1000, 64), indices=(20,)):
    arrays = draw("sgd", table, indices)
    with ops.Trace() as trace:
        tensors = [trace.feed(a.shape, a.dtype.name, f"argument{i}") for i, a in enumerate(arrays)]
        for tensor in update("sgd", gradient)(*tensors):
            trace.fetch(tensor)
        return [step["op"] for step in trace.compile().steps()]


def test_no_dense_gradient_stands_in_memory():
    assert "scatter_add" not in steps_of(scattered((1000, 64)))


def test_gradients_that_stay_dense():
    """Something is done to it first, or it has more updates than the table has rows."""
    assert "scatter_add" in steps_of(lambda i, u: ops.multiply(scattered((1000, 64))(i, u), 2.0))
    assert "scatter_add" in steps_of(scattered((10, 64)), (10, 64), (20,))


def test_an_index_out_of_range_changes_nothing():
    table = ops.Variable(np.ones((30, 4)), name="table")
    with ops.Trace() as trace:
        indices, updates = trace.feed((2,), "int32"), trace.feed((2, 4), "float32")
        gradient = scattered((30, 4))(indices, updates)
        trace.assign(table, ops.optimizer_step("sgd", [1.0], [table], [gradient], [])[0][0])
        program = trace.compile()
    assert [step["op"] for step in program.steps()] == ["sgd"]
    with pytest.raises(IndexError, match="sgd: index 30 "):
        program.run([np.array([1, 30], "int32"), np.ones((2, 4), "float32")])
    np.testing.assert_array_equal(table.numpy(), 1)
    program.run([np.array([1, 1], "int32"), np.ones((2, 4), "float32")])
    np.testing.assert_array_equal(table.numpy()[:3, 0], [1, -1, 1])


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
def test_training_an_embedding(optimizer):
    """The same weights as with the gradient made dense by a penalty of next to nothing."""
    from pronghorn import layers, models

    def train(**options):
        np.random.seed(0)
        model = models.Sequential(
            [layers.Embedding(50, 8, input_length=6, **options), layers.Flatten(), layers.Dense(1)]
        )
        model.layers[0].set_weights([np.random.RandomState(2).standard_normal((50, 8))])
        model.layers[2].set_weights([np.ones((48, 1)), np.zeros(1)])
        model.compile(optimizer, "mse")
        x = np.random.RandomState(3).randint(0, 50, (4, 6))
        for _ in range(3):
            model.train_on_batch(x, np.ones((4, 1)))
        return model.layers[0].get_weights()[0], [s.program for s in model._steps.values()][0]

    found, program = train()
    assert "scatter_add" not in [step["op"] for step in program.steps()]
    expected, program = train(embeddings_regularizer=lambda w: 1e-30 * ops.sum(w))
    assert "scatter_add" in [step["op"] for step in program.steps()]
    np.testing.assert_array_equal(found, expected)


def test_instruction_sets_agree():
    arrays = draw("rmsprop", (100, 30), (25,))
    before, found = _core.isa(), set()
    try:
        for isa in _core.isas():
            _core.set_isa(isa)
            found.add(b"".join(r.tobytes() for r in run(update("rmsprop", scattered((100, 30))), *arrays)))
    finally:
        _core.set_isa(before)
    assert len(found) == 1
