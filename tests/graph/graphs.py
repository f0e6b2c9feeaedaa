"""Small graphs for the tests of the passes, built through the core alone."""

import re

import numpy as np

from pronghorn import _core

SOURCES = ("feed", "state", "constant")


class Builder:
    """A graph under construction: `x = b.feed((2, 3))`, `y = b.relu(x)`, `b.fetch(y)`."""

    def __init__(self, seed=0):
        self.graph = _core.Graph()
        self.random = np.random.default_rng(seed)
        self.arrays = []

    def feed(self, shape, dtype="float64", low=-2.0, high=2.0):
        """A feed with random content."""
        array = self.random.uniform(low, high, shape).astype(dtype)
        self.arrays.append(array)
        return self.graph.feed(f"feed{len(self.arrays)}", shape, dtype)

    def constant(self, value, dtype="float64"):
        return self.graph.constant(np.asarray(value, dtype))

    def state(self, shape, dtype="float64"):
        return self.graph.state(_core.State(self.random.uniform(-1, 1, shape).astype(dtype)))

    def emit(self, op, *inputs, **attributes):
        outputs = [value for value, _, _ in self.graph.emit(op, list(inputs), attributes)]
        return outputs[0] if len(outputs) == 1 else outputs

    def __getattr__(self, op):
        return lambda *inputs, **attributes: self.emit(op, *inputs, **attributes)

    def shape(self, value):
        return self.graph.type(value)[0]

    def fetch(self, *values):
        for value in values:
            self.graph.fetch(value)

    def gradients(self, output, inputs):
        return self.graph.gradients([output], list(inputs))

    def run(self, **options):
        """The fetches of one run, with the passes that `options` name."""
        return _core.Program(self.graph, **options).run(self.arrays)


def op_names(graph):
    """The ops of a graph in order, sources left out."""
    names = re.findall(r"^%\d+ = (\w+)\(", str(graph), re.MULTILINE)
    return [name for name in names if name not in SOURCES]


def assert_same_values(builder, rtol=1e-12, atol=1e-12):
    """A program gives the same numbers with the passes and without them."""
    plain = builder.run(simplify=False, fuse=False)
    for options in ({"simplify": True, "fuse": False}, {"simplify": True, "fuse": True}):
        for expected, actual in zip(plain, builder.run(**options)):
            np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)
