"""Recurrent layers: kept states, cells of one's own, dropout, configurations, Keras 1 names, `K.rnn`."""

import numpy as np
import pytest
from layer_checks import check_layer

from pronghorn import backend as K
from pronghorn import layers, ops
from pronghorn.models import Model, Sequential

KINDS = [layers.SimpleRNN, layers.GRU, layers.LSTM, layers.CuDNNGRU, layers.CuDNNLSTM]
SERIES = (3, 4, 5)


@pytest.fixture
def x():
    return np.random.RandomState(0).standard_normal(SERIES).astype("float32")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sequences", [False, True])
def test_layer(kind, sequences):
    check_layer(kind, {"units": 2, "return_sequences": sequences}, SERIES)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_conv_lstm(data_format):
    arguments = {"filters": 2, "kernel_size": 2, "data_format": data_format}
    check_layer(layers.ConvLSTM2D, arguments, (2, 3, 4, 5, 4))


def test_conv_lstm_transposed_is_the_same():
    images = np.random.RandomState(1).standard_normal((2, 3, 5, 6, 2)).astype("float32")
    last = layers.ConvLSTM2D(3, 2, strides=2, return_sequences=True)
    first = layers.ConvLSTM2D(3, 2, strides=2, return_sequences=True, data_format="channels_first")
    expected = last(images)
    moved = np.moveaxis(images, -1, 2)
    first.build(moved.shape)
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(np.moveaxis(first(moved), 2, -1), expected, atol=1e-6)


@pytest.mark.parametrize("cell", [layers.SimpleRNNCell, layers.GRUCell, layers.LSTMCell])
def test_rnn_of_a_cell_is_the_layer_of_that_name(cell, x):
    layer = getattr(layers, cell.__name__.removesuffix("Cell"))(4, return_state=True)
    expected = layer(x)
    general = layers.RNN(cell(4), return_state=True)
    general.build(x.shape)
    general.set_weights(layer.get_weights())
    for a, b in zip(general(x), expected):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_cudnn_weights_are_those_of_the_general_layers_in_the_librarys_layout(x):
    for special, general, columns in (
        (layers.CuDNNGRU(2), layers.GRU(2, reset_after=True), 6),
        (layers.CuDNNLSTM(2), layers.LSTM(2), 8),
    ):
        special.build(SERIES)
        kernel, recurrent, _ = special.get_weights()
        bias = np.arange(2.0 * columns) / 10
        special.set_weights([kernel, recurrent, bias])
        general.build(SERIES)
        halves = bias.reshape(2, -1)
        gates = columns // 2
        for gate, *parts in zip(special.gate_names, np.hsplit(kernel, gates), *halves.reshape(2, gates, 2)):
            for name, part in zip((f"kernel_{gate}", f"bias_{gate}_i", f"bias_{gate}"), parts):
                np.testing.assert_allclose(K.eval(getattr(special, name)), part)
        kernel = [part.reshape(2, -1).T for part in np.hsplit(kernel, gates)]
        recurrent = [part.T for part in np.hsplit(recurrent, gates)]
        bias = halves if columns == 6 else halves.sum(0)
        general.set_weights([np.hstack(kernel), np.hstack(recurrent), bias])
        np.testing.assert_allclose(special(x), general(x), atol=1e-6)


def test_forget_bias_starts_with_ones():
    for layer, ones in ((layers.LSTM(2), [2, 3]), (layers.CuDNNLSTM(2), [10, 11])):
        layer.build(SERIES)
        np.testing.assert_array_equal(np.flatnonzero(layer.get_weights()[2]), ones)


# --- states


@pytest.mark.parametrize("kind", KINDS)
def test_stateful_goes_on_where_the_batch_before_ended(kind, x):
    whole = kind(2, input_shape=(4, 5))
    expected = Sequential([whole]).predict(x)
    layer = kind(2, stateful=True, batch_input_shape=(3, 2, 5))
    model = Sequential([layer])
    model.set_weights(whole.get_weights())
    model.predict(x[:, :2], batch_size=3)
    np.testing.assert_allclose(model.predict(x[:, 2:], batch_size=3), expected, atol=1e-6)
    model.reset_states()
    assert all(not state.numpy().any() for state in layer.states)


def test_reset_states_takes_arrays():
    layer = layers.LSTM(2, stateful=True)
    layer.build(SERIES)
    layer.reset_states([np.ones((3, 2)), np.zeros((3, 2))])
    assert layer.states[0].numpy().all()
    with pytest.raises(ValueError, match="expects 2 states"):
        layer.reset_states([np.ones((3, 2))])
    with pytest.raises(ValueError, match="State 1 is incompatible"):
        layer.reset_states([np.ones((3, 2)), np.zeros((2, 2))])
    with pytest.raises(AttributeError, match="stateful"):
        layers.LSTM(2).reset_states()


def test_stateful_needs_a_batch_size():
    with pytest.raises(ValueError, match="batch size"):
        layers.GRU(2, stateful=True)(layers.Input((4, 5)))


def test_encoder_hands_its_states_to_the_decoder(x):
    source, target = layers.Input((None, 5)), layers.Input((None, 5))
    _, *states = layers.LSTM(3, return_state=True)(source)
    model = Model([source, target], layers.LSTM(3)(target, initial_state=states))
    copy = Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy.predict([x, x[:, :2]]), model.predict([x, x[:, :2]]))


def test_wrong_initial_states_are_refused():
    inputs = layers.Input((4, 5))
    with pytest.raises(ValueError, match="not compatible with `cell.state_size`"):
        layers.LSTM(3)(inputs, initial_state=[layers.Input((3,)), layers.Input((2,))])
    layer = layers.LSTM(3)
    layer(inputs)
    with pytest.raises(ValueError, match="has 2 states but was passed 1"):
        layer(inputs, initial_state=layers.Input((3,)))
    with pytest.raises(ValueError, match="mix of Keras tensors"):
        layer(inputs, initial_state=[layers.Input((3,)), K.zeros((3, 3))])
    with pytest.raises(ValueError, match="does not support constants"):
        layer(inputs, constants=layers.Input((3,)))


def test_unrolling_an_open_length_is_refused():
    with pytest.raises(ValueError, match="Cannot unroll"):
        layers.SimpleRNN(3, unroll=True)(layers.Input((None, 5)))
    with pytest.raises(TypeError, match="Unrolling"):
        layers.ConvLSTM2D(3, 3, unroll=True)


# --- all steps at once, or one by one


def by_steps(cell_class):
    """Give a class of cells that is run step by step because its step is its own."""

    class Stepwise(cell_class):
        def call(self, inputs, states, training=None):
            return super().call(inputs, states, training)

    return Stepwise


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("cells", ["LSTM", "GRU", "SimpleRNN", "both"])
def test_all_steps_at_once_or_one_by_one(cells, masked, backwards, x):
    def layer(change):
        names = ["LSTM", "GRU"] if cells == "both" else [cells]
        made = []
        for name in names:
            cell = change(getattr(layers, f"{name}Cell"))(3, dropout=0.4)
            cell._seeds["input"] = [7] * cell.gates
            made.append(cell)
        return layers.RNN(made, return_sequences=True, return_state=True, go_backwards=backwards)

    at_once, one_by_one = layer(lambda cell: cell), layer(by_steps)
    at_once.build(SERIES)
    one_by_one.build(SERIES)
    one_by_one.set_weights(at_once.get_weights())
    options = {"mask": np.array([[0, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]], bool)} if masked else {}
    for training in (False, True):
        pairs = zip(at_once(x, training=training, **options), one_by_one(x, training=training, **options))
        for a, b in pairs:
            np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS[:3])
def test_inputs_of_all_steps_are_multiplied_at_once(kind):
    layer = kind(4, activation="relu")  # no operation has it
    layer.build((2, 6, 3))
    with ops.Trace() as trace:
        x = trace.feed((2, 6, 3))
        y = layer(x)
        trace.fetch(y)
        steps = [step for step in trace.compile().steps() if step["op"] == "gemm"]
    assert sum("float32(12, 3)" in step["shape"] for step in steps) == 1
    assert not any("float32(2, 3)" in step["shape"] for step in steps)


# --- cells of one's own


class Count:
    """A cell that is no layer: adds up the inputs, and counts the steps."""

    state_size = (5, 1)

    def call(self, inputs, states):
        total = inputs + states[0]
        return total, [total, states[1] + 1]


def test_cell_that_is_no_layer_with_masks(x):
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 1, 0]], bool)
    layer = layers.RNN(Count(), return_sequences=True, return_state=True)
    sums, last, steps = layer(x, mask=mask)
    expected = np.cumsum(x * mask[..., None], axis=1)
    np.testing.assert_allclose(sums, expected, atol=1e-6)
    np.testing.assert_allclose(last, expected[:, -1], atol=1e-6)
    np.testing.assert_array_equal(steps.ravel(), mask.sum(1))


def test_open_length_costs_nothing_where_only_shapes_are_asked_for():
    calls = []

    class Watched(Count):
        def call(self, inputs, states):
            calls.append(1)
            return super().call(inputs, states)

    inputs = layers.Input((None, 5))
    assert layers.RNN(Watched())(inputs).shape == (None, 5)
    assert not calls
    assert layers.TimeDistributed(layers.RNN(Watched()))(layers.Input((None, None, 5))).shape == (
        None,
        None,
        5,
    )
    assert len(calls) <= 2


def test_steps_of_a_long_sequence_have_a_gradient_of_linear_size():
    layer = layers.RNN(Count())
    with ops.Trace() as trace:
        x = trace.feed((2, 64, 5))
        [gradient] = trace.gradients([layer(x)], [x])
        trace.fetch(gradient)
        program = trace.compile()
    assert np.all(program.run([np.ones((2, 64, 5), "float32")])[0] == 1)


def test_stacked_cells_are_stacked_layers(x):
    stacked = layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)], return_state=True)
    outputs = stacked(x)
    assert [y.shape for y in outputs] == [(3, 3), (3, 4), (3, 4), (3, 3)]
    assert stacked.compute_output_shape(SERIES) == [y.shape for y in outputs]
    lower, upper = layers.LSTM(4, return_sequences=True), layers.GRU(3)
    upper(lower(x))
    lower.set_weights(stacked.cell.cells[0].get_weights())
    upper.set_weights(stacked.cell.cells[1].get_weights())
    np.testing.assert_allclose(outputs[0], upper(lower(x)), atol=1e-6)


def test_stack_refuses_what_is_no_cell():
    with pytest.raises(ValueError, match="`call` method"):
        layers.RNN([object()])
    with pytest.raises(ValueError, match="state_size"):
        layers.RNN(layers.Dense(3))


# --- dropout


@pytest.mark.parametrize("kind", KINDS[:3])
@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.5), (0.5, 0.5)])
def test_dropout_acts_in_training_only(kind, rates, x):
    layer = kind(3, dropout=rates[0], recurrent_dropout=rates[1])
    np.testing.assert_array_equal(layer(x), layer(x))
    assert (layer(x, training=True) != layer(x, training=True)).any()


@pytest.mark.parametrize("implementation", [1, 2])
def test_dropped_inputs_are_the_same_at_all_steps(implementation):
    layer = layers.LSTM(
        64, dropout=0.5, implementation=implementation, return_sequences=True, recurrent_initializer="zeros"
    )
    # No recurrence and no forgetting to speak of: equal inputs give equal candidates at each step.
    layer.build((1, 3, 1))
    kernel, recurrent, bias = layer.get_weights()
    bias[64:128] = -100
    layer.set_weights([kernel, recurrent, bias])
    steps = layer(np.ones((1, 3, 1), "float32"), training=True)[0]
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-6)


def test_one_seed_of_numpy_fixes_a_training(x):
    def train():
        np.random.seed(3)
        model = Sequential([layers.LSTM(3, dropout=0.3, recurrent_dropout=0.3, input_shape=SERIES[1:])])
        model.compile("sgd", "mse")
        return [model.train_on_batch(x, np.ones((3, 3))) for _ in range(3)]

    assert train() == train()


# --- configurations


@pytest.mark.parametrize("kind", KINDS)
def test_regularizers_and_constraints(kind):
    layer = kind(2, kernel_regularizer="l1", bias_regularizer="l2", recurrent_constraint="max_norm")
    layer.build(SERIES)
    assert len(layer.losses) == 2
    assert layer.weights[1].constraint is not None
    assert kind.from_config(layer.get_config()).get_config() == layer.get_config()


def test_parts_of_the_weights_that_belong_to_a_gate():
    lstm, gru, conv = layers.LSTM(2), layers.GRU(2, reset_after=True), layers.ConvLSTM2D(2, 3)
    lstm.build(SERIES)
    gru.build(SERIES)
    conv.build((2, 3, 5, 5, 1))
    np.testing.assert_array_equal(K.eval(lstm.cell.kernel_f), lstm.get_weights()[0][:, 2:4])
    np.testing.assert_array_equal(K.eval(lstm.cell.bias_f), [1, 1])
    np.testing.assert_array_equal(K.eval(gru.cell.recurrent_kernel_h), gru.get_weights()[1][:, 4:])
    assert K.eval(gru.cell.recurrent_bias_r).shape == (2,)
    np.testing.assert_array_equal(K.eval(conv.cell.kernel_o), conv.get_weights()[0][..., 6:])
    assert layers.GRU(2, use_bias=False).cell.use_bias is False


def test_identity_makes_one_matrix_per_gate():
    layer = layers.LSTM(3, recurrent_initializer="identity")
    layer.build(SERIES)
    np.testing.assert_array_equal(layer.get_weights()[1], np.tile(np.eye(3), 4))


def test_arguments_of_keras_1():
    with pytest.warns(UserWarning, match="Keras 2 API"):
        layer = layers.LSTM(
            output_dim=2, input_dim=5, inner_activation="hard_sigmoid", dropout_W=0.1, consume_less="gpu"
        )
    assert (layer.units, layer.dropout, layer.implementation) == (2, 0.1, 2)
    assert layer.batch_input_shape == (None, None, 5)


# --- K.rnn


def test_k_rnn_on_symbolic_tensors_and_arrays(x):
    def step(inputs, states):
        return inputs * states[1], [states[0] + inputs]

    symbolic = K.placeholder((3, 4, 5))
    scale = np.full((1, 5), 2.0, "float32")
    last, outputs, [state] = K.rnn(
        step, symbolic, [K.zeros((3, 5))], constants=[K.variable(scale)], go_backwards=True
    )
    assert outputs.shape == (3, 4, 5)
    found = K.function([symbolic], [last, outputs, state])([x])
    for a, b in zip(found, (x[:, 0] * 2, x[:, ::-1] * 2, x.sum(1))):
        np.testing.assert_allclose(a, b, atol=1e-6)
    with pytest.raises(ValueError, match="initial states"):
        K.rnn(step, x, [], mask=np.ones((3, 4)))
    with pytest.raises(ValueError, match="at least 3D"):
        K.rnn(step, x[0], [])
