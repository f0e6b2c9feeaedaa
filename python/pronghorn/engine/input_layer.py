"""The entry points of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config, ops
from ..naming import get_uid
from .base_layer import Layer
from .node import Node


class InputLayer(Layer):
    """Entry point of a model: makes a symbolic tensor, or wraps one that exists.

    Parameters
    ----------
    input_shape
        Shape without the batch axis.
    batch_size
        Length of the batch axis; any length where not given.
    batch_input_shape
        Shape with the batch axis, in place of the two before.
    dtype
        Type of the data.
    input_tensor
        Tensor, variable or array to take the data from, instead of what the model is fed.
    sparse
        Only False: there are no sparse tensors here.
    name
        Name of the layer.

    Examples
    --------
    >>> InputLayer((3,)).output_shape
    (None, 3)
    """

    def __init__(
        self,
        input_shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        dtype: str | None = None,
        input_tensor: Any = None,
        sparse: bool = False,
        name: str | None = None,
        input_dtype: str | None = None,
    ):
        if input_shape and batch_input_shape:
            raise ValueError(
                "Only provide the input_shape OR batch_input_shape argument to InputLayer, "
                "not both at the same time."
            )
        if sparse:
            raise ValueError(
                "InputLayer: sparse inputs are not supported; pass dense arrays and sparse=False"
            )
        if input_tensor is not None and not isinstance(input_tensor, (ops.KerasTensor, ops.Variable)):
            input_tensor = _variable_of(input_tensor, dtype)
        if input_tensor is not None and batch_input_shape is None:
            batch_input_shape = input_tensor.shape
        if batch_input_shape is None:
            if input_shape is None:
                raise ValueError(
                    "An Input layer should be passed either a `batch_input_shape` or an `input_shape`."
                )
            batch_input_shape = (batch_size, *input_shape)
        dtype = dtype or input_dtype or getattr(input_tensor, "dtype", None)
        super().__init__(
            name=name or f"input_{get_uid('input')}", dtype=dtype, batch_input_shape=batch_input_shape
        )
        self.trainable = False
        self.built = True
        self.sparse = sparse
        self.supports_masking = True
        # A placeholder that came from elsewhere is fed like our own; anything else has its value already.
        self.is_placeholder = input_tensor is None or getattr(input_tensor, "producer", self) is None
        if input_tensor is None:
            input_tensor = ops.KerasTensor(self.batch_input_shape, self.dtype, name=self.name)
        elif not isinstance(input_tensor, ops.KerasTensor):
            input_tensor = ops.convert_to_tensor(input_tensor)
        input_tensor._keras_history = (self, 0, 0)
        shape = tuple(input_tensor.shape)
        Node(self, [], [], [], [input_tensor], [input_tensor], [None], [None], [shape], [shape])

    def get_config(self) -> dict[str, Any]:
        """Return shape, type and name."""
        return {
            "batch_input_shape": self.batch_input_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "name": self.name,
        }


def _variable_of(array: Any, dtype: str | None) -> ops.Variable:
    """The content that an array, or a tensor of another framework, has now."""
    array = np.asarray(array)
    floating = array.dtype.kind == "f"
    return ops.Variable(array, dtype or (config.floatx() if floating else array.dtype.name), trainable=False)


def Input(  # noqa: N802 - Keras's name
    shape: Sequence[int | None] | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    dtype: str | None = None,
    sparse: bool = False,
    tensor: Any = None,
    batch_size: int | None = None,
) -> ops.KerasTensor:
    """Return a symbolic tensor to build a model on.

    Parameters
    ----------
    shape
        Shape of one sample; None for lengths that vary.
    batch_shape
        Shape with the batch axis, in place of `shape`.
    name
        Name of the input; by it data can be given in a dictionary.
    dtype
        Type of the data, ``config.floatx()`` where not given.
    sparse
        Only False: there are no sparse tensors here.
    tensor
        Tensor, variable or array to take the data from, instead of what the model is fed.
    batch_size
        Length of the batch axis; any length where not given.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> from pronghorn.models import Model
    >>> x = Input((32,))
    >>> Model(x, Dense(16, activation="softmax")(x)).output_shape
    (None, 16)
    """
    if batch_shape is None and tensor is None:
        if shape is None:
            raise AssertionError(
                "Please provide to Input either a `shape` or a `batch_shape` argument. "
                "Note that `shape` does not include the batch dimension."
            )
        batch_shape = (batch_size, *shape)
    layer = InputLayer(
        batch_input_shape=batch_shape, name=name, dtype=dtype, sparse=sparse, input_tensor=tensor
    )
    return layer._inbound_nodes[0].output_tensors[0]
