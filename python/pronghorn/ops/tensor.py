"""A value inside a trace, and the operators that tensors of every kind share."""

from __future__ import annotations

CORE_DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")

operations: dict = {}  # name -> public operation, filled by @operation

_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
}
_COMPARISON = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}
_UNARY = {"neg": "negative", "abs": "abs"}


class Operators:
    """Arithmetic, comparison and indexing in terms of the operations. ``==`` stays identity."""

    __array_ufunc__ = None  # NumPy's operands on the left leave the operation to us
    __hash__ = object.__hash__

    def __getitem__(self, index):
        return operations["get_item"](self, index)

    def __pos__(self):
        return self

    def __bool__(self):
        raise TypeError(
            f"the truth of {self!r} is not known while the model is built; use K.switch or ops.where to"
            " choose between tensors"
        )


def _binary(name):
    return lambda self, other: operations[name](self, other)


def _reflected(name):
    return lambda self, other: operations[name](other, self)


def _unary(name):
    return lambda self: operations[name](self)


for _special, _name in _BINARY.items():
    setattr(Operators, f"__{_special}__", _binary(_name))
    setattr(Operators, f"__r{_special}__", _reflected(_name))
for _special, _name in _COMPARISON.items():
    setattr(Operators, f"__{_special}__", _binary(_name))
for _special, _name in _UNARY.items():
    setattr(Operators, f"__{_special}__", _unary(_name))


class DType(str):
    """The name of an element type, with the attributes of TensorFlow's types that scripts of Keras 2 read.

    Examples
    --------
    >>> DType("float32").base_dtype.name
    'float32'
    """

    __slots__ = ()

    @property
    def name(self):
        return str(self)

    @property
    def base_dtype(self):
        return self


class Tensor(Operators):
    """A value of the graph that is being traced: its shape and dtype are known, its content is not.

    Attributes
    ----------
    shape : tuple of int
    dtype : str
    """

    __slots__ = ("trace", "value", "shape", "dtype", "_keras_mask")

    def __init__(self, trace, value, shape, dtype):
        self.trace = trace
        self.value = value
        self.shape = shape
        self.dtype = dtype if type(dtype) is DType else DType(dtype)

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def _keras_shape(self):
        return self.shape

    @_keras_shape.setter
    def _keras_shape(self, shape):
        pass  # known already; layers written for Keras 2 set it

    def get_shape(self):
        return self.shape

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of a tensor without axes")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __repr__(self):
        return f"<Tensor shape={self.shape} dtype={self.dtype}>"
