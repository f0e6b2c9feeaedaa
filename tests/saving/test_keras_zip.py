"""The formats of Keras 3, and safetensors: what we write we read, as it was."""

import io
import json
import zipfile

import numpy as np
import pytest

from pronghorn import models, optimizers
from pronghorn.engine.base_layer import Layer
from pronghorn.layers import (
    LSTM,
    RNN,
    Add,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GRUCell,
    Input,
    Lambda,
    LeakyReLU,
    LSTMCell,
    TimeDistributed,
)
from pronghorn.models import Model, Sequential, load_model
from pronghorn.saving.errors import FileFormatError
from pronghorn.utils import register_keras_serializable

pytest.importorskip("h5py")


@register_keras_serializable("tests")
class Scale(Layer):
    def __init__(self, start=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight("factor", (input_shape[-1],), initializer="ones")
        super().build(input_shape)

    def call(self, inputs):
        return inputs * self.factor * self.start

    def get_config(self):
        return {**super().get_config(), "start": self.start}


def shared():
    a, b = Input((5,), name="a"), Input((5,), name="b")
    twice = Dense(4, activation="relu", kernel_regularizer="l2", kernel_constraint="max_norm")
    inner = Sequential([Dense(3), LeakyReLU(0.2), BatchNormalization()], name="inner")
    x = Dropout(0.1)(Add()([twice(a), twice(b)]))
    x = Concatenate()([inner(x), inner(twice(a))])
    deep = Model(c := Input((6,)), [Dense(3)(c), Scale(2.0)(c)], name="deep")
    left, right = deep(x)
    return Model([a, b], [left, Dense(2)(right)])


def recurrent():
    steps, h, c = Input((4,)), Input((3,)), Input((3,))
    x = Embedding(7, 3, mask_zero=True)(steps)
    x, new_h, new_c = LSTM(3, return_sequences=True, return_state=True)(x, initial_state=[h, c])
    x = Bidirectional(LSTM(2, return_sequences=True))(x)
    x = TimeDistributed(Dense(3))(x)
    x = RNN([GRUCell(2), LSTMCell(3)])(x)
    return Model([steps, h, c], [x, new_h, new_c])


def stack():
    return Sequential(
        [
            Conv2D(3, 3, activation="relu", input_shape=(6, 6, 2)),
            Flatten(),
            Scale(),
            Dense(2, activation="softmax"),
        ]
    )


def operations():
    x = Input((4,))
    y = 1 - Dense(3)(x) * 2.0
    return Model(x, Dense(2)(y / 4 + y**2 - Dense(3)(x)))


def inputs_of(model):
    rng = np.random.RandomState(1)
    return [
        rng.randint(0, 7, (3, *x.shape[1:])) if i == 0 and x.shape[1:] == (4,) else rng.rand(3, *x.shape[1:])
        for i, x in enumerate(model.inputs)
    ]


def close(a, b):
    for x, y in zip(a if isinstance(a, list) else [a], b if isinstance(b, list) else [b]):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("make", [shared, recurrent, stack, operations])
def test_archive(make, tmp_path):
    model = make()
    path = tmp_path / "model.keras"
    model.save(path)
    close(load_model(path).predict(inputs_of(model)), model.predict(inputs_of(model)))
    assert sorted(zipfile.ZipFile(path).namelist()) == ["config.json", "metadata.json", "model.weights.h5"]


@pytest.mark.parametrize("make", [shared, recurrent, stack])
@pytest.mark.parametrize("name", ["x.weights.h5", "x.keras", "x.safetensors"])
def test_weights(make, name, tmp_path):
    if name.endswith("safetensors"):
        pytest.importorskip("safetensors")
    model = make()
    for weight in model.weights:
        weight.assign(np.random.RandomState(0).rand(*weight.shape))
    path = tmp_path / name
    (model.save if name.endswith("keras") else model.save_weights)(path)
    other = models.clone_model(model)
    other.load_weights(path)
    close(other.get_weights(), model.get_weights())


def test_streams():
    model, file = stack(), io.BytesIO()
    from pronghorn.saving.keras_zip import write_archive

    write_archive(file, model)
    file.seek(0)
    close(load_model(file).predict(inputs_of(model)), model.predict(inputs_of(model)))


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.SGD(0.1),
        optimizers.SGD(0.1, momentum=0.9, nesterov=True, decay=0.01),
        optimizers.RMSprop(clipnorm=1.0),
        optimizers.Adagrad(),
        optimizers.Adadelta(),
        optimizers.Adam(amsgrad=True),
        optimizers.Adam(clipvalue=0.5),
        optimizers.Adamax(),
        optimizers.Nadam(schedule_decay=1.0),
        pytest.param(optimizers.Nadam(), marks=pytest.mark.filterwarnings("ignore:Keras 3 trains on")),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_training_goes_on(optimizer, tmp_path):
    model = stack()
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    x, y = inputs_of(model), np.eye(2)[[0, 1, 0]]
    model.fit(x, y, epochs=3, verbose=0)
    model.save(tmp_path / "model.keras")
    other = load_model(tmp_path / "model.keras")
    close(other.optimizer.get_weights(), model.optimizer.get_weights())
    assert other.optimizer.get_config() == model.optimizer.get_config()
    assert other.train_on_batch(x, y)[0] == model.train_on_batch(x, y)[0]
    close(other.get_weights(), model.get_weights())


def test_compile_false(tmp_path):
    model = stack()
    model.compile("adam", "mse")
    model.save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras", compile=False).optimizer is None
    model.save(tmp_path / "model.keras", include_optimizer=False)
    assert load_model(tmp_path / "model.keras").optimizer is None


def test_lambda_needs_trust(tmp_path):
    model = Sequential([Lambda(lambda x: x * 3, input_shape=(2,))])
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="safe_mode=False"):
        load_model(tmp_path / "model.keras")
    close(
        load_model(tmp_path / "model.keras", safe_mode=False).predict(np.ones((1, 2))), np.full((1, 2), 3.0)
    )


def test_weights_of_another_model(tmp_path):
    path = tmp_path / "x.weights.h5"
    stack().save_weights(path)
    with pytest.raises(ValueError, match="expects . weights at .* The file may be of another model"):
        recurrent().load_weights(path)
    other = Sequential([Conv2D(3, 3, input_shape=(6, 6, 2)), Flatten(), Scale(), Dense(3)])
    before = other.layers[-1].get_weights()
    with pytest.raises(ValueError, match=r"shape \(48, 3\), but the file has \(48, 2\)"):
        other.load_weights(path)
    with pytest.warns(UserWarning, match="Skipping"):
        other.load_weights(path, skip_mismatch=True)
    close(other.layers[-1].get_weights(), before)


def test_no_model_inside(tmp_path):
    path = tmp_path / "x.keras"
    for entries, words in [
        ({"a": "b"}, "no entry 'config.json'"),
        ({"config.json": "[]"}, "not the configuration"),
        ({"config.json": "{"}, "not valid JSON"),
        ({"config.json": json.dumps({"class_name": "Dense", "config": {"units": 3}})}, "not a model"),
    ]:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in entries.items():
                archive.writestr(name, text)
        with pytest.raises(FileFormatError, match=words):
            load_model(path)
