"""Where values live: in-place updates, old content that is still wanted, the arena."""

import numpy as np
import pytest

from pronghorn import _core


def graph_with_states(*contents):
    graph = _core.Graph()
    states = [_core.State(np.asarray(c, "float32")) for c in contents]
    return graph, states, [graph.state(s) for s in states]


def emit(graph, op, *inputs, **attributes):
    return graph.emit(op, list(inputs), attributes)[0][0]


def test_update_is_written_in_place():
    graph, (total,), (old,) = graph_with_states([1.0, 2.0])
    x = graph.feed("x", (2,), "float32")
    graph.update(total, emit(graph, "add", old, x))
    program = _core.Program(graph)
    assert program.num_steps == 1 and program.arena_bytes == 0
    for _ in range(3):
        program.run([np.array([1.0, 10.0], "float32")])
    np.testing.assert_array_equal(total.numpy(), [4.0, 32.0])


def test_old_content_is_fetched_before_an_update():
    graph, (counter,), (old,) = graph_with_states(5.0)
    one = graph.constant(np.array(1, "float32"))
    graph.update(counter, emit(graph, "add", old, one))
    graph.fetch(old)
    program = _core.Program(graph)
    assert [float(program.run([])[0]) for _ in range(3)] == [5.0, 6.0, 7.0]


def test_a_later_reader_sees_the_old_content():
    graph, (a,), (old,) = graph_with_states([1.0, 2.0, 3.0])
    x = graph.feed("x", (3,), "float32")
    graph.update(a, emit(graph, "multiply", x, x))
    graph.fetch(emit(graph, "tanh", emit(graph, "add", old, x)))
    program = _core.Program(graph, fuse=False)
    result = program.run([np.zeros(3, "float32")])[0]
    np.testing.assert_allclose(result, np.tanh([1.0, 2.0, 3.0]), rtol=1e-6)
    np.testing.assert_array_equal(a.numpy(), np.zeros(3))


def test_states_can_be_swapped():
    graph, (a, b), (old_a, old_b) = graph_with_states([1.0, 2.0], [3.0, 4.0])
    graph.update(a, old_b)
    graph.update(b, old_a)
    _core.Program(graph).run([])
    np.testing.assert_array_equal(a.numpy(), [3.0, 4.0])
    np.testing.assert_array_equal(b.numpy(), [1.0, 2.0])


def test_a_state_copied_into_another_while_it_is_updated():
    graph, (a, b), (_, old_b) = graph_with_states([0.0], [1.0])
    graph.update(b, emit(graph, "add", old_b, old_b))
    graph.update(a, old_b)
    program = _core.Program(graph)
    program.run([])
    program.run([])
    assert float(a.numpy()[0]) == 2.0 and float(b.numpy()[0]) == 4.0


def test_one_value_updates_two_states():
    graph, (a, b), (old_a, _) = graph_with_states([1.0], [2.0])
    new = emit(graph, "add", old_a, old_a)
    graph.update(a, new)
    graph.update(b, new)
    graph.fetch(new)
    assert _core.Program(graph).run([])[0] == [2.0]
    assert a.numpy() == b.numpy() == [2.0]


def test_a_view_of_a_feed_is_fetched():
    graph = _core.Graph()
    x = graph.feed("x", (2, 3), "float32")
    graph.fetch(emit(graph, "reshape", x, shape=[6]))
    program = _core.Program(graph)
    data = np.arange(6, dtype="float32").reshape(2, 3)
    np.testing.assert_array_equal(program.run([data])[0], data.ravel())
    assert program.num_steps == 0


@pytest.mark.parametrize("length", [2, 5, 12])
def test_a_chain_runs_in_one_buffer(length):
    graph = _core.Graph()
    value = graph.feed("x", (1000,), "float32")
    for _ in range(length):
        value = emit(graph, "tanh", value)
    graph.fetch(value)
    program = _core.Program(graph, fuse=False)
    assert program.num_steps == length
    assert program.arena_bytes == 4032  # 4,000 bytes rounded up to 64, once


def test_buffers_with_disjoint_lives_share_memory():
    graph = _core.Graph()
    x = graph.feed("x", (64, 64), "float32")
    value = x
    for _ in range(6):
        value = emit(graph, "transpose", value, axes=[1, 0])
        value = emit(graph, "tanh", value)
    graph.fetch(value)
    program = _core.Program(graph, simplify=False, fuse=False)
    assert program.arena_bytes == 2 * 64 * 64 * 4


def test_state_shape_cannot_change():
    graph, (a,), _ = graph_with_states([1.0, 2.0])
    with pytest.raises(ValueError, match=r"must keep its type.*float32\(2,\).*float32\(3,\)"):
        graph.update(a, graph.feed("x", (3,), "float32"))
