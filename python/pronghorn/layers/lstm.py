"""LSTM."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..utils.keras1_arguments import accepts_keras1
from .recurrent_cells import DenseCell, forget_bias, gate_activation
from .recurrent_layers import CellLayer, of_cell


class LSTMCell(DenseCell):
    """One step of `LSTM`; the gates stand in the weights as input, forget, candidate, output.

    Parameters
    ----------
    units : int
        Size of the output and of each of the two states.
    activation, recurrent_activation : activation
        Of the candidate and the output, and of the gates.
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : initializer
    unit_forget_bias : bool
        Whether the bias of the forget gate starts with ones.
    kernel_regularizer, recurrent_regularizer, bias_regularizer : regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : constraint, optional
    dropout, recurrent_dropout : float
        Fraction of the inputs, or of the state, to drop.
    implementation : {1, 2}
        Whether each gate has dropout of its own, or all have the same.

    Examples
    --------
    >>> LSTMCell(4).state_size
    (4, 4)
    """

    gates = 4
    gate_names = "ifco"
    activations = ("activation", "recurrent_activation")
    extras = ("units", "unit_forget_bias", "implementation")

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        implementation=2,
        **kwargs,
    ):
        self._set_up(locals())
        self.state_size = (self.units, self.units)

    def _bias_initializer(self) -> Any:
        return (
            forget_bias(self.bias_initializer, self.units) if self.unit_forget_bias else self.bias_initializer
        )

    def added_bias(self) -> Any:
        """Return what is added to the products of the gates, or None."""
        return self.bias

    def project(self, x, training):
        z, bias = self.product(self.dropped(x, "input", training), self.input_kernel()), self.added_bias()
        return z if bias is None else z + bias

    def advance(self, projected, states, training):
        h, c = states
        h = self.product(self.dropped(h, "recurrent", training), self.state_kernel())
        i, f, candidate, o = self.split(projected + h)
        kept = self.recurrent_activation(f) * c
        c = kept + self.recurrent_activation(i) * self.activation(candidate)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]

    def _fused(self, x, states, mask, go_backwards):
        gates = gate_activation(self)
        if gates is None:
            return None
        outputs, h, c = ops.lstm(
            x,
            self.input_kernel(),
            self.state_kernel(),
            self.added_bias(),
            *states,
            mask=mask,
            activation="tanh",
            recurrent_activation=gates,
            go_backwards=go_backwards,
        )
        return outputs, [h, c]


@of_cell(LSTMCell)
class LSTM(CellLayer):
    """Long short-term memory.

    Parameters
    ----------
    units : int
        Size of the output and of each of the two states.
    activation, recurrent_activation : activation
        Of the candidate and the output, and of the gates.
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : initializer
    unit_forget_bias : bool
        Whether the bias of the forget gate starts with ones.
    kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer : regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : constraint, optional
    dropout, recurrent_dropout : float
        Fraction of the inputs, or of the state, to drop: the same at all steps.
    implementation : {1, 2}
        Whether each gate has dropout of its own, or all have the same.
    return_sequences, return_state, go_backwards, stateful, unroll : bool
        As of `RNN`.

    References
    ----------
    Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 1997. Gers et al., "Learning to
    forget", 2000.

    Examples
    --------
    >>> LSTM(4, return_sequences=True).compute_output_shape((None, 10, 3))
    (None, 10, 4)
    """

    @accepts_keras1("recurrent")
    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
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
        dropout=0.0,
        recurrent_dropout=0.0,
        implementation=2,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        **kwargs,
    ):
        self._set_up(locals())
