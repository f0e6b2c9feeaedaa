"""Trainings that are interrupted and go on."""

import os
import pathlib
import random
import subprocess
import sys

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import callbacks, optimizers
from pronghorn.layers import GRU, LSTM, BatchNormalization, Dense, Dropout, Input, Lambda
from pronghorn.models import Model, Sequential
from pronghorn.utils import Sequence, state_file

SCRIPT = pathlib.Path(__file__).with_name("resumed_training.py")


def run(*arguments, seconds=None):
    """The digest that the training ends with; None where it was killed after so many seconds."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        begun = process.stdout.readline()
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return None
    assert begun == "begun\n" and process.returncode == 0, err
    return out


@pytest.mark.parametrize("save_freq", ["epoch", 5])
def test_killed_and_started_again(tmp_path, save_freq):
    """Each start draws other seeds, as a script does that sets none: what counts is in the backup."""
    kills = int(os.environ.get("PRONGHORN_KILLS", "3"))
    epochs = 12 + 8 * kills
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir(), killed.mkdir()
    expected = run(whole, save_freq, epochs, 7)
    choose = random.Random(save_freq)
    for start in range(kills):
        # So early a kill may come before the first backup that the seed has to be the first one's still.
        seed = 100 + start if (killed / "backup" / "training.npz").exists() else 7
        assert run(killed, save_freq, epochs, seed, 0.1, seconds=choose.uniform(0, 0.8)) is None
    assert run(killed, save_freq, epochs, 999) == expected
    assert os.listdir(killed) == ["log.csv"]


X = np.random.RandomState(0).rand(20, 3).astype("float32")
Y = np.random.RandomState(1).rand(20, 1).astype("float32")


class Interrupt(callbacks.Callback):
    """Raises after so many batches."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_batch_end(self, batch, logs=None):
        self.batches -= 1
        if self.batches == 0:
            raise KeyboardInterrupt


def model_of(optimizer="adam", stateful=False):
    np.random.seed(5)
    if stateful:
        first = [LSTM(4, stateful=True, batch_input_shape=(5, 3, 1)), Dense(1)]
    else:
        first = [Dense(8, activation="relu", input_shape=(3,)), Dropout(0.5), Dense(1)]
    model = Sequential(first)
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def states(model):
    return model.get_weights() + model.optimizer.get_weights() + [K.get_value(model.optimizer.lr)]


def interrupted(folder, batches, save_freq, make=model_of, x=X, extra=lambda: [], **options):
    """A training as it ends when it was interrupted, and how it ends otherwise."""
    options = {"batch_size": 5, "epochs": 6, "verbose": 0, **options}
    model = make()
    expected = model.fit(x, Y, callbacks=extra(), **options).history, states(model), np.random.rand()

    def fit(*more):
        model = make()
        backup = callbacks.BackupAndRestore(folder, save_freq=save_freq)
        history = model.fit(x, Y, callbacks=[backup, *extra(), *more], **options).history
        return history, states(model), np.random.rand()

    with pytest.raises(KeyboardInterrupt):
        fit(Interrupt(batches))
    return fit(), expected


def assert_same(found, expected):
    assert found[0].keys() == expected[0].keys()
    for name in found[0]:
        np.testing.assert_array_equal(found[0][name], expected[0][name])
    for a, b in zip(found[1], expected[1]):
        np.testing.assert_array_equal(a, b)
    assert found[2] == expected[2]


@pytest.mark.parametrize("save_freq, batches", [("epoch", 9), ("epoch", 2), (3, 11), (1, 8), (4, 4), (4, 5)])
@pytest.mark.parametrize("shuffle", [True, False, "batch"])
def test_goes_on_where_it_was(tmp_path, save_freq, batches, shuffle):
    folder = tmp_path / "backup"
    assert_same(*interrupted(folder, batches, save_freq, shuffle=shuffle, validation_split=0.25))
    assert not folder.exists()


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "nadam", "adadelta"])
def test_goes_on_with_the_optimizer(tmp_path, optimizer):
    assert_same(*interrupted(tmp_path, 10, 3, lambda: model_of(optimizer)))


def test_goes_on_with_states_of_layers(tmp_path):
    found = interrupted(tmp_path, 10, 3, lambda: model_of(stateful=True), x=X[:, :, None], shuffle=False)
    assert_same(*found)


@pytest.mark.parametrize("save_freq, batches", [("epoch", 9), (3, 11)])
def test_goes_on_with_the_learning_rate(tmp_path, save_freq, batches):
    def extra():
        return [callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.5)]

    assert_same(*interrupted(tmp_path, batches, save_freq, extra=extra))


def test_goes_on_with_callbacks(tmp_path):
    def extra():
        return [
            callbacks.ReduceLROnPlateau(monitor="loss", patience=1, cooldown=1, min_delta=1),
            callbacks.EarlyStopping(monitor="loss", patience=2, min_delta=10, restore_best_weights=True),
        ]

    assert_same(*interrupted(tmp_path, 10, "epoch", extra=extra))


def test_callbacks_of_ones_own(tmp_path):
    class Count(callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs += 1

        def get_state(self):
            return {"epochs": self.epochs, "array": np.arange(self.epochs)}

        def set_state(self, state):
            self.epochs = state["epochs"]
            np.testing.assert_array_equal(state["array"], np.arange(self.epochs))

    made = []

    def extra():
        made.append(Count())
        return [made[-1]]

    interrupted(tmp_path, 10, "epoch", extra=extra)
    assert [count.epochs for count in made] == [6, 2, 6]


class Momentum(optimizers.Optimizer):
    """An optimizer of the user's own, with state."""

    def get_updates(self, loss, params):
        moments = [K.zeros(K.int_shape(param)) for param in params]
        self.weights = moments
        updates = []
        for param, grad, moment in zip(params, self.get_gradients(loss, params), moments):
            new = 0.9 * moment + grad
            updates += [K.update(moment, new), K.update(param, param - 0.01 * new)]
        return updates


def nested(optimizer):
    x = Input((3,))
    inner = Sequential([Dense(5, input_shape=(3,)), BatchNormalization(), Dropout(0.3)])
    y = Dense(1)(Lambda(lambda t: t + 0.1 * K.random_normal(K.shape(t)))(inner(x)))
    model = Model(x, y)
    model.add_metric(K.mean(y), name="mean")
    model.add_loss(0.01 * K.sum(K.square(y)))
    model.compile(optimizer(), "mse")
    return model


def dropping_rnn(optimizer):
    model = Sequential([GRU(4, dropout=0.2, recurrent_dropout=0.3, input_shape=(3, 1)), Dense(1)])
    model.compile(optimizer(), "mse")
    return model


@pytest.mark.parametrize("make", [nested, dropping_rnn])
@pytest.mark.parametrize("optimizer", [Momentum, optimizers.Adam])
@pytest.mark.parametrize("save_freq", ["epoch", 2])
def test_goes_on_whatever_the_model(tmp_path, capsys, make, optimizer, save_freq):
    """Whatever seeds the second start draws."""
    x = X[:, :, None] if make is dropping_rnn else X

    def fit(seed, *extra):
        np.random.seed(seed)
        model = make(optimizer)
        options = {"batch_size": 8, "epochs": 4, "validation_split": 0.25, "verbose": 1}
        history = model.fit(x, Y, callbacks=list(extra), **options).history
        return history, model.get_weights() + model.optimizer.get_weights(), np.random.rand()

    expected = fit(1)
    with pytest.raises(KeyboardInterrupt):
        fit(1, callbacks.BackupAndRestore(tmp_path, save_freq), Interrupt(6))
    assert_same(fit(2, callbacks.BackupAndRestore(tmp_path, save_freq)), expected)


@pytest.mark.parametrize("save_freq, batches", [("epoch", 9), (3, 11)])
def test_goes_on_with_batches_and_an_optimizer_of_ones_own(tmp_path, save_freq, batches):
    """Its state is not there before the first batch, whose shape nobody knows yet."""

    def fit(seed, *extra):
        np.random.seed(seed)
        model = nested(Momentum)
        history = model.fit(ten_batches(), steps_per_epoch=4, epochs=4, callbacks=list(extra), verbose=0)
        return history.history, model.get_weights() + model.optimizer.get_weights(), np.random.rand()

    expected = fit(1)
    with pytest.raises(KeyboardInterrupt):
        fit(1, callbacks.BackupAndRestore(tmp_path, save_freq), Interrupt(batches))
    assert_same(fit(2, callbacks.BackupAndRestore(tmp_path, save_freq)), expected)


class Shuffled(Sequence):
    """Batches whose rows are shuffled by NumPy's global state after each epoch."""

    def __init__(self):
        self.on_epoch_end()

    def __len__(self):
        return 4

    def __getitem__(self, index):
        rows = self.order[5 * index : 5 * index + 5]
        return X[rows], Y[rows]

    def on_epoch_end(self):
        self.order = np.random.permutation(20)


def ten_batches():
    """A generator that does not come round with the epochs."""
    while True:
        for start in range(10):
            yield X[start : start + 5], Y[start : start + 5]


@pytest.mark.parametrize("make", [Shuffled, ten_batches, lambda: list(zip(X[:, None], Y[:, None]))])
@pytest.mark.parametrize("save_freq, batches", [("epoch", 9), (3, 11), (4, 9)])
@pytest.mark.parametrize("workers", [0, 1])
def test_goes_on_with_batches(tmp_path, make, save_freq, batches, workers):
    class Batches:  # can be iterated again and again, and has a length
        def __init__(self, items):
            self.items = items

        def __iter__(self):
            return iter(self.items)

        def __len__(self):
            return len(self.items)

    def fit(*extra):
        model = model_of()
        data, held_out = make(), ten_batches()
        data = Batches(data) if isinstance(data, list) else data
        history = model.fit(
            data,
            steps_per_epoch=None if isinstance(data, Sequence) else 4,
            epochs=6,
            validation_data=held_out,
            validation_steps=3,
            validation_freq=2,
            workers=workers,
            callbacks=list(extra),
            verbose=0,
        )
        return history.history, states(model), np.random.rand()

    expected = fit()
    backup = callbacks.BackupAndRestore(tmp_path, save_freq)
    with pytest.raises(KeyboardInterrupt):
        fit(backup, Interrupt(batches))
    assert_same(fit(callbacks.BackupAndRestore(tmp_path, save_freq)), expected)


def test_stopped_is_stopped(tmp_path):
    def fit():
        stop = callbacks.EarlyStopping(monitor="loss", min_delta=10)
        backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
        return model_of().fit(X, Y, epochs=9, callbacks=[stop, backup], verbose=0).epoch

    assert fit() == [0, 1] and fit() == [0, 1]


@pytest.mark.parametrize("save_freq", ["epoch", 3])
def test_more_epochs(tmp_path, save_freq):
    model = model_of()
    expected = model.fit(X, Y, epochs=7, batch_size=5, verbose=0).history
    for epochs in (3, 7, 7):
        model = model_of()
        backup = callbacks.BackupAndRestore(tmp_path, save_freq, delete_checkpoint=False)
        found = model.fit(X, Y, epochs=epochs, batch_size=5, callbacks=[backup], verbose=0).history
    assert found == expected


def test_batches_between_backups_run_in_one_call(tmp_path, monkeypatch):
    from pronghorn.engine import training_arrays

    monkeypatch.setattr(training_arrays, "SLICE_SECONDS", 0.0)
    ends = []
    run_batches = training_arrays.ArrayBatches.run
    monkeypatch.setattr(
        training_arrays.ArrayBatches,
        "run",
        lambda self, first, last, *more: ends.append(last) or run_batches(self, first, last, *more),
    )
    backup = callbacks.BackupAndRestore(tmp_path, save_freq=4)
    model_of().fit(X, Y, epochs=2, batch_size=2, callbacks=[backup], verbose=0)
    assert ends == [4, 8, 10, 2, 6, 10]


def test_the_backup_of_something_else(tmp_path):
    backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    model_of().fit(X, Y, callbacks=[backup], verbose=0)
    other = Sequential([Dense(1, input_shape=(3,))])
    other.compile("adam", "mse")
    with pytest.raises(ValueError, match="another model.*weights/0 .3, 8. in the backup, .3, 1. here"):
        other.fit(X, Y, callbacks=[backup], verbose=0)
    with pytest.raises(ValueError, match="on 20 samples, but there are 10"):
        model_of().fit(X[:10], Y[:10], epochs=2, callbacks=[backup], verbose=0)


def test_a_broken_backup(tmp_path):
    def fit(epochs, double):
        backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False, double_checkpoint=double)
        return model_of().fit(X, Y, epochs=epochs, callbacks=[backup], verbose=0).epoch

    fit(2, double=True)
    (tmp_path / "training.npz").write_bytes(b"half")
    assert fit(3, double=True) == [0, 1, 2]
    (tmp_path / "training.previous.npz").unlink()
    (tmp_path / "training.npz").write_bytes(b"half")
    with pytest.raises(ValueError, match="cannot be read.*Remove it"):
        fit(3, double=False)


@pytest.mark.parametrize(
    "arguments", [("",), ("there", 0), ("there", "batch"), ("there", True), ("there", 1.5)]
)
def test_arguments(arguments):
    with pytest.raises(ValueError, match="BackupAndRestore"):
        callbacks.BackupAndRestore(*arguments)


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "state.npz"
    state_file.save_state(path, {"a": 1})

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(state_file.np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        state_file.save_state(path, {"a": 2})
    assert state_file.load_state(path) == {"a": 1}


@pytest.mark.parametrize(
    "value", [1, -0.5, float("inf"), "ü", None, True, [1, [2.5]], {"a": {"b": []}}, np.float32(0.1)]
)
def test_states_round_trip(tmp_path, value):
    state_file.save_state(tmp_path / "state", {"value": value})
    found = state_file.load_state(tmp_path / "state")["value"]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("value", [object(), {1: 2}, {"$array": 0}, np.array([object()])])
def test_what_cannot_be_written(tmp_path, value):
    with pytest.raises(TypeError, match="cannot be written"):
        state_file.save_state(tmp_path / "state", [value])
