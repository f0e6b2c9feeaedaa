"""Tracing: while a `Trace` is open, operations emit nodes of the core's graph."""

from __future__ import annotations

import contextlib
import threading

import numpy as np

from .. import config
from .._core import Graph, Program
from .tensor import CORE_DTYPES, Tensor, operations

_local = threading.local()


def current_trace():
    """The innermost open trace of this thread, or None."""
    stack = getattr(_local, "stack", None)
    return stack[-1] if stack else None


@contextlib.contextmanager
def outside_traces():
    """A context as if no trace were open: what is made inside, such as weights, outlives the trace."""
    if not hasattr(_local, "stack"):
        _local.stack = []
    _local.stack.append(None)
    try:
        yield
    finally:
        _local.stack.pop()


class Trace:
    """One graph under construction.

    Parameters
    ----------
    training : bool, optional
        The learning phase, a property of the trace: 1 while a training step is traced.
    random_step : Variable, optional
        An int64 scalar that counts runs; random operations draw by (seed, step, element). A trace that uses
        it adds one at the end of each run. Without it the step is 0.
    seeds : iterator of int, optional
        Seeds of random operations that were given none; NumPy's global state by default.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> with ops.Trace() as trace:
    ...     x = trace.feed((2, 3), "float32", "x")
    ...     trace.fetch(x * 2.0)
    ...     program = trace.compile()
    >>> program.run([np.ones((2, 3), "float32")])[0]
    array([[2., 2., 2.],
           [2., 2., 2.]], dtype=float32)
    """

    def __init__(self, training=None, random_step=None, seeds=None):
        self.graph = Graph()
        self.training = training
        self.drew_seed = False
        self.contents = {}  # value -> array, where it follows from sizes alone; see `know`
        self.open_size = None  # of a trace that only asks for shapes: the size that stands for None
        self._random_step = random_step
        self._random_tensor = None
        self._seeds = seeds
        self._current = {}  # variable -> the tensor that a read gives now
        self._variables = {}  # variable -> the tensor of its content before the run
        self._deferred = []
        self._scopes = []

    def __enter__(self):
        if not hasattr(_local, "stack"):
            _local.stack = []
        _local.stack.append(self)
        return self

    def __exit__(self, *_):
        _local.stack.pop()

    # --- values ---------------------------------------------------------------------------------------------

    @staticmethod
    def core_dtype(array):
        """The core's dtype for an array: its own, or the nearest that holds its values."""
        dtype = array.dtype
        if dtype.name in CORE_DTYPES:
            return dtype.name
        if dtype.kind in "iu":
            return "int32" if dtype.itemsize < 4 else "int64"
        if dtype.kind == "f":
            return "float32" if dtype.itemsize < 4 else "float64"
        raise TypeError(f"arrays of dtype {dtype} are not supported; expected numbers or booleans")

    def feed(self, shape, dtype="float32", name="feed"):
        """An input of the program, filled at each run."""
        shape = tuple(int(n) for n in shape)
        return Tensor(self, self.graph.feed(name, shape, dtype), shape, dtype)

    def convert(self, x, dtype=None):
        """Tensors as they are, variables and symbolic tensors read, anything else a constant."""
        if isinstance(x, Tensor):
            if x.trace is not self:
                raise ValueError(
                    f"{x!r} belongs to another trace; pass it as an argument instead of closing over it"
                )
            return x
        if hasattr(x, "state"):
            return self.read(x)
        if hasattr(x, "producer"):
            return self.resolve(x)
        if dtype is None and isinstance(x, float):
            dtype = config.floatx()
        elif dtype is None and isinstance(x, int) and not isinstance(x, bool):
            dtype = "int32"
        if isinstance(x, (list, tuple)) and any(
            isinstance(item, Tensor) or hasattr(item, "state") for item in x
        ):
            return operations["stack"](list(x), axis=0)
        array = np.asarray(x)
        if dtype is None and array.dtype == np.float64 and not isinstance(x, (np.ndarray, np.generic)):
            dtype = config.floatx()
        array = np.asarray(array, dtype=dtype or self.core_dtype(array))
        return Tensor(self, self.graph.constant(array), array.shape, array.dtype.name)

    def know(self, array):
        """A constant whose content stays known, so that it can be a size: what follows from shapes alone."""
        tensor = self.convert(array)
        self.contents[tensor.value] = array
        return tensor

    def content(self, x, what):
        """Numbers for what `know` gave, at any depth of lists, tuples and dictionaries; the rest as it is."""
        if isinstance(x, dict):
            return {name: self.content(item, what) for name, item in x.items()}
        if isinstance(x, (list, tuple)):
            return type(x)(self.content(item, what) for item in x)
        if hasattr(x, "producer"):
            x = self.resolve(x)
        if not isinstance(x, Tensor):
            return x
        array = self.known(x)
        if array is None:
            raise TypeError(f"`{what}` must be made of numbers and of what K.shape gives, but there is {x!r}")
        return array

    def known(self, tensor):
        """The content of a tensor that `know` gave, or of a constant; None of any other."""
        array = self.contents.get(tensor.value)
        return self.graph.constant_value(tensor.value) if array is None else array

    def read(self, variable):
        """The content of a variable as of now: of the state, or what was assigned to it in this trace."""
        tensor = self._current.get(variable)
        return tensor if tensor is not None else self.read_before(variable)

    def read_before(self, variable):
        """The content that a variable had before the run."""
        tensor = self._variables.get(variable)
        if tensor is None:
            value = self.graph.state(variable.state)
            tensor = self._variables[variable] = Tensor(self, value, variable.shape, variable.dtype)
        return self._current.setdefault(variable, tensor) if variable not in self._current else tensor

    # --- updates --------------------------------------------------------------------------------------------

    def assign(self, variable, value):
        """variable := value at the end of each run; later reads of this trace see the new value."""
        tensor = self._as_variable(variable, value)
        self._current[variable] = tensor
        self.graph.update(variable.state, tensor.value)
        return tensor

    def defer(self, variable, value):
        """As `assign`, but reads see the old value until `commit` or the end of the trace."""
        tensor = self._as_variable(variable, value)
        self._deferred.append((variable, tensor))
        return tensor

    def commit(self):
        """Make the deferred updates visible to reads."""
        deferred, self._deferred = self._deferred, []
        for variable, tensor in deferred:
            self.assign(variable, tensor)

    def _as_variable(self, variable, value):
        tensor = self.convert(value, variable.dtype if not isinstance(value, Tensor) else None)
        if tensor.dtype != variable.dtype:
            tensor = operations["cast"](tensor, variable.dtype)
        if tensor.shape != variable.shape:
            raise ValueError(
                f"variable {variable.name!r} has shape {variable.shape}, but its new value has shape"
                f" {tensor.shape}"
            )
        return tensor

    def updated_variables(self):
        """The variables that the program writes."""
        return [v for v, tensor in self._current.items() if self._variables.get(v) is not tensor]

    # --- symbolic tensors -----------------------------------------------------------------------------------

    def scope(self, mapping, isolated=False):
        """A context in which the symbolic tensors of `mapping` (KerasTensor -> Tensor) stand for these
        values.

        In an isolated one, values that symbolic tensors have outside are not seen: a model that is called
        twice computes its own tensors anew.
        """
        return _Scope(self, mapping, isolated)

    def bind(self, keras_tensor, tensor):
        """Let a symbolic tensor stand for `tensor` in the innermost scope."""
        if not self._scopes:
            self._scopes.append({})
        self._scopes[-1][keras_tensor] = tensor

    def bound(self, keras_tensor):
        """The tensor that a symbolic tensor stands for, or None."""
        for scope in reversed(self._scopes):
            if keras_tensor in scope:
                return scope[keras_tensor]
        return None

    def resolve(self, keras_tensor):
        """The value of a symbolic tensor, by running what produced it and is not known yet."""
        if not self._scopes:
            self._scopes.append({})
        pending = [keras_tensor]
        while pending:
            last = pending[-1]
            if self.bound(last) is not None:
                pending.pop()
                continue
            if last.producer is None:
                if self.open_size is not None:
                    shape = [self.open_size if n is None else n for n in last.shape]
                    self.bind(last, self.feed(shape, last.dtype, last.name))
                    continue
                raise ValueError(
                    f"{last!r} is an input, but no value was given for it; the result depends on it:"
                    " make it an input of the model or function"
                )
            missing = [t for t in last.producer.input_tensors if self.bound(t) is None]
            if missing:
                pending.extend(missing)
            else:
                last.producer.run(self)
                pending.pop()
        return self.bound(keras_tensor)

    # --- random numbers -------------------------------------------------------------------------------------

    def draw_seed(self):
        """A seed from NumPy's global state, as in Keras 2: ``np.random.seed`` makes a run reproducible."""
        self.drew_seed = True
        return int(np.random.randint(10**7)) if self._seeds is None else next(self._seeds)

    @property
    def random_step(self):
        """The number of this run: an int64 scalar."""
        if self._random_tensor is None:
            if self._random_step is None:
                self._random_tensor = self.convert(np.int64(0))
            else:
                self._random_tensor = self.read_before(self._random_step)
        return self._random_tensor

    # --- results --------------------------------------------------------------------------------------------

    def gradients(self, outputs, inputs, diff_outputs=()):
        """The gradients of the sum of `outputs` by each input: tensors, None where nothing depends on it."""
        values = self.graph.gradients(
            [t.value for t in outputs], [t.value for t in inputs], [t.value for t in diff_outputs]
        )
        return [None if value < 0 else Tensor(self, value, *self.graph.type(value)) for value in values]

    def fetch(self, tensor):
        """Make `tensor` a result of the program."""
        self.graph.fetch(tensor.value)

    def compile(self, simplify=True, fuse=True, keep=True):
        """The program: one call runs everything that was fetched or assigned.

        With ``keep``, what depends on variables alone that the program does not assign is computed again only
        after somebody else has.
        """
        self.commit()
        if self._random_tensor is not None and self._random_step is not None:
            self.assign(self._random_step, self._random_tensor + 1)
        return Program(self.graph, simplify=simplify, fuse=fuse, keep=keep)


class _Scope:
    def __init__(self, trace, mapping, isolated):
        self.trace = trace
        self.mapping = dict(mapping)
        self.isolated = isolated

    def __enter__(self):
        self.outer = self.trace._scopes
        self.trace._scopes = [*([] if self.isolated else self.outer), self.mapping]
        return self.mapping

    def __exit__(self, *_):
        self.trace._scopes = self.outer
