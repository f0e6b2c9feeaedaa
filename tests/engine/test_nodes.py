"""Calls of layers on symbolic tensors: nodes, shapes, masks, and the errors where they are ambiguous."""

import numpy as np
import pytest

from pronghorn import ops
from pronghorn.engine.base_layer import Layer
from pronghorn.layers import Dense, Dropout, Input, InputLayer, Lambda, Masking, concatenate


def test_input_makes_a_node_of_its_own():
    a = Input((32,), name="a")
    layer, node_index, tensor_index = a._keras_history
    node = layer._inbound_nodes[node_index]
    assert (node_index, tensor_index) == (0, 0) and a._keras_shape == (None, 32)
    assert node.outbound_layer is layer and node.inbound_layers == [] and node.input_masks == [None]
    assert node.input_tensors == [a] and node.output_tensors == [a]
    assert node.input_shapes == [(None, 32)] == node.output_shapes


def test_shared_layer_has_a_node_per_call():
    a, b = Input((32,), name="a"), Input((32,), name="b")
    dense = Dense(16)
    x, y = dense(a), dense(b)
    assert [node.input_tensors for node in dense._inbound_nodes] == [[a], [b]]
    assert dense._inbound_nodes[1].get_config()["inbound_layers"] == ["b"]
    assert len(a._keras_history[0]._outbound_nodes) == 1 and dense._outbound_nodes == []
    assert dense.get_input_at(0) is a and dense.get_output_at(1) is y and dense.get_output_at(0) is x
    assert dense.get_input_shape_at(1) == (None, 32) and dense.get_output_shape_at(0) == (None, 16)
    assert dense.get_input_mask_at(0) is None and dense.get_output_mask_at(1) is None
    assert dense.input_shape == (None, 32) and dense.output_shape == (None, 16)
    for attribute in ("input", "output", "input_mask", "output_mask"):
        with pytest.raises(AttributeError, match="has multiple inbound nodes"):
            getattr(dense, attribute)


def test_shapes_that_differ_between_calls_are_ambiguous():
    dense = Dense(16)
    dense(Input((3, 8)))
    dense(Input((5, 8)))
    for attribute in ("input_shape", "output_shape"):
        with pytest.raises(AttributeError, match="Use `get_" + attribute + r"_at\(node_index\)` instead"):
            getattr(dense, attribute)
    assert dense.get_output_shape_at(1) == (None, 5, 16)


def test_a_layer_that_was_never_called_says_so():
    dense = Dense(1, name="d")
    for attribute, message in [
        ("input", "Layer d is not connected, no input to return"),
        ("output", "Layer d has no inbound nodes"),
        ("input_shape", "has no defined input shape"),
        ("output_shape", "has no defined output shape"),
    ]:
        with pytest.raises(AttributeError, match=message):
            getattr(dense, attribute)
    with pytest.raises(RuntimeError, match="never been called and thus has no defined output shape"):
        dense.get_output_shape_at(0)
    dense(Input((2,)))
    with pytest.raises(ValueError, match="Asked to get input at node 3, but the layer has only 1 inbound"):
        dense.get_input_at(3)


def test_several_inputs():
    a, b = Input((4,)), Input((6,))
    merged = concatenate([a, b], name="m")
    layer, node_index, _ = merged._keras_history
    assert node_index == 0 and merged.shape == (None, 10) and layer.input == [a, b]
    assert layer.input_shape == [(None, 4), (None, 6)]


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({}, AssertionError),
        ({"shape": (3,), "sparse": True}, ValueError),
    ],
)
def test_input_arguments_that_make_no_input(arguments, error):
    with pytest.raises(error):
        Input(**arguments)


def test_input_layer_arguments():
    with pytest.raises(ValueError, match="Only provide the input_shape OR batch_input_shape"):
        InputLayer(input_shape=(2,), batch_input_shape=(None, 2))
    with pytest.raises(ValueError, match="either a `batch_input_shape` or an `input_shape`"):
        InputLayer()
    assert InputLayer((2,), batch_size=4).output_shape == (4, 2)
    assert Input((), dtype="int32").shape == (None,)
    assert Input(batch_shape=(3, 2), dtype="int64").dtype == "int64"


def test_input_over_a_variable_reads_it():
    v = ops.Variable(np.arange(6).reshape(2, 3))
    x = Input(tensor=v)
    assert x.shape == (2, 3) and not x._keras_history[0].is_placeholder
    out = ops.Function([], [Lambda(lambda t: t * 2.0)(x)])([])[0]
    np.testing.assert_array_equal(out, v.numpy() * 2)
    v.assign(np.zeros((2, 3)))
    np.testing.assert_array_equal(ops.Function([], [x])([])[0], 0)


def test_learning_phase_is_known_from_the_graph():
    a, b = Input((4,)), Input((4,))
    x, y = Dense(2)(a), Dropout(0.5)(b)
    assert not x._uses_learning_phase and y._uses_learning_phase
    assert concatenate([x, y])._uses_learning_phase
    assert not Dropout(0.5)(b, training=True)._uses_learning_phase


def test_layers_take_placeholders_and_variables():
    x = ops.KerasTensor((None, 4))
    assert Dense(3)(x).shape == (None, 3)
    dense = Dense(3, kernel_initializer="ones")
    y = dense(ops.Variable(np.ones((2, 4))))
    assert y.shape == (2, 3)
    np.testing.assert_array_equal(ops.Function([], [y])([])[0], 4)


# --- masks


def test_masks_travel_with_symbolic_tensors():
    x = Input((5, 3))
    masked = Masking()(x)
    y = Dense(2)(masked)
    layer = y._keras_history[0]
    assert layer.input_mask is not None and layer.output_mask is layer.input_mask
    data = np.ones((1, 5, 3), "float32")
    data[0, 3:] = 0
    found = ops.Function([x], [layer.output_mask])([data])[0]
    np.testing.assert_array_equal(found, [[True, True, True, False, False]])


def test_masks_travel_with_traced_tensors():
    seen = []

    class Inner(Layer):
        def call(self, inputs, mask=None):
            seen.append(None if mask is None else mask.shape)
            return inputs

    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.masking, self.inner = Masking(), Inner()

        def call(self, inputs):
            return self.inner(self.masking(inputs))

    data = np.ones((2, 5, 3), "float32")
    with pytest.raises(TypeError, match="does not support masking, but was passed an input_mask"):
        Outer()(data)
    outer = Outer()
    outer.inner.supports_masking = True
    outer(data)
    assert seen[-1] == (2, 5)


def test_a_layer_without_masks_refuses_them():
    masked = Masking()(Input((5, 3)))
    with pytest.raises(TypeError, match="does not support masking"):
        Layer()(masked)


def test_a_function_may_close_over_symbolic_tensors():
    from pronghorn.models import Model

    a, b = Input((3,)), Input((3,))
    doubled = b * 2.0
    model = Model([a, b], Lambda(lambda x: x + doubled)(a) - b)
    np.testing.assert_array_equal(model([np.ones((2, 3)), np.full((2, 3), 5.0)]), np.full((2, 3), 6.0))


def test_errors_within_call_name_the_innermost_layer():
    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Lambda(lambda x: ops.reshape(x, (7, 7)), name="square")

        def call(self, inputs):
            return self.inner(inputs)

    with pytest.raises(ValueError, match='^Lambda "square": '):
        Outer()(np.ones((2, 3)))


@pytest.mark.parametrize("dtype", ["int32", np.int32, np.dtype("int32")])
def test_types_may_be_numpys(dtype):
    assert Input((3,), dtype=dtype).dtype == "int32"
    assert Layer(dtype=dtype).get_config()["dtype"] == "int32"


def test_the_symbolic_learning_phase_may_be_passed_as_training():
    from pronghorn import backend as K

    x = Input((50,))
    y = Dropout(0.5)(x, training=K.learning_phase())
    assert y._uses_learning_phase
    f = K.function([x, K.learning_phase()], [y])
    data = np.ones((2, 50))
    assert (f([data, 1])[0] == 0).any() and (f([data, 0])[0] == 1).all()
