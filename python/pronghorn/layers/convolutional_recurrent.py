"""ConvLSTM2D: an LSTM whose products are convolutions."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..engine.base_layer import InputSpec
from ..utils.conv_utils import conv_output_length, normalize_padding, normalize_tuple
from ..utils.keras1_arguments import accepts_keras1
from .recurrent_cells import GatedCell, forget_bias
from .recurrent_layers import CellLayer, of_cell
from .rnn import RNN, state_sizes


class ConvRNN2D(RNN):
    """A cell of images over the time steps of a sequence; see `RNN`.

    Parameters
    ----------
    cell : object
        As of `RNN`, and with ``kernel_size``, ``strides``, ``padding``, ``dilation_rate``, ``data_format``
        and ``filters``.
    return_sequences, return_state, go_backwards, stateful : bool
        As of `RNN`.
    unroll : bool
        Must be False.

    Examples
    --------
    >>> ConvRNN2D(ConvLSTM2DCell(4, 3, padding="same")).compute_output_shape((None, 9, 8, 8, 1))
    (None, 8, 8, 4)
    """

    def __init__(
        self,
        cell,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        **kwargs,
    ):
        if unroll:
            raise TypeError("Unrolling isn't possible with convolutional RNNs.")
        if isinstance(cell, (list, tuple)):
            raise TypeError("It is not possible at the moment to stack convolutional cells.")
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll, **kwargs)
        self.input_spec = [InputSpec(ndim=5)]

    def _image_shape(self, input_shape: tuple, channels: int) -> tuple:
        cell = self.cell
        first = cell.data_format == "channels_first"
        spatial = input_shape[3:5] if first else input_shape[2:4]
        sides = tuple(
            conv_output_length(length, size, cell.padding, stride, dilation)
            for length, size, stride, dilation in zip(
                spatial, cell.kernel_size, cell.strides, cell.dilation_rate
            )
        )
        return (channels, *sides) if first else (*sides, channels)

    def _state_shapes(self, input_shape):
        return [self._image_shape(input_shape, size) for size in state_sizes(self.cell)]

    def _output_shape(self, input_shape):
        return self._image_shape(input_shape, self.cell.filters)

    def _state_axis(self):
        return 1 if self.cell.data_format == "channels_first" else 3


class ConvLSTM2DCell(GatedCell):
    """One step of `ConvLSTM2D`.

    Parameters
    ----------
    filters : int
        Channels of the output and of each of the two states.
    kernel_size, strides, padding, data_format, dilation_rate
        As of `Conv2D`; the state is convolved with stride 1 and the padding "same".
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

    Examples
    --------
    >>> ConvLSTM2DCell(4, 3).state_size
    (4, 4)
    """

    gates = 4
    gate_names = "ifco"
    activations = ("activation", "recurrent_activation")
    extras = (
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "data_format",
        "dilation_rate",
        "unit_forget_bias",
    )

    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1),
        activation="tanh",
        recurrent_activation="hard_sigmoid",
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
        **kwargs,
    ):
        kernel_size = normalize_tuple(kernel_size, 2, "kernel_size")
        strides = normalize_tuple(strides, 2, "strides")
        padding = normalize_padding(padding)
        data_format = config.standardize_data_format(data_format)
        dilation_rate = normalize_tuple(dilation_rate, 2, "dilation_rate")
        self._set_up(locals())
        self.state_size = (self.filters, self.filters)

    def build(self, input_shape):
        axis = self._channel_axis()
        if input_shape[axis] is None:
            raise ValueError("The channel dimension of the inputs should be defined. Found `None`.")
        wide = self.filters * 4
        initializer = self.bias_initializer
        self.kernel_shape = (*self.kernel_size, input_shape[axis], wide)
        self._add_weights(
            self.kernel_shape,
            (*self.kernel_size, self.filters, wide),
            (wide,),
            forget_bias(initializer, self.filters) if self.unit_forget_bias else initializer,
        )
        self.built = True

    def _channel_axis(self) -> int:
        return 1 if self.data_format == "channels_first" else -1

    def input_conv(self, x, w, b=None, padding="valid"):
        """Convolve the inputs of a step, and add the bias where one is given."""
        y = ops.conv(
            x, w, self.strides, padding, data_format=self.data_format, dilation_rate=self.dilation_rate
        )
        if b is None:
            return y
        return y + (ops.reshape(b, (-1, 1, 1)) if self.data_format == "channels_first" else b)

    def recurrent_conv(self, x, w):
        """Convolve the state."""
        return ops.conv(x, w, 1, "same", data_format=self.data_format)

    def _by_gates(self, convolve: Any, variants: list, weight: Any, bias: Any = None) -> Any:
        """Convolve with the weights of gates: one input for all, or one for each, as `dropped` gives."""
        if len(variants) == 1:
            return convolve(variants[0], weight, bias)
        parts = [convolve(x, self._part(weight, k), self._part(bias, k)) for k, x in enumerate(variants)]
        return ops.concatenate(parts, axis=self._channel_axis())

    def call(self, inputs, states, training=None):
        h, c = states
        x = self.dropped(inputs, "input", training)
        z = self._by_gates(lambda x, w, b: self.input_conv(x, w, b, self.padding), x, self.kernel, self.bias)
        h = self.dropped(h, "recurrent", training)
        z = z + self._by_gates(lambda x, w, b: self.recurrent_conv(x, w), h, self.recurrent_kernel)
        i, f, candidate, o = ops.split(z, 4, axis=self._channel_axis())
        kept = self.recurrent_activation(f) * c
        c = kept + self.recurrent_activation(i) * self.activation(candidate)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]


@of_cell(ConvLSTM2DCell)
class ConvLSTM2D(CellLayer, ConvRNN2D):
    """Long short-term memory whose products are convolutions, over sequences of images.

    Parameters
    ----------
    filters : int
        Channels of the output and of each of the two states.
    kernel_size, strides, padding, data_format, dilation_rate
        As of `Conv2D`; the state is convolved with stride 1 and the padding "same".
    activation, recurrent_activation : activation
        Of the candidate and the output, and of the gates.
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : initializer
    unit_forget_bias : bool
        Whether the bias of the forget gate starts with ones.
    kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer : regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : constraint, optional
    return_sequences, go_backwards, stateful : bool
        As of `RNN`.
    dropout, recurrent_dropout : float
        Fraction of the inputs, or of the state, to drop: the same at all steps.

    References
    ----------
    Shi et al., "Convolutional LSTM Network: A Machine Learning Approach for Precipitation Nowcasting",
    arXiv:1506.04214. As in Keras, the cell's state does not enter the gates.

    Examples
    --------
    >>> ConvLSTM2D(4, 3, return_sequences=True).compute_output_shape((None, 9, 8, 8, 1))
    (None, 9, 6, 6, 4)
    """

    @accepts_keras1("convlstm2d")
    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1),
        activation="tanh",
        recurrent_activation="hard_sigmoid",
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
        return_sequences=False,
        go_backwards=False,
        stateful=False,
        dropout=0.0,
        recurrent_dropout=0.0,
        **kwargs,
    ):
        self._set_up(locals())
