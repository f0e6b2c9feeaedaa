"""Running an operation on arrays in a program of its own, so that it uses the instruction set now active."""

import numpy as np

from pronghorn import _core, ops

# Round the vector widths, and primes.
AWKWARD_SIZES = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 61]


def run(function, *arrays, simplify=True, fuse=True):
    """``function(*arrays)``: an array, or a list of arrays for several results."""
    arrays = [np.asarray(a) for a in arrays]
    with ops.Trace() as trace:
        result = function(*[trace.feed(a.shape, a.dtype.name, f"argument{i}") for i, a in enumerate(arrays)])
        many = isinstance(result, (list, tuple))
        for tensor in result if many else [result]:
            trace.fetch(tensor)
        program = trace.compile(simplify=simplify, fuse=fuse)
    results = program.run([np.ascontiguousarray(a).reshape(a.shape) for a in arrays])
    return list(results) if many else results[0]


def assert_same_bits_for_threads(function, *arrays, threads=(1, 2, 3)):
    """The results of ``function(*arrays)`` do not depend on the number of threads."""
    before = _core.threads()
    try:
        expected = None
        for count in threads:
            _core.set_threads(count)
            results = run(function, *arrays)
            found = [r.tobytes() for r in (results if isinstance(results, list) else [results])]
            assert expected is None or found == expected, f"{count} threads give other bits than {threads[0]}"
            expected = found
    finally:
        _core.set_threads(before)
