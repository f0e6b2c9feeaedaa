"""Recurrent operations against loops over the steps, and their gradients."""

import numpy as np
import pytest
from gradients import check_gradients
from running import AWKWARD_SIZES, assert_same_bits_for_threads, run

from pronghorn import ops

FEATURES = 3


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def hard_sigmoid(z):
    return np.clip(0.2 * z + 0.5, 0, 1)


GATES = {"sigmoid": sigmoid, "hard_sigmoid": hard_sigmoid}


def over_time(step, x, states, mask, go_backwards):
    """The definition: all outputs, and the last states."""
    times = range(x.shape[1])[:: -1 if go_backwards else 1]
    outputs = []
    for t in times:
        new = step(x[:, t], *states)
        output = new[0]
        if mask is not None:
            keep = mask[:, t, None]
            output = np.where(keep, output, outputs[-1] if outputs else 0)
            new = [np.where(keep, a, b) for a, b in zip(new, states)]
        states = new
        outputs.append(output)
    return [np.stack(outputs, axis=1), *states]


def lstm_by_loop(x, kernel, recurrent, bias, h, c, mask, recurrent_activation, go_backwards):
    gate = GATES[recurrent_activation]

    def step(x, h, c):
        i, f, g, o = np.split(x @ kernel + h @ recurrent + (0 if bias is None else bias), 4, axis=-1)
        c = gate(f) * c + gate(i) * np.tanh(g)
        return [gate(o) * np.tanh(c), c]

    return over_time(step, x, [h, c], mask, go_backwards)


def lstm_arrays(batch, time, units, dtype="float64", scale=1.0):
    random = np.random.RandomState(batch + 31 * time + 101 * units)
    shapes = [
        (batch, time, FEATURES),
        (FEATURES, 4 * units),
        (units, 4 * units),
        (4 * units,),
        (batch, units),
        (batch, units),
    ]
    divisors = [1, 1, np.sqrt(units), 1, 1, 1]
    return [(scale * random.standard_normal(s) / d).astype(dtype) for s, d in zip(shapes, divisors)]


def gru_by_loop(x, kernel, recurrent, bias, h, mask, recurrent_activation, go_backwards):
    gate, units, after = GATES[recurrent_activation], h.shape[1], bias.ndim == 2
    input_bias, state_bias = bias if after else (bias, 0 * bias)

    def step(x, h):
        x_z, x_r, x_c = np.split(x @ kernel + input_bias, 3, axis=-1)
        h_z, h_r, h_c = np.split(h @ recurrent + state_bias, 3, axis=-1)
        z, r = gate(x_z + h_z), gate(x_r + h_r)
        c = np.tanh(x_c + (r * h_c if after else (r * h) @ recurrent[:, 2 * units :]))
        return [z * h + (1 - z) * c]

    return over_time(step, x, [h], mask, go_backwards)


def gru_arrays(batch, time, units, after, dtype="float64", scale=1.0):
    random = np.random.RandomState(batch + 31 * time + 101 * units)
    bias = (2, 3 * units) if after else (3 * units,)
    shapes = [(batch, time, FEATURES), (FEATURES, 3 * units), (units, 3 * units), bias, (batch, units)]
    divisors = [1, 1, np.sqrt(units), 1, 1]
    return [(scale * random.standard_normal(s) / d).astype(dtype) for s, d in zip(shapes, divisors)]


def mask_for(batch, time):
    """Rows that begin, end and pause with steps that do not count; the first counts nowhere."""
    mask = np.random.RandomState(7).uniform(size=(batch, time)) < 0.6
    mask[0] = False
    return mask


SHAPES = [(3, 4, n) for n in AWKWARD_SIZES] + [(n, 2, 5) for n in AWKWARD_SIZES] + [(2, 1, 3), (9, 13, 70)]


@pytest.mark.parametrize("dtype, tolerance", [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("batch, time, units", SHAPES)
def test_lstm(isa, batch, time, units, dtype, tolerance):
    arrays = lstm_arrays(batch, time, units, dtype)
    for masked, gates, backwards in [(False, "sigmoid", False), (True, "hard_sigmoid", True)]:
        mask = mask_for(batch, time) if masked else None

        def function(*args, gates=gates, backwards=backwards, mask=mask):
            return ops.lstm(*args, mask=mask, recurrent_activation=gates, go_backwards=backwards)

        found = run(function, *arrays)
        wide = [a.astype("float64") for a in arrays]
        for f, e in zip(found, lstm_by_loop(*wide, mask, gates, backwards)):
            assert f.dtype == dtype
            np.testing.assert_allclose(f, e, rtol=0, atol=tolerance)


@pytest.mark.parametrize("gates", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reached", ["outputs", "h", "c", "all"])
def test_lstm_gradients(isa, reached, masked, gates):
    arrays = lstm_arrays(3, 4, 5, scale=0.5)
    mask = mask_for(3, 4) if masked else None

    def function(*args):
        outputs, h, c = ops.lstm(*args, mask=mask, recurrent_activation=gates)
        return {
            "outputs": outputs,
            "h": h,
            "c": c,
            "all": ops.concatenate([ops.reshape(outputs, (3, -1)), h, c * 2], axis=1),
        }[reached]

    check_gradients(function, *arrays)


@pytest.mark.parametrize("batch, units", [(9, 17), (23, 33)])
def test_lstm_gradients_agree_with_the_unrolled_ones(isa, batch, units):
    arrays = lstm_arrays(batch, 3, units)
    mask = mask_for(batch, 3)

    def unrolled(x, kernel, recurrent, bias, h, c):
        outputs = ops.zeros((batch, units), "float64")
        for t in range(3):
            z = ops.matmul(x[:, t], kernel) + ops.matmul(h, recurrent) + bias
            i, f, g, o = (z[:, k * units : (k + 1) * units] for k in range(4))
            cell = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
            new, keep = ops.sigmoid(o) * ops.tanh(cell), mask[:, t, None]
            outputs, h, c = ops.where(keep, new, outputs), ops.where(keep, new, h), ops.where(keep, cell, c)
        return ops.gradients(outputs * h + ops.sin(c), [*feeds])

    def both(*args):
        feeds[:] = args
        outputs, h, c = ops.lstm(*args, mask=mask)
        fused = ops.gradients(outputs[:, -1] * h + ops.sin(c), [*args])
        return [*fused, *unrolled(*args)]

    feeds = []
    results = run(both, *arrays)
    for f, e in zip(results[:6], results[6:]):
        np.testing.assert_allclose(f, e, rtol=0, atol=1e-11)


def test_lstm_has_the_same_bits_for_any_number_of_threads():
    arrays = lstm_arrays(37, 6, 19, "float32")
    mask = mask_for(37, 6)

    def function(*args):
        outputs, h, c = ops.lstm(*args, mask=mask)
        return [outputs, h, c, *ops.gradients(outputs, [*args])]

    assert_same_bits_for_threads(function, *arrays)


def test_lstm_rows_have_the_same_bits_in_any_batch(isa):
    x, *weights, h, c = lstm_arrays(11, 5, 13, "float32")
    outputs, _, _ = run(ops.lstm, x, *weights, h, c)
    for rows in (slice(0, 1), slice(3, 5), slice(8, 11)):
        part, _, _ = run(ops.lstm, x[rows], *weights, h[rows], c[rows])
        assert part.tobytes() == outputs[rows].tobytes()


@pytest.mark.parametrize("dtype, tolerance", [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("batch, time, units", SHAPES)
def test_gru(isa, batch, time, units, after, dtype, tolerance):
    arrays = gru_arrays(batch, time, units, after, dtype)
    for masked, gates, backwards in [(False, "sigmoid", False), (True, "hard_sigmoid", True)]:
        mask = mask_for(batch, time) if masked else None

        def function(*args, gates=gates, backwards=backwards, mask=mask):
            options = {"recurrent_activation": gates, "reset_after": after, "go_backwards": backwards}
            return ops.gru(*args, mask=mask, **options)

        found = run(function, *arrays)
        wide = [a.astype("float64") for a in arrays]
        for f, e in zip(found, gru_by_loop(*wide, mask, gates, backwards)):
            assert f.dtype == dtype
            np.testing.assert_allclose(f, e, rtol=0, atol=tolerance)


@pytest.mark.parametrize("gates", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("reached", ["outputs", "h", "all"])
def test_gru_gradients(isa, reached, after, masked, gates):
    arrays = gru_arrays(3, 4, 5, after, scale=0.5)
    mask = mask_for(3, 4) if masked else None

    def function(*args):
        outputs, h = ops.gru(*args, mask=mask, recurrent_activation=gates, reset_after=after)
        both = ops.concatenate([ops.reshape(outputs, (3, -1)), h * 2], axis=1)
        return {"outputs": outputs, "h": h, "all": both}[reached]

    check_gradients(function, *arrays)


@pytest.mark.parametrize("after", [False, True])
def test_gru_gradients_of_several_chunks(isa, after):
    # Rows do not meet but in the weights' gradients: those of all rows are the sums of those of parts.
    arrays = gru_arrays(19, 3, 17, after)

    def function(*args):
        outputs, h = ops.gru(*args, reset_after=after)
        return ops.gradients(ops.sin(outputs[:, 1]) + h, [*args])

    x, *weights, h = arrays
    whole = run(function, *arrays)
    parts = [run(function, x[rows], *weights, h[rows]) for rows in np.split(np.arange(19), [1, 7])]
    for i, found in enumerate(whole):
        own = [part[i] for part in parts]
        expected = np.concatenate(own) if i in (0, 4) else sum(own)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("after", [False, True])
def test_gru_has_the_same_bits_for_any_number_of_threads(after):
    arrays = gru_arrays(37, 6, 19, after, "float32")
    mask = mask_for(37, 6)

    def function(*args):
        outputs, h = ops.gru(*args, mask=mask, reset_after=after)
        return [outputs, h, *ops.gradients(outputs, [*args])]

    assert_same_bits_for_threads(function, *arrays)


def simple_arrays(batch, time, units, dtype="float64"):
    random = np.random.RandomState(batch + 31 * time + 101 * units)
    shapes = [(batch, time, FEATURES), (FEATURES, units), (units, units), (units,), (batch, units)]
    divisors = [1, 1, np.sqrt(units), 1, 1]
    return [(0.5 * random.standard_normal(s) / d).astype(dtype) for s, d in zip(shapes, divisors)]


@pytest.mark.parametrize("dtype, tolerance", [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("batch, time, units", SHAPES)
def test_simple_rnn(isa, batch, time, units, dtype, tolerance):
    arrays = simple_arrays(batch, time, units, dtype)
    x, kernel, recurrent, bias, h = (a.astype("float64") for a in arrays)

    def step(x, h):
        return [np.tanh(x @ kernel + h @ recurrent + bias)]

    for mask, backwards in [(None, False), (mask_for(batch, time), True)]:

        def function(*args, backwards=backwards, mask=mask):
            return ops.simple_rnn(*args, mask=mask, go_backwards=backwards)

        for f, e in zip(run(function, *arrays), over_time(step, x, [h], mask, backwards)):
            assert f.dtype == dtype
            np.testing.assert_allclose(f, e, rtol=0, atol=tolerance)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reached", ["outputs", "h", "all"])
@pytest.mark.parametrize("batch", [3, 11])
def test_simple_rnn_gradients(isa, batch, reached, masked):
    mask = mask_for(batch, 4) if masked else None

    def function(*args):
        outputs, h = ops.simple_rnn(*args, mask=mask)
        both = ops.concatenate([ops.reshape(outputs, (batch, -1)), h * 2], axis=1)
        return {"outputs": outputs, "h": h, "all": both}[reached]

    check_gradients(function, *simple_arrays(batch, 4, 5))


def test_simple_rnn_has_the_same_bits_for_any_number_of_threads():
    def function(*args):
        outputs, h = ops.simple_rnn(*args, mask=mask_for(37, 6))
        return [outputs, h, *ops.gradients(outputs, [*args])]

    assert_same_bits_for_threads(function, *simple_arrays(37, 6, 19, "float32"))


def test_what_does_not_fit_is_an_error():
    x, kernel, recurrent, bias, h, c = lstm_arrays(2, 3, 4)
    with pytest.raises(ValueError, match="initial state h should be"):
        run(ops.lstm, x, kernel, recurrent, bias, h[:, :3], c)
    with pytest.raises(ValueError, match="recurrent_activation should be"):
        ops.lstm(x, kernel, recurrent, bias, h, c, recurrent_activation="relu")
    with pytest.raises(ValueError, match="activation should be 'tanh'"):
        ops.lstm(x, kernel, recurrent, bias, h, c, activation="relu")


def test_second_derivatives():
    def first_gradients(*args):
        outputs = ops.lstm(*args)
        loss = sum(ops.sum(ops.sin(y)) for y in outputs)
        return ops.sum(ops.stack([ops.sum(ops.square(g)) for g in ops.gradients(loss, list(args))]))

    check_gradients(first_gradients, *lstm_arrays(2, 3, 4), tolerance=1e-5)
