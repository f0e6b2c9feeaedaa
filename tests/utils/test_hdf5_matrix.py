"""Data in HDF5 files: `HDF5Matrix` and h5py's datasets as data of a model, never read as a whole."""

import pickle
import threading

import numpy as np
import pytest

from pronghorn.callbacks import LambdaCallback
from pronghorn.engine import disk_batches
from pronghorn.engine.disk_rows import DiskRows
from pronghorn.layers import Activation, Dense
from pronghorn.models import Sequential
from pronghorn.utils import HDF5Matrix
from pronghorn.utils.hdf5_matrix import read_rows

h5py = pytest.importorskip("h5py")

ROWS = 100
X = np.random.RandomState(0).rand(ROWS, 3).astype("float32")
Y = (np.arange(ROWS) % 2).astype("int64")


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"], file["y"] = X, Y
        file["words"] = [b"a"] * ROWS
    return str(tmp_path / "data.h5")


@pytest.fixture
def reads(monkeypatch):
    """The numbers of rows that are read from datasets."""
    counts = []
    original = h5py.Dataset.__getitem__

    def counting(self, key, *rest):
        found = original(self, key, *rest)
        counts.append(len(found) if np.ndim(found) else 1)
        return found

    monkeypatch.setattr(h5py.Dataset, "__getitem__", counting)
    return counts


@pytest.mark.parametrize(
    "indices", [[3, 4, 5], [9, 1, 50, 0], [], [99], list(range(90, 100)) + list(range(10)), [5, 3, 5]]
)
def test_rows_in_any_order(path, indices):
    with h5py.File(path, "r") as file:
        np.testing.assert_array_equal(read_rows(file["x"], indices), X[np.array(indices, int)])


def test_indexing(path):
    x = HDF5Matrix(path, "x", start=10, end=60)
    part = X[10:60]
    assert (len(x), x.shape, x.ndim, x.size, x.dtype) == (50, (50, 3), 2, 150, np.float32)
    for key in (0, slice(None), slice(5, 20), slice(2, None), [1, 7], np.array([8, 2]), range(3)):
        np.testing.assert_array_equal(x[key], part[key])
    np.testing.assert_array_equal(np.asarray(x), part)
    for key in (50, slice(40, 51), [50], np.array([1000]), -1):
        with pytest.raises(IndexError):
            x[key]
    with pytest.raises(TypeError):
        x[None]
    with pytest.raises(ValueError):
        HDF5Matrix(path, "x", start=60, end=10)


def test_rows_from_the_end(path):
    matrix = HDF5Matrix(path, "x", start=4, end=8)
    everything = np.asarray(matrix)
    for key in (slice(-2, None), slice(-3, -1), slice(None, -1), slice(0, 4)):
        np.testing.assert_array_equal(matrix[key], everything[key])
    with pytest.raises(IndexError):
        matrix[-5:]
    rows = DiskRows(matrix)
    np.testing.assert_array_equal(rows[-1], everything[-1])
    with pytest.raises(IndexError):
        rows[4]


def test_normalizer(path):
    x = HDF5Matrix(path, "x", normalizer=lambda rows: (rows[:, ::2] * 255).astype("uint8"))
    assert x.shape == (ROWS, 2) and x.dtype == np.uint8
    np.testing.assert_array_equal(x[3:5], (X[3:5, ::2] * 255).astype("uint8"))


def test_copies_read_the_file_themselves(path):
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(HDF5Matrix(path, "x", 5)))[:2], X[5:7])


def data_of(kind, path):
    if kind == "matrix":
        return HDF5Matrix(path, "x"), HDF5Matrix(path, "y")
    file = h5py.File(path, "r")
    return (file["x"], file["y"]) if kind == "dataset" else (file["x"], Y)


def model_of(seed=0):
    np.random.seed(seed)
    model = Sequential([Dense(8, activation="tanh", input_shape=(3,)), Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("kind", ["matrix", "dataset", "mixed"])
@pytest.mark.parametrize("shuffle", ["batch", True, False])
@pytest.mark.parametrize("block", [1, 1 << 20])
def test_training_is_that_on_arrays(path, kind, shuffle, block, monkeypatch):
    monkeypatch.setattr(disk_batches, "BLOCK_BYTES", block)
    x, y = data_of(kind, path)
    histories = []
    for data in ((X, Y), (x, y)):
        model = model_of()
        np.random.seed(1)
        history = model.fit(*data, batch_size=16, epochs=2, shuffle=shuffle, validation_split=0.2, verbose=0)
        histories.append((history.history, model.get_weights()))
    for name, values in histories[0][0].items():
        np.testing.assert_array_equal(histories[1][0][name], values)
    for here, there in zip(histories[0][1], histories[1][1]):
        np.testing.assert_array_equal(here, there)


def test_evaluation_prediction_and_validation(path):
    x, y = data_of("matrix", path)
    model = model_of()
    np.testing.assert_array_equal(model.predict(x, batch_size=32), model.predict(X, batch_size=32))
    assert model.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))
    weights = np.linspace(0, 1, ROWS)
    expected = model.evaluate(X, Y, sample_weight=weights, verbose=0)
    assert model.evaluate(x, y, sample_weight=weights, verbose=0) == pytest.approx(expected)
    history = model.fit(X, Y, validation_data=(x, y), verbose=0).history
    assert history["val_loss"][0] == pytest.approx(model.evaluate(X, Y, verbose=0)[0])
    assert model.train_on_batch(x, y) == pytest.approx(model.test_on_batch(X, Y), rel=0.1)


def test_class_weights_of_targets_in_a_file(path):
    x, y = data_of("dataset", path)
    weights = {0: 1.0, 1: 3.0}
    found = [
        model_of().fit(*data, class_weight=weights, shuffle=False, verbose=0).history["loss"][0]
        for data in ((X, Y), (x, y))
    ]
    assert found[0] == pytest.approx(found[1])


def test_nothing_is_read_as_a_whole(path, reads, monkeypatch):
    monkeypatch.setattr(disk_batches, "BLOCK_BYTES", 1)
    x, y = data_of("dataset", path)
    model = model_of()
    model.fit(x, y, batch_size=8, shuffle="batch", epochs=2, verbose=0)
    model.evaluate(x, y, batch_size=8, verbose=0)
    model.predict(x, batch_size=8)
    assert max(reads) <= 8 and sum(reads) == (2 + 1) * 2 * ROWS + ROWS


def test_no_thread_is_left_reading(path):
    x, y = data_of("matrix", path)
    before = threading.active_count()
    model = model_of()
    model.fit(x, y, validation_data=(x, y), shuffle="batch", verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x)
    assert threading.active_count() == before


def test_batch_hooks_see_each_batch(path):
    x, y = data_of("matrix", path)
    sizes = []
    callback = LambdaCallback(on_batch_end=lambda batch, logs: sizes.append(logs["size"]))
    model_of().fit(x, y, batch_size=32, shuffle="batch", callbacks=[callback], verbose=0)
    assert sizes == [32, 32, 32, 4]


def test_targets_are_checked_as_they_are_read(path):
    with h5py.File(path, "a") as file:
        file["nan"] = np.where(np.arange(ROWS) == 70, np.nan, 0.0)
    x, nan = HDF5Matrix(path, "x"), HDF5Matrix(path, "nan")
    with pytest.raises(ValueError, match="NaN"):
        model_of().fit(x, nan, verbose=0)


def test_words_are_refused(path):
    with h5py.File(path, "r") as file, pytest.raises(TypeError):
        Sequential([Activation("linear", input_shape=(1,))]).predict(file["words"])


def test_lengths_are_compared(path):
    with pytest.raises(ValueError):
        model_of().fit(HDF5Matrix(path, "x", end=50), HDF5Matrix(path, "y"))
