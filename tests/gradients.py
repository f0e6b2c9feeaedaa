"""Derivatives against finite differences."""

import numpy as np

from pronghorn import ops


def check_gradients(function, *arrays, wanted=None, step=1e-6, tolerance=1e-6, seed=0):
    """Compare the gradients of ``function(*arrays)`` with central differences in float64.

    Parameters
    ----------
    function : callable
        Tensors to one tensor, in terms of `ops`.
    *arrays : ndarray
        Arguments. Floating point ones are taken as float64; integers and booleans stay and have no gradient.
    wanted : list of int, optional
        Which arguments are differentiated; all floating point ones unless given.
    step, tolerance : float
        The tolerance is relative to the largest element of each gradient (at least 1).
    """
    arrays = [np.asarray(a, "float64") if np.asarray(a).dtype.kind == "f" else np.asarray(a) for a in arrays]
    if wanted is None:
        wanted = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    with ops.Trace() as trace:
        feeds = [trace.feed(a.shape, a.dtype.name, f"argument{i}") for i, a in enumerate(arrays)]
        result = function(*feeds)
        weights = np.random.RandomState(seed).standard_normal(result.shape)
        found = trace.gradients([result], [feeds[i] for i in wanted], [trace.convert(weights)])
        trace.fetch(result)
        for tensor in found:
            assert tensor is not None, "the result does not depend on an argument"
            trace.fetch(tensor)
        program = trace.compile()

    def value(changed):
        return float(np.sum(program.run(changed)[0] * weights))

    results = program.run(arrays)
    for position, gradient in zip(wanted, results[1:]):
        expected = np.zeros_like(arrays[position])
        for index in np.ndindex(*expected.shape):
            moved = [a.copy() for a in arrays]
            moved[position][index] += step
            above = value(moved)
            moved[position][index] -= 2 * step
            expected[index] = (above - value(moved)) / (2 * step)
        error = np.max(np.abs(gradient - expected), initial=0)
        scale = max(1.0, np.max(np.abs(expected), initial=0))
        assert error <= tolerance * scale, f"argument {position}: error {error:.3g} of {scale:.3g}"
