"""Convolutions of whose results only the maxima over windows are kept."""

import numpy as np
import pytest
from running import assert_same_bits_for_threads, run
from test_winograd import tile, use  # noqa: F401  (fixtures)

from pronghorn import ops


def network(window, padding, activation, gradients=True, keep=False):
    """A convolution, its maxima and gradients by all operands; with `keep` the convolution itself too."""

    def function(x, weights, bias):
        y = ops.conv(x, weights, padding=padding) + bias
        if activation == "relu":
            y = ops.relu(y)
        pooled = ops.max_pool(y, window)
        results = [pooled]
        if gradients:
            results += ops.gradients(pooled * pooled * pooled, [x, weights, bias])
        return [*results, y] if keep else results

    return function


def operands(shape, columns, kernel=3):
    random = np.random.default_rng(0)
    sizes = [shape, (kernel, kernel, shape[-1], columns), (columns,)]
    return [random.uniform(-1, 1, size).astype("float32") for size in sizes]


CASES = [
    ((2, 12, 16, 32), 32, "same", 2),
    ((2, 11, 14, 16), 33, "valid", 2),
    ((3, 10, 9, 5), 7, "same", 2),
    ((1, 17, 10, 8), 50, "valid", 4),
    ((2, 4, 3, 3), 17, "same", (2, 2)),
    ((2, 13, 18, 9), 10, "same", 3),
    ((1, 9, 8, 16), 16, "same", (4, 4)),
]


@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize("activation", ["relu", None])
def test_same_bits_as_pooling_afterwards(isa, tile, gradients, activation):  # noqa: F811
    if isa == "reference":
        pytest.skip("knows no such algorithm")
    for shape, columns, padding, window in CASES:
        arrays = operands(shape, columns, int(tile[-1]))
        if padding == "valid" and tile == "2x2_5x5":
            padding = "same"
        found = run(network(window, padding, activation, gradients), *arrays)
        expected = run(network(window, padding, activation, gradients, keep=True), *arrays)
        for f, e in zip(found, expected):
            np.testing.assert_array_equal(f, e)


def test_one_step_writes_maxima_and_places(tile):  # noqa: F811
    arrays = operands((2, 8, 8, 16), 16, int(tile[-1]))
    with ops.Trace() as trace:
        feeds = [trace.feed(a.shape, "float32", f"a{i}") for i, a in enumerate(arrays)]
        for result in network(2, "same", "relu")(*feeds):
            trace.fetch(result)
        steps = trace.compile().steps()
    (convolution,) = [s for s in steps if s["op"] == "conv"]
    assert convolution["implementation"] == f"conv:winograd_{tile}"
    assert "-> float32(2, 4, 4, 16) uint8(2, 4, 4, 16)" in convolution["shape"]
    gradients = [s["shape"] for s in steps if s["op"].startswith("conv_backward")]
    assert len(gradients) == 2 and all(" uint8(2, 4, 4, 16) -> " in shape for shape in gradients)
    assert not any(s["op"].startswith("max_pool") for s in steps)


def test_nan_shows(isa, tile):  # noqa: F811
    x, weights, bias = operands((1, 8, 8, 16), 16, int(tile[-1]))
    bias[3] = np.nan
    (found,) = run(network(2, "same", "relu", gradients=False), x, weights, bias)
    assert np.isnan(found[..., 3]).all() and not np.isnan(np.delete(found, 3, -1)).any()


def test_same_bits_for_any_number_of_threads(tile):  # noqa: F811
    assert_same_bits_for_threads(network(2, "same", "relu"), *operands((3, 22, 13, 24), 40, int(tile[-1])))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_who_reads_more_keeps_the_whole_result(dtype, use):  # noqa: F811
    use("force")

    def steps(*fetched):
        with ops.Trace() as trace:
            x = trace.feed((1, 16, 16, 32), dtype, "x")
            y = ops.relu(ops.conv(x, np.ones((3, 3, 32, 32), dtype)))
            for result in fetched:
                trace.fetch(result(y))
            return [s["op"] for s in trace.compile().steps()]

    pool = lambda y: ops.max_pool(y, 2)  # noqa: E731
    assert ("max_pool" in steps(pool)) == (dtype == "float64")
    assert "max_pool" in steps(pool, lambda y: ops.sum(y))
    assert "max_pool" in steps(lambda y: ops.max_pool(y, 3, 2))
    assert "max_pool" in steps(lambda y: ops.max_pool(y, 3))
