"""Operations that arrange elements: shapes, slices, joins, repeats and constant fills."""

from __future__ import annotations

import operator

import numpy as np

from .. import config
from .dispatch import emit, operation
from .tensor import Tensor, operations
from .trace import current_trace

__all__ = [
    "arange",
    "batch_flatten",
    "broadcast_to",
    "concatenate",
    "expand_dims",
    "eye",
    "flip",
    "full",
    "full_like",
    "get_item",
    "moveaxis",
    "ones",
    "pad",
    "ravel",
    "repeat",
    "reshape",
    "slice",
    "split",
    "squeeze",
    "stack",
    "stop_gradient",
    "swapaxes",
    "tile",
    "transpose",
    "unstack",
    "zeros",
]

_slice = slice  # the built-in; the operation of that name is defined below


def _tensor(x):
    return current_trace().convert(x)


def _axis(axis, rank, who):
    """`axis` counted from the front."""
    axis = operator.index(axis)
    if not -rank <= axis < rank:
        raise ValueError(f"{who}: axis {axis} is out of range for a tensor of {rank} axes")
    return axis % rank


def _axes(axis, rank, who):
    axes = range(rank) if axis is None else axis if isinstance(axis, (list, tuple)) else [axis]
    return sorted({_axis(a, rank, who) for a in axes})


def _sizes(shape):
    if isinstance(shape, (int, np.integer)):
        shape = (shape,)
    return [operator.index(n) for n in shape]


# --- shape --------------------------------------------------------------------------------------------------


@operation
def reshape(x, newshape):
    """The elements of `x` in row-major order under another shape; one size may be -1 and follows.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.reshape(np.arange(6), (3, -1)).shape
    (3, 2)
    """
    x = _tensor(x)
    shape = _sizes(newshape)
    if shape.count(-1) > 1:
        raise ValueError(f"reshape: only one size of {tuple(shape)} may be -1")
    if -1 in shape:
        known = int(np.prod([n for n in shape if n != -1]))
        count = int(np.prod(x.shape))
        if known == 0 or count % known:
            raise ValueError(f"reshape: cannot turn {x.shape} with {count} elements into {tuple(shape)}")
        shape[shape.index(-1)] = count // known
    return x if tuple(shape) == x.shape else emit("reshape", [x], shape=shape)


@operation
def batch_flatten(x):
    """`x` with all axes but the first merged into one."""
    x = _tensor(x)
    return reshape(x, (x.shape[0], int(np.prod(x.shape[1:]))))


@operation
def ravel(x):
    """`x` with all axes merged into one."""
    return reshape(x, (-1,))


@operation
def expand_dims(x, axis):
    """`x` with a new axis of size 1 at position `axis` of the result, or at each of several."""
    x = _tensor(x)
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    rank = x.ndim + len(axes)
    positions = _axes(axes, rank, "expand_dims")
    sizes = iter(x.shape)
    return reshape(x, [1 if i in positions else next(sizes) for i in range(rank)])


@operation
def squeeze(x, axis=None):
    """`x` without axes of size 1: those named, or all of them."""
    x = _tensor(x)
    if axis is None:
        return reshape(x, [n for n in x.shape if n != 1])
    axes = _axes(axis, x.ndim, "squeeze")
    for a in axes:
        if x.shape[a] != 1:
            raise ValueError(f"squeeze: axis {a} of {x.shape} has size {x.shape[a]}, not 1")
    return reshape(x, [n for a, n in enumerate(x.shape) if a not in axes])


@operation
def transpose(x, axes=None):
    """`x` with its axes in another order, reversed unless `axes` names one.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.transpose(np.zeros((2, 3, 4)), (0, 2, 1)).shape
    (2, 4, 3)
    """
    x = _tensor(x)
    order = [_axis(a, x.ndim, "transpose") for a in (axes if axes is not None else range(x.ndim)[::-1])]
    return x if order == list(range(x.ndim)) else emit("transpose", [x], axes=order)


@operation
def moveaxis(x, source, destination):
    """`x` with the axes `source` moved to the positions `destination`; the others keep their order."""
    x = _tensor(x)
    source = source if isinstance(source, (list, tuple)) else [source]
    source = [_axis(a, x.ndim, "moveaxis") for a in source]
    destination = destination if isinstance(destination, (list, tuple)) else [destination]
    order = [a for a in range(x.ndim) if a not in source]
    for to, axis in sorted((_axis(d, x.ndim, "moveaxis"), s) for d, s in zip(destination, source)):
        order.insert(to, axis)
    return transpose(x, order)


@operation
def swapaxes(x, axis1, axis2):
    """`x` with two axes exchanged."""
    x = _tensor(x)
    order = list(range(x.ndim))
    first, second = _axis(axis1, x.ndim, "swapaxes"), _axis(axis2, x.ndim, "swapaxes")
    order[first], order[second] = second, first
    return transpose(x, order)


@operation
def broadcast_to(x, shape):
    """`x` repeated to `shape` by NumPy's rules of broadcasting."""
    x = _tensor(x)
    shape = _sizes(shape)
    return x if tuple(shape) == x.shape else emit("broadcast_to", [x], shape=shape)


@operation
def stop_gradient(variable):
    """The value as it is, through which no gradient flows."""
    return emit("stop_gradient", [_tensor(variable)])


# --- joining and taking apart -------------------------------------------------------------------------------


@operation
def concatenate(xs, axis=-1):
    """Tensors joined along an axis; their other sizes and their dtypes agree.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.concatenate([np.zeros((2, 1)), np.ones((2, 3))], axis=1).shape
    (2, 4)
    """
    tensors = [_tensor(x) for x in xs]
    if not tensors:
        raise ValueError("concatenate: needs at least one tensor")
    if len(tensors) == 1:
        return tensors[0]
    return emit("concatenate", tensors, axis=_axis(axis, tensors[0].ndim, "concatenate"))


@operation
def stack(x, axis=0):
    """Tensors of one shape joined along a new axis."""
    tensors = [_tensor(t) for t in x]
    if not tensors:
        raise ValueError("stack: needs at least one tensor")
    axis = _axis(axis, tensors[0].ndim + 1, "stack")
    return concatenate([expand_dims(t, axis) for t in tensors], axis)


@operation
def split(x, indices_or_sections, axis=0):
    """A list of the parts of `x` along an axis: so many equal ones, or cut before the given indices."""
    x = _tensor(x)
    axis = _axis(axis, x.ndim, "split")
    size = x.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        sections = int(indices_or_sections)
        if sections < 1 or size % sections:
            raise ValueError(f"split: axis {axis} of {x.shape} does not divide into {sections} equal parts")
        cuts = list(range(0, size + 1, size // sections)) if size else [0] * (sections + 1)
    else:
        cuts = [0, *(_slice(None, int(i)).indices(size)[1] for i in indices_or_sections), size]
    return [_cut(x, axis, begin, max(end - begin, 0)) for begin, end in zip(cuts, cuts[1:])]


@operation
def unstack(x, num=None, axis=0):
    """The list of the slices of `x` along an axis, without that axis."""
    x = _tensor(x)
    axis = _axis(axis, x.ndim, "unstack")
    if num is not None and num != x.shape[axis]:
        raise ValueError(f"unstack: axis {axis} of {x.shape} has {x.shape[axis]} elements, not {num}")
    return [squeeze(_cut(x, axis, i, 1), axis) for i in range(x.shape[axis])]


def _cut(x, axis, begin, size):
    begins, sizes = [0] * x.ndim, list(x.shape)
    begins[axis], sizes[axis] = begin, size
    return slice(x, begins, sizes)


@operation
def slice(x, start_indices, shape):
    """The block of `x` of size `shape` whose first element stands at `start_indices`.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.slice(np.arange(12).reshape(3, 4), (1, 2), (2, 2))
    array([[ 6,  7],
           [10, 11]])
    """
    x = _tensor(x)
    begin, size = _sizes(start_indices), _sizes(shape)
    return x if tuple(size) == x.shape else emit("slice", [x], begin=begin, size=size, stride=[1] * x.ndim)


@operation
def get_item(x, index):
    """``x[index]`` for integers, slices, None and Ellipsis as in NumPy, or for one tensor of integers."""
    x = _tensor(x)
    if isinstance(index, (Tensor, np.ndarray, list)):
        return operations["take"](x, index, axis=0)
    parts = list(index) if isinstance(index, tuple) else [index]
    used = sum(part is not None and part is not Ellipsis for part in parts)
    if used > x.ndim:
        raise IndexError(f"{used} indices for a tensor of {x.ndim} axes, shape {x.shape}")
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)
    where = next(i for i, part in enumerate(parts) if part is Ellipsis)
    parts[where : where + 1] = [_slice(None)] * (x.ndim - used)

    begin, size, stride, flipped, shape = [], [], [], [], []
    for part in parts:
        if part is None:
            shape.append(1)
            continue
        axis = len(begin)
        extent = x.shape[axis]
        if isinstance(part, _slice):
            chosen = range(*part.indices(extent))
            if chosen.step < 0:
                flipped.append(axis)
                chosen = chosen[::-1]
            shape.append(len(chosen))
        elif isinstance(part, (int, np.integer)) and not isinstance(part, bool):
            if not -extent <= part < extent:
                raise IndexError(f"index {part} is out of range for axis {axis} of shape {x.shape}")
            chosen = range(int(part) % extent, int(part) % extent + 1)
        else:
            raise TypeError(
                f"tensors are indexed with integers, slices, None and Ellipsis, or with one tensor of"
                f" integers, not {type(part).__name__}"
            )
        begin.append(chosen.start if len(chosen) else 0)
        size.append(len(chosen))
        stride.append(chosen.step)
    if tuple(size) != x.shape:
        x = emit("slice", [x], begin=begin, size=size, stride=stride)
    if flipped:
        x = emit("flip", [x], axes=flipped)
    return reshape(x, shape)


# --- repeating and padding ----------------------------------------------------------------------------------


@operation
def flip(x, axis=None):
    """`x` with the order of its elements reversed along an axis, several, or all."""
    x = _tensor(x)
    return emit("flip", [x], axes=_axes(axis, x.ndim, "flip"))


@operation
def repeat(x, repeats, axis=None):
    """Each element along `axis` repeated in place: `repeats` times, or as often as `repeats` says for each.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.repeat(np.array([1, 2]), 2)
    array([1, 1, 2, 2])
    """
    x = _tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = _axis(axis, x.ndim, "repeat")
    if isinstance(repeats, (int, np.integer)):
        return x if repeats == 1 else emit("repeat", [x], axis=axis, repeats=int(repeats))
    return operations["take"](x, np.repeat(np.arange(x.shape[axis]), repeats), axis=axis)


@operation
def tile(x, repeats):
    """The whole of `x` repeated along each axis, as often as `repeats` says for it."""
    x = _tensor(x)
    repeats = _sizes(repeats)
    rank = max(x.ndim, len(repeats))
    repeats = [1] * (rank - len(repeats)) + repeats
    x = reshape(x, [1] * (rank - x.ndim) + list(x.shape))
    return x if set(repeats) <= {1} else emit("tile", [x], repeats=repeats)


@operation
def pad(x, pad_width, mode="constant", constant_values=0):
    """`x` with elements added before and after along each axis.

    Parameters
    ----------
    x : tensor
    pad_width : sequence of (before, after) for each axis, one such pair or one number for all
    mode : {"constant", "reflect", "symmetric"}
        What is added: `constant_values`, or the elements mirrored without or with the one at the border.
    constant_values : float

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> ops.pad(np.array([1, 2, 3]), ((2, 1),), mode="reflect")
    array([3, 2, 1, 2, 3, 2])
    """
    x = _tensor(x)
    widths = np.broadcast_to(np.asarray(pad_width, "int64"), (x.ndim, 2)).tolist()
    before, after = [w[0] for w in widths], [w[1] for w in widths]
    if not any(before) and not any(after):
        return x
    if mode != "constant":
        return emit("pad", [x], before=before, after=after, mode=mode)
    return emit("pad", [x], before=before, after=after, mode=mode, value=float(constant_values))


# --- constants ----------------------------------------------------------------------------------------------


@operation
def full(shape, fill_value, dtype=None):
    """A tensor of one value, of the default float type unless `dtype` is given."""
    if isinstance(fill_value, Tensor):
        value = operations["cast"](fill_value, dtype) if dtype else fill_value
    else:
        value = _tensor(np.asarray(fill_value, dtype or config.floatx()))
    return broadcast_to(value, shape)


@operation
def zeros(shape, dtype=None):
    """A tensor of zeros."""
    return full(shape, 0, dtype)


@operation
def ones(shape, dtype=None):
    """A tensor of ones."""
    return full(shape, 1, dtype)


@operation
def full_like(x, fill_value, dtype=None):
    """A tensor of one value with the shape and, unless given, the dtype of `x`."""
    x = _tensor(x)
    return full(x.shape, fill_value, dtype or x.dtype)


@operation
def eye(N, M=None, k=0, dtype=None):
    """A matrix of `N` rows and `M` (or `N`) columns with ones on its `k`-th diagonal."""
    return _tensor(np.eye(N, M, k, dtype or config.floatx()))


@operation
def arange(start, stop=None, step=1, dtype=None):
    """Numbers from `start` (or 0) to `stop`, without it, in steps of `step`."""
    values = np.arange(start, stop, step) if stop is not None else np.arange(0, start, step)
    if dtype is None:
        dtype = "int32" if values.dtype.kind == "i" else config.floatx()
    return _tensor(values.astype(dtype))
