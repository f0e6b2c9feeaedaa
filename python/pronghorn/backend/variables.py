"""Variables, constants and placeholders: making them, asking about them, reading and writing them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import config, naming, ops
from ..ops import KerasTensor, Tensor, Variable, current_trace, is_tensor, operation

__all__ = [
    "batch_get_value",
    "batch_set_value",
    "cast",
    "constant",
    "count_params",
    "dtype",
    "eye",
    "get_value",
    "get_variable_shape",
    "identity",
    "int_shape",
    "is_keras_tensor",
    "is_placeholder",
    "is_sparse",
    "is_tensor",
    "is_variable",
    "moving_average_update",
    "ndim",
    "ones",
    "ones_like",
    "placeholder",
    "random_normal_variable",
    "random_uniform_variable",
    "set_value",
    "shape",
    "size",
    "to_dense",
    "update",
    "update_add",
    "update_sub",
    "variable",
    "zeros",
    "zeros_like",
]


def _evaluated(x: Any) -> Any:
    from .functions import eval as evaluate

    return evaluate(x) if isinstance(x, (KerasTensor, Variable)) else x


def variable(
    value: Any, dtype: str | None = None, name: str | None = None, constraint: Any = None
) -> Variable:
    """Make a variable with a first value.

    Parameters
    ----------
    value : array_like
    dtype : str, optional
        ``floatx()`` unless given.
    name : str, optional
    constraint : callable, optional
        Applied by optimizers after each update.

    Examples
    --------
    >>> variable([1.0, 2.0]).numpy()
    array([1., 2.], dtype=float32)
    """
    if hasattr(value, "tocoo"):
        raise TypeError("K.variable: sparse matrices are not supported; pass `value.toarray()`")
    return Variable(
        np.asarray(_evaluated(value)),
        dtype=dtype or config.floatx(),
        name=name and naming.scoped(name),
        constraint=constraint,
    )


def constant(value: Any, dtype: str | None = None, shape: Any = None, name: str | None = None) -> np.ndarray:
    """Make a constant: an array, which every operation takes.

    Examples
    --------
    >>> constant(2, shape=(2,))
    array([2., 2.], dtype=float32)
    """
    array = np.asarray(value, dtype or config.floatx())
    if shape is None:
        return array
    return np.full(tuple(shape), array) if array.size == 1 else array.reshape(tuple(shape))


def placeholder(
    shape: Any = None,
    ndim: int | None = None,
    dtype: str | None = None,
    sparse: bool = False,
    name: str | None = None,
) -> KerasTensor:
    """Make a symbolic tensor to be fed.

    Parameters
    ----------
    shape : sequence of int or None, optional
    ndim : int, optional
        Number of axes, where `shape` is not given.
    dtype : str, optional
    sparse : bool
        Must be False: sparse tensors are not supported.
    name : str, optional

    Examples
    --------
    >>> placeholder((None, 4)).shape
    (None, 4)
    """
    if sparse:
        raise ValueError("K.placeholder: sparse tensors are not supported; feed dense arrays")
    if shape is None:
        if ndim is None:
            raise ValueError("K.placeholder: give `shape` or `ndim`")
        shape = (None,) * ndim
    return KerasTensor(tuple(shape), dtype or config.floatx(), name=name)


def zeros(shape: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """Make a variable of zeros; inside a call, an array.

    Examples
    --------
    >>> zeros((2,)).numpy()
    array([0., 0.], dtype=float32)
    """
    return _filled(0, shape, dtype, name)


def ones(shape: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """Make a variable of ones; inside a call, an array.

    Examples
    --------
    >>> ones((2,)).numpy()
    array([1., 1.], dtype=float32)
    """
    return _filled(1, shape, dtype, name)


def _filled(value, shape, dtype, name):
    shape = tuple(shape)
    if any(isinstance(n, KerasTensor) for n in shape):
        return ops.full(shape, value, dtype=dtype or config.floatx())
    array = np.full(shape, value, dtype or config.floatx())
    return array if current_trace() is not None else variable(array, dtype=array.dtype.name, name=name)


def eye(size: Any, dtype: str | None = None, name: str | None = None) -> np.ndarray:
    """Make an identity matrix of `size` rows, or of (rows, columns).

    Examples
    --------
    >>> eye(2)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    rows, columns = size if isinstance(size, (tuple, list)) else (size, size)
    return np.eye(rows, columns, dtype=dtype or config.floatx())


def zeros_like(x: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """Zeros of the shape of `x`.

    Examples
    --------
    >>> zeros_like(np.ones(2))
    array([0., 0.], dtype=float32)
    """
    return ops.zeros_like(x, dtype=dtype or config.floatx())


def ones_like(x: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """Ones of the shape of `x`.

    Examples
    --------
    >>> ones_like(np.zeros(2), dtype="int32")
    array([1, 1], dtype=int32)
    """
    return ops.ones_like(x, dtype=dtype or config.floatx())


@operation
def identity_of(x):
    return x


def identity(x: Any, name: str | None = None) -> Any:
    """`x` as a tensor of its own.

    Examples
    --------
    >>> identity(placeholder((None, 3))).shape
    (None, 3)
    """
    return identity_of(x)


def random_uniform_variable(
    shape: Any,
    low: float,
    high: float,
    dtype: str | None = None,
    name: str | None = None,
    seed: int | None = None,
) -> Variable:
    """Make a variable of uniform random numbers.

    Examples
    --------
    >>> random_uniform_variable((2, 3), -1.0, 1.0).shape
    (2, 3)
    """
    dtype = dtype or config.floatx()
    return variable(ops.random_uniform(tuple(shape), low, high, dtype=dtype, seed=seed), dtype, name)


def random_normal_variable(
    shape: Any,
    mean: float,
    scale: float,
    dtype: str | None = None,
    name: str | None = None,
    seed: int | None = None,
) -> Variable:
    """Make a variable of normal random numbers of standard deviation `scale`.

    Examples
    --------
    >>> random_normal_variable((2, 3), 0.0, 1.0).shape
    (2, 3)
    """
    dtype = dtype or config.floatx()
    return variable(ops.random_normal(tuple(shape), mean, scale, dtype=dtype, seed=seed), dtype, name)


# --- questions --------------------------------------------------------------------------------------------


def is_variable(x: Any) -> bool:
    """Say whether `x` is a variable.

    Examples
    --------
    >>> is_variable(variable(1.0)), is_variable(placeholder((2,)))
    (True, False)
    """
    return isinstance(x, Variable)


def is_placeholder(x: Any) -> bool:
    """Say whether `x` is a symbolic tensor that is fed.

    Examples
    --------
    >>> is_placeholder(placeholder((2,)))
    True
    """
    return isinstance(x, KerasTensor) and x.producer is None


def is_sparse(tensor: Any) -> bool:
    """Return False: there are no sparse tensors.

    Examples
    --------
    >>> is_sparse(placeholder((2,)))
    False
    """
    return False


def to_dense(tensor: Any) -> Any:
    """Return `tensor`: there are no sparse tensors.

    Examples
    --------
    >>> to_dense(1.5)
    1.5
    """
    return tensor


def is_keras_tensor(x: Any) -> bool:
    """Say whether a tensor came out of a layer (or of `Input`); anything but a tensor is a ValueError.

    Examples
    --------
    >>> is_keras_tensor(placeholder((2,)))
    False
    """
    if not is_tensor(x):
        raise ValueError(
            f"Unexpectedly found an instance of type `{type(x)}`. Expected a symbolic tensor instance."
        )
    return hasattr(x, "_keras_history")


@operation(gives_sizes=True)
def shape_of(x):
    return np.array(x.shape, "int32")


def shape(x: Any) -> Any:
    """Shape of `x`: numbers where they are known, as inside a call, else a symbolic tensor.

    Examples
    --------
    >>> shape(np.ones((2, 3)))
    (2, 3)
    """
    return shape_of(x) if isinstance(x, KerasTensor) and None in x.shape else tuple(np.shape(x))


def int_shape(x: Any) -> tuple[int | None, ...]:
    """Shape of `x` as a tuple, None where a size is open.

    Examples
    --------
    >>> int_shape(placeholder((None, 4)))
    (None, 4)
    """
    return tuple(x._keras_shape if hasattr(x, "_keras_shape") else np.shape(x))


get_variable_shape = int_shape


def ndim(x: Any) -> int:
    """Number of axes of `x`.

    Examples
    --------
    >>> ndim(placeholder((None, 4)))
    2
    """
    return len(x.shape) if hasattr(x, "shape") else np.ndim(x)


@operation(gives_sizes=True)
def size_of(x):
    return np.int32(np.prod(x.shape))


def size(x: Any, name: str | None = None) -> Any:
    """Number of elements of `x`.

    Examples
    --------
    >>> size(np.ones((2, 3)))
    6
    """
    known = int_shape(x)
    return size_of(x) if None in known else int(np.prod(known))


def dtype(x: Any) -> str:
    """Name of the type of the elements of `x`.

    Examples
    --------
    >>> dtype(variable(1.0))
    'float32'
    """
    return str(x.dtype)


def count_params(x: Any) -> int:
    """Number of elements of a variable.

    Examples
    --------
    >>> count_params(zeros((2, 3)))
    6
    """
    return int(np.prod(int_shape(x)))


def cast(x: Any, dtype: str) -> Any:
    """`x` with elements of another type.

    Examples
    --------
    >>> cast(np.array([1, 2]), "float32")
    array([1., 2.], dtype=float32)
    """
    return ops.cast(x, dtype)


# --- reading and writing ----------------------------------------------------------------------------------


def get_value(x: Any) -> Any:
    """Content of a variable, or value of a symbolic tensor, as an array.

    Examples
    --------
    >>> get_value(variable([1.0]))
    array([1.], dtype=float32)
    """
    return _evaluated(x)


def batch_get_value(ops: Any) -> list:
    """Contents of several variables, as arrays.

    Examples
    --------
    >>> batch_get_value([variable([1.0])])
    [array([1.], dtype=float32)]
    """
    return [get_value(x) for x in ops]


def set_value(x: Variable, value: Any) -> None:
    """Set the content of a variable.

    Examples
    --------
    >>> v = zeros((2,))
    >>> set_value(v, [1.0, 2.0])
    >>> get_value(v)
    array([1., 2.], dtype=float32)
    """
    x.assign(np.asarray(_evaluated(value)))


def batch_set_value(tuples: Any) -> None:
    """Set the contents of several variables, given as pairs (variable, value).

    Examples
    --------
    >>> v = zeros((2,))
    >>> batch_set_value([(v, [1.0, 2.0])])
    >>> get_value(v)
    array([1., 2.], dtype=float32)
    """
    for x, value in tuples:
        set_value(x, value)


def _as_update_value(x: Variable, value: Any) -> Any:
    return value if isinstance(value, (KerasTensor, Tensor, Variable)) else np.asarray(value, x.dtype)


def update(x: Variable, new_x: Any) -> Any:
    """Update `x` to `new_x` whenever what it is part of runs; other reads see the old content.

    Examples
    --------
    >>> from pronghorn import backend as K
    >>> v = K.variable([1.0])
    >>> K.eval(K.update(v, v * 3.0))
    array([3.], dtype=float32)
    >>> K.get_value(v)
    array([3.], dtype=float32)
    """
    return ops.update(x, _as_update_value(x, new_x))


def update_add(x: Variable, increment: Any) -> Any:
    """Update `x` by adding `increment`; see `update`.

    Examples
    --------
    >>> v = variable([1.0])
    >>> _ = get_value(update_add(v, 2.0))
    >>> get_value(v)
    array([3.], dtype=float32)
    """
    return ops.update_add(x, _as_update_value(x, increment))


def update_sub(x: Variable, decrement: Any) -> Any:
    """Update `x` by subtracting `decrement`; see `update`.

    Examples
    --------
    >>> v = variable([1.0])
    >>> _ = get_value(update_sub(v, 2.0))
    >>> get_value(v)
    array([-1.], dtype=float32)
    """
    return ops.update_sub(x, _as_update_value(x, decrement))


def moving_average_update(x: Variable, value: Any, momentum: float) -> Any:
    """Update `x` to ``momentum * x + (1 - momentum) * value``; see `update`.

    Examples
    --------
    >>> from pronghorn import backend as K
    >>> v = K.variable([1.0])
    >>> K.eval(K.moving_average_update(v, np.array([3.0], "float32"), 0.5))
    array([2.], dtype=float32)
    """
    return ops.update_sub(x, (x - value) * (1.0 - momentum))
