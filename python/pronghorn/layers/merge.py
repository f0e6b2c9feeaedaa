"""Layers that join several inputs, and the same as functions."""

from __future__ import annotations

from functools import reduce
from typing import Any

from .. import backend, ops
from ..engine.base_layer import Layer
from .options import check_axis


class _Merge(Layer):
    """A merge of inputs that broadcast against each other; subclasses define `_merge_function`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def _merge_function(self, inputs):
        raise NotImplementedError

    def _check_count(self, inputs, least: int = 2, most: int | None = None) -> None:
        name = type(self).__name__
        count = len(inputs) if isinstance(inputs, list) else None
        if most == least and count != most:
            got = "one tensor" if count is None else f"{count}"
            raise ValueError(f"A `{name}` layer should be called on exactly {most} inputs. Got: {got}")
        if count is None:
            raise ValueError(f"A merge layer should be called on a list of inputs: `{name}` got one tensor")
        if count < least:
            raise ValueError(
                f"A merge layer should be called on a list of at least {least} inputs. `{name}` got {count}"
            )

    def build(self, input_shape):
        self._check_count(input_shape)
        batches = {shape[0] for shape in input_shape} - {None}
        if len(batches) > 1:
            raise ValueError(
                f"Can not merge tensors with different batch sizes. Got tensors with shapes: {input_shape}"
            )
        reduce(_broadcast, [tuple(shape[1:]) for shape in input_shape])
        self.built = True

    def call(self, inputs):
        self._check_count(inputs)
        rank = max(len(x.shape) for x in inputs)
        # Inputs of fewer dimensions get axes of size one after the batch axis.
        for i, x in enumerate(inputs):
            for _ in range(rank - len(x.shape)):
                x = ops.expand_dims(x, 1)
            inputs = [*inputs[:i], x, *inputs[i + 1 :]]
        return self._merge_function(inputs)

    def compute_output_shape(self, input_shape):
        self._check_count(input_shape)
        batches = {shape[0] for shape in input_shape} - {None}
        batch = batches.pop() if len(batches) == 1 else None
        return (batch, *reduce(_broadcast, [tuple(shape[1:]) for shape in input_shape]))

    def compute_mask(self, inputs, mask=None):
        masks = _masks(inputs, mask)
        return reduce(ops.logical_and, [m for m in masks if m is not None]) if masks else None


def _broadcast(first: tuple, second: tuple) -> tuple:
    """Shape of two broadcast samples; what is unknown on either side stays unknown."""
    if len(first) < len(second):
        first, second = second, first
    out = list(first[: len(first) - len(second)])
    for a, b in zip(first[len(out) :], second):
        if a is None or b is None:
            out.append(None)
        elif a != b and 1 not in (a, b):
            raise ValueError(f"Operands could not be broadcast together with shapes {first} {second}")
        else:
            out.append(max(a, b) if 0 not in (a, b) else 0)
    return tuple(out)


def _masks(inputs, mask) -> list:
    """Masks of the inputs, some of them None; no list at all where none of the inputs is masked."""
    if mask is None:
        return []
    if not isinstance(mask, list):
        raise ValueError(f"`mask` should be a list. Got: {mask!r}")
    if not isinstance(inputs, list):
        raise ValueError(f"`inputs` should be a list. Got: {inputs!r}")
    if len(mask) != len(inputs):
        raise ValueError(
            f"The lists `inputs` and `mask` should have the same length. Got: {len(inputs)} and {len(mask)}"
        )
    return [] if all(m is None for m in mask) else mask


class Add(_Merge):
    """Sum of inputs of the same or of broadcasting shapes.

    Examples
    --------
    >>> Add().compute_output_shape([(None, 4), (None, 4)])
    (None, 4)
    """

    def _merge_function(self, inputs):
        return reduce(ops.add, inputs)


class Subtract(_Merge):
    """First input less the second.

    Examples
    --------
    >>> Subtract().compute_output_shape([(None, 4), (None, 4)])
    (None, 4)
    """

    def build(self, input_shape):
        self._check_count(input_shape, 2, 2)
        super().build(input_shape)

    def _merge_function(self, inputs):
        return inputs[0] - inputs[1]

    def compute_output_shape(self, input_shape):
        self._check_count(input_shape, 2, 2)
        return super().compute_output_shape(input_shape)


class Multiply(_Merge):
    """Product of inputs, element by element.

    Examples
    --------
    >>> Multiply().compute_output_shape([(None, 4), (None, 1)])
    (None, 4)
    """

    def _merge_function(self, inputs):
        return reduce(ops.multiply, inputs)


class Average(_Merge):
    """Mean of inputs, element by element.

    Examples
    --------
    >>> Average().compute_output_shape([(None, 4), (None, 4)])
    (None, 4)
    """

    def _merge_function(self, inputs):
        return reduce(ops.add, inputs) / len(inputs)


class Maximum(_Merge):
    """Largest of the inputs, element by element.

    Examples
    --------
    >>> Maximum().compute_output_shape([(None, 4), (None, 4)])
    (None, 4)
    """

    def _merge_function(self, inputs):
        return reduce(ops.maximum, inputs)


class Minimum(_Merge):
    """Smallest of the inputs, element by element.

    Examples
    --------
    >>> Minimum().compute_output_shape([(None, 4), (None, 4)])
    (None, 4)
    """

    def _merge_function(self, inputs):
        return reduce(ops.minimum, inputs)


class Concatenate(_Merge):
    """Inputs one after another along an axis.

    Parameters
    ----------
    axis : int

    Examples
    --------
    >>> Concatenate().compute_output_shape([(None, 3, 4), (None, 3, 2)])
    (None, 3, 6)
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape):
        if not isinstance(input_shape, list) or len(input_shape) < 2:
            raise ValueError("A `Concatenate` layer should be called on a list of at least 2 inputs")
        others = set()
        for shape in input_shape:
            check_axis(self, self.axis, shape)
            rest = list(shape)
            del rest[self.axis]
            others.add(tuple(rest))
        if len(others) > 1:
            raise ValueError(
                "A `Concatenate` layer requires inputs with matching shapes except for the concat axis "
                f"({self.axis}). Got inputs shapes: {input_shape}"
            )
        self.built = True

    def call(self, inputs):
        self._check_count(inputs)
        return ops.concatenate(inputs, axis=self.axis)

    def compute_output_shape(self, input_shape):
        if not isinstance(input_shape, list):
            raise ValueError("A `Concatenate` layer should be called on a list of inputs.")
        shape = list(input_shape[0])
        sizes = [each[self.axis] for each in input_shape]
        shape[self.axis] = None if None in sizes else sum(sizes)
        return tuple(shape)

    def compute_mask(self, inputs, mask=None):
        masks = _masks(inputs, mask)
        if not masks:
            return None
        # As if each mask had its input's shape: joined like the inputs; a step stays where all of it does.
        full = any(m is not None and len(m.shape) == len(x.shape) for x, m in zip(inputs, masks))
        expanded = []
        for x, m in zip(inputs, masks):
            if m is None:
                m = ops.ones_like(x if full else x[..., :1], dtype="bool")
            elif len(m.shape) < len(x.shape):
                m = ops.expand_dims(m, -1)
                m = ops.logical_and(m, ops.ones_like(x, dtype="bool")) if full else m
            expanded.append(m)
        return ops.all(ops.concatenate(expanded, axis=self.axis), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class Dot(_Merge):
    """Products of two inputs, summed along an axis of each, sample by sample.

    Parameters
    ----------
    axes : int or pair of int
        Axis of each input to sum along.
    normalize : bool
        Scale vectors along those axes to norm one first, so that the result is a cosine.

    Examples
    --------
    >>> Dot(axes=(2, 1)).compute_output_shape([(None, 3, 4), (None, 4, 5)])
    (None, 3, 5)
    """

    def __init__(self, axes, normalize=False, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(axes, int):
            if not isinstance(axes, (list, tuple)):
                raise TypeError(f"Invalid type for `axes`: should be a list or an int. Got: {axes!r}")
            if len(axes) != 2 or not all(isinstance(axis, int) for axis in axes):
                raise ValueError(f"Invalid format for `axes`: should contain two ints. Got: {axes!r}")
        self.axes = axes
        self.normalize = normalize

    def _axes(self, *ranks: int) -> list[int]:
        axes = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        return [axis % rank if axis < 0 else axis for axis, rank in zip(axes, ranks)]

    def build(self, input_shape):
        self._check_two(input_shape)
        first, second = input_shape
        axes = self._axes(len(first), len(second))
        for axis, shape in zip(axes, input_shape):
            check_axis(self, axis, shape)
        if first[axes[0]] != second[axes[1]]:
            raise ValueError(
                f"Dimension incompatibility {first[axes[0]]} != {second[axes[1]]}. Layer shapes: {first}, "
                f"{second}, axes: {tuple(axes)}"
            )
        self.built = True

    def _check_two(self, inputs) -> None:
        if not isinstance(inputs, list) or len(inputs) != 2:
            raise ValueError("A `Dot` layer should be called on a list of 2 inputs.")

    def call(self, inputs):
        self._check_two(inputs)
        axes = self._axes(*(len(x.shape) for x in inputs))
        if self.normalize:
            inputs = [backend.l2_normalize(x, axis=axis) for x, axis in zip(inputs, axes)]
        return ops.batch_dot(*inputs, axes=axes)

    def compute_output_shape(self, input_shape):
        self._check_two(input_shape)
        first, second = (list(shape) for shape in input_shape)
        axes = self._axes(len(first), len(second))
        del first[axes[0]]
        del second[axes[1]]
        return tuple(first + second[1:]) if len(first + second) > 2 else (first[0], 1)

    def compute_mask(self, inputs, mask=None):
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def add(inputs, **kwargs):
    """Sum of a list of tensors, by an :class:`Add` layer.

    Examples
    --------
    >>> from pronghorn.layers import Input
    >>> add([Input((4,)), Input((4,))]).shape
    (None, 4)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs, **kwargs):
    """First tensor of a list less the second, by a :class:`Subtract` layer.

    Examples
    --------
    >>> from pronghorn.layers import Input
    >>> subtract([Input((4,)), Input((4,))]).shape
    (None, 4)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs, **kwargs):
    """Product of a list of tensors, by a :class:`Multiply` layer.

    Examples
    --------
    >>> from pronghorn.layers import Input
    >>> multiply([Input((4,)), Input((4,))]).shape
    (None, 4)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs, **kwargs):
    """Mean of a list of tensors, by an :class:`Average` layer.

    Examples
    --------
    >>> from pronghorn.layers import Input
    >>> average([Input((4,)), Input((4,))]).shape
    (None, 4)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs, **kwargs):
    """Element-wise maximum of a list of tensors, by a :class:`Maximum` layer.

    Examples
    --------
    >>> from pronghorn.layers import Input
    >>> maximum([Input((4,)), Input((4,))]).shape
    (None, 4)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs, **kwargs):
    """Element-wise minimum of a list of tensors, by a :class:`Minimum` layer.

    Examples
    --------
    >>> from pronghorn.layers import Input
    >>> minimum([Input((4,)), Input((4,))]).shape
    (None, 4)
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs, axis=-1, **kwargs):
    """Tensors of a list one after another, by a :class:`Concatenate` layer.

    Examples
    --------
    >>> from pronghorn.layers import Input
    >>> concatenate([Input((4,)), Input((2,))]).shape
    (None, 6)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs, axes, normalize=False, **kwargs):
    """Sums of products of two tensors, by a :class:`Dot` layer.

    Examples
    --------
    >>> from pronghorn.layers import Input
    >>> dot([Input((4,)), Input((4,))], axes=1).shape
    (None, 1)
    """
    return Dot(axes=axes, normalize=normalize, **kwargs)(inputs)
