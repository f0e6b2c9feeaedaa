"""How a function of `ops` meets its arguments: it records, emits or runs now.

`@operation` decides by what a call is given. A symbolic `KerasTensor` (or a `Variable` outside any trace):
the call is recorded as a node of the Keras graph. Inside a trace: the body emits nodes of the core's graph.
Otherwise the arguments are arrays and numbers: the body is traced once per shapes and dtypes, and its
program runs now.
"""

from __future__ import annotations

import functools
import inspect

import numpy as np

from .symbolic import KerasTensor, leaves, record
from .tensor import Tensor, operations
from .trace import Trace, current_trace, outside_traces
from .variable import Variable

# Parameters that never hold values: variables that stand for themselves, sizes and axes.
_VARIABLES = frozenset(["variable", "variables"])
STATIC_PARAMETERS = _VARIABLES.union(
    ["shape", "newshape", "axis", "axes", "size", "pool_size", "strides", "padding", "dilation_rate"]
    + ["perm", "repeats", "paddings", "start", "stop", "step"]
)

# What sizes can be computed with while a function is traced. Nothing that should happen in every run.
_SIZE_ARITHMETIC = frozenset(
    ["add", "subtract", "multiply", "divide", "floor_divide", "mod", "power", "negative", "abs", "maximum"]
    + ["minimum", "sum", "prod", "max", "min", "cast", "floor", "ceil", "round", "sqrt", "square", "get_item"]
    + ["take", "concatenate", "stack", "reshape", "expand_dims", "squeeze", "convert_to_tensor"]
)

_programs: dict = {}
_MOST_PROGRAMS = 1024


def operation(function=None, *, infer=None, gives_sizes=False):
    """Make `function` a public operation.

    Parameters
    ----------
    function : callable
        Written against tensors of a trace: `emit` or other operations.
    infer : callable, optional
        Gives the symbolic outputs' ``(shape, dtype)`` from the call's arguments where tracing the body at two
        probe sizes cannot.
    gives_sizes : bool
        Whether the result follows from the arguments' shapes alone. It, and what is computed from it, can be
        a size itself.
    """
    if function is None:
        return functools.partial(operation, infer=infer, gives_sizes=gives_sizes)
    parameters = list(inspect.signature(function).parameters)
    of_sizes = function.__name__ in _SIZE_ARITHMETIC

    @functools.wraps(function)
    def call(*args, **kwargs):
        trace = current_trace()
        if trace is not None:
            args = [_traced(trace, a, parameters, i) for i, a in enumerate(args)]
            kwargs = {name: _traced(trace, a, (name,), 0) for name, a in kwargs.items()}
            if gives_sizes:
                return trace.know(function(*args, **kwargs))
            if trace.contents and of_sizes and _only_known(trace, args, kwargs):
                return _know_now(trace, call, args, kwargs)
            return function(*args, **kwargs)
        if any(_is_symbolic(a) for a in args) or any(_is_symbolic(a) for a in kwargs.values()):
            return record(call, args, kwargs, infer, call.is_size(args, kwargs))
        return _run_now(call, parameters, args, kwargs)

    # Whether the result for symbolic arguments follows from shapes alone.
    call.is_size = lambda args, kwargs: (
        gives_sizes or of_sizes and _follows_from_sizes(parameters, args, kwargs)
    )
    operations[function.__name__] = call
    return call


def _is_symbolic(argument, kinds=(KerasTensor, Variable)):
    if isinstance(argument, kinds):
        return True
    return isinstance(argument, (list, tuple)) and any(isinstance(a, kinds) for a in argument)


def _follows_from_sizes(parameters, args, kwargs):
    named = [*zip(parameters + ["*"] * len(args), args), *kwargs.items()]
    values = [a for name, a in named if name not in STATIC_PARAMETERS]
    tensors = [a for a in leaves(values) if isinstance(a, (KerasTensor, Variable))]
    return bool(tensors) and all(isinstance(t, KerasTensor) and t._is_size for t in tensors)


def _only_known(trace, args, kwargs):
    """Whether the tensors among the arguments are sizes, or constants beside a size."""
    tensors = [a for a in leaves((args, kwargs)) if isinstance(a, Tensor)]
    return any(t.value in trace.contents for t in tensors) and all(
        trace.known(t) is not None for t in tensors
    )


def _know_now(trace, call, args, kwargs):
    with outside_traces():
        result = call(*trace.content(args, "arguments"), **trace.content(kwargs, "arguments"))
    return type(result)(map(trace.know, result)) if isinstance(result, (list, tuple)) else trace.know(result)


def _traced(trace, argument, parameters, position):
    """The argument as a traced body sees it: variables, symbolic tensors and arrays become tensors."""
    if position < len(parameters) and parameters[position] in STATIC_PARAMETERS:
        is_size = parameters[position] not in _VARIABLES and _is_symbolic(argument, (KerasTensor, Tensor))
        return trace.content(argument, parameters[position]) if is_size else argument
    if isinstance(argument, (np.ndarray, Variable, KerasTensor)):
        return trace.convert(argument)
    if isinstance(argument, (list, tuple)) and any(
        isinstance(a, (Variable, KerasTensor, np.ndarray)) for a in argument
    ):
        return type(argument)(trace.convert(a) if not isinstance(a, (int, float)) else a for a in argument)
    return argument


def _run_now(call, parameters, args, kwargs):
    arrays = []
    names = parameters + ["*"] * len(args)
    key = (call, tuple(_key_of(a, n, arrays) for a, n in zip(args, names)))
    key += tuple((n, _key_of(a, n, arrays)) for n, a in sorted(kwargs.items()))
    try:
        compiled = _programs.get(key)
    except TypeError:  # an argument that cannot be hashed: trace it each time
        key, compiled = None, None
    if compiled is None:
        compiled = _Compiled(call, names, args, kwargs)
        if key is not None and compiled.reusable:
            if len(_programs) >= _MOST_PROGRAMS:
                _programs.clear()
            _programs[key] = compiled
    return compiled(arrays)


def _key_of(argument, name, arrays):
    """What a program depends on of an argument; those that it is fed are added to `arrays`."""
    if isinstance(argument, np.ndarray) and name not in STATIC_PARAMETERS:
        arrays.append(argument)
        return ("array", argument.shape, argument.dtype.str)
    if isinstance(argument, (list, tuple)):
        return (type(argument), tuple(_key_of(a, name, arrays) for a in argument))
    if isinstance(argument, np.ndarray):
        return ("static", argument.shape, argument.dtype.str, argument.tobytes())
    return (type(argument), argument)


class _Compiled:
    """One call's body as a program over its array arguments."""

    def __init__(self, call, names, args, kwargs):
        with Trace() as trace:
            self.dtypes = []
            traced = [self._feed(trace, a, n) for a, n in zip(args, names)]
            traced_kwargs = {n: self._feed(trace, a, n) for n, a in sorted(kwargs.items())}
            result = call(*traced, **traced_kwargs)
            self.many = isinstance(result, (list, tuple))
            for tensor in result if self.many else [result]:
                trace.fetch(trace.convert(tensor))
            self.program = trace.compile()
            self.reusable = not trace.drew_seed
            self.container = type(result) if self.many else None

    def _feed(self, trace, argument, name):
        if isinstance(argument, np.ndarray) and name not in STATIC_PARAMETERS:
            dtype = trace.core_dtype(argument)
            self.dtypes.append(dtype)
            return trace.feed(argument.shape, dtype)
        if isinstance(argument, (list, tuple)):
            return type(argument)(self._feed(trace, a, name) for a in argument)
        return argument

    def __call__(self, arrays):
        feeds = [np.ascontiguousarray(a, dtype=d).reshape(a.shape) for a, d in zip(arrays, self.dtypes)]
        results = self.program.run(feeds)
        return self.container(results) if self.many else results[0]


def emit(op, inputs, **attributes):
    """Append a node to the graph of the current trace.

    Parameters
    ----------
    op : str
        The op's name in the core.
    inputs : list
        Tensors, variables, arrays or numbers. Numbers take the dtype of the first tensor among the inputs.
    **attributes
        Plain data: bool, int, float, str or lists of them.

    Returns
    -------
    Tensor, or a tuple of them for an op of several outputs.
    """
    trace = current_trace()
    if trace is None:
        raise RuntimeError(
            f"emit({op!r}) was called outside a trace; call it from a function decorated @operation"
        )
    dtype = next((x.dtype for x in inputs if isinstance(x, (Tensor, Variable))), None)
    values = [trace.convert(x, dtype if isinstance(x, (bool, int, float)) else None).value for x in inputs]
    outputs = trace.graph.emit(op, values, attributes)
    tensors = tuple(Tensor(trace, *output) for output in outputs)
    return tensors[0] if len(tensors) == 1 else tensors


@operation
def convert_to_tensor(x, dtype=None):
    """The value `x` as a tensor, cast to `dtype` where one is given."""
    tensor = current_trace().convert(x, dtype if not isinstance(x, Tensor) else None)
    return tensor if dtype is None or tensor.dtype == dtype else emit("cast", [tensor], dtype=dtype)
