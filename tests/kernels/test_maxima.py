"""Gradients of convolutions of which only maxima are kept: by lists of what is not zero."""

import numpy as np
import pytest
from running import assert_same_bits_for_threads, run
from test_pooled_convolutions import operands
from test_winograd import use  # noqa: F401  (fixture)

from pronghorn import ops

# Shape, channels of the result, padding, window, rows and columns of the kernel.
CASES = [
    ((3, 12, 16, 32), 32, "same", 2, (3, 3)),
    ((2, 11, 14, 16), 65, "valid", 2, (3, 3)),
    ((3, 10, 9, 5), 7, "same", 2, (3, 3)),
    ((1, 17, 10, 8), 150, "valid", 4, (3, 3)),
    ((2, 13, 18, 9), 10, "same", 3, (3, 5)),
    ((2, 14, 13, 31), 20, "valid", 2, (5, 5)),
    ((1, 150, 40, 17), 16, "same", 2, (3, 3)),
    ((1, 9, 300, 12), 3, "same", 2, (2, 3)),
    ((2, 9, 8, 100), 70, "same", 2, (1, 3)),
    ((1, 20, 20, 48), 17, "valid", 7, (5, 3)),
    ((2, 4, 5, 16), 16, "valid", 2, (3, 3)),
    ((2, 28, 28, 1), 20, "valid", 2, (5, 5)),  # rows of the kernel as one tap
    ((3, 31, 30, 3), 17, "same", 3, (3, 3)),
    ((1, 90, 70, 4), 66, "same", 2, (3, 5)),
]


def network(window, padding, keep=False):
    """The gradients of a convolution's maxima; with `keep` the convolution stays, and so do its gradients."""

    def function(x, weights, bias, factors):
        y = ops.relu(ops.conv(x, weights, padding=padding) + bias)
        loss = ops.sum(ops.max_pool(y, window) * factors)
        results = ops.gradients(loss, [x, weights, bias])
        return [*results, y * ops.gradients(loss, [y])[0]] if keep else results

    return function


def arrays_of(shape, columns, padding, window, kernel):
    x, weights, bias = operands(shape, columns)
    random = np.random.default_rng(1)
    weights = random.uniform(-1, 1, (*kernel, shape[-1], columns)).astype("float32")
    size = [n - (k - 1 if padding == "valid" else 0) for n, k in zip(shape[1:], kernel)]
    factors = random.uniform(-1, 1, (shape[0], size[0] // window, size[1] // window, columns)).astype(
        "float32"
    )
    return x, weights, bias, np.where(random.uniform(size=factors.shape) < 0.3, 0, factors).astype("float32")


def steps_of(function, arrays):
    with ops.Trace() as trace:
        for result in function(*[trace.feed(a.shape, "float32", f"a{i}") for i, a in enumerate(arrays)]):
            trace.fetch(result)
        return trace.compile().steps()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients(isa, use, case):  # noqa: F811
    use("off")
    arrays = arrays_of(*case)
    if isa != "reference":
        names = [step["implementation"] for step in steps_of(network(case[3], case[2]), arrays)]
        assert sum(name.endswith(":maxima") for name in names) == 2, names
    found = run(network(case[3], case[2]), *arrays)
    expected = run(network(case[3], case[2], keep=True), *arrays)
    for f, e in zip(found, expected):
        assert np.abs(f - e).max() <= 3e-6 * max(1, np.abs(e).max()) * case[0][-1] ** 0.5


def test_same_bits_for_any_number_of_threads(use):  # noqa: F811
    use("off")
    assert_same_bits_for_threads(network(2, "same"), *arrays_of((5, 60, 40, 24), 40, "same", 2, (3, 3)))


def test_behind_few_channels_lists_cost_more_than_they_save(use):  # noqa: F811
    use("on")
    for columns, name in ((64, "maxima"), (4, "winograd")):
        arrays = arrays_of((16, 34, 34, 32), columns, "valid", 2, (3, 3))
        names = [s["implementation"] for s in steps_of(network(2, "valid"), arrays)]
        (found,) = [n for n in names if n.startswith("conv_backward_data")]
        assert name in found


def test_gradients_that_are_all_zero(isa, use):  # noqa: F811
    use("off")
    x, weights, bias, factors = arrays_of((2, 12, 10, 16), 16, "same", 2, (3, 3))
    for found in run(network(2, "same"), x, weights, bias - 1000, factors):
        assert not found.any()
