"""Calling Python from inside a program."""

from __future__ import annotations

import numpy as np

from .._core import register_callback
from .dispatch import emit, operation

__all__ = ["numpy_function"]


@operation(infer=lambda function, inputs, shapes, dtypes: list(zip(shapes, dtypes)))
def numpy_function(function, inputs, shapes, dtypes):
    """Call a Python function on arrays each time the program runs.

    For what only NumPy can do: it costs an entry into Python per run, has no gradient, and keeps the model
    from being used without Python.

    Parameters
    ----------
    function : callable
        Takes one array per input; returns an array, or one per output.
    inputs : list of tensors
    shapes : list of tuple of int
    dtypes : list of str
        What the function returns.

    Returns
    -------
    list of tensors

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.numpy_function(np.sort, [np.array([3.0, 1.0, 2.0])], [(3,)], ["float64"])
    [array([1., 2., 3.])]
    """

    def call(*arrays):
        results = function(*arrays)
        results = results if isinstance(results, (list, tuple)) else [results]
        return [np.asarray(r, dtype=d) for r, d in zip(results, dtypes)]

    sizes = [int(n) for shape in shapes for n in shape]
    ranks = [len(shape) for shape in shapes]
    found = emit(
        "callback", list(inputs), id=register_callback(call), dtypes=list(dtypes), ranks=ranks, sizes=sizes
    )
    return list(found) if isinstance(found, tuple) else [found]
