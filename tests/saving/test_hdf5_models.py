"""Models in HDF5 files: round trips of every layer, the layout, and everything a file can be."""

import io
import json
import warnings

import numpy as np
import pytest
from peer_models import NAMES, ROWS, compile_and_train, results_of

import pronghorn
from pronghorn import backend as K
from pronghorn import losses
from pronghorn import metrics as metric
from pronghorn.engine import saving
from pronghorn.layers import Dense, Input, Lambda, Layer, TimeDistributed
from pronghorn.models import Model, Sequential, load_model, save_model
from pronghorn.optimizers import SGD
from pronghorn.utils import CustomObjectScope, register_keras_serializable

h5py = pytest.importorskip("h5py", reason="HDF5 files need h5py")


def _trained(optimizer="adam"):
    model = Sequential([Dense(4, activation="tanh", input_shape=(3,), name="first"), Dense(2, name="second")])
    model.compile(optimizer, "mse", metrics=["mae"])
    model.train_on_batch(np.ones((2, 3)), np.ones((2, 2)))
    return model


def _same(a, b):
    x = np.linspace(0, 1, 12).reshape(4, 3)
    np.testing.assert_array_equal(a.predict(x), b.predict(x))


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_every_layer_survives(row, tmp_path):
    name, build, shapes, random = row
    model = build(pronghorn)
    compile_and_train(model, name, shapes, pronghorn.optimizers)
    model.save(tmp_path / "model.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = load_model(tmp_path / "model.h5")
    assert [w.name for w in again.weights] == [w.name for w in model.weights]
    expected = results_of(model, name, shapes, random)
    for a, b in zip(results_of(again, name, shapes, random), expected):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_layout_is_that_of_keras(tmp_path):
    _trained().save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r") as file:
        assert set(file.attrs) == {"keras_version", "backend", "model_config", "training_config"}
        assert file.attrs["keras_version"] == "2.3.1" and file.attrs["backend"] == "tensorflow"
        config = json.loads(file.attrs["model_config"])
        assert config["class_name"] == "Sequential" and len(config["config"]["layers"]) == 2
        training = json.loads(file.attrs["training_config"])
        assert training["optimizer_config"]["class_name"] == "Adam"
        assert training["loss"] == "mse" and training["metrics"] == ["mae"]
        weights = file["model_weights"]
        assert list(weights.attrs["layer_names"]) == [b"first", b"second"]
        assert weights.attrs["layer_names"].dtype.kind == "S"
        assert list(weights["first"].attrs["weight_names"]) == [b"first/kernel:0", b"first/bias:0"]
        assert weights["first/first/kernel:0"].shape == (3, 4)
        state = list(file["optimizer_weights"].attrs["weight_names"])
        assert state[0] == b"Adam/iterations:0" and state[1] == b"training/Adam/m_0:0"
        assert len(state) == 1 + 3 * 4


def test_to_streams_groups_and_paths(tmp_path):
    model = _trained()
    stream = io.BytesIO()
    save_model(model, stream)
    stream.seek(0)
    _same(load_model(stream), model)
    with h5py.File(tmp_path / "all.h5", "w") as file:
        group = file.create_group("deep/inside")
        model.save(group)
        _same(load_model(group), model)
    model.save(str(tmp_path / "model.h5"))
    with open(tmp_path / "model.h5", "rb") as file:
        _same(load_model(file), model)
    for target in (3, None):
        with pytest.raises(ValueError, match="unexpected type"):
            save_model(model, target)
        with pytest.raises(ValueError, match="unexpected type"):
            load_model(target)
    with pytest.raises(OSError, match="nowhere.h5"):
        load_model(tmp_path / "nowhere.h5")


def test_overwriting_asks_first(tmp_path, monkeypatch):
    path = tmp_path / "model.h5"
    old, new = _trained(), _trained()
    old.save(path, overwrite=False)
    answers = iter(["what?", "n", "y"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    new.save(path, overwrite=False)
    _same(load_model(path), old)
    new.save(path, overwrite=False)
    _same(load_model(path), new)


def test_without_optimizer_or_without_compiling(tmp_path):
    path = tmp_path / "model.h5"
    _trained().save(path, include_optimizer=False)
    with pytest.warns(UserWarning, match="not\\* compiled"):
        assert load_model(path).optimizer is None
    _trained().save(path)
    assert load_model(path, compile=False).optimizer is None


def test_large_lists_of_names_are_split(tmp_path):
    x = Input((2,), name="x" * 30_000)
    model = Model(x, Dense(2, name="b")(Dense(2, name="a")(x)))
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r") as file:
        names = [name for name in file["model_weights"].attrs if name.startswith("layer_names")]
        assert sorted(names) == ["layer_names0", "layer_names1"]
        found = saving.load_attributes_from_hdf5_group(file["model_weights"], "layer_names")
    assert found == ["x" * 30_000, "a", "b"]
    assert len(load_model(tmp_path / "model.h5", compile=False).layers) == 3
    memory = h5py.File("none", "w", driver="core", backing_store=False)
    with memory as file, pytest.raises(RuntimeError, match="larger than 64512 bytes"):
        saving.save_attributes_to_hdf5_group(file, "names", [b"x" * 70_000])


def test_everything_that_a_model_is_compiled_with_survives(tmp_path):
    x = Input((3,))
    a, b = Dense(2, name="a")(x), Dense(1, activation="sigmoid", name="b")(x)
    for loss, metrics, weights in [
        ("mse", ["mae"], None),
        (["mse", "binary_crossentropy"], [["mae"], ["acc"]], [1.0, 0.5]),
        (
            {"a": losses.Huber(0.3), "b": losses.BinaryCrossentropy(label_smoothing=0.1)},
            {"a": metric.RootMeanSquaredError(), "b": ["accuracy", metric.AUC(num_thresholds=20)]},
            {"a": 0.2, "b": 2.0},
        ),
        ([losses.mean_absolute_error, "mse"], {"a": metric.mean_squared_error}, None),
    ]:
        model = Model(x, [a, b])
        model.compile("adam", loss, metrics=metrics, loss_weights=weights, weighted_metrics=["mse"])
        data = np.ones((2, 3)), [np.zeros((2, 2)), np.ones((2, 1))]
        model.train_on_batch(*data)
        model.save(tmp_path / "model.h5")
        again = load_model(tmp_path / "model.h5")
        assert again.metrics_names == model.metrics_names
        expected = model.train_on_batch(*data)
        np.testing.assert_allclose(again.train_on_batch(*data), expected, rtol=1e-6)


def test_weights_per_step_survive(tmp_path):
    model = Sequential([TimeDistributed(Dense(2), input_shape=(4, 3))])
    model.compile("sgd", "mse", sample_weight_mode="temporal")
    model.save(tmp_path / "model.h5")
    assert load_model(tmp_path / "model.h5").sample_weight_mode == "temporal"


class Scale(Layer):
    def build(self, input_shape):
        self.factor = self.add_weight("factor", (1,), initializer="ones")
        super().build(input_shape)

    def call(self, inputs):
        return inputs * self.factor


def twice(x):
    return 2 * x


def own_loss(y_true, y_pred):
    return K.mean(K.abs(y_true - y_pred), axis=-1)


class Slow(SGD):
    pass


def _own():
    model = Sequential([Scale(input_shape=(3,)), Dense(2, activation=twice)])
    model.compile(Slow(lr=0.1), own_loss, metrics=[own_loss])
    model.train_on_batch(np.ones((2, 3)), np.ones((2, 2)))
    return model


OWN = {"Scale": Scale, "twice": twice, "own_loss": own_loss, "Slow": Slow}


def test_custom_objects_by_argument_or_scope(tmp_path):
    model = _own()
    model.save(tmp_path / "model.h5")
    loaded = load_model(tmp_path / "model.h5", custom_objects=OWN)
    _same(loaded, model)
    assert isinstance(loaded.optimizer, Slow) and loaded.loss is own_loss
    with CustomObjectScope(OWN):
        _same(load_model(tmp_path / "model.h5"), model)


@pytest.mark.parametrize(
    "missing, message",
    [
        ("Scale", r"Unknown layer: Scale.*custom_objects=\{'Scale': ...\}"),
        ("twice", r"Unknown activation function: twice.*CustomObjectScope\(\{'twice': ...\}\)"),
        ("Slow", "Unknown optimizer: Slow.*compile=False"),
        ("own_loss", "Unknown loss function: own_loss.*compile=False"),
    ],
)
def test_a_missing_object_is_named_and_how_to_supply_it(missing, message, tmp_path):
    _own().save(tmp_path / "model.h5")
    objects = {name: value for name, value in OWN.items() if name != missing}
    with pytest.raises(ValueError, match=message):
        load_model(tmp_path / "model.h5", custom_objects=objects)


def test_registered_classes_need_no_mention(tmp_path):
    @register_keras_serializable("tests")
    class Triple(Layer):
        def call(self, inputs):
            return 3 * inputs

    model = Sequential([Triple(input_shape=(3,))])
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r") as file:
        assert '"tests>Triple"' in file.attrs["model_config"]
    _same(load_model(tmp_path / "model.h5", compile=False), model)
    with pytest.raises(ValueError, match="already been registered"):
        register_keras_serializable("tests", "Triple")(Scale)


def test_code_runs_only_where_it_is_trusted(tmp_path):
    model = Sequential([Lambda(lambda x: 2 * x, input_shape=(3,), name="double")])
    path = tmp_path / "model.h5"
    model.save(path)
    with pytest.raises(ValueError, match='Lambda layer "double" is stored as Python code.*safe_mode=False'):
        load_model(path)
    _same(load_model(path, compile=False, safe_mode=False), model)
    with pytest.raises(ValueError, match="safe_mode=False"):
        pronghorn.models.model_from_json(model.to_json())
    _same(pronghorn.models.model_from_json(model.to_json(), safe_mode=False), model)
    _same(pronghorn.models.clone_model(model), model)
    named = Sequential([Lambda(K.square, input_shape=(3,))])
    config = named.get_config()
    config["layers"][0]["config"].update(function="twice", function_type="function")
    text = json.dumps({"class_name": "Sequential", "config": config})
    with pytest.raises(ValueError, match="Unknown function of a Lambda layer: twice"):
        pronghorn.models.model_from_json(text)
    _same(pronghorn.models.model_from_json(text, custom_objects=OWN), model)


def test_weights_of_a_model_with_a_call_of_its_own(tmp_path):
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(2, name="dense")

        def build(self, input_shape):
            self.shift = self.add_weight("shift", (2,), initializer="uniform")
            super().build(input_shape)

        def call(self, inputs):
            return self.dense(inputs) + self.shift

    a, b = Own(), Own()
    _ = a(np.ones((1, 3), "float32")), b(np.ones((1, 3), "float32"))
    a.save_weights(tmp_path / "weights.h5")
    b.load_weights(tmp_path / "weights.h5")
    _same(a, b)
    with pytest.raises(NotImplementedError):
        a.save(tmp_path / "model.h5")


def test_cloud_paths_go_by_tensorflow(monkeypatch):
    stored = {}

    class Files:
        file_exists = staticmethod(stored.__contains__)

        class FileIO(io.BytesIO):
            def __init__(self, name, mode):
                super().__init__(stored[name] if mode == "rb" else b"")
                self.target = name if mode == "wb" else None

            def __exit__(self, *error):
                if self.target:
                    stored[self.target] = self.getvalue()

    monkeypatch.setattr(saving, "tf_file_io", Files)
    model = _trained()
    for path in ("gs://bucket/model.h5", "gs://bucket/model.keras"):
        model.save(path)
        _same(load_model(path), model)
    assert stored["gs://bucket/model.keras"].startswith(b"PK")
    model.save_weights("gs://bucket/weights.h5")
    other = _trained()
    other.load_weights("gs://bucket/weights.h5")
    _same(other, model)
    monkeypatch.setattr(saving, "ask_to_proceed_with_overwrite", lambda path: False)
    _trained().save("gs://bucket/model.h5", overwrite=False)
    _same(load_model("gs://bucket/model.h5"), model)
