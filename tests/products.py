"""What the tests of products of matrices and convolutions share."""

import numpy as np
from running import run

from pronghorn import ops


def run_op(name, inputs, **attributes):
    """The outputs of op `name` of the core, without the Python operation above it."""
    return run(lambda *tensors: ops.emit(name, list(tensors), **attributes), *inputs)


def draw(seed, *shapes, dtype="float32"):
    """Arrays of normal numbers, the same for the same seed."""
    random = np.random.RandomState(seed)
    return [random.standard_normal(shape).astype(dtype) for shape in shapes]


def assert_close(found, expected, terms, scale=1.0):
    """Equal up to the rounding of sums of `terms` products as large as `scale` or the result."""
    assert found.shape == expected.shape
    unit = np.finfo(found.dtype).eps
    scale = max(scale, float(np.max(np.abs(expected), initial=0)))
    error = float(np.max(np.abs(found - expected), initial=0))
    assert error <= 8 * unit * scale * np.sqrt(terms + 1), f"error {error:.3g} of {scale:.3g}"
