"""Graphs of layers: order, sharing, nesting, losses, configurations, and graphs that are none."""

import json

import numpy as np
import pytest

from pronghorn import layers, ops
from pronghorn.engine.network import Network, get_source_inputs
from pronghorn.layers import Dense, Input, concatenate
from pronghorn.models import Model, Sequential, clone_model, model_from_json
from pronghorn.naming import reset_uids


@pytest.fixture(autouse=True)
def fresh_names():
    reset_uids()


def two_towers(name="model"):
    a, b = Input((32,), name="input_a"), Input((32,), name="input_b")
    dense = Dense(16, name="dense_1")
    merged = concatenate([dense(a), dense(b)], name="merge")
    c = Dense(64, name="dense_2")(merged)
    return Model([a, b], [c, Dense(5, name="dense_3")(c)], name=name)


def values(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_layers_come_in_order_of_depth():
    model = two_towers()
    names = [layer.name for layer in model.layers]
    assert sorted(names[:2]) == ["input_a", "input_b"]
    assert names[2:] == ["dense_1", "merge", "dense_2", "dense_3"]
    assert model.input_names == ["input_a", "input_b"] and model.output_names == ["dense_2", "dense_3"]
    assert model.output_shape == [(None, 64), (None, 5)]
    assert model.compute_output_shape([(10, 32), (10, 32)]) == [(10, 64), (10, 5)]
    assert model.compute_mask(model.inputs, [None, None]) == [None, None]
    sources = get_source_inputs(model.outputs[0])
    assert sources[0] is model.inputs[0] and sources[1] is model.inputs[1]


def test_the_first_layer_of_a_chain_of_a_thousand_is_found():
    x = y = Input((1,))
    for _ in range(1000):
        y = layers.Activation("linear")(y)
    assert len(Model(x, y).layers) == 1001


def test_a_shared_layer_is_as_deep_as_its_deepest_call():
    a, b = Input((10,), name="a"), Input((10,), name="b")
    shared = Dense(4)
    longer = Dense(6)(Dense(5)(Dense(3)(shared(b))))
    model = Model([a, b], concatenate([shared(a), longer]))
    depths = {layer.name: d for d, found in model._layers_by_depth.items() for layer in found}
    assert depths["a"] == depths["b"]


def test_models_run_on_arrays_and_on_new_inputs():
    model = two_towers()
    a, b = values((10, 32)), values((10, 32), 1)
    first, second = model([a, b])
    assert first.shape == (10, 64) and second.shape == (10, 5)
    e, f = Input((32,), name="e"), Input((32,), name="f")
    g, h = model([e, f])
    outer = Model([e, f], [Dense(7, name="dense_4")(h), g], name="outer")
    assert [layer.name for layer in outer.layers][2:] == ["model", "dense_4"]
    assert outer.compute_output_shape([(10, 32), (10, 32)]) == [(10, 7), (10, 64)]
    np.testing.assert_array_equal(outer([a, b])[1], first)


def test_a_model_called_twice_computes_twice():
    x = Input((3,))
    inner = Model(x, Dense(2, use_bias=False, kernel_initializer="ones")(x))
    a, b = Input((3,)), Input((3,))
    outer = Model([a, b], layers.subtract([inner(a), inner(b)]))
    np.testing.assert_allclose(outer([np.full((1, 3), 5.0), np.full((1, 3), 2.0)]), [[9, 9]])
    # The inner model's own tensors are part of the outer graph here, and must not leak into its second call.
    again = Model(x, layers.add([inner.outputs[0], inner(layers.Activation("relu")(x))]))
    np.testing.assert_allclose(again(np.full((1, 3), -1.0)), [[-3, -3]])


def test_layers_shared_between_depths_survive_the_configuration():
    x = Input((5,))
    a, b = Dense(5, name="A"), Dense(5, name="B")
    model = Model(x, a(b(a(b(x)))))
    copy = Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    data = values((10, 5))
    np.testing.assert_array_equal(model(data), copy(data))


def test_configurations_keep_nested_and_shared_models():
    inner = two_towers("inner")
    j, k, o, p = (Input((32,), name=name) for name in "jkop")
    _, n = inner([j, k])
    q, _ = inner([o, p])
    model = Model([j, k, o, p], concatenate([n, q]))
    text = model.to_json()
    assert json.loads(text)["class_name"] == "Model"
    copy = model_from_json(text)
    assert copy.to_json() == text
    copy.set_weights(model.get_weights())
    data = [values((4, 32), seed) for seed in range(4)]
    np.testing.assert_array_equal(model(data), copy(data))


def test_call_arguments_are_part_of_the_configuration():
    x = Input((2,))
    model = Model(x, layers.Dropout(0.5)(x, training=True))
    assert not model.uses_learning_phase
    y = Input((2,))
    assert not model(y)._uses_learning_phase
    copy = Model.from_config(model.get_config())
    assert not copy.uses_learning_phase
    assert (copy(np.ones((50, 2))) == 0).any()
    with pytest.warns(UserWarning, match="non-serializable keyword arguments"):
        Model(x, layers.Dropout(0.5)(x, training=object())).get_config()


def test_yaml_makes_the_round_trip():
    pytest.importorskip("yaml")
    from pronghorn.models import model_from_yaml

    model = two_towers()
    assert model_from_yaml(model.to_yaml()).to_json() == model.to_json()


def test_graphs_that_are_none():
    model = two_towers()
    j, k = Input((32,), name="j"), Input((32,), name="k")
    m, n = model([j, k])
    with pytest.raises(ValueError, match="Graph disconnected: cannot obtain value for tensor .* at layer"):
        Model([j], [m, n])
    with pytest.raises(ValueError, match="inputs passed to the model is redundant"):
        Model([j, k, j], [m, n])
    with pytest.raises(ValueError, match="must be the output of a Keras `Layer`"):
        Model([j, k], [m, n, 0])
    with pytest.raises(ValueError, match="must come from `keras.layers.Input`"):
        Model([ops.KerasTensor((None, 3))], [m])
    with pytest.raises(ValueError), pytest.warns(UserWarning, match="generated by layer"):
        Model([Dense(32)(j), k], [m, n])
    with pytest.raises(ValueError, match='The name "same" is used 2 times in the model'):
        Model(j, Dense(1, name="same")(Dense(1, name="same")(j)))
    assert len(Model([j, k], [m, n, n]).outputs) == 3  # as Keras allows


def test_get_layer():
    model = two_towers()
    assert model.get_layer("merge") is model.get_layer(index=3)
    for arguments in ({"index": 9}, {"index": None}, {"name": "conv"}):
        with pytest.raises(ValueError):
            model.get_layer(**arguments)


def test_number_of_inputs_is_checked():
    model = two_towers()
    with pytest.raises(ValueError, match="expects 2 inputs, but it received 1"):
        model(values((2, 32)))
    with pytest.raises(ValueError, match="model has 2 tensor inputs"):
        model.compute_output_shape((None, 32))


def test_trainable_reaches_into_nested_models():
    x = Input((1,))
    inner = Model(x, Dense(2)(x))
    y = Input((1,))
    outer = Model(y, inner(y))
    assert outer.trainable_weights == inner.trainable_weights and len(outer.weights) == 2
    inner.trainable = False
    assert outer.trainable_weights == [] and outer.non_trainable_weights == inner.weights
    inner.trainable = True
    inner.layers[-1].trainable = False
    assert outer.trainable_weights == []


def test_set_weights_checks_number_and_shapes():
    model = two_towers()
    weights = model.get_weights()
    with pytest.raises(ValueError, match="was expecting 6 weights"):
        model.set_weights(weights[:-1])
    with pytest.raises(ValueError, match="not compatible with provided weight shape"):
        model.set_weights([*weights[:-1], np.zeros(3)])


# --- what a model is made of beside layers


def test_operations_become_layers():
    x = Input((3,), name="x")
    y = ops.sum(x * 2.0 + 1.0, axis=-1, keepdims=True)
    model = Model(x, Dense(1, kernel_initializer="ones")(y))
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer"] + ["OpLayer"] * 3 + ["Dense"]
    data = values((4, 3))
    expected = (data * 2 + 1).sum(-1, keepdims=True)
    np.testing.assert_allclose(model(data), expected, rtol=1e-6)
    copy = model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy(data), expected, rtol=1e-6)


def test_operations_take_indices_arrays_and_several_tensors():
    a, b = Input((4,)), Input((4,))
    table = np.arange(8, dtype="float32").reshape(2, 4)
    y = ops.concatenate([a[:, 1:3], b[..., ::2]], axis=-1)
    model = Model([a, b], [y, ops.matmul(a, table.T)])
    copy = Model.from_config(json.loads(json.dumps(model.get_config())))
    u, v = values((3, 4)), values((3, 4), 1)
    for found in (model, copy):
        np.testing.assert_array_equal(found([u, v])[0], np.concatenate([u[:, 1:3], v[:, ::2]], -1))
        np.testing.assert_allclose(found([u, v])[1], u @ table.T, rtol=1e-5)


def test_variables_in_operations_are_weights():
    x = Input((3,))
    scale, shift = ops.Variable(2.0), ops.Variable(1.0, trainable=False)
    model = Model(x, x * scale + shift)
    assert model.trainable_weights == [scale] and model.non_trainable_weights == [shift]
    np.testing.assert_array_equal(model(np.ones((1, 3))), [[3, 3, 3]])
    scale.assign(5.0)
    np.testing.assert_array_equal(model(np.ones((1, 3))), [[6, 6, 6]])


def test_losses_of_layers_calls_and_the_model_are_listed_once():
    x = Input((2,))
    hidden = Dense(3, kernel_regularizer="l2", activity_regularizer="l1")(x)
    inner = Model(x, Dense(1)(hidden))
    assert len(inner.losses) == 2
    assert len(inner.get_losses_for(None)) == 1 and len(inner.get_losses_for(x)) == 1
    y = Input((2,))
    outer = Model(y, inner(y))
    assert len(inner.losses) == 2 and len(outer.losses) == 2
    outer.add_loss(ops.mean(outer.outputs[0]))
    assert len(outer.losses) == 3


def test_listed_losses_have_the_values_that_calls_add():
    from pronghorn.engine.call_context import CallContext

    x = Input((2,))
    dense = Dense(
        3, kernel_initializer="ones", use_bias=False, kernel_regularizer="l2", activity_regularizer=ops.sum
    )
    inner = Model(x, dense(x))
    inner.add_loss(ops.sum(inner.outputs[0]) * 10.0)
    y = Input((2,))
    outer = Model(y, inner(y * 2.0))
    data = np.ones((1, 2), "float32")
    found = ops.Function([y], [loss for loss in outer.losses if loss is not inner.losses[-1]])([data])
    np.testing.assert_allclose(sorted(float(v) for v in found), [0.06, 12.0, 120.0][: len(found)], rtol=1e-6)
    with ops.Trace() as trace, CallContext() as context:
        outer(trace.feed((1, 2)))
        for loss in context.losses:
            trace.fetch(loss)
        added = trace.compile().run([data])
    np.testing.assert_allclose(sorted(float(v) for v in added), [0.06, 12.0, 120.0], rtol=1e-6)


def test_losses_inside_custom_layers_are_found():
    class Penalised(layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = Dense(3, kernel_regularizer="l2", activity_regularizer="l2")

        def call(self, inputs):
            self.add_loss(ops.mean(inputs))
            return self.dense(inputs)

    x = Input((2,))
    model = Model(x, Penalised()(x))
    assert len(model.weights) == 2 and len(model.losses) == 3
    assert len(model.get_losses_for(None)) == 1 and len(model.get_losses_for(x)) == 2


def test_masks_pass_through_nested_models():
    x = Input((5, 3))
    inner = Model(x, Dense(2)(x))
    masking = Model(x, layers.Masking()(x))
    y = Input((5, 3))
    z = inner(masking(y))
    mask = z._keras_history[0].get_output_mask_at(1)
    data = np.ones((1, 5, 3), "float32")
    data[0, 2:] = 0
    np.testing.assert_array_equal(ops.Function([y], [mask])([data])[0], [[1, 1, 0, 0, 0]])


def test_clones_have_layers_of_their_own():
    model = two_towers()
    copy = clone_model(model)
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]
    assert not {id(w) for w in copy.weights} & {id(w) for w in model.weights}
    a, b = Input((32,), name="a"), Input((32,), name="b")
    on_others = clone_model(model, input_tensors=[a, b])
    assert on_others.inputs == [a, b]
    on_data = clone_model(model, input_tensors=[ops.Variable(values((4, 32))), ops.Variable(values((4, 32)))])
    assert on_data.output_shape == [(4, 64), (4, 5)] and on_data._feed_inputs == []
    chain = clone_model(Sequential([Dense(2, input_shape=(3,))]), input_tensors=Input((3,)))
    assert chain.output_shape == (None, 2)
    with pytest.raises(ValueError, match="to be a `Model` instance"):
        clone_model(3)


def test_keras_1_names_of_the_ends():
    x = Input((2,))
    y = Dense(1)(x)
    with pytest.warns(UserWarning):
        assert Network(input=x, output=y).outputs == [y]


# --- a call of one's own


class Residual(Model):
    def __init__(self, units):
        super().__init__()
        self.first = Dense(units)
        self.blocks = [Dense(units), Dense(units)]

    def call(self, inputs, training=None):
        x = self.first(inputs)
        for block in self.blocks:
            x = x + block(x)
        return x * 2.0 if training else x


def test_subclassed_models_find_their_layers():
    model = Residual(4)
    assert model.name == "residual_1" and not model.built
    assert model(values((3, 5))).shape == (3, 4)
    assert len(model.layers) == 3 and len(model.weights) == 6
    data = values((3, 5))
    np.testing.assert_allclose(model(data, training=True), 2 * model(data), rtol=1e-6)
    with pytest.raises(NotImplementedError):
        model.get_config()


def test_subclassed_models_are_layers_too():
    x = Input((5,))
    model = Residual(4)
    outer = Model(x, Dense(1)(model(x)))
    assert outer.output_shape == (None, 1) and len(outer.weights) == 8


def test_forgotten_constructor_of_the_base_is_named():
    class Forgetful(Model):
        def __init__(self):
            self.dense = Dense(1)

    with pytest.raises(RuntimeError, match="forgot to call"):
        Forgetful()


def test_shapes_are_found_for_inputs_of_other_types_and_shapes():
    x = Input((None,), dtype="int32")
    model = Model(x, ops.cast(x, "float32")[:, ::2])
    assert model.compute_output_shape((4, 7)) == (4, 4)
    y = Input((9,), dtype="int32")
    assert model(y).shape == (None, 5)


def test_reported_metrics_reach_the_history():
    x = Input((2,))
    hidden = Dense(3, kernel_initializer="ones", use_bias=False)(x)
    model = Model(x, Dense(1)(hidden))
    model.add_metric(ops.sum(hidden), name="total")
    model.compile("sgd", "mse")
    history = model.fit(np.ones((1, 2)), np.ones((1, 1)), verbose=0).history
    assert history["total"] == [6.0]


class TensorOfAnother:
    """Stands for a tensor of another framework."""

    shape, dtype = (10, 4), "float32 of its own"

    def __array__(self, dtype=None, copy=None):
        return values((10, 4))


@pytest.mark.parametrize("tensor", [ops.Variable(values((10, 4))), values((10, 4)), TensorOfAnother()])
def test_models_over_variables_train_without_data(tensor):
    x = Input(tensor=tensor)
    model = Model(x, Dense(4)(x))
    model.compile("sgd", "mse")
    first = model.train_on_batch(None, np.ones((10, 4)))
    assert model.train_on_batch(None, np.ones((10, 4))) < first
    assert model.predict(None, steps=1).shape == (10, 4)
