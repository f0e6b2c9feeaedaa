"""GRU."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..utils.keras1_arguments import accepts_keras1
from .recurrent_cells import DenseCell, gate_activation
from .recurrent_layers import CellLayer, of_cell


class GRUCell(DenseCell):
    """One step of `GRU`; the gates stand in the weights as update, reset, candidate.

    Parameters
    ----------
    units : int
        Size of the output, which is also the state.
    activation, recurrent_activation : activation
        Of the candidate, and of the gates.
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : initializer
    kernel_regularizer, recurrent_regularizer, bias_regularizer : regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : constraint, optional
    dropout, recurrent_dropout : float
        Fraction of the inputs, or of the state, to drop.
    implementation : {1, 2}
        Whether each gate has dropout of its own, or all have the same.
    reset_after : bool
        Whether the reset gate acts after the product with the recurrent weights; there are biases of both
        products then.

    Examples
    --------
    >>> GRUCell(4).state_size
    4
    """

    gates = 3
    gate_names = "zrh"
    _biases = ("input_bias", "recurrent_bias")
    activations = ("activation", "recurrent_activation")
    extras = ("units", "implementation", "reset_after")

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        implementation=2,
        reset_after=False,
        **kwargs,
    ):
        self._set_up(locals())

    def _bias_shape(self):
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def added_bias(self) -> Any:
        """Return the bias: of shape (3 units,), or (2, 3 units) with `reset_after`; or None."""
        return self.bias

    @property
    def input_bias(self) -> Any:
        """The bias of the product with the inputs, or None."""
        bias = self.added_bias()
        return bias if bias is None or not self.reset_after else bias[0]

    @property
    def recurrent_bias(self) -> Any:
        """The bias of the product with the state, with `reset_after`; or None."""
        bias = self.added_bias()
        return None if bias is None or not self.reset_after else bias[1]

    def project(self, x, training):
        x = self.product(self.dropped(x, "input", training), self.input_kernel())
        return x + self.input_bias if self.use_bias else x

    def advance(self, projected, states, training):
        x_z, x_r, x_h = self.split(projected)
        variants = self.dropped(states[0], "recurrent", training)
        # With one mask for all gates Keras carries on the state that was dropped.
        h = variants[0] if len(variants) == 1 else states[0]
        if self.reset_after:
            inner = self.product(variants, self.state_kernel())
            inner = inner + self.recurrent_bias if self.use_bias else inner
            h_z, h_r, h_h = self.split(inner)
            z, r = self.recurrent_activation(x_z + h_z), self.recurrent_activation(x_r + h_r)
            candidate = self.activation(x_h + r * h_h)
        else:
            gates = self.recurrent_kernel[:, : 2 * self.units]
            h_z, h_r = self.split(self.product(variants[:2], gates), 2)
            z, r = self.recurrent_activation(x_z + h_z), self.recurrent_activation(x_r + h_r)
            reset = ops.matmul(r * variants[-1], self.recurrent_kernel[:, 2 * self.units :])
            candidate = self.activation(x_h + reset)
        h = z * h + (1 - z) * candidate
        return h, [h]

    def _fused(self, x, states, mask, go_backwards):
        gates = gate_activation(self)
        if gates is None:
            return None
        outputs, h = ops.gru(
            x,
            self.input_kernel(),
            self.state_kernel(),
            self.added_bias(),
            *states,
            mask=mask,
            activation="tanh",
            recurrent_activation=gates,
            reset_after=self.reset_after,
            go_backwards=go_backwards,
        )
        return outputs, [h]


@of_cell(GRUCell)
class GRU(CellLayer):
    """Gated recurrent unit.

    Parameters
    ----------
    units : int
        Size of the output.
    activation, recurrent_activation : activation
        Of the candidate, and of the gates.
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : initializer
    kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer : regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : constraint, optional
    dropout, recurrent_dropout : float
        Fraction of the inputs, or of the state, to drop: the same at all steps.
    implementation : {1, 2}
        Whether each gate has dropout of its own, or all have the same.
    return_sequences, return_state, go_backwards, stateful, unroll : bool
        As of `RNN`.
    reset_after : bool
        Whether the reset gate acts after the product with the recurrent weights, as on NVIDIA's processors.

    References
    ----------
    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
    Translation", arXiv:1406.1078: the third version resets before the product, the first after it.

    Examples
    --------
    >>> GRU(4).compute_output_shape((None, 10, 3))
    (None, 4)
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
        reset_after=False,
        **kwargs,
    ):
        self._set_up(locals())
