"""What a layer expects of its inputs, and the check of inputs against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class InputSpec:
    """Expected rank, type and shape of one input of a layer; whatever is None is not checked.

    Parameters
    ----------
    dtype
        Expected type.
    shape
        Expected shape; None in it fits any length.
    ndim, max_ndim, min_ndim
        Expected rank, or its bounds.
    axes
        Axis → expected length.

    Examples
    --------
    >>> InputSpec(ndim=4, axes={3: 16})
    InputSpec(ndim=4, axes={3: 16})
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
    ):
        self.dtype = dtype
        self.shape = shape
        self.ndim = ndim if shape is None else len(shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = axes or {}

    def __repr__(self) -> str:
        parts = [f"{name}={value}" for name, value in vars(self).items() if value]
        return f"InputSpec({', '.join(parts)})"

    def mismatch(self, shape: Sequence[int | None], dtype: str) -> str | None:
        """Return what was expected and what came instead, or None where the input fits.

        Examples
        --------
        >>> InputSpec(ndim=2).mismatch((None, 4, 4), "float32")
        'expected ndim=2, found ndim=3'
        """
        shape, ndim = tuple(shape), len(shape)
        if self.ndim is not None and ndim != self.ndim:
            return f"expected ndim={self.ndim}, found ndim={ndim}"
        if self.max_ndim is not None and ndim > self.max_ndim:
            return f"expected max_ndim={self.max_ndim}, found ndim={ndim}"
        if self.min_ndim is not None and ndim < self.min_ndim:
            return f"expected min_ndim={self.min_ndim}, found ndim={ndim}"
        if self.dtype is not None and dtype != self.dtype:
            return f"expected dtype={self.dtype}, found dtype={dtype}"
        for axis, length in self.axes.items():
            if length is not None and shape[int(axis)] not in (length, None):
                return f"expected axis {axis} of input shape to have value {length} but got shape {shape}"
        if self.shape is not None:
            pairs = zip(self.shape, shape)
            if any(a is not None and b is not None and a != b for a, b in pairs):
                return f"expected shape={tuple(self.shape)}, found shape={shape}"
        return None


def check_inputs(layer_name: str, specs: Any, inputs: Sequence[Any]) -> None:
    """Raise ValueError unless `inputs` are as many as `specs` and each fits.

    Examples
    --------
    >>> import numpy as np
    >>> check_inputs("dense_1", InputSpec(min_ndim=2), [np.ones((3, 4))])
    """
    if not specs:
        return
    specs = list(specs) if isinstance(specs, (list, tuple)) else [specs]
    if len(inputs) != len(specs):
        raise ValueError(
            f"Layer {layer_name} expects {len(specs)} inputs, but it received {len(inputs)} input tensors. "
            f"Input received: {inputs}"
        )
    for index, (x, spec) in enumerate(zip(inputs, specs)):
        wrong = spec.mismatch(x.shape, str(x.dtype)) if spec is not None else None
        if wrong:
            raise ValueError(f"Input {index} is incompatible with layer {layer_name}: {wrong}")
