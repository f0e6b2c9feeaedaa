import gzip
import inspect
import pickle
import struct
import tarfile

import numpy as np
import pytest

from pronghorn import config, datasets
from pronghorn.utils.data_utils import _hash_file


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder for data sets of an empty cache, and no way out to the network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def refuse(*arguments, **options):
        raise OSError("no network in tests")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr(datasets.fashion_mnist, "DEBIAN", str(tmp_path / "debian"))
    (tmp_path / "datasets").mkdir()
    return tmp_path / "datasets"


def save_npz(monkeypatch, module, path, **arrays):
    np.savez(path, **arrays)
    monkeypatch.setattr(module, "HASHES", ("0" * 64, _hash_file(path)))


def write_idx(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


def lists(*texts):
    array = np.empty(len(texts), object)
    array[:] = [list(text) for text in texts]
    return array


def test_digits():
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
    assert x_train.shape == (1437, 8, 8) and x_test.shape == (360, 8, 8)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert x_train.max() == 16 and sorted(set(y_test)) == list(range(10))
    again = datasets.digits.load_data(seed=7)[0][0]
    assert not np.array_equal(again, x_train)
    (x, y), (none, _) = datasets.digits.load_data(test_split=0, seed=None)
    assert len(x) == 1797 and len(none) == 0
    # The source begins with one sample of each digit.
    assert list(y[:10]) == list(range(10))
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    with pytest.raises(ValueError, match="test_split"):
        datasets.digits.load_data(test_split=1)


def test_mnist(cache, monkeypatch):
    x = np.arange(5 * 28 * 28).reshape(5, 28, 28).astype(np.uint8)
    y = np.arange(5, dtype=np.uint8)
    save_npz(
        monkeypatch,
        datasets.mnist,
        cache / "mnist.npz",
        x_train=x[:3],
        y_train=y[:3],
        x_test=x[3:],
        y_test=y[3:],
    )
    (x_train, y_train), (x_test, y_test) = datasets.mnist.load_data()
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]), x)
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), y)


@pytest.mark.parametrize("folder", ["datasets/fashion-mnist", "debian"])
def test_fashion_mnist(cache, folder):
    x = np.arange(5 * 28 * 28).reshape(5, 28, 28).astype(np.uint8)
    y = np.arange(5, dtype=np.uint8)
    for name, images, labels in (("train", x[:3], y[:3]), ("t10k", x[3:], y[3:])):
        write_idx(cache.parent / folder / f"{name}-images-idx3-ubyte.gz", images)
        write_idx(cache.parent / folder / f"{name}-labels-idx1-ubyte.gz", labels)
    (x_train, y_train), (x_test, y_test) = datasets.fashion_mnist.load_data()
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]), x)
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), y)


@pytest.mark.parametrize("damage", [b"", b"\0\0\x0d\x01", struct.pack(">HBBI", 0, 8, 1, 9) + b"12"])
def test_a_damaged_idx_file_is_named(cache, damage):
    path = cache / "fashion-mnist" / "train-labels-idx1-ubyte.gz"
    write_idx(path, np.zeros(1, np.uint8))
    path.write_bytes(gzip.compress(damage))
    with pytest.raises(ValueError, match="train-labels"):
        datasets.fashion_mnist.load_data()


def cifar_tar(cache, monkeypatch, module, folder, batches):
    archive = cache / (folder + ".tar.gz")
    with tarfile.open(archive, "w:gz") as file:
        for name, batch in batches.items():
            (cache / name).write_bytes(pickle.dumps(batch, protocol=2))
            file.add(cache / name, f"{folder}/{name}")
    monkeypatch.setattr(module, "HASH", _hash_file(archive))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_cifar10(cache, monkeypatch, data_format):
    previous = config.image_data_format()
    config.set_image_data_format(data_format)
    try:
        images = np.random.RandomState(0).randint(0, 256, (6, 3, 32, 32)).astype(np.uint8)
        names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
        batches = {
            name: {b"data": images[i : i + 1].reshape(1, -1), b"labels": [i], b"batch_label": b"one"}
            for i, name in enumerate(names)
        }
        cifar_tar(cache, monkeypatch, datasets.cifar10, "cifar-10-batches-py", batches)
        (x_train, y_train), (x_test, y_test) = datasets.cifar10.load_data()
    finally:
        config.set_image_data_format(previous)
    expected = images if data_format == "channels_first" else images.transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]), expected)
    assert y_train.tolist() == [[0], [1], [2], [3], [4]] and y_test.tolist() == [[5]]


@pytest.mark.parametrize("mode, labels", [("fine", [[70], [80]]), ("coarse", [[7], [8]])])
def test_cifar100(cache, monkeypatch, mode, labels):
    batch = {b"data": np.zeros((2, 3072), np.uint8), b"fine_labels": [70, 80], b"coarse_labels": [7, 8]}
    cifar_tar(cache, monkeypatch, datasets.cifar100, "cifar-100-python", {"train": batch, "test": batch})
    (x_train, y_train), (x_test, y_test) = datasets.cifar100.load_data(label_mode=mode)
    assert x_train.shape == x_test.shape == (2, 32, 32, 3)
    assert y_train.tolist() == y_test.tolist() == labels
    with pytest.raises(ValueError, match="label_mode"):
        datasets.cifar100.load_data(label_mode="both")


def test_imdb(cache, monkeypatch):
    texts = lists([1, 2], [5, 6, 7, 8], [3], [1, 9])
    save_npz(
        monkeypatch,
        datasets.imdb,
        cache / "imdb.npz",
        x_train=texts[:2],
        y_train=np.array([0, 1]),
        x_test=texts[2:],
        y_test=np.array([1, 0]),
    )
    (x_train, y_train), (x_test, y_test) = datasets.imdb.load_data()
    assert sorted(map(list, x_train)) == [[1, 4, 5], [1, 8, 9, 10, 11]]
    assert {tuple(x): y for x, y in zip(x_train, y_train)}[1, 4, 5] == 0
    # As in Keras, the rarest word of all is out of vocabulary (2) unless num_words says otherwise.
    assert {tuple(x): y for x, y in zip(x_test, y_test)} == {(1, 6): 1, (1, 4, 2): 0}
    (x_train, _), (x_test, _) = datasets.imdb.load_data(num_words=10)
    assert [1, 8, 9, 2, 2] in list(x_train) and [1, 4, 2] in list(x_test)
    (x_train, _), _ = datasets.imdb.load_data(
        num_words=10, skip_top=2, oov_char=None, start_char=None, index_from=0
    )
    assert sorted(x_train) == [[2], [5, 6, 7, 8]]
    (x_train, y_train), (x_test, y_test) = datasets.imdb.load_data(num_words=100, maxlen=3)
    assert list(x_train) == [[1, 6]] and y_train.tolist() == [1] and len(x_test) == 0
    with pytest.raises(ValueError, match="maxlen"):
        datasets.imdb.load_data(maxlen=1)
    with pytest.warns(UserWarning, match="num_words"):
        datasets.imdb.load_data(nb_words=10)
    with pytest.raises(TypeError, match="words"):
        datasets.imdb.load_data(words=10)


def test_reuters_and_word_index(cache, monkeypatch):
    save_npz(
        monkeypatch,
        datasets.reuters,
        cache / "reuters.npz",
        x=lists(*[[i] for i in range(10)]),
        y=np.arange(10),
    )
    (x_train, y_train), (x_test, y_test) = datasets.reuters.load_data(test_split=0.3)
    assert len(x_train) == 7 and len(x_test) == 3
    # The rarest word is out of vocabulary.
    expected = [[1, y + 3] if y < 9 else [1, 2] for y in [*y_train, *y_test]]
    assert [*x_train, *x_test] == expected
    order = np.arange(10)
    np.random.RandomState(113).shuffle(order)
    assert [*y_train, *y_test] == order.tolist()
    (cache / "words.json").write_text('{"oil": 3}')
    monkeypatch.setattr(datasets.reuters, "fetch", lambda path, origin, hashes: cache / path)
    assert datasets.reuters.get_word_index("words.json") == {"oil": 3}


def test_boston_housing(cache, monkeypatch):
    save_npz(
        monkeypatch,
        datasets.boston_housing,
        cache / "boston_housing.npz",
        x=np.arange(10.0)[:, None].repeat(13, 1),
        y=np.arange(10.0),
    )
    (x_train, y_train), (x_test, y_test) = datasets.boston_housing.load_data()
    assert x_train.shape == (8, 13) and x_test.shape == (2, 13)
    np.testing.assert_array_equal(x_train[:, 3], y_train)
    with pytest.raises(ValueError, match="test_split"):
        datasets.boston_housing.load_data(test_split=-0.1)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_files_cannot_run_code(cache, monkeypatch, protocol):
    batch = {b"data": np.zeros((1, 3072), np.uint8), b"labels": [0], b"more": print}
    (cache / "batch").write_bytes(pickle.dumps(batch, protocol=protocol))
    with pytest.raises(pickle.UnpicklingError, match="print"):
        datasets.cifar.load_batch(str(cache / "batch"))
    texts = np.empty(1, object)
    texts[0] = print
    save_npz(monkeypatch, datasets.reuters, cache / "reuters.npz", x=texts, y=np.arange(1))
    with pytest.raises(pickle.UnpicklingError, match="print"):
        datasets.reuters.load_data()


MISSING = {
    datasets.boston_housing: "boston_housing.npz",
    datasets.cifar10: "cifar-10-batches-py.tar.gz",
    datasets.cifar100: "cifar-100-python.tar.gz",
    datasets.fashion_mnist: "dataset-fashion-mnist",
    datasets.imdb: "imdb.npz",
    datasets.mnist: "mnist.npz",
    datasets.reuters: "reuters.npz",
}


@pytest.mark.parametrize("module", MISSING, ids=lambda module: module.__name__.rpartition(".")[2])
def test_a_missing_file_says_where_to_put_what(cache, module):
    with pytest.raises(FileNotFoundError) as error:
        module.load_data()
    assert MISSING[module] in str(error.value) and str(cache) in str(error.value)
    assert "https://" in str(error.value)


def test_a_changed_file_is_not_used_silently(cache):
    np.savez(cache / "mnist.npz", x_train=np.zeros(1))
    with pytest.raises(FileNotFoundError, match="731c5ac"):
        datasets.mnist.load_data()


def test_arguments_are_those_of_keras():
    arguments = list(inspect.signature(datasets.imdb.load_data).parameters)
    assert arguments[:-1] == [
        "path",
        "num_words",
        "skip_top",
        "maxlen",
        "seed",
        "start_char",
        "oov_char",
        "index_from",
    ]
    arguments = list(inspect.signature(datasets.reuters.load_data).parameters)
    assert arguments[:6] == ["path", "num_words", "skip_top", "maxlen", "test_split", "seed"]
