"""TimeDistributed and Bidirectional: layers, models, masks, losses and states within."""

import numpy as np
import pytest
from layer_checks import check_layer

from pronghorn import backend as K
from pronghorn import layers
from pronghorn.models import Model, Sequential


def test_time_distributed_layer():
    class Steps(layers.TimeDistributed):
        def __init__(self, units, dtype):
            super().__init__(layers.Dense(units, dtype=dtype), dtype=dtype)

        def get_config(self):
            return {"units": self.layer.units, "dtype": self.dtype}

        @classmethod
        def from_config(cls, config):
            return cls(**config)

    from pronghorn.engine.registry import register

    register(Steps)
    outputs = check_layer(Steps, {"units": 3}, (2, 4, 5))
    assert outputs.shape == (2, 4, 3)


def test_time_distributed_model_over_open_lengths():
    inner = Sequential([layers.Conv2D(2, 3, input_shape=(6, 6, 1)), layers.Flatten(), layers.Dense(3)])
    frames = layers.Input((None, 6, 6, 1))
    encoded = layers.TimeDistributed(inner)(frames)
    assert encoded.shape == (None, None, 3)
    model = Model(frames, layers.LSTM(2)(encoded))
    x = np.random.RandomState(0).standard_normal((2, 3, 6, 6, 1)).astype("float32")
    steps = Model(frames, encoded).predict(x)
    for i in range(3):
        np.testing.assert_allclose(steps[:, i], inner.predict(x[:, i]), atol=1e-6)
    copy = Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy.predict(x), model.predict(x), atol=1e-6)


def test_masks_go_through_time_distributed():
    words = layers.Input((None, None), dtype="int32")
    embedded = layers.TimeDistributed(layers.Embedding(5, 4, mask_zero=True))(words)
    sentences = layers.TimeDistributed(layers.LSTM(3))(embedded)
    model = Model(words, layers.LSTM(2)(sentences))
    x = np.array([[[1, 2, 3], [4, 0, 0], [0, 0, 0]], [[2, 2, 0], [0, 0, 0], [0, 0, 0]]])
    masks = [x._keras_history[0]._inbound_nodes[0].output_masks[0] for x in (embedded, sentences)]
    found = K.function([words], masks)([x])
    np.testing.assert_array_equal(found[0], x > 0)
    np.testing.assert_array_equal(found[1], (x > 0).any(-1))
    # Padding more changes nothing.
    padded = np.pad(x, ((0, 0), (0, 2), (0, 1)))
    np.testing.assert_allclose(model.predict(padded), model.predict(x), atol=1e-6)


def test_layer_without_masks_keeps_that_of_the_sequence():
    layer = layers.TimeDistributed(layers.Dense(3))
    masked = layers.Masking()(layers.Input((4, 5)))
    y = layer(masked)
    x = np.ones((2, 4, 5), "float32")
    x[1, 2:] = 0
    [mask] = K.function(
        [masked._keras_history[0]._inbound_nodes[0].input_tensors[0]], [layer.get_output_mask_at(0)]
    )([x])
    np.testing.assert_array_equal(mask, x.any(-1))
    assert y.shape == (None, 4, 3)


def test_losses_and_updates_of_the_layer_within():
    model = Sequential(
        [
            layers.TimeDistributed(layers.Dense(2, kernel_regularizer="l1"), input_shape=(3, 4)),
            layers.TimeDistributed(layers.Dense(2, activity_regularizer="l2")),
            layers.TimeDistributed(layers.BatchNormalization()),
        ]
    )
    assert len(model.losses) == 2
    assert len(model.updates) == 2
    model.compile("sgd", "mse")
    x = np.random.RandomState(0).standard_normal((5, 3, 4)).astype("float32")
    hidden = Model(model.input, model.layers[1].output).predict(x)
    penalty = np.abs(model.get_weights()[0]).sum() * 0.01 + (hidden**2).sum() * 0.01
    y = model.predict(x)
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), penalty, rtol=1e-4)


def test_stateful_layer_within_time_distributed_runs_step_by_step():
    inputs = layers.Input(batch_shape=(2, 3, 4, 5))
    layer = layers.TimeDistributed(layers.GRU(2, stateful=True))
    assert Model(inputs, layer(inputs)).predict(np.ones((2, 3, 4, 5)), batch_size=2).shape == (2, 3, 2)


def test_time_distributed_needs_time():
    with pytest.raises(ValueError, match="rank 3"):
        layers.TimeDistributed(layers.Dense(2))(layers.Input((4,)))


def test_wrapper_keeps_the_layer_frozen():
    dense = layers.Dense(2, trainable=False)
    layer = layers.TimeDistributed(dense)
    layer.build((None, 3, 4))
    assert not layer.trainable_weights and len(layer.non_trainable_weights) == 2
    layer.trainable = True
    assert dense.trainable and len(layer.trainable_weights) == 2


@pytest.mark.parametrize("mode", ["concat", "sum", None])
def test_bidirectional_configuration_and_weights(mode):
    layer = layers.Bidirectional(layers.LSTM(2, return_state=True), merge_mode=mode)
    inputs = layers.Input((4, 3))
    outputs = layer(inputs)
    model = Model(inputs, outputs)
    x = np.random.RandomState(0).standard_normal((2, 4, 3)).astype("float32")
    copy = Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    given = layers.Bidirectional(
        layers.LSTM(2, return_state=True), merge_mode=mode, weights=layer.get_weights()
    )
    again = Model(inputs, given(inputs))
    for a, b, c in zip(model.predict(x), copy.predict(x), again.predict(x)):
        np.testing.assert_allclose(a, b)
        np.testing.assert_allclose(a, c)
    assert [w.name.split("/")[1] for w in layer.weights[::3]] == [
        layer.forward_layer.name,
        layer.backward_layer.name,
    ]


def test_bidirectional_shares_the_cell_with_the_layer_given():
    lstm = layers.LSTM(2)
    layer = layers.Bidirectional(lstm)
    layer(layers.Input((4, 3)))
    assert len(layer.weights) == 6
    np.testing.assert_array_equal(lstm.cell.get_weights()[0], layer.get_weights()[0])


def test_bidirectional_keeps_states():
    layer = layers.Bidirectional(layers.GRU(2, stateful=True), batch_input_shape=(2, 4, 3))
    model = Sequential([layer])
    x = np.ones((2, 4, 3), "float32")
    first = model.predict(x, batch_size=2)
    assert (model.predict(x, batch_size=2) != first).any()
    model.reset_states()
    np.testing.assert_array_equal(model.predict(x, batch_size=2), first)


def test_bidirectional_refuses():
    with pytest.raises(ValueError, match="merge mode"):
        layers.Bidirectional(layers.GRU(2), merge_mode="most")
    with pytest.raises(ValueError, match="underlying RNNs"):
        layers.Bidirectional(layers.GRU(2))(layers.Input((4, 3)), initial_state=layers.Input((2,)))


def test_activity_of_both_directions_is_regularized_once():
    model = Sequential([layers.Bidirectional(layers.GRU(2, activity_regularizer="l2"), input_shape=(4, 3))])
    model.compile("sgd", "mse")
    x = np.ones((2, 4, 3), "float32")
    y = model.predict(x)
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), 0.01 * (y**2).sum(), rtol=1e-4)
