"""Models of every layer, built alike with Pronghorn and with the Keras that it is compared with.

Each row: name, function that builds the model with a `keras` module, shapes of the inputs without the batch,
and whether a training step draws random numbers.
"""

import os
import subprocess
import sys
import traceback
import zlib
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))

from layer_cases import CASES  # noqa: E402

BATCH = 4
# TensorFlow interpolates images in another way, and has no channels_first kernels; Flatten takes no masks.
_SKIPPED = ("upsampling2d_bilinear", "masking")
_OPTIMIZERS = [
    ("Adam", {}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("Adam", {"amsgrad": True}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("SGD", {}),
]
# The newer class of tf-keras keeps a product of momenta that its files lack.
_DIFFERENT_FORMULA = ("Nadam",)


def _layer(kind, arguments, shapes):
    def build(keras):
        inputs = [keras.layers.Input(shape[1:]) for shape in shapes]
        layer = getattr(keras.layers, kind)(**arguments)
        x = layer(inputs if len(inputs) > 1 else inputs[0])
        if len(x.shape) > 2:
            x = keras.layers.Flatten()(x)
        return keras.models.Model(inputs, keras.layers.Dense(2)(x))

    return build


def _of_cases():
    for name, kind, arguments, shapes, _ in CASES:
        if name in _SKIPPED or arguments.get("data_format") == "channels_first":
            continue
        yield name, _layer(kind, arguments, shapes), [shape[1:] for shape in shapes], False


def _row(shape, random=False):
    def decorate(build):
        ROWS.append((build.__name__, build, [shape] if isinstance(shape[0], int) else shape, random))
        return build

    return decorate


ROWS = list(_of_cases())

_SERIES, _IMAGE = (5, 3), (6, 5, 3)
for _name, _kind, _arguments in [
    ("simple_rnn", "SimpleRNN", {"units": 3}),
    ("gru", "GRU", {"units": 3, "reset_after": False, "recurrent_activation": "hard_sigmoid"}),
    ("gru_after", "GRU", {"units": 3, "reset_after": True, "return_sequences": True}),
    ("lstm", "LSTM", {"units": 3, "go_backwards": True}),
    ("lstm_no_bias", "LSTM", {"units": 3, "use_bias": False, "unroll": True}),
]:
    ROWS.append((_name, _layer(_kind, _arguments, [(BATCH, *_SERIES)]), [_SERIES], False))
for _kind, _arguments, _shape in [
    ("Dropout", {"rate": 0.3}, (5,)),
    ("SpatialDropout1D", {"rate": 0.3}, _SERIES),
    ("SpatialDropout2D", {"rate": 0.3}, _IMAGE),
    ("SpatialDropout3D", {"rate": 0.3}, (3, 3, 2, 2)),
    ("GaussianNoise", {"stddev": 0.3}, (5,)),
    ("GaussianDropout", {"rate": 0.3}, (5,)),
    ("AlphaDropout", {"rate": 0.3}, (5,)),
]:
    ROWS.append((_kind.lower(), _layer(_kind, _arguments, [(BATCH, *_shape)]), [_shape], True))


@_row((5, 6, 5, 2))
def conv_lstm(keras):
    layers = keras.layers
    x = layers.Input((5, 6, 5, 2))
    y = layers.ConvLSTM2D(2, 3, padding="same", return_sequences=True)(x)
    return keras.models.Model(x, layers.Dense(2)(layers.Flatten()(layers.ConvLSTM2D(2, 2)(y))))


@_row(_SERIES)
def bidirectional(keras):
    layers = keras.layers
    both = layers.Bidirectional(layers.GRU(2, return_sequences=True), merge_mode="concat")
    return keras.models.Sequential(
        [layers.Masking(0.5, input_shape=_SERIES), both, layers.Bidirectional(layers.LSTM(2), "sum")]
    )


@_row(_SERIES)
def time_distributed(keras):
    layers = keras.layers
    inner = keras.models.Sequential([layers.Dense(4, activation="relu", input_shape=(3,)), layers.Dense(2)])
    return keras.models.Sequential(
        [
            layers.TimeDistributed(inner, input_shape=_SERIES),
            layers.TimeDistributed(layers.Dense(3)),
            layers.GlobalMaxPooling1D(),
            layers.Dense(2),
        ]
    )


@_row(_SERIES)
def cells(keras):
    layers = keras.layers
    stacked = [layers.LSTMCell(3), layers.GRUCell(2, reset_after=False), layers.SimpleRNNCell(2)]
    return keras.models.Sequential([layers.RNN(stacked, input_shape=_SERIES), layers.Dense(2)])


@_row([_SERIES, _SERIES])
def encoder_decoder(keras):
    layers = keras.layers
    a, b = layers.Input(_SERIES), layers.Input(_SERIES)
    _, h, c = layers.LSTM(4, return_state=True)(a)
    y = layers.LSTM(4, return_sequences=True)(b, initial_state=[h, c])
    _, h = layers.GRU(3, return_state=True, reset_after=False)(y)
    return keras.models.Model([a, b], layers.Dense(2)(h))


@_row((5,))
def embedding(keras):
    layers = keras.layers
    return keras.models.Sequential(
        [layers.Embedding(3, 4, mask_zero=True, input_length=5), layers.LSTM(3), layers.Dense(2)]
    )


@_row([(4,), (4,)])
def shared(keras):
    layers = keras.layers
    a, b = layers.Input((4,), name="a"), layers.Input((4,), name="b")
    layer = layers.Dense(3, activation="tanh", kernel_regularizer="l2", bias_constraint="non_neg")
    x, y = layer(a), layer(b)
    return keras.models.Model([a, b], layers.Dense(2)(layers.concatenate([x, y, layers.multiply([x, y])])))


@_row(_IMAGE)
def nested(keras):
    layers, models = keras.layers, keras.models
    x = layers.Input(_IMAGE)
    y = layers.BatchNormalization()(layers.Conv2D(4, 3, use_bias=False)(x))
    features = models.Model(x, layers.Activation("relu")(y), name="features")
    head = models.Sequential([layers.Flatten(input_shape=(4, 3, 4)), layers.Dense(2)], name="head")
    x = layers.Input(_IMAGE)
    return models.Model(x, head(features(x)))


@_row((4,))
def nested_at_the_end(keras):
    layers, models = keras.layers, keras.models
    x = layers.Input((4,))
    inner = models.Model(x, layers.Dense(4, activation="tanh")(x), name="inner")
    x = layers.Input((4,))
    return models.Model(x, inner(inner(x)))


@_row((4,))
def stack_at_the_end(keras):
    layers, models = keras.layers, keras.models
    inner = models.Sequential([layers.Dense(4, activation="tanh", input_shape=(4,))], name="inner")
    x = layers.Input((4,))
    return models.Model(x, inner(inner(x)))


@_row((4,))
def frozen(keras):
    layers = keras.layers
    model = keras.models.Sequential(
        [layers.Dense(3, input_shape=(4,)), layers.Dense(3, trainable=False), layers.Dense(2)]
    )
    model.layers[0].trainable = False
    return model


@_row((4,))
def initializers(keras):
    layers, init = keras.layers, keras.initializers
    x = keras.layers.Input((4,))
    y = x
    for initializer in (
        init.RandomNormal(0, 0.1),
        init.RandomUniform(-0.2, 0.2),
        init.TruncatedNormal(0, 0.1),
        init.VarianceScaling(2.0, "fan_in", "uniform"),
        init.Orthogonal(),
        init.Identity(),
        "he_normal",
        "lecun_uniform",
    ):
        y = layers.Dense(4, kernel_initializer=initializer, bias_initializer=init.Constant(0.1))(y)
    return keras.models.Model(x, layers.Dense(2)(y))


@_row((4,))
def constraints(keras):
    layers = keras.layers
    unit, bounded = keras.constraints.UnitNorm(0), keras.constraints.MinMaxNorm(0.1, 0.9, axis=0)
    return keras.models.Sequential(
        [
            layers.Dense(3, kernel_constraint=unit, input_shape=(4,)),
            layers.Dense(3, kernel_constraint=bounded, kernel_regularizer=keras.regularizers.l1_l2(0.1, 0.2)),
            layers.Dense(2, kernel_constraint=keras.constraints.MaxNorm(0.5)),
        ]
    )


NAMES = [row[0] for row in ROWS]


def arrays(name, *shapes):
    """Random arrays for a model, the same wherever they are drawn; indices for the embedding."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    if name == "embedding" and shapes[0] == (5,):
        return [random.randint(0, 3, (BATCH, 5)).astype("float32")]
    return [random.uniform(0.1, 0.9, (BATCH, *shape)).astype("float32") for shape in shapes]


def inputs_of(name, shapes):
    xs = arrays(name, *shapes)
    return xs if len(xs) > 1 else xs[0]


def optimizer_of(name, optimizers):
    """An optimizer for a model, of the module given: all of them take turns, older and newer classes too."""
    number = zlib.crc32(name.encode())
    kind, arguments = _OPTIMIZERS[number % len(_OPTIMIZERS)]
    older = number % 2 or kind in _DIFFERENT_FORMULA
    return getattr(getattr(optimizers, "legacy", optimizers) if older else optimizers, kind)(
        learning_rate=0.01, **arguments
    )


def compile_and_train(model, name, shapes, optimizers):
    """Compile a model and train it a little, so that its optimizer has a state."""
    model.compile(optimizer_of(name, optimizers), "mse", metrics=["mae"])
    if model.trainable_weights:
        for _ in range(2):
            model.train_on_batch(inputs_of(name, shapes), target_of(name, model))


def target_of(name, model):
    return arrays(name + "/target", tuple(model.output_shape[1:]))[0]


def results_of(model, name, shapes, random):
    """What a loaded model is judged by: its predictions, and its weights after one more training step."""
    x = inputs_of(name, shapes)
    predicted = model.predict(x, verbose=0)
    if random or not model.trainable_weights:
        return [predicted]
    model.train_on_batch(x, target_of(name, model))
    if name.startswith("batch_norm"):
        # Keras 2.3 takes the unbiased variance for the moving one; tf-keras does so for images alone.
        return [predicted, *(weight.numpy() for weight in model.trainable_weights)]
    return [predicted, *model.get_weights()]


def for_each_model(action, folder):
    """On the other side: call `action` for each row; an error with one is left in a file for the test."""
    for row in ROWS:
        try:
            action(folder, *row)
        except Exception:
            with open(f"{folder}/{row[0]}.error", "w") as file:
                file.write(traceback.format_exc())


def run_peer(python, script, *arguments):
    """Run a script of this folder by another Python."""
    command = [python, str(Path(__file__).parent / script), *map(str, arguments)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:]


def compare(got, expected):
    """Compare two results of `results_of`."""
    assert len(got) == len(expected)
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-5, atol=1e-5)
    for a, b in zip(got[1:], expected[1:]):
        np.testing.assert_allclose(a, b, atol=2e-5)
