"""Keras's names for the recurrent layers of NVIDIA's library, computed on the processor like the others.

Their weights are laid out as Keras lays them out, so that what was trained on a graphics card can be loaded.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from .gru import GRU, GRUCell
from .lstm import LSTM, LSTMCell
from .options import passed_on
from .recurrent_cells import forget_bias, nth_part
from .recurrent_layers import CellLayer

# What the library's layers do not leave to choose.
_FIXED = (
    "activation",
    "recurrent_activation",
    "use_bias",
    "dropout",
    "recurrent_dropout",
    "implementation",
    "reset_after",
    "unroll",
)


class _LibraryKernels:
    """Kernels as the library keeps them: those of each gate transposed, whatever their shapes say."""

    def input_kernel(self):
        parts = [
            ops.transpose(ops.reshape(part, (self.units, part.shape[0]))) for part in self.split(self.kernel)
        ]
        return ops.concatenate(parts, axis=-1)

    def state_kernel(self):
        return ops.concatenate([ops.transpose(part) for part in self.split(self.recurrent_kernel)], axis=-1)


class _CuDNNGRUCell(_LibraryKernels, GRUCell):
    """A `GRUCell` whose two biases are one vector."""

    def _bias_shape(self):
        return (6 * self.units,)

    def added_bias(self):
        return ops.reshape(self.bias, (2, 3 * self.units))


class _CuDNNLSTMCell(_LibraryKernels, LSTMCell):
    """An `LSTMCell` with a bias for each of the two products, which are added up."""

    def _bias_shape(self):
        return (8 * self.units,)

    def _bias_initializer(self):
        if not self.unit_forget_bias:
            return self.bias_initializer
        return forget_bias(self.bias_initializer, self.units, before=5)

    def added_bias(self):
        return self.bias[: 4 * self.units] + self.bias[4 * self.units :]


def _part(weight: str, k: int, count: int) -> property:
    return property(lambda self: nth_part(getattr(self, weight), k, count))


class _CuDNN(CellLayer):
    gate_names = ""  # one letter for each

    def __init_subclass__(cls) -> None:
        """Give each gate's part of the weights under Keras's names, such as ``kernel_i``."""
        super().__init_subclass__()
        letters = cls.__dict__.get("gate_names", "")
        for k, gate in enumerate(letters):
            for weight in ("kernel", "recurrent_kernel"):
                setattr(cls, f"{weight}_{gate}", _part(weight, k, len(letters)))
            # One bias is added to the product with the inputs, one to that with the state.
            setattr(cls, f"bias_{gate}_i", _part("bias", k, 2 * len(letters)))
            setattr(cls, f"bias_{gate}", _part("bias", len(letters) + k, 2 * len(letters)))

    def _finish(self) -> None:
        self.supports_masking = False

    def compute_mask(self, inputs, mask=None):
        first = mask[0] if isinstance(mask, (list, tuple)) else mask
        if first is not None:
            raise ValueError("Masking is not supported for CuDNN RNNs.")
        return super().compute_mask(inputs, None)

    @property
    def kernel(self) -> Any:
        """The weights of the inputs."""
        return self.cell.kernel

    @property
    def recurrent_kernel(self) -> Any:
        """The weights of the state."""
        return self.cell.recurrent_kernel

    @property
    def bias(self) -> Any:
        """The biases of both products, one after the other."""
        return self.cell.bias

    def get_config(self) -> dict[str, Any]:
        return {name: value for name, value in super().get_config().items() if name not in _FIXED}


class CuDNNGRU(_CuDNN, GRU):
    """A `GRU` with ``reset_after=True`` and no other choices; its bias is one vector of 6 `units`.

    Parameters
    ----------
    units : int
        Size of the output.
    kernel_initializer, recurrent_initializer, bias_initializer : initializer
    kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer : regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : constraint, optional
    return_sequences, return_state, stateful : bool
        As of `RNN`.

    Examples
    --------
    >>> CuDNNGRU(4).compute_output_shape((None, 10, 3))
    (None, 4)
    """

    _cell_class = _CuDNNGRUCell
    gate_names = "zrh"

    def __init__(
        self,
        units,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        return_sequences=False,
        return_state=False,
        stateful=False,
        **kwargs,
    ):
        GRU.__init__(self, **passed_on(locals()), reset_after=True)
        self._finish()


class CuDNNLSTM(_CuDNN, LSTM):
    """An `LSTM` with the standard activations; its bias is one vector of 8 `units`.

    Parameters
    ----------
    units : int
        Size of the output and of each of the two states.
    kernel_initializer, recurrent_initializer, bias_initializer : initializer
    unit_forget_bias : bool
        Whether the bias of the forget gate starts with ones.
    kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer : regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : constraint, optional
    return_sequences, return_state, stateful : bool
        As of `RNN`.

    Examples
    --------
    >>> CuDNNLSTM(4).compute_output_shape((None, 10, 3))
    (None, 4)
    """

    _cell_class = _CuDNNLSTMCell
    gate_names = "ifco"

    def __init__(
        self,
        units,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        return_sequences=False,
        return_state=False,
        stateful=False,
        **kwargs,
    ):
        LSTM.__init__(self, **passed_on(locals()))
        self._finish()
