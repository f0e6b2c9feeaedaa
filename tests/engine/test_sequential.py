"""Stacks of layers: when they are built, what may be added, and what they print."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn.layers import Activation, Conv2D, Dense, Dropout, Flatten, Input, InputLayer, Lambda, Layer
from pronghorn.models import Model, Sequential, model_from_json
from pronghorn.naming import reset_uids


@pytest.fixture(autouse=True)
def fresh_names():
    reset_uids()


def test_built_as_layers_are_added():
    model = Sequential()
    model.add(Dense(8, input_shape=(4,)))
    assert model.built and model.output_shape == (None, 8) and len(model.layers) == 1
    model.add(Activation("relu"))
    model.add(Dense(3))
    assert model.input_shape == (None, 4) and model.output_shape == (None, 3) and len(model.weights) == 4
    assert model.count_params() == 4 * 8 + 8 + 8 * 3 + 3
    assert model.inputs[0].name == "dense_1_input"


@pytest.mark.parametrize("first", [Input((4,)), InputLayer((4,))])
def test_inputs_may_stand_first(first):
    model = Sequential([first, Dense(2)])
    assert model.output_shape == (None, 2) and len(model.layers) == 1


def test_built_later_by_shape_or_by_data():
    model = Sequential([Dense(3), Dense(2)])
    assert not model.built and len(model.layers) == 2 and model.weights == []
    model.build((None, 4))
    assert model.built and len(model.layers) == 2 and len(model.weights) == 4
    by_data = Sequential([Dense(3), Dense(2)])
    assert by_data(np.ones((5, 4))).shape == (5, 2)
    assert len(by_data.weights) == 4
    nested = Sequential([Sequential([Dense(3), Dense(3)]), Dense(5)])
    nested.build((None, 4))
    assert len(nested.layers[0].weights) == 4 and len(nested.weights) == 6


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sequential([Dense(3, input_shape=(4,)), Dense(2)]),
        lambda: Sequential([Input((4,)), Dense(3), Dense(2)]),
        lambda: Sequential([Sequential([Dense(3, input_shape=(4,))]), Dense(2)]),
    ],
)
def test_configuration_makes_the_round_trip(make):
    model = make()
    copy = Sequential.from_config(model.get_config())
    assert copy.built and copy.output_shape == (None, 2)
    copy.set_weights(model.get_weights())
    data = np.ones((2, 4), "float32")
    np.testing.assert_array_equal(model(data), copy(data))
    assert model_from_json(model.to_json()).get_config() == model.get_config()


def test_deferred_build_is_part_of_the_configuration():
    model = Sequential([Dense(3)])
    assert not Sequential.from_config(model.get_config()).built
    model.build((None, 4))
    assert len(Sequential.from_config(model.get_config()).weights) == 2


def test_lists_of_keras_1_are_read():
    layers = Sequential([Dense(3, input_shape=(4,))]).get_config()["layers"]
    assert Sequential.from_config(layers).output_shape == (None, 3)


def test_pop():
    model = Sequential([Dense(8, input_shape=(4,)), Dense(3)])
    model.pop()
    assert len(model.layers) == 1 and model.output_shape == (None, 8)
    model.add(Dense(2))
    assert model(np.ones((1, 4))).shape == (1, 2)
    model.pop()
    model.pop()
    assert model.outputs is None and model.layers == []
    with pytest.raises(TypeError, match="There are no layers in the model"):
        model.pop()
    model.add(Dense(1, input_shape=(2,)))
    assert model.output_shape == (None, 1)


def test_what_can_not_be_added():
    with pytest.raises(TypeError, match="must be an instance of class Layer. Found: dense"):
        Sequential().add("dense")
    with pytest.raises(ValueError, match="Cannot add an empty model"):
        Sequential().add(Sequential())
    several = Lambda(lambda x: [x, x])
    with pytest.raises(TypeError, match="should have a single output tensor"):
        Sequential([Dense(1, input_shape=(2,)), several])
    dense = Dense(2, input_shape=(2,))
    with pytest.raises(ValueError, match='Layer "dense_2" is in it already'):
        Sequential([dense, dense])


def test_a_graph_may_stand_first():
    x = Input((4,))
    model = Sequential([Model(x, Dense(3)(x)), Dense(2)])
    assert model.output_shape == (None, 2)


def test_trainable_survives_further_layers():
    model = Sequential([Dense(2, input_shape=(3,))])
    model.trainable = False
    model.add(Dense(1))
    assert model.trainable_weights == []


class Counting(Layer):
    """Counts training steps, as batch normalisation keeps its moving means."""

    def build(self, input_shape):
        self.count = self.add_weight("count", initializer="zeros", trainable=False)

    def call(self, inputs, training=None):
        if K.learning_phase() if training is None else training:
            self.add_update([(self.count, self.count + 1.0)], inputs)
        return inputs


def test_frozen_models_make_no_updates():
    model = Sequential([Counting(input_shape=(4,)), Counting()])
    x = Input((4,))
    outer = Model(x, model(x))
    assert len(model.updates) == 2 == len(outer.updates)
    model.trainable = False
    assert model.updates == [] == outer.updates
    model.trainable = True
    model.layers[0].trainable = False
    assert len(model.updates) == 1
    data = np.ones((1, 4))
    outer(data, training=True)
    outer(data)
    assert [float(weight.numpy()) for weight in model.weights] == [0, 1]


CHAIN = """\
Model: "sequential_1"
_________________________________________________________________
Layer (type)                 Output Shape              Param #   
=================================================================
dense_1 (Dense)              (None, 512)               401920    
_________________________________________________________________
dropout_1 (Dropout)          (None, 512)               0         
_________________________________________________________________
a_layer_with_a_name_that_is_ (None, 10)                5130      
=================================================================
Total params: 407,050
Trainable params: 407,050
Non-trainable params: 0
_________________________________________________________________"""  # noqa: W291

GRAPH = """\
Model: "model_1"
__________________________________________________________________________________________________
Layer (type)                    Output Shape         Param #     Connected to                     
==================================================================================================
a (InputLayer)                  (None, 4)            0                                            
__________________________________________________________________________________________________
b (InputLayer)                  (None, 4)            0                                            
__________________________________________________________________________________________________
dense_1 (Dense)                 (None, 8)            40          a[0][0]                          
                                                                 b[0][0]                          
__________________________________________________________________________________________________
add_1 (Add)                     (None, 8)            0           dense_1[0][0]                    
                                                                 dense_1[1][0]                    
==================================================================================================
Total params: 40
Trainable params: 0
Non-trainable params: 40
__________________________________________________________________________________________________"""  # noqa: W291


def test_summary_of_a_chain(capsys):
    model = Sequential(
        [
            Dense(512, input_shape=(784,)),
            Dropout(0.2),
            Dense(10, name="a_layer_with_a_name_that_is_too_long"),
        ]
    )
    model.summary()
    assert capsys.readouterr().out == CHAIN + "\n"


def test_summary_of_a_graph():
    from pronghorn.layers import add

    a, b = Input((4,), name="a"), Input((4,), name="b")
    dense = Dense(8, trainable=False)
    lines = []
    Model([a, b], add([dense(a), dense(b)])).summary(print_fn=lines.append)
    assert "\n".join(lines) == GRAPH


def test_summary_of_operations_and_memory():
    model = Sequential(
        [
            Conv2D(8, 3, input_shape=(16, 16, 3)),
            Flatten(),
            Lambda(lambda x: x + K.random_normal((1,))),
            Dense(5, name="last"),
        ]
    )
    lines = []
    np.random.seed(3)
    model.summary(print_fn=lines.append, flops=True, memory=True, batch_size=2)
    table = {line.split()[0]: line for line in lines}
    dense = 2 * 14 * 14 * 8 * 5
    assert table["last"].split()[-2:] == [f"{dense / 1000:.4g}", "k"]
    assert lines[-2].startswith("Predicting a batch of 2: ") and "FLOPs, " in lines[-2]
    assert "KiB of memory" in lines[-2] and not any("Training" in line for line in lines)
    model.compile("adam", "mse")
    lines.clear()
    model.summary(print_fn=lines.append, flops=True, batch_size=64)
    predict, train = (float(line.split(": ")[1].split()[0]) for line in lines[-3:-1])
    assert 2 < train / predict < 4 and "memory" not in lines[-2]
    # Looking at it draws no random numbers.
    after = np.random.rand()
    np.random.seed(3)
    assert np.random.rand() == after


def test_summary_of_operations_where_shapes_are_not_known():
    lines = []
    model = Sequential([Dense(2, input_shape=(None, 3))])
    model.summary(print_fn=lines.append, flops=True, memory=True)
    assert lines[4].split()[-1] == "?"
    assert lines[-2] == "Predicting a batch of 32: not known, as the shapes are not"


def test_summary_takes_widths_and_needs_a_built_model():
    lines = []
    Sequential([Flatten(input_shape=(2, 3))]).summary(
        line_length=40, positions=[20, 30, 40], print_fn=lines.append
    )
    assert lines[1] == "_" * 40 and lines[4] == "flatten_1 (Flatten) (None, 6) 0         "
    with pytest.raises(ValueError, match="This model has not yet been built"):
        Sequential([Dense(1)]).summary()
