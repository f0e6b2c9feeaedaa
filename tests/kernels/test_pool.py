"""Max and average pooling."""

import itertools

import numpy as np
import pytest
from gradients import check_gradients
from running import AWKWARD_SIZES, assert_same_bits_for_threads, run

from pronghorn import ops


def windows(size, kernel, stride, padding):
    """The range of source indices of each window along one axis."""
    if padding == "same":
        count = -(-size // stride)
        pad = max((count - 1) * stride + kernel - size, 0) // 2
    else:
        count, pad = (size - kernel) // stride + 1, 0
    starts = [i * stride - pad for i in range(count)]
    return [(max(s, 0), min(s + kernel, size)) for s in starts]


def pool(x, kernel, strides, padding, reduce):
    axes = [windows(n, k, s, padding) for n, k, s in zip(x.shape[1:-1], kernel, strides)]
    y = np.empty((x.shape[0], *(len(a) for a in axes), x.shape[-1]), x.dtype)
    for at in itertools.product(*(range(len(a)) for a in axes)):
        block = x[(slice(None), *(slice(*a[i]) for a, i in zip(axes, at)))]
        y[(slice(None), *at)] = reduce(block.reshape(x.shape[0], -1, x.shape[-1]), 1)
    return y


# shape, kernel, strides, padding
CASES = [
    ((2, 7, 3), (2,), (2,), "valid"),
    ((2, 7, 3), (3,), (1,), "same"),
    ((3, 8, 8, 4), (2, 2), (2, 2), "valid"),
    ((2, 9, 7, 5), (2, 2), (2, 2), "valid"),
    ((2, 9, 7, 5), (2, 2), (2, 2), "same"),
    ((2, 9, 7, 17), (3, 3), (2, 2), "same"),
    ((2, 9, 7, 17), (3, 2), (1, 2), "valid"),
    ((2, 9, 7, 3), (2, 3), (3, 4), "valid"),
    ((1, 5, 5, 2), (5, 5), (5, 5), "valid"),
    ((1, 4, 4, 2), (7, 7), (1, 1), "same"),
    ((2, 5, 6, 7, 3), (2, 2, 2), (2, 2, 2), "valid"),
    ((2, 5, 6, 7, 3), (3, 2, 3), (2, 1, 2), "same"),
    ((2, 70, 5, 9), (3, 3), (1, 1), "same"),
]


def image(shape, dtype="float64"):
    """Distinct values, so that maxima are unique."""
    values = np.random.RandomState(0).permutation(int(np.prod(shape)))
    return (values.reshape(shape) / 7 - 3).astype(dtype)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("shape, kernel, strides, padding", CASES, ids=str)
def test_forward(isa, shape, kernel, strides, padding, dtype, tolerance):
    x = image(shape, dtype)
    found = run(lambda x: ops.max_pool(x, kernel, strides, padding), x)
    np.testing.assert_array_equal(found, pool(x, kernel, strides, padding, np.max))
    found = run(lambda x: ops.average_pool(x, kernel, strides, padding), x)
    np.testing.assert_allclose(
        found, pool(x, kernel, strides, padding, np.mean), rtol=tolerance, atol=tolerance * 50
    )


@pytest.mark.parametrize("shape, kernel, strides, padding", CASES, ids=str)
def test_backward_on_each_instruction_set(isa, shape, kernel, strides, padding):
    # Each output's weight goes to where its window's maximum stands, or in equal shares to the whole window.
    x = image(shape, "float32")
    y = pool(x, kernel, strides, padding, np.max)
    weights = np.random.RandomState(1).standard_normal(y.shape).astype("float32")
    expected_max, expected_mean = np.zeros_like(x), np.zeros_like(x)
    axes = [windows(n, k, s, padding) for n, k, s in zip(shape[1:-1], kernel, strides)]
    for at in itertools.product(*(range(len(a)) for a in axes)):
        where = (slice(None), *(slice(*a[i]) for a, i in zip(axes, at)))
        here = (slice(None), *at)
        spread = (slice(None), *([None] * len(axes)))
        expected_max[where] += np.where(x[where] == y[here][spread], weights[here][spread], 0)
        expected_mean[where] += weights[here][spread] / np.prod(x[where].shape[1:-1])

    def gradient(operation, **options):
        def function(x, w):
            (found,) = ops.gradients(operation(x, kernel, strides, padding) * w, [x])
            return found

        return run(function, x, weights, **options)

    # By the places of the maxima, and by comparing.
    np.testing.assert_allclose(gradient(ops.max_pool), expected_max, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gradient(ops.max_pool, fuse=False), expected_max, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gradient(ops.average_pool), expected_mean, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("channels", AWKWARD_SIZES)
def test_channels(isa, channels):
    x = image((2, 6, 6, channels), "float32")
    found = run(lambda x: ops.max_pool(x, 2), x)
    np.testing.assert_array_equal(found, pool(x, (2, 2), (2, 2), "valid", np.max))


@pytest.mark.parametrize("fuse", [True, False])
def test_gradient_goes_to_the_first_of_equal_maxima(isa, fuse):
    x = np.zeros((1, 4, 4, 1), "float32")
    (found,) = run(lambda x: ops.gradients(ops.max_pool(x, 2), [x]), x, fuse=fuse)
    expected = np.zeros((4, 4))
    expected[::2, ::2] = 1
    np.testing.assert_array_equal(found[0, :, :, 0], expected)


def test_nan_shows(isa):
    x = image((1, 4, 4, 20), "float32")
    x[0, 0, 1, 3] = np.nan
    assert np.isnan(run(lambda x: ops.max_pool(x, 2), x)).sum() == 1


@pytest.mark.parametrize("fuse", [True, False])
def test_nan_takes_no_gradient(isa, fuse):
    x = image((1, 4, 4, 20), "float32")
    x[0, 0, 1, 3] = np.nan
    (found,) = run(lambda x: ops.gradients(ops.max_pool(x, 2), [x]), x, fuse=fuse)
    assert found[0, :2, :2, 3].sum() == 0 and found.sum() == 4 * 20 - 1


@pytest.mark.parametrize("operation", [ops.max_pool, ops.average_pool], ids=["max", "average"])
@pytest.mark.parametrize("shape, kernel, strides, padding", CASES[:3] + CASES[5:8] + CASES[11:12], ids=str)
def test_gradients(operation, shape, kernel, strides, padding):
    x = image(shape)
    pooled = lambda x: operation(x, kernel, strides, padding)  # noqa: E731
    check_gradients(pooled, x, tolerance=1e-5)

    def gradient(x):
        y = pooled(x)
        (found,) = ops.gradients(y * y * y, [x])
        return found

    check_gradients(gradient, x, tolerance=1e-5)


def test_channels_first():
    x = image((2, 3, 8, 6))
    found = run(lambda x: ops.max_pool(x, 2, data_format="channels_first"), x)
    expected = pool(np.moveaxis(x, 1, -1), (2, 2), (2, 2), "valid", np.max)
    np.testing.assert_array_equal(found, np.moveaxis(expected, -1, 1))


def test_same_bits_for_any_number_of_threads():
    x = image((3, 65, 33, 19), "float32")

    def function(x):
        outputs = [
            operation(x, *arguments)
            for operation in (ops.max_pool, ops.average_pool)
            for arguments in [(2,), (3, 2, "same"), (3, 1, "same")]
        ]
        return outputs + [ops.gradients(y * y, [x])[0] for y in outputs]

    assert_same_bits_for_threads(function, x)


@pytest.mark.parametrize(
    "function, message",
    [
        (lambda x: ops.max_pool(x, 5), "spatial axis 0 has 4 elements, fewer than the window of 5"),
        (lambda x: ops.max_pool(x, (2, 2, 2)), "pool_size must be an integer or 2 integers"),
        (lambda x: ops.max_pool(x, 2, padding="full"), "'valid' or 'same'"),
        (lambda x: ops.max_pool(x, 2, data_format="NHWC"), "data_format"),
        (lambda x: ops.average_pool(x, 2, 0), "stride must be at least 1"),
        (lambda x: ops.average_pool(x[0, 0], 2), "3, 4 or 5 axes"),
    ],
)
def test_errors(function, message):
    with pytest.raises(ValueError, match=message):
        run(function, np.zeros((1, 4, 4, 1)))
