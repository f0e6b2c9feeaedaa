"""What depends only on states that nobody has written since is not computed again."""

import numpy as np
import pytest

from pronghorn import _core, ops


def emit(graph, op, *inputs):
    return graph.emit(op, list(inputs), {})[0][0]


@pytest.fixture
def scaled():
    """x · tanh(w) over a state w, and how often each of its steps has run."""
    graph, w = _core.Graph(), _core.State(np.ones(3, "float32"))
    x = graph.feed("x", (3,), "float32")
    graph.fetch(emit(graph, "multiply", emit(graph, "tanh", graph.state(w)), x))
    program = _core.Program(graph, fuse=False)
    program.set_profiling(True)

    def check(calls):
        x = np.arange(3, dtype="float32")
        np.testing.assert_allclose(program.run([x])[0], x * np.tanh(w.numpy()), rtol=1e-6)
        assert {step["op"]: step["calls"] for step in program.steps()} == calls

    return w, check


def test_steps_on_states_alone_run_once(scaled):
    _, check = scaled
    for runs in (1, 2, 3):
        check({"tanh": 1, "multiply": runs})


def test_an_assignment_makes_them_run_again(scaled):
    w, check = scaled
    check({"tanh": 1, "multiply": 1})
    w.assign(np.array([-1, 0, 2], "float32"))
    check({"tanh": 2, "multiply": 2})
    check({"tanh": 2, "multiply": 3})


def test_another_program_that_updates_the_state_makes_them_run_again(scaled):
    w, check = scaled
    graph = _core.Graph()
    graph.update(w, emit(graph, "negative", graph.state(w)))
    training = _core.Program(graph)
    check({"tanh": 1, "multiply": 1})
    training.run([])
    check({"tanh": 2, "multiply": 2})
    check({"tanh": 2, "multiply": 3})


def test_a_state_that_the_program_updates_is_read_in_every_run():
    graph, w = _core.Graph(), _core.State(np.ones(2, "float32"))
    old = graph.state(w)
    graph.fetch(emit(graph, "tanh", old))
    graph.update(w, emit(graph, "add", old, old))
    program = _core.Program(graph)
    for run in range(3):
        np.testing.assert_allclose(program.run([])[0], np.tanh([2.0**run] * 2), rtol=1e-6)


def test_new_content_of_a_state_is_written_in_every_run():
    graph, (a, b) = _core.Graph(), (_core.State(np.ones(2, "float32")) for _ in range(2))
    graph.update(b, emit(graph, "tanh", graph.state(a)))
    program = _core.Program(graph)
    for _ in range(2):
        program.run([])
        np.testing.assert_allclose(b.numpy(), np.tanh([1.0, 1.0]), rtol=1e-6)
        b.assign(np.zeros(2, "float32"))


def test_predictions_follow_the_weights():
    from pronghorn.layers import BatchNormalization, Conv2D, GlobalAveragePooling2D
    from pronghorn.models import Sequential

    model = Sequential([Conv2D(8, 3, input_shape=(9, 9, 4)), BatchNormalization(), GlobalAveragePooling2D()])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).standard_normal((4, 9, 9, 4)).astype("float32")
    before = model.predict(x)
    np.testing.assert_array_equal(model.predict(x), before)
    model.fit(x, np.zeros((4, 8)), verbose=0)
    trained = model.predict(x)
    assert np.abs(trained - before).max() > 1e-4
    np.testing.assert_allclose(trained, model.predict_on_batch(x), rtol=1e-5, atol=1e-6)
    model.layers[0].set_weights([2 * value for value in model.layers[0].get_weights()])
    doubled, statistics = model.predict(x), model.layers[1].get_weights()
    assert np.abs(doubled - trained).max() > 1e-3
    ops.Variable(np.zeros(1)).assign(np.ones(1))  # somebody else's
    np.testing.assert_array_equal(model.predict(x), doubled)
    model.layers[1].set_weights([statistics[0], statistics[1] + 1, *statistics[2:]])
    np.testing.assert_allclose(model.predict(x), doubled + 1, rtol=1e-4, atol=1e-5)
