"""The layer by itself: arguments, names, weights, what it owns, and calls on arrays."""

import numpy as np
import pytest

from pronghorn import initializers, metrics, ops
from pronghorn.engine.base_layer import InputSpec, Layer
from pronghorn.layers import Activation, BatchNormalization, Dense, Dropout, Input
from pronghorn.naming import reset_uids


class Scale(Layer):
    """Without `compute_output_shape`: shapes are found by tracing."""

    def build(self, input_shape):
        self.factor = self.add_weight("factor", (input_shape[-1],), initializer="ones")

    def call(self, inputs):
        return inputs * self.factor


@pytest.fixture(autouse=True)
def fresh_names():
    reset_uids()


def test_names_count_per_class():
    assert [Dense(1).name, Dense(1).name, BatchNormalization().name] == [
        "dense_1",
        "dense_2",
        "batch_normalization_1",
    ]
    assert Dense(1, name="mine").name == "mine"


def test_unknown_arguments_are_refused():
    with pytest.raises(TypeError, match="Keyword argument not understood"):
        Scale(size=3)


@pytest.mark.parametrize(
    "arguments, shape",
    [
        ({"input_shape": (3, 4)}, (None, 3, 4)),
        ({"input_shape": (3,), "batch_size": 8}, (8, 3)),
        ({"batch_input_shape": (5, 3)}, (5, 3)),
        ({"input_dim": 3}, (None, 3)),
        ({"input_dim": 3, "input_length": 7}, (None, 7, 3)),
    ],
)
def test_shape_arguments(arguments, shape):
    assert Scale(**arguments).batch_input_shape == shape


def test_configuration_makes_an_equal_layer():
    config = Scale(name="s", trainable=False, input_shape=(2,), dtype="float64").get_config()
    assert config == {
        "name": "s",
        "trainable": False,
        "batch_input_shape": (None, 2),
        "dtype": "float64",
    }
    assert Scale.from_config(config).get_config() == config


def test_weights_come_trainable_first_and_follow_trainable():
    class Both(Layer):
        def build(self, input_shape):
            self.add_weight("fixed", (2,), trainable=False)
            self.add_weight("free", (2,))

    layer = Both()
    layer(np.zeros((1, 2)))
    free, fixed = layer.weights
    assert (free.name, fixed.name) == ("both_1/free:0", "both_1/fixed:0")
    assert layer.trainable_weights == [free] and layer.non_trainable_weights == [fixed]
    layer.trainable = False
    assert layer.trainable_weights == [] and layer.non_trainable_weights == [free, fixed]


def test_add_weight_takes_type_initializer_and_keras_1_order():
    layer = Layer(dtype="int64")
    assert layer.add_weight("w", [], initializer=initializers.Constant(3)).dtype == "int64"
    assert layer.add_weight((2, 3), "v", dtype="float32").shape == (2, 3)
    np.testing.assert_array_equal(layer.weights[0].numpy(), 3)


def test_set_weights_checks_all_before_changing_any():
    layer = Dense(2)
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(ValueError, match="weight list of length 1, but the layer was expecting 2"):
        layer.set_weights([np.zeros((3, 2))])
    with pytest.raises(ValueError, match=r"Layer weight shape \(2,\) not compatible .* \(3,\)"):
        layer.set_weights([np.zeros((3, 2)), np.zeros(3)])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])
    layer.set_weights([np.ones((3, 2)), np.ones(2)])
    np.testing.assert_array_equal(layer.get_weights()[0], 1)


def test_initial_weights():
    layer = Dense(2, weights=[np.ones((3, 2)), np.zeros(2)])
    np.testing.assert_array_equal(layer(np.ones((1, 3))), [[3, 3]])


def test_count_params_needs_a_built_layer():
    with pytest.raises(RuntimeError, match="the layer isn't built"):
        Dense(2).count_params()


@pytest.mark.parametrize(
    "spec, shape, dtype, message",
    [
        (InputSpec(ndim=2), (None, 3, 4), "float32", "expected ndim=2, found ndim=3"),
        (InputSpec(max_ndim=2), (None, 3, 4), "float32", "expected max_ndim=2, found ndim=3"),
        (InputSpec(min_ndim=3), (None, 3), "float32", "expected min_ndim=3, found ndim=2"),
        (InputSpec(dtype="int32"), (None, 3), "float32", "expected dtype=int32, found dtype=float32"),
        (InputSpec(axes={-1: 4}), (None, 3), "float32", "expected axis -1 of input shape to have value 4"),
        (InputSpec(shape=(None, 4)), (None, 3), "float32", r"expected shape=\(None, 4\), found shape"),
    ],
)
def test_input_spec_says_what_was_expected(spec, shape, dtype, message):
    layer = Scale(name="s")
    layer.input_spec = spec
    with pytest.raises(ValueError, match="Input 0 is incompatible with layer s: " + message):
        layer(Input(batch_shape=shape, dtype=dtype))


def test_number_and_kind_of_inputs():
    layer = Scale(name="s")
    with pytest.raises(ValueError, match="Layer s was called with an input that isn't a symbolic tensor"):
        layer("text")
    layer.input_spec = [InputSpec(ndim=2), InputSpec(ndim=2)]
    with pytest.raises(ValueError, match="Layer s expects 2 inputs, but it received 1 input tensors"):
        layer(Input((3,)))
    assert repr(InputSpec(ndim=2, axes={1: 3})) == "InputSpec(ndim=2, axes={1: 3})"


def test_shapes_are_traced_where_the_layer_does_not_say():
    assert Scale().compute_output_shape((None, 7, 3)) == (None, 7, 3)

    class Split(Layer):
        def call(self, inputs):
            return [inputs[:, :1], ops.sum(inputs, axis=1)]

    assert Split().compute_output_shape((None, 4)) == [(None, 1), (None,)]
    first, second = Split()(Input((4,)))
    assert first.shape == (None, 1) and second.shape == (None,)


def test_super_gives_an_override_the_shape_it_starts_from():
    class Twice(Layer):
        def call(self, inputs):
            return [inputs, inputs]

        def compute_output_shape(self, input_shape):
            shape = super().compute_output_shape(input_shape)
            return [shape, shape]

    assert [x.shape for x in Twice()(Input((4,)))] == [(None, 4)] * 2


def test_layers_variables_and_metrics_set_as_attributes_are_found():
    class Block(Layer):
        def __init__(self):
            super().__init__()
            self.dense = Dense(3)
            self.more = [Dense(2), Dense(4)]
            self.by_name = {"last": Dense(1)}
            self.scale = ops.Variable(1.0)
            self.offset = ops.Variable(0.0, trainable=False)
            self.seen = metrics.Mean(name="seen")

        def call(self, inputs):
            x = self.dense(inputs)
            for layer in self.more:
                x = layer(x)
            return self.by_name["last"](x) * self.scale + self.offset

    block = Block()
    assert block.metrics == [block.seen] and block._layers == [block.dense]
    y = block(Input((5,)))
    assert y.shape == (None, 1)
    assert block.trainable_weights[0] is block.scale and block.non_trainable_weights == [block.offset]
    assert len(block.weights) == 2 + 4 * 2
    assert [w.name for w in block.dense.weights] == ["block_1/dense_1/kernel:0", "block_1/dense_1/bias:0"]
    block.dense.trainable = False
    assert len(block.trainable_weights) == 1 + 3 * 2


def test_add_update_and_add_loss_are_filed_by_input():
    a, layer = Input((2,)), Dense(1)
    layer.add_update(0, inputs=a)
    layer.add_update(1)
    layer.add_loss(0, inputs=a)
    layer.add_loss([1])
    layer.add_loss(None)
    assert layer.get_updates_for(a) == [0] and layer.get_updates_for(None) == [1]
    assert layer.get_losses_for(a) == [0] and layer.get_losses_for(None) == [1]
    assert layer.losses == [0, 1] and layer.updates == [0, 1]
    layer.trainable = False
    assert layer.updates == [] and layer.get_updates_for(a) == []


def test_metrics_of_one_name_are_one():
    layer, x = Dense(1), Input((2,))
    layer.add_metric(ops.sum(x), name="total")
    layer.add_metric(ops.sum(x), name="total")
    assert [metric.name for metric in layer.metrics] == ["total"]


# --- calls on arrays


def test_call_on_arrays_computes_at_once():
    layer = Dense(2, kernel_initializer="ones")
    x = np.ones((4, 3))  # float64, as NumPy makes them
    y = layer(x)
    assert isinstance(y, np.ndarray) and y.dtype == np.float32
    np.testing.assert_array_equal(y, np.full((4, 2), 3))
    np.testing.assert_array_equal(layer(np.ones((1, 3), "float32")), [[3, 3]])
    with pytest.raises(ValueError, match="axis -1 of input shape to have value 3"):
        layer(np.ones((1, 5)))


def test_call_on_arrays_follows_weights_and_settings():
    layer = Scale()
    x = np.ones((1, 2), "float32")
    np.testing.assert_array_equal(layer(x), [[1, 1]])
    layer.set_weights([np.array([2.0, 3.0])])
    np.testing.assert_array_equal(layer(x), [[2, 3]])
    activation = Activation("relu")
    np.testing.assert_array_equal(activation(-x), [[0, 0]])
    activation.activation = ops.abs
    np.testing.assert_array_equal(activation(-x), [[1, 1]])


def test_call_on_arrays_passes_training_on():
    layer, x = Dropout(0.5), np.ones((100, 100), "float32")
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer(x, training=False), x)
    first, second = layer(x, training=True), layer(x, training=True)
    assert 0.4 < (first == 0).mean() < 0.6
    assert (first != second).any()  # another draw at each call


def test_programs_are_kept_per_shape_and_traced_once():
    traces = []

    class Counting(Layer):
        def call(self, inputs):
            traces.append(inputs.shape)
            return inputs + 1.0

    layer = Counting()
    for rows in (2, 3, 2, 3):
        layer(np.zeros((rows, 2), "float32"))
    assert traces == [(2, 2), (3, 2)]


def test_several_inputs_and_outputs_on_arrays():
    class Swap(Layer):
        def call(self, inputs):
            return [inputs[1], inputs[0]]

    a, b = np.zeros((1, 2), "float32"), np.ones((1, 3), "float32")
    first, second = Swap()([a, b])
    np.testing.assert_array_equal(first, b)
    np.testing.assert_array_equal(second, a)


def test_a_layer_is_not_bound_to_the_first_batch_size():
    shapes = []

    class Seen(Layer):
        def build(self, input_shape):
            shapes.append(input_shape)

    Seen()(np.zeros((7, 2)))
    assert shapes == [(None, 2)]
