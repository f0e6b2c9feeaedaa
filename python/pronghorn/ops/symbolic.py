"""Symbolic tensors: what a Keras model is made of before any shape is complete.

A `KerasTensor` knows its shape (None for what is open), its dtype and what produced it: nothing (an input), a
call of an operation (`OpCall`), or a layer's node. Producers have `input_tensors`, `output_tensors` and
`run(trace)`, which binds the outputs' values in the trace.
"""

from __future__ import annotations

import itertools

import numpy as np

from .tensor import CORE_DTYPES, DType, Operators, Tensor
from .trace import Trace
from .variable import Variable

# None is traced as these sizes; a size of the result that differs between them is None. Large and with many
# divisors, so that windows fit and reshapes divide.
PROBE_SIZES = (720, 1440)

_names = itertools.count(1)


class KerasTensor(Operators):
    """A symbolic tensor.

    Parameters
    ----------
    shape : tuple
        Sizes, None where open; the first axis is the batch.
    dtype : str
    name : str, optional
    producer : optional
        What computes it: None for an input.
    """

    def __init__(self, shape, dtype="float32", name=None, producer=None):
        self.shape = tuple(None if n is None else int(n) for n in shape)
        self.dtype = DType(dtype if isinstance(dtype, str) else np.dtype(dtype).name)
        self.name = name or f"tensor_{next(_names)}"
        if self.dtype not in CORE_DTYPES:
            raise TypeError(
                f"tensor {self.name!r}: dtype must be one of {', '.join(CORE_DTYPES)}, not '{self.dtype}'"
            )
        self.producer = producer
        self._uses_learning_phase = False
        self._is_size = False  # follows from shapes alone, so that its content is known in each trace
        self._on_read = None  # a function of the array that a `Function` returns for it

    @property
    def _keras_shape(self):
        return self.shape

    @_keras_shape.setter
    def _keras_shape(self, shape):
        self.shape = tuple(shape)

    @property
    def ndim(self):
        return len(self.shape)

    def get_shape(self):
        return self.shape

    def __len__(self):
        if self._is_size and self.shape and self.shape[0] is not None:
            return self.shape[0]
        raise TypeError(f"len() of {self!r}: its content is not known while the model is built")

    def __iter__(self):
        if self._is_size and self.shape:
            return (self[i] for i in range(len(self)))
        raise TypeError(f"{self!r} cannot be iterated over; use its shape, or a layer that splits it")

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            f"{self!r} has no content yet, so it cannot become a NumPy array; evaluate it with K.eval or"
            " K.function, or use the operations of pronghorn.ops in place of NumPy's"
        )

    def __repr__(self):
        return f"<KerasTensor {self.name!r} shape={self.shape} dtype={self.dtype}>"


class OpCall:
    """One call of an operation on symbolic tensors, to be made again inside a trace."""

    def __init__(self, function, args, kwargs):
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.input_tensors = [t for t in leaves((args, kwargs)) if isinstance(t, KerasTensor)]
        self.output_tensors = []

    @property
    def name(self):
        return self.function.__name__

    def run(self, trace):
        """Bind the values of the outputs, given those of the inputs."""
        results = self.call(trace, trace.bound)
        for keras_tensor, tensor in zip(self.output_tensors, results):
            trace.bind(keras_tensor, tensor)

    def call(self, trace, value_of):
        """The outputs as a list of tensors, with `value_of(keras_tensor)` for the inputs."""
        args, kwargs = _replace((self.args, self.kwargs), lambda t: value_of(t))
        results = list(leaves(self.function(*args, **kwargs)))
        if any(t is None for t in results):
            raise ValueError(
                f"{self.name}: output {results.index(None)} does not depend on what it is derived by"
            )
        return [trace.convert(t) for t in results]


def record(function, args, kwargs, infer_rule=None, is_size=False):
    """The symbolic result of ``function(*args, **kwargs)``: a KerasTensor, or a list or tuple of them.

    `is_size` tells that it follows from shapes alone.
    """
    call = OpCall(function, tuple(args), dict(kwargs))
    specs = infer_rule(*args, **kwargs) if infer_rule else infer(function, args, kwargs)

    def keras_tensor(spec):
        tensor = KerasTensor(*spec, name=f"{call.name}_{next(_names)}", producer=call)
        tensor._uses_learning_phase = any(t._uses_learning_phase for t in call.input_tensors)
        tensor._is_size = is_size
        call.output_tensors.append(tensor)
        return tensor

    if isinstance(specs, list):
        return [keras_tensor(spec) for spec in specs]
    return keras_tensor(specs)


def infer(function, args, kwargs=None, training=None):
    """Shapes and dtypes of what a function gives for symbolic arguments.

    Parameters
    ----------
    function : callable
        Called in a trace with tensors in place of the symbolic ones.
    args, kwargs
        May hold KerasTensors at any depth of lists, tuples and dictionaries.

    Returns
    -------
    ``(shape, dtype)`` or a list of them: None for sizes that follow an open size of the arguments.
    """
    arguments = (tuple(args), dict(kwargs or {}))
    tensors = [t for t in leaves(arguments) if isinstance(t, KerasTensor)]
    is_open = any(None in t.shape or t._is_size for t in tensors)
    first = _probe(function, arguments, PROBE_SIZES[0], training)
    second = _probe(function, arguments, PROBE_SIZES[1], training) if is_open else first

    def merge(a, b):
        shape = tuple(m if m == n else None for m, n in zip(a.shape, b.shape))
        return shape, a.dtype

    if isinstance(first, (list, tuple)):
        return [merge(a, b) for a, b in zip(first, second)]
    return merge(first, second)


def _probe(function, arguments, size, training):
    with Trace(training=training) as trace, trace.scope({}):
        trace.open_size = size

        # Beside a size, open sizes have to agree with it: everything is computed from the same inputs.
        derive = any(t._is_size for t in leaves(arguments) if isinstance(t, KerasTensor))

        def feed(tensor):
            if not derive and trace.bound(tensor) is None:
                shape = [size if n is None else n for n in tensor.shape]
                trace.bind(tensor, trace.feed(shape, tensor.dtype, tensor.name))
            return trace.resolve(tensor)

        args, kwargs = _replace(arguments, feed)
        result = function(*args, **kwargs)
        if isinstance(result, (list, tuple)):
            return [trace.convert(t) for t in result]
        return trace.convert(result)


def leaves(structure):
    if isinstance(structure, dict):
        structure = structure.values()
    elif not isinstance(structure, (list, tuple)):
        yield structure
        return
    for item in structure:
        yield from leaves(item)


def _replace(structure, value_of):
    """The structure with `value_of(t)` for each KerasTensor t."""
    if isinstance(structure, KerasTensor):
        return value_of(structure)
    if isinstance(structure, dict):
        return {key: _replace(item, value_of) for key, item in structure.items()}
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(_replace(item, value_of) for item in structure))
    if isinstance(structure, (list, tuple)):
        return type(structure)(_replace(item, value_of) for item in structure)
    return structure


class Function:
    """Values of symbolic tensors from values of inputs: what `K.function` and `K.eval` are made of.

    Parameters
    ----------
    inputs : list of KerasTensor or Variable
        Fed at each call. A fed variable is read from the feed instead of its content.
    outputs : list
        Symbolic tensors, variables or numbers.
    updates : list of (Variable, value) or symbolic results of K.update
        Made at each call.
    training : bool, optional
        The learning phase.
    random_step : Variable, optional
        Counts calls, so that random numbers differ from one to the next; see `Trace`.
    """

    def __init__(self, inputs, outputs, updates=(), training=None, random_step=None):
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.updates = list(updates)
        self.training = training
        self.random_step = random_step
        self._programs = {}

    def __call__(self, arrays):
        arrays = [np.asarray(a, dtype=t.dtype) for a, t in zip(arrays, self.inputs)]
        key = tuple(a.shape for a in arrays)
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = self._compile(key)
        results = program.run([np.ascontiguousarray(a).reshape(a.shape) for a in arrays])
        reads = [getattr(t, "_on_read", None) for t in self.outputs]
        return [r if read is None else read(r) for r, read in zip(results, reads)]

    def _compile(self, shapes):
        with Trace(training=self.training, random_step=self.random_step) as trace:
            mapping = {}
            for t, shape in zip(self.inputs, shapes):
                fed = trace.feed(shape, t.dtype, t.name)
                if isinstance(t, Variable):
                    trace._current[t] = fed
                else:
                    mapping[t] = fed
            with trace.scope(mapping):
                for output in self.outputs:
                    trace.fetch(trace.convert(output))
                for update in self.updates:
                    if isinstance(update, tuple):
                        trace.defer(update[0], trace.convert(update[1]))
                    else:
                        trace.convert(update)
                return trace.compile()


def is_tensor(x):
    """Whether `x` is a tensor of any kind: symbolic, traced or a variable."""
    return isinstance(x, (KerasTensor, Tensor, Variable))
