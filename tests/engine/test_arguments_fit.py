"""Each argument of `fit` on arrays, by what it changes. The table is tests/test_seed_arguments.py."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn.callbacks import Callback, LambdaCallback
from pronghorn.layers import Activation, Dense, Input
from pronghorn.models import Model, Sequential
from pronghorn.utils import Sequence

X = np.arange(10.0).reshape(10, 1)
Y = np.zeros((10, 1))


class Recorder(Callback):
    """What the layers of a model were given, batch by batch, as the sums of squares of a loss."""

    def __init__(self):
        super().__init__()
        self.sizes, self.losses, self.epochs, self.tests = [], [], [], 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append(epoch)

    def on_train_batch_end(self, batch, logs=None):
        self.sizes.append(logs["size"])
        self.losses.append(logs["loss"])

    def on_test_begin(self, logs=None):
        self.tests += 1


def identity(**compiled):
    """Nothing to learn: the losses tell which rows were in which batch."""
    model = Sequential([Activation("linear", input_shape=(1,), name="a")])
    model.compile("sgd", "mse", **compiled)
    return model


def fit(*data, model=None, **arguments):
    recorder = Recorder()
    model = model or identity()
    history = model.fit(*data, **{"verbose": 0, "callbacks": [recorder], **arguments})
    recorder.history = history.history
    return recorder


ALL = float(np.mean(X**2))


@pytest.mark.parametrize("x", [X, X.ravel(), X.tolist(), [X], {"a_input": X}, X.astype("int32")])
def test_x(x):
    assert fit(x, Y).history["loss"] == pytest.approx([ALL])


@pytest.mark.parametrize("y", [Y, Y.ravel(), [Y], {"a": Y}, Y.astype("uint8")])
def test_y(y):
    assert fit(X, y).history["loss"] == pytest.approx([ALL])


def test_x_and_y_of_several_inputs_and_outputs():
    a, b = Input((1,), name="a"), Input((1,), name="b")
    model = Model([a, b], [Activation("linear", name="c")(a), Activation("linear", name="d")(b)])
    model.compile("sgd", "mse")
    for x, y in (([X, 2 * X], [Y, Y]), ({"b": 2 * X, "a": X}, {"d": Y, "c": Y})):
        history = model.fit(x, y, verbose=0).history
        assert [history[name][0] for name in ("c_loss", "d_loss")] == pytest.approx([ALL, 4 * ALL])
    with pytest.raises(ValueError):
        model.fit({"a": X}, [Y, Y], verbose=0)
    with pytest.raises(ValueError):
        model.fit([X, X[:5]], [Y, Y], verbose=0)


def test_x_and_y_of_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": X.ravel(), "y": Y.ravel()})
    model = identity()
    assert fit(frame[["x"]], frame["y"], model=model).history["loss"] == pytest.approx([ALL])
    assert fit({"a_input": frame["x"]}, frame[["y"]], model=model).history["loss"] == pytest.approx([ALL])
    assert model.evaluate(frame[["x"]], frame["y"], verbose=0) == pytest.approx(ALL)
    assert model.predict(frame["x"]).shape == (10, 1)
    weights = pandas.Series(np.ones(10))
    found = fit(frame["x"], frame["y"], model=model, sample_weight=weights, validation_split=0.5)
    assert set(found.history) == {"loss", "val_loss"}


class Frame:
    """What pandas is to `fit`: an array by `__array__`, with columns and a length."""

    def __init__(self, values):
        self.values, self.shape = values, values.shape

    def __len__(self):
        return len(self.values)

    def __iter__(self):
        return iter(["column"])

    def __array__(self, dtype=None, copy=None):
        return self.values


def test_x_and_y_that_are_like_arrays():
    assert fit(Frame(X), Frame(Y)).history["loss"] == pytest.approx([ALL])


def test_x_none_where_the_model_has_its_own_tensors():
    inputs = Input(tensor=K.variable(X))
    model = Model(inputs, Activation("linear")(inputs))
    model.compile("sgd", "mse", target_tensors=[K.variable(Y)])
    found = fit(None, None, model=model, steps_per_epoch=3, epochs=2)
    assert found.losses == pytest.approx([ALL] * 6)
    with pytest.raises(ValueError):
        model.fit(None, None, epochs=2)


def test_x_of_words_is_refused():
    with pytest.raises(TypeError):
        identity().fit(np.array([["a"], ["b"]]), Y[:2])


@pytest.mark.parametrize(("batch_size", "sizes"), [(None, [10]), (4, [4, 4, 2]), (5, [5, 5]), (64, [10])])
def test_batch_size(batch_size, sizes):
    assert fit(X, Y, batch_size=batch_size).sizes == sizes


def test_batch_size_is_32():
    assert fit(np.ones((70, 1)), np.ones((70, 1))).sizes == [32, 32, 6]


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "4"])
def test_batch_size_that_is_none(batch_size):
    with pytest.raises(ValueError):
        identity().fit(X, Y, batch_size=batch_size)


class Ones(Sequence):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return np.ones((3, 1)), np.zeros((3, 1))


@pytest.mark.parametrize(
    "arguments",
    [{"batch_size": 3}, {"y": Y}, {"sample_weight": np.ones(6)}, {"validation_split": 0.5}],
)
def test_what_excludes_sequences(arguments):
    with pytest.raises(ValueError):
        identity().fit(Ones(), **arguments)


def test_epochs_and_initial_epoch():
    assert fit(X, Y, epochs=3).epochs == [0, 1, 2]
    assert fit(X, Y, epochs=5, initial_epoch=3).epochs == [3, 4]
    assert fit(X, Y, epochs=2, initial_epoch=2).epochs == []
    with pytest.warns(UserWarning, match="nb_epoch"):
        assert fit(X, Y, nb_epoch=2).epochs == [0, 1]


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_verbose(verbose, capsys):
    fit(X, Y, epochs=2, verbose=verbose, callbacks=[])
    out = capsys.readouterr().out
    assert out.count("Epoch ") == (0 if verbose == 0 else 2)
    assert ("=" in out) == (verbose in (1, "auto"))
    assert out.count("loss:") >= (0 if verbose == 0 else 2)


def test_callbacks():
    seen = []
    hooks = {
        name: lambda *args, name=name: seen.append(name)
        for name in ("on_train_begin", "on_epoch_begin", "on_batch_end", "on_epoch_end", "on_train_end")
    }
    fit(X, Y, batch_size=5, epochs=2, callbacks=[LambdaCallback(**hooks)])
    epoch = ["on_epoch_begin", "on_batch_end", "on_batch_end", "on_epoch_end"]
    assert seen == ["on_train_begin", *epoch, *epoch, "on_train_end"]


def test_validation_split_takes_the_last_rows_before_shuffling():
    found = fit(X, Y, validation_split=0.2, epochs=2)
    assert found.sizes == [8, 8]
    assert found.history["val_loss"] == pytest.approx([np.mean(X[8:] ** 2)] * 2)
    assert found.history["loss"] == pytest.approx([np.mean(X[:8] ** 2)] * 2)
    with pytest.raises(ValueError):
        identity().fit(X, Y, validation_split=1.0)


WEIGHTS = np.array([1.0, 0.0, 0.0, 0.0, 1.0])


def batches(count=None):
    while count is None or count > 0:
        yield X[:5], Y[:5]
        count = None if count is None else count - 1


@pytest.mark.parametrize(
    ("data", "steps", "expected"),
    [
        ((X[:5], Y[:5]), None, 6),
        ([X[:5], Y[:5]], None, 6),
        ((X[:5], Y[:5], WEIGHTS), None, 16 / 5),
        (Ones(), None, 1),
        (Ones(), 1, 1),
        ("generator", 2, 6),
    ],
)
def test_validation_data(data, steps, expected):
    data = batches() if data == "generator" else data
    found = fit(X, Y, validation_data=data, validation_steps=steps, validation_split=0.3, epochs=2)
    # It takes the place of the split: all rows are trained on.
    assert found.sizes == [10, 10]
    assert found.history["val_loss"] == pytest.approx([expected] * 2)


def test_validation_data_that_are_none():
    with pytest.raises(ValueError):
        identity().fit(X, Y, validation_data=(X,))
    with pytest.raises(ValueError):
        identity().fit(X, Y, validation_data=batches())  # of a generator the number of steps is needed


def rows_of(shuffle, seed=1):
    np.random.seed(seed)
    return np.sqrt(fit(X, Y, batch_size=1, epochs=2, shuffle=shuffle).losses).round().astype(int).tolist()


def test_shuffle():
    rows = list(range(10))
    assert rows_of(False) == rows + rows
    first, second = rows_of(True)[:10], rows_of(True)[10:]
    assert sorted(first) == sorted(second) == rows and first != second and first != rows
    assert rows_of(True) == first + second and rows_of(True, seed=2) != first + second


def test_shuffle_of_whole_batches():
    np.random.seed(0)
    found = fit(X, Y, batch_size=3, shuffle="batch")
    means = [np.mean(X[i : i + 3] ** 2) for i in (0, 3, 6)]
    assert sorted(found.losses[:3]) == pytest.approx(sorted(means)) and found.losses[3] == pytest.approx(81)


def test_class_weight():
    labels = np.array([0, 1] * 5)
    x = np.full((10, 1), 3.0)
    expected = np.mean([w * (3 - label) ** 2 for label, w in zip(labels, [1, 4] * 5)])
    found = fit(x, labels, class_weight={0: 1.0, 1: 4.0}, validation_data=(x, labels))
    assert found.history["loss"] == pytest.approx([expected])
    assert found.history["val_loss"] == pytest.approx([np.mean((3 - labels) ** 2)])  # in training only
    with pytest.raises(ValueError):
        fit(x, labels, class_weight={0: 1.0})


def test_class_weight_per_output():
    x = Input((1,))
    model = Model(x, [Activation("linear", name="a")(x), Activation("linear", name="b")(x)])
    model.compile("sgd", "mse")
    labels = np.array([0, 1] * 5)
    ones = np.full((10, 1), 2.0)
    for weights in ({"b": {0: 1.0, 1: 3.0}}, [None, {0: 1.0, 1: 3.0}]):
        history = model.fit(ones, [labels, labels], class_weight=weights, verbose=0).history
        assert history["a_loss"] == pytest.approx([2.5]) and history["b_loss"] == pytest.approx([3.5])
    with pytest.raises(ValueError):
        model.fit(ones, [labels, labels], class_weight={"c": {0: 1.0, 1: 1.0}})


def test_sample_weight():
    weights = np.linspace(0, 1, 10)
    assert fit(X, Y, sample_weight=weights).history["loss"] == pytest.approx(
        [np.mean(weights * X[:, 0] ** 2)]
    )
    for wrong in (np.ones(9), np.ones((10, 1)), np.ones((10, 2))):
        with pytest.raises(ValueError):
            identity().fit(X, Y, sample_weight=wrong)


def test_sample_weight_per_time_step():
    x, weights = np.arange(12.0).reshape(2, 3, 2), np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])
    model = Sequential([Activation("linear", input_shape=(3, 2))])
    model.compile("sgd", "mse", sample_weight_mode="temporal")
    expected = np.mean(weights * np.mean(x**2, axis=-1))
    found = fit(x, np.zeros_like(x), model=model, sample_weight=weights)
    assert found.history["loss"] == pytest.approx([expected])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError):
        model.fit(x, np.zeros_like(x), sample_weight=weights)


def test_sample_and_class_weights_multiply():
    labels = np.array([0, 1] * 5)
    x = np.full((10, 1), 3.0)
    weights = np.arange(10.0)
    expected = np.mean(weights * np.array([1, 4] * 5) * (3 - labels) ** 2)
    found = fit(x, labels, sample_weight=weights, class_weight={0: 1.0, 1: 4.0})
    assert found.history["loss"] == pytest.approx([expected])


def test_steps_per_epoch():
    assert fit(batches(), steps_per_epoch=3, epochs=2).sizes == [5] * 6
    assert fit(Ones(), steps_per_epoch=5).sizes == [3] * 5  # a sequence begins again
    # Arrays are taken as a whole in each step, without a batch size, and nothing is shuffled.
    assert fit(X, Y, steps_per_epoch=3, shuffle=True).losses == pytest.approx([ALL] * 3)
    with pytest.raises(ValueError):
        identity().fit(X, Y, steps_per_epoch=3, batch_size=2)
    with pytest.raises(ValueError):
        identity().fit(X, Y, steps_per_epoch=3, validation_split=0.5)
    with pytest.raises(ValueError):
        identity().fit(batches())


def test_validation_steps():
    taken = []

    def counted():
        for batch in batches():
            taken.append(1)
            yield batch

    fit(batches(), steps_per_epoch=2, epochs=3, validation_data=counted(), validation_steps=4)
    assert len(taken) == 12  # none beyond what is used
    found = fit(X, Y, steps_per_epoch=2, validation_data=(X[:5], Y[:5]), validation_steps=2)
    assert found.history["val_loss"] == pytest.approx([6])
    with pytest.raises(ValueError):
        identity().fit(X, Y, validation_data=(X, Y), validation_steps=2)
    with pytest.raises(ValueError):
        identity().fit(X, Y, steps_per_epoch=2, validation_data=(X, Y))


@pytest.mark.parametrize(
    ("freq", "validated"), [(1, 6), (2, 3), (4, 1), ([1, 4], 2), ((6,), 1), ({2, 3, 9}, 2)]
)
def test_validation_freq(freq, validated):
    found = fit(X, Y, epochs=6, validation_data=(X, Y), validation_freq=freq)
    assert found.tests == validated and len(found.history["val_loss"]) == validated


@pytest.mark.parametrize("freq", [0, 0.5, None])
def test_validation_freq_that_is_none(freq):
    with pytest.raises(ValueError):
        fit(X, Y, validation_data=(X, Y), validation_freq=freq)


@pytest.mark.parametrize("queue", [{"max_queue_size": 1}, {"workers": 3}, {"use_multiprocessing": True}])
def test_queue_arguments_do_nothing_with_arrays(queue):
    assert fit(X, Y, **queue).history["loss"] == pytest.approx([ALL])


def test_unknown_arguments_are_refused():
    with pytest.raises(TypeError):
        identity().fit(X, Y, learning=1)


def test_history():
    model = identity(metrics=["mae"])
    history = model.fit(X, Y, epochs=2, validation_data=(X, Y), verbose=0)
    assert history is model.history and history.epoch == [0, 1]
    assert {name: len(values) for name, values in history.history.items()} == {
        "loss": 2,
        "mae": 2,
        "val_loss": 2,
        "val_mae": 2,
    }
    assert history.params["epochs"] == 2


def test_learns():
    x = np.random.RandomState(0).rand(200, 3)
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile("adam", "mse")
    losses = model.fit(x, x.sum(axis=1), epochs=20, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
