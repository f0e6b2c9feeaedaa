"""Batch normalisation."""

import numpy as np
import pytest
from gradients import check_gradients
from running import AWKWARD_SIZES, assert_same_bits_for_threads, run

from pronghorn import ops

EPSILON = 1e-3


def data(shape, dtype="float64"):
    random = np.random.RandomState(0)
    x = random.standard_normal(shape) * random.uniform(0.1, 3, shape[-1]) + random.uniform(-5, 5, shape[-1])
    return [
        a.astype(dtype) for a in (x, random.uniform(0.5, 2, shape[-1]), random.standard_normal(shape[-1]))
    ]


def expected(x, gamma, beta):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    return (x - mean) / np.sqrt(variance + EPSILON) * gamma + beta, mean, variance


def normalized(x, gamma, beta):
    return ops.batch_norm_train(x, gamma, beta, epsilon=EPSILON)


SHAPES = [(5, n) for n in AWKWARD_SIZES] + [(n, 3) for n in AWKWARD_SIZES]
SHAPES += [(3, 4, 5, 6), (2, 3, 2, 2, 70), (40000, 3), (700, 67), (1, 1)]


@pytest.mark.parametrize("dtype, tolerance", [("float32", 3e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_forward_and_backward(isa, shape, dtype, tolerance):
    arrays = data(shape, dtype)
    weights = np.random.RandomState(1).standard_normal(shape).astype(dtype)

    def function(x, gamma, beta, weights):
        outputs = normalized(x, gamma, beta)
        return [*outputs, *ops.gradients(outputs[0] * weights, [x, gamma, beta])]

    found = run(function, *arrays, weights)
    x, gamma, beta, w = (a.astype("float64") for a in (*arrays, weights))
    y, mean, variance = expected(x, gamma, beta)
    axes = tuple(range(x.ndim - 1))
    inverse = 1 / np.sqrt(variance + EPSILON)
    normal = (x - mean) * inverse
    diff_beta, diff_gamma = w.sum(axes), (w * normal).sum(axes)
    n = x.size // x.shape[-1]
    diff_x = gamma * inverse * (w - diff_beta / n - normal * diff_gamma / n)
    for f, e in zip(found, [y, mean, variance, diff_x, diff_gamma, diff_beta]):
        assert f.dtype == dtype
        # Rows that are nearly alike leave differences of nearly equal numbers, enlarged by `inverse`.
        scale = max(1.0, np.abs(e).max(), inverse.max())
        np.testing.assert_allclose(f, e, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 3e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("shape", [(5, 3), (40, 17), (700, 67), (7, 5, 3, 128), (3000, 32)], ids=str)
def test_relu_behind_it(isa, shape, dtype, tolerance):
    arrays = data(shape, dtype)
    weights = np.random.RandomState(1).standard_normal(shape).astype(dtype)

    def function(x, gamma, beta, weights):
        y, mean, variance = normalized(x, gamma, beta)
        y = ops.relu(y)
        return [y, mean, variance, *ops.gradients(y * weights, [x, gamma, beta])]

    def steps(fuse):
        with ops.Trace() as trace:
            for result in function(*[trace.feed(a.shape, dtype) for a in (*arrays, weights)]):
                trace.fetch(result)
            program = trace.compile(fuse=fuse)
        return program.run([*arrays, weights]), [step["op"] for step in program.steps()]

    fused, fused_steps = steps(True)
    plain, plain_steps = steps(False)
    assert sorted(fused_steps) == ["batch_norm_grad", "batch_norm_train"]
    assert "relu" in plain_steps and "relu_grad" in plain_steps
    for f, e in zip(fused, plain):
        scale = max(1.0, np.abs(e).max())
        np.testing.assert_allclose(f, e, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 3e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("shape", [(40, 17), (7, 5, 3, 128), (3000, 32)], ids=str)
@pytest.mark.parametrize("relu", [True, False])
def test_addition_behind_it(isa, relu, shape, dtype, tolerance):
    """As in residual networks: two normalisations, the second added to what the first was made of."""
    arrays = data(shape, dtype)

    def function(x, gamma, beta):
        y = ops.relu(normalized(x, gamma, beta)[0])
        last, mean, variance = normalized(ops.tanh(y), gamma, beta)
        last = last + x
        last = ops.relu(last) if relu else last
        return [last, mean, variance, *ops.gradients(last * last, [x, gamma, beta])]

    with ops.Trace() as trace:
        for result in function(*[trace.feed(a.shape, dtype) for a in arrays]):
            trace.fetch(result)
        steps = [step["shape"] for step in trace.compile().steps() if step["op"] == "batch_norm_train"]
    assert len(steps) == 2 and str(shape) in steps[1].split(" -> ")[0].split(dtype)[-1]
    for f, e in zip(run(function, *arrays), run(function, *arrays, fuse=False)):
        scale = max(1.0, np.abs(e).max())
        np.testing.assert_allclose(f, e, rtol=tolerance, atol=tolerance * scale)


def test_relu_is_left_where_others_read_what_it_reads():
    x, gamma, beta = data((6, 4))

    def function(x, gamma, beta):
        y, _, _ = normalized(x, gamma, beta)
        return [ops.relu(y), ops.sigmoid(y)]

    expected_y = expected(x, gamma, beta)[0]
    found = run(function, x, gamma, beta)
    np.testing.assert_allclose(found[0], np.maximum(expected_y, 0))
    np.testing.assert_allclose(found[1], 1 / (1 + np.exp(-expected_y)))


def test_large_mean_does_not_cancel(isa):
    x = (1e4 + np.random.RandomState(0).standard_normal((5000, 4))).astype("float32")
    one = np.ones(4, "float32")
    _, mean, variance = run(normalized, x, one, one)
    np.testing.assert_allclose(mean, x.astype("float64").mean(0), rtol=1e-6)
    np.testing.assert_allclose(variance, x.astype("float64").var(0), rtol=1e-3)


@pytest.mark.parametrize("output", [0, 1, 2])
def test_gradients(output):
    arrays = data((4, 3, 2))
    wanted = [0, 1, 2] if output == 0 else [0]
    check_gradients(lambda *a: normalized(*a)[output], *arrays, wanted=wanted)


@pytest.mark.parametrize("by", [0, 1])
def test_gradients_of_gradients(by):
    def gradient(*arrays):
        y, mean, variance = normalized(*arrays)
        (found,) = ops.gradients(ops.sin(y) * mean + variance * variance, [arrays[by]])
        return found

    check_gradients(gradient, *data((4, 3, 2)), wanted=[0, 1], tolerance=1e-5)


def test_without_scale_and_offset():
    x, _, _ = data((6, 4))
    y, _, _ = run(lambda x: ops.batch_norm_train(x, epsilon=EPSILON), x)
    np.testing.assert_allclose(y, expected(x, 1, 0)[0], rtol=1e-12)


def test_given_moments():
    x, gamma, beta = data((6, 3, 5))
    mean, variance = run(lambda x: ops.moments(x, (0, 1)), x)
    np.testing.assert_allclose(mean, x.mean((0, 1)))
    np.testing.assert_allclose(variance, x.var((0, 1)))
    y = run(lambda *a: ops.batch_normalization(*a[:3], -1, *a[3:], EPSILON), x, mean, variance, beta, gamma)
    np.testing.assert_allclose(y, expected(x, gamma, beta)[0])
    swapped = run(
        lambda *a: ops.batch_normalization(*a, axis=1, epsilon=EPSILON),
        x.swapaxes(1, 2).copy(),
        mean,
        variance,
    )
    np.testing.assert_allclose(swapped, expected(x, 1, 0)[0].swapaxes(1, 2))


def test_same_bits_for_any_number_of_threads():
    arrays = data((9000, 37), "float32")

    def function(*a):
        outputs = normalized(*a)
        return [*outputs, *ops.gradients(outputs[0] * outputs[0] * a[0], list(a))]

    assert_same_bits_for_threads(function, *arrays)


def test_errors():
    x, gamma, beta = data((4, 3))
    with pytest.raises(ValueError, match=r"needs float64\(3,\) per channel, not float64\(4, 3\)"):
        run(normalized, x, x, beta)
    with pytest.raises(TypeError, match="floating point"):
        run(normalized, np.ones((4, 3), "int32"), np.ones(3, "int32"), np.ones(3, "int32"))
