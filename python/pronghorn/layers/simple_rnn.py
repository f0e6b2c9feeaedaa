"""SimpleRNN: the output of each step goes back into the next."""

from __future__ import annotations

from .. import activations, ops
from ..utils.keras1_arguments import accepts_keras1
from ..utils.warn import warn
from .recurrent_cells import DenseCell
from .recurrent_layers import CellLayer, of_cell


class SimpleRNNCell(DenseCell):
    """One step of `SimpleRNN`: ``activation(x W + h U + b)``.

    Parameters
    ----------
    units : int
        Size of the output, which is also the state.
    activation : activation
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : initializer
    kernel_regularizer, recurrent_regularizer, bias_regularizer : regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : constraint, optional
    dropout, recurrent_dropout : float
        Fraction of the inputs, or of the state, to drop.

    Examples
    --------
    >>> SimpleRNNCell(4).state_size
    4
    """

    gates = 1

    def __init__(
        self,
        units,
        activation="tanh",
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
        **kwargs,
    ):
        self._set_up(locals())

    def project(self, x, training):
        x = self.product(self.dropped(x, "input", training), self.kernel)
        return x if self.bias is None else x + self.bias

    def advance(self, projected, states, training):
        h = self.product(self.dropped(states[0], "recurrent", training), self.recurrent_kernel)
        h = self.activation(projected + h)
        return h, [h]

    def _fused(self, x, states, mask, go_backwards):
        if self.activation is not activations.tanh:
            return None
        outputs, h = ops.simple_rnn(
            x,
            self.kernel,
            self.recurrent_kernel,
            self.bias,
            *states,
            mask=mask,
            activation="tanh",
            go_backwards=go_backwards,
        )
        return outputs, [h]


@of_cell(SimpleRNNCell)
class SimpleRNN(CellLayer):
    """A recurrent layer whose output at each step is an input of the next.

    Parameters
    ----------
    units : int
        Size of the output.
    activation : activation
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : initializer
    kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer : regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : constraint, optional
    dropout, recurrent_dropout : float
        Fraction of the inputs, or of the state, to drop: the same at all steps.
    return_sequences, return_state, go_backwards, stateful, unroll : bool
        As of `RNN`.

    Examples
    --------
    >>> SimpleRNN(4).compute_output_shape((None, 10, 3))
    (None, 4)
    """

    @accepts_keras1("recurrent")
    def __init__(
        self,
        units,
        activation="tanh",
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
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        **kwargs,
    ):
        if kwargs.pop("implementation", None) is not None:
            warn("`SimpleRNN` has no `implementation` to choose: it is ignored")
        self._set_up(locals())
