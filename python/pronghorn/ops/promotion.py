"""One dtype for operands of different ones."""

from __future__ import annotations

import numpy as np

from .. import config
from .dispatch import emit
from .trace import current_trace

_SCALARS = (bool, int, float, np.generic)
_RANK = {"bool": 0, "uint8": 1, "int32": 2, "int64": 3, "float32": 4, "float64": 5}


def cast_tensor(x, dtype):
    """The tensor `x` in `dtype`: itself where it has it."""
    return x if x.dtype == dtype else emit("cast", [x], dtype=dtype)


def joint_dtype(dtypes):
    """The type that holds tensors of all of these: floating point wins over integers, then the wider one."""
    return max(dtypes, key=_RANK.__getitem__)


def promote(*values, least="bool"):
    """Operands as tensors of one dtype.

    Scalars of Python and NumPy take the dtype of the tensors beside them, unless a fraction meets integers:
    then all become ``floatx``. `least` is the narrowest dtype of the result.
    """
    trace = current_trace()
    scalars = [isinstance(x, _SCALARS) for x in values]
    tensors = [x if s else trace.convert(x) for x, s in zip(values, scalars)]
    dtypes = [x.dtype for x, s in zip(tensors, scalars) if not s]
    if any(s and isinstance(x, (float, np.floating)) for x, s in zip(values, scalars)):
        wanted = config.floatx()
    elif any(s and not isinstance(x, (bool, np.bool_)) for x, s in zip(values, scalars)):
        wanted = "int32"
    else:
        wanted = "bool"
    dtype = joint_dtype(dtypes or [wanted])
    if dtypes and _is_float(wanted) and not _is_float(dtype):
        dtype = wanted
    elif dtype == "bool":
        dtype = joint_dtype([dtype, wanted])
    if _RANK[dtype] < _RANK[least]:
        dtype = least
    return [
        trace.convert(np.asarray(x, dtype)) if s else cast_tensor(x, dtype) for x, s in zip(tensors, scalars)
    ]


def _is_float(dtype):
    return dtype.startswith("float")


def as_float(x):
    """`x` as a floating point tensor: integers and booleans become ``floatx``."""
    x = current_trace().convert(x)
    return x if _is_float(x.dtype) else cast_tensor(x, config.floatx())


def floats(*values):
    """Operands as floating point tensors of one dtype."""
    tensors = promote(*values)
    return [as_float(x) for x in tensors]


def as_bool(x):
    """Whether each element of `x` is not zero."""
    return cast_tensor(current_trace().convert(x), "bool")
