"""Programs with updates of state do what their nodes do one by one, whatever the planner put over what."""

import numpy as np
import pytest
from test_random_graphs import Fuzzer

from pronghorn import _core

SHAPES = [(3, 4), (3, 4), (4,), (2, 3, 4), (3, 4)]


class Interpreter(Fuzzer):
    """Runs each node as it is added, alone in a program of its own."""

    def __init__(self, seed):
        self.known = {}
        self.states = []
        super().__init__(seed)
        for shape in SHAPES:
            content = self.random.uniform(-1, 1, shape)
            self.states.append(_core.State(content))
            self.known[self.graph.state(self.states[-1])] = content
            self.values.append(self.graph.state(self.states[-1]))

    def feed(self, shape, dtype="float64", low=-2.0, high=2.0):
        value = super().feed(shape, dtype, low, high)
        self.known[value] = self.arrays[-1]
        return value

    def constant(self, value, dtype="float64"):
        handle = super().constant(value, dtype)
        self.known[handle] = np.asarray(value, dtype)
        return handle

    def state(self, shape, dtype="float64"):
        state = _core.State(self.random.uniform(-1, 1, shape).astype(dtype))
        self.known[self.graph.state(state)] = state.numpy()
        return self.graph.state(state)

    def emit(self, op, *inputs, **attributes):
        alone = _core.Graph()
        arrays = [self.known[value] for value in inputs]
        feeds = [alone.feed("input", array.shape, array.dtype.name) for array in arrays]
        outputs = [value for value, _, _ in self.graph.emit(op, list(inputs), attributes)]
        for value, _, _ in alone.emit(op, feeds, attributes):
            alone.fetch(value)
        results = _core.Program(alone, simplify=False, fuse=False).run(arrays)
        self.known.update(zip(outputs, results))
        return outputs[0]

    def update_states(self):
        """Each state gets a value of its shape; often another state's, so that they change places."""
        expected = []
        reads = [self.graph.state(state) for state in self.states]
        for state, read in zip(self.states, reads):
            alike = [v for v in self.values if self.shape(v) == self.shape(read)]
            among_states = [v for v in reads if self.shape(v) == self.shape(read)]
            choice = self.random.integers(4)
            if choice == 0:
                value = read
            elif choice == 1:
                value = self.choose(among_states)
            elif choice == 2:
                value = self.add(self.choose(alike), read)
            else:
                value = self.choose(alike)
            self.graph.update(state, value)
            expected.append(self.known[value])
        return expected


@pytest.mark.parametrize("passes", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_random_program(seed, passes):
    b = Interpreter(seed)
    for _ in range(30):
        b.step()
    expected_states = b.update_states()
    fetched = [*b.values[-5:], b.graph.state(b.states[0])]
    b.fetch(*fetched)
    results = b.run(simplify=passes, fuse=passes)
    for value, actual in zip(fetched, results):
        expected = b.known[value]
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-9 * scale)
    for state, expected in zip(b.states, expected_states):
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        np.testing.assert_allclose(state.numpy(), expected, rtol=0, atol=1e-9 * scale)
