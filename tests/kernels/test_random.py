"""Random numbers by counter: exact streams, moments, and dropout that draws its mask again."""

import numpy as np
import pytest
from running import assert_same_bits_for_threads, run

from pronghorn import _core, ops

SEED = 123456789012


def philox(seed, step, blocks):
    """Philox4x32-10 of Salmon et al. (2011) for the blocks with these counters: (len(blocks), 4) words."""
    mask = (1 << 32) - 1
    words = []
    for block in blocks:
        c = [block & mask, block >> 32, step & mask, step >> 32]
        k = [seed & mask, seed >> 32]
        for _ in range(10):
            p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & mask, (p0 >> 32) ^ c[3] ^ k[1], p0 & mask]
            k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
        words.append(c)
    return np.array(words, "uint32")


def test_known_answer():
    """The published vector of the generator for a counter and key of zeros."""
    assert [f"{w:08x}" for w in philox(0, 0, [0])[0]] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


def draw(name, shape, dtype="float32", step=0, seed=SEED, **parameters):
    """The op itself, with a step of our choice."""

    def body(step):
        return ops.emit(name, [step], shape=list(shape), dtype=dtype, seed=seed, **parameters)

    return run(body, np.array(step, "int64"))


def test_stream(isa):
    for size, step in ((1, 0), (5, 3), (64, 1), (67, 1 << 40), (200, 7)):
        words = philox(SEED, step, range((size + 3) // 4)).ravel()[:size]
        expected = (words >> 8).astype("float32") * np.float32(2**-24)
        assert np.array_equal(draw("random_uniform", (size,), step=step), expected)


def test_stream_of_doubles(isa):
    words = philox(SEED, 2, range(50)).ravel().astype("uint64")
    expected = ((words[1::2] << np.uint64(32) | words[0::2]) >> np.uint64(12)).astype("float64") * 2.0**-52
    assert np.array_equal(draw("random_uniform", (100,), "float64", step=2), expected)


@pytest.mark.parametrize("name", ["random_normal", "random_truncated_normal", "random_bernoulli"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_against_reference(isa, name, dtype):
    found = draw(name, (7, 31), dtype, step=5)
    active = _core.isa()
    _core.set_isa("reference")
    try:
        expected = draw(name, (7, 31), dtype, step=5)
    finally:
        _core.set_isa(active)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_moments():
    n = 200_000
    u = draw("random_uniform", (n,), minval=-1.0, maxval=3.0)
    assert abs(u.mean() - 1) < 0.02 and abs(u.var() - 16 / 12) < 0.02 and u.min() >= -1 and u.max() <= 3
    z = draw("random_normal", (n,), mean=2.0, stddev=3.0)
    standard = (z - 2) / 3
    assert abs(standard.mean()) < 0.01 and abs(standard.std() - 1) < 0.01
    assert abs((standard**3).mean()) < 0.03 and abs((standard**4).mean() - 3) < 0.1
    assert abs(np.mean(np.abs(standard) < 1) - 0.6827) < 0.005
    t = draw("random_truncated_normal", (n,), stddev=0.5)
    assert np.abs(t).max() <= 1.0 and abs(t.mean()) < 0.01 and abs(t.std() / 0.5 - 0.8796) < 0.01
    b = draw("random_bernoulli", (n,), p=0.3)
    assert set(np.unique(b)) == {0, 1} and abs(b.mean() - 0.3) < 0.01


def test_neighbours_are_independent():
    z = draw("random_normal", (100_000,))
    for lag in (1, 2, 32, 64):
        assert abs(np.corrcoef(z[:-lag], z[lag:])[0, 1]) < 0.015
    assert abs(np.corrcoef(z, draw("random_normal", (100_000,), step=1))[0, 1]) < 0.015
    assert abs(np.corrcoef(z, draw("random_normal", (100_000,), seed=SEED + 1))[0, 1]) < 0.015


def test_python_functions():
    assert ops.random_uniform((2, 3), 5.0, 6.0, seed=1).dtype == "float32"
    assert ops.random_normal((2, 3), dtype="float64", seed=1).dtype == "float64"
    assert np.array_equal(ops.random_normal((9,), seed=4), ops.random_normal((9,), seed=4))
    assert ops.random_bernoulli((1000,), 0.25, dtype="int32", seed=3).dtype == "int32"
    dice = ops.random_integers((6000,), 1, 7, seed=2)
    assert dice.dtype == "int32" and np.all(np.abs(np.bincount(dice, minlength=7)[1:] - 1000) < 150)
    np.random.seed(11)
    first = ops.random_uniform((4,))
    assert not np.array_equal(first, ops.random_uniform((4,)))
    np.random.seed(11)
    assert np.array_equal(first, ops.random_uniform((4,)))


@pytest.mark.parametrize("rate", [0.4, 0.25])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1,), (63,), (65,), (40, 33), (3, 1000)])
def test_dropout(isa, shape, dtype, rate):
    """By bytes of the stream where the rate is a multiple of 1/256, else by 16 bits."""
    x = np.random.RandomState(1).uniform(1, 2, shape).astype(dtype)
    found = run(lambda x: ops.dropout(x, rate, seed=SEED), x)
    drawn, most = ("<u1", 2**8) if rate == 0.25 else ("<u2", 2**16)
    words = philox(SEED, 0, range(x.size // 8 + 1)).astype("<u4")
    kept = words.view(drawn).ravel()[: x.size].reshape(shape) >= round(rate * most)
    np.testing.assert_allclose(found, np.where(kept, x / (1 - rate), 0), rtol=1e-6)


def test_dropout_keeps_the_mean():
    x = np.ones(300_000, "float32")
    for rate in (0.3, 0.5, 1 / 256, 0.999):
        found = run(lambda x: ops.dropout(x, rate, seed=5), x)  # noqa: B023
        assert abs(found.mean() - 1) < 0.1 * rate and abs(np.mean(found == 0) - rate) < 0.01


def test_gradient_of_dropout_uses_the_same_mask():
    x = np.random.RandomState(1).uniform(1, 2, (37, 19))

    def body(x):
        y = ops.dropout(x, 0.5, seed=9)
        return [y, ops.gradients(ops.sum(y * 3.0), [x])[0]]

    y, diff = run(body, x)
    assert np.array_equal(y == 0, diff == 0) and set(np.unique(diff)) == {0.0, 6.0}


def test_noise_shape():
    x = np.ones((20, 30, 4), "float32")
    found = run(lambda x: ops.dropout(x, 0.5, noise_shape=(None, 1, 4), seed=3), x)
    assert np.array_equal(found, np.broadcast_to(found[:, :1], found.shape))
    assert 0.3 < np.mean(found[:, 0] == 0) < 0.7


def test_step_changes_the_mask():
    step = ops.Variable(np.int64(0), dtype="int64", trainable=False)
    with ops.Trace(training=True, random_step=step) as trace:
        x = trace.feed((100,), "float32")
        trace.fetch(ops.dropout(x, 0.5, seed=1))
        program = trace.compile()
    ones = np.ones(100, "float32")
    first, second = program.run([ones])[0], program.run([ones])[0]
    assert step.numpy() == 2 and not np.array_equal(first, second)


def test_same_bits_for_any_number_of_threads():
    x = np.ones((333, 777), "float32")
    assert_same_bits_for_threads(
        lambda x: [ops.dropout(x, 0.5, seed=2), ops.random_normal((100_000,), seed=3)], x
    )
