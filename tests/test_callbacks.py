"""Callbacks: what each does, when they are called, and with what."""

import csv
import gc
import io
import sys
import weakref

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import callbacks
from pronghorn.callbacks import Callback, CallbackList
from pronghorn.engine import training_arrays
from pronghorn.layers import Dense, Lambda
from pronghorn.models import Sequential
from pronghorn.utils import progbar

X = np.random.RandomState(0).rand(10, 3).astype("float32")
Y = np.random.RandomState(1).rand(10, 1).astype("float32")


def regression(lr=0.1):
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse", metrics=["mae"])
    K.set_value(model.optimizer.lr, lr)
    return model


class Record(Callback):
    """Notes each call."""

    def __init__(self, *hooks):
        super().__init__()
        self.calls = []
        for hook in hooks:
            setattr(self, hook, self.noting(hook))

    def noting(self, hook):
        def note(*args, **kwargs):
            logs = kwargs.get("logs", args[-1])
            self.calls.append(
                (hook, *args[: 1 if "batch" in hook or "epoch" in hook else 0], dict(logs or {}))
            )

        return note


ALL = [
    f"on_{name}"
    for name in ("train_begin", "train_end", "epoch_begin", "epoch_end", "test_begin", "test_end")
]
BATCH = ["on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin", "on_test_batch_end"]


def test_order_of_calls():
    record = Record(*ALL, *BATCH)
    regression().fit(
        X, Y, batch_size=4, epochs=1, validation_data=(X[:4], Y[:4]), callbacks=[record], verbose=0
    )
    names = [call[0] for call in record.calls]
    batches = ["on_train_batch_begin", "on_train_batch_end"] * 3
    validation = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    assert names == [
        "on_train_begin",
        "on_epoch_begin",
        *batches,
        *validation,
        "on_epoch_end",
        "on_train_end",
    ]
    assert set(record.calls[-2][2]) == {"loss", "mae", "val_loss", "val_mae"}


@pytest.mark.parametrize("older", [False, True])
def test_batch_hooks_get_logs(older):
    begin, end = (
        ("on_batch_begin", "on_batch_end") if older else ("on_train_batch_begin", "on_train_batch_end")
    )
    record = Record(begin, end)
    model = regression(lr=0.0)
    model.fit(X, Y, batch_size=4, shuffle=False, callbacks=[record], verbose=0)
    assert [call[1] for call in record.calls] == [0, 0, 1, 1, 2, 2]
    sizes = [call[2]["size"] for call in record.calls]
    assert sizes == [4, 4, 4, 4, 2, 2]
    for index, (_, _, logs) in enumerate(record.calls[1::2]):
        rows = slice(4 * index, 4 * index + 4)
        assert logs["loss"] == pytest.approx(model.evaluate(X[rows], Y[rows], verbose=0)[0], rel=1e-5)
        # Metrics are those of the epoch so far.
        so_far = slice(0, rows.stop)
        assert logs["mae"] == pytest.approx(model.evaluate(X[so_far], Y[so_far], verbose=0)[1], rel=1e-5)


def test_results_do_not_depend_on_batch_hooks():
    def run(*extra):
        np.random.seed(3)
        model = regression()
        model.set_weights([np.ones((3, 1)), np.zeros(1)])
        history = model.fit(X, Y, batch_size=4, epochs=3, callbacks=list(extra), verbose=0).history
        return history, model.get_weights()

    plain, stepped = run(), run(Record("on_batch_end"))
    assert plain[0]["mae"] == stepped[0]["mae"]
    assert plain[0]["loss"] == stepped[0]["loss"]
    for a, b in zip(plain[1], stepped[1]):
        np.testing.assert_array_equal(a, b)


def test_predict_and_evaluate_hooks():
    record = Record("on_predict_batch_end", "on_test_batch_end", "on_predict_begin", "on_test_end")
    model = regression()
    found = model.predict(X, batch_size=4, callbacks=[record])
    assert [call[0] for call in record.calls] == ["on_predict_begin"] + ["on_predict_batch_end"] * 3
    np.testing.assert_array_equal(record.calls[-1][2]["outputs"][0], found[8:])
    record.calls.clear()
    model.evaluate(X, Y, batch_size=4, callbacks=[record], verbose=0)
    assert [call[0] for call in record.calls] == ["on_test_batch_end"] * 3 + ["on_test_end"]


def test_who_wants_every_batch():
    assert not CallbackList([callbacks.History(), callbacks.EarlyStopping()]).needs_every_batch("train")
    assert not CallbackList([callbacks.BaseLogger(), callbacks.ProgbarLogger()]).needs_every_batch("train")
    assert not CallbackList([callbacks.LambdaCallback(on_epoch_end=print)]).needs_every_batch("train")
    assert not CallbackList([callbacks.ModelCheckpoint("m"), callbacks.CSVLogger("l")]).needs_every_batch(
        "train"
    )
    assert not CallbackList([callbacks.BackupAndRestore("b", 3)]).needs_every_batch("train")
    assert CallbackList([callbacks.TerminateOnNaN(find_layer=True)]).needs_every_batch("train")
    assert CallbackList([callbacks.LambdaCallback(on_batch_end=print)]).needs_every_batch("train")
    assert CallbackList([callbacks.TerminateOnNaN()]).needs_every_batch("train")
    assert not CallbackList([callbacks.TerminateOnNaN()]).needs_every_batch("test")
    assert CallbackList([Record("on_predict_batch_end")]).needs_every_batch("predict")


def test_slow_batch_hooks_are_warned_of(monkeypatch):
    slow = CallbackList([Callback()])
    now = [0.0]

    def tick():
        now[0] += 0.2
        return now[0]

    monkeypatch.setattr(callbacks.base.time, "time", tick)
    slow._call_batch_hook("train", "begin", 0)
    slow._delta_t_batch = 0.1
    with pytest.warns(RuntimeWarning, match="on_train_batch_begin"):
        slow._call_batch_hook("train", "begin", 1)


def test_stop_training_between_batches():
    class Stop(Callback):
        def on_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    record = Record("on_epoch_end", "on_train_end")
    history = regression().fit(X, Y, batch_size=2, epochs=5, callbacks=[Stop(), record], verbose=0)
    assert history.epoch == [0] and len(record.calls) == 2


def test_terminate_on_nan():
    model = regression()
    x = X.copy()
    x[5] = np.inf
    history = model.fit(
        x, Y, batch_size=2, epochs=3, shuffle=False, callbacks=[callbacks.TerminateOnNaN()], verbose=0
    )
    assert history.epoch == [0] and not np.isfinite(history.history["loss"][0])


@pytest.mark.parametrize("by_generator", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_which_layer_made_the_loss_nan(capsys, by_generator, shuffle):
    def told(change, x=X, y=Y):
        model = Sequential(
            [Dense(3, input_shape=(3,), name="first"), Lambda(change, name="second"), Dense(1, name="third")]
        )
        model.compile("sgd", "mse")
        stop = callbacks.TerminateOnNaN(find_layer=True)
        if by_generator:
            batches = ((x[i : i + 2], y[i : i + 2]) for i in range(0, 10, 2))
            model.fit(batches, steps_per_epoch=5, callbacks=[stop], verbose=0)
        else:
            model.fit(x, y, batch_size=2, shuffle=shuffle, callbacks=[stop], verbose=0)
        return capsys.readouterr().out

    assert 'Batch 0: layer "second" (Lambda) gave nan for' in told(lambda x: K.log(-K.abs(x) - 1))
    broken = X.copy()
    broken[5, 1] = np.nan
    assert "input 0 of the batch holds nan, in row " in told(lambda x: x, broken)
    assert "target 0 of the batch holds inf, in row " in told(lambda x: x, y=np.where(Y[3] == Y, np.inf, Y))
    found = told(lambda x: x * 1e20)
    assert "Invalid loss" in found and "third" in found or "the loss itself" in found


def test_the_row_that_is_told_is_that_of_the_shuffled_batch(capsys):
    x = X.copy()
    x[0, 1] = np.nan
    np.random.seed(3)
    order = np.arange(10)
    np.random.shuffle(order)
    row = list(order).index(0)
    assert row != 0
    np.random.seed(3)
    stop = callbacks.TerminateOnNaN(find_layer=True)
    regression().fit(x, Y, batch_size=10, callbacks=[stop], verbose=0)
    assert f"input 0 of the batch holds nan, in row {row}" in capsys.readouterr().out


def test_a_weight_that_is_not_finite(capsys):
    model = regression()
    model.set_weights([np.array([[1.0], [np.nan], [1.0]]), np.zeros(1)])
    model.fit(X, Y, callbacks=[callbacks.TerminateOnNaN(find_layer=True)], verbose=0)
    assert 'kernel:0" of layer "' in capsys.readouterr().out


@pytest.mark.parametrize("every", [False, True])
def test_a_loss_that_is_not_finite_is_warned_of_once(every):
    x = X.copy()
    x[5] = np.inf
    extra = [Record("on_batch_end")] if every else []
    with pytest.warns(RuntimeWarning, match="became .* at batch 2 of epoch 1 .*TerminateOnNaN") as found:
        regression().fit(x, Y, batch_size=2, epochs=3, shuffle=False, callbacks=extra, verbose=0)
    assert len(found) == 1


@pytest.mark.parametrize("by_generator", [False, True])
def test_a_model_lets_go_of_the_data(by_generator):
    x, y = X.copy(), Y.copy()
    gone = weakref.ref(x)
    model = regression()
    if by_generator:
        model.fit(iter([(x, y)] * 2), steps_per_epoch=2, verbose=0)
    else:
        model.fit(x, y, verbose=0)
    del x
    gc.collect()
    assert gone() is None


class Fake:
    """A model whose epochs end with given values."""

    stop_training = False
    weights = 0

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    def run(self, callback, values, name="val_loss"):
        callback.set_model(self)
        callback.on_train_begin()
        self.stop_training = False
        for epoch, value in enumerate(values):
            self.weights = epoch
            callback.on_epoch_end(epoch, {name: value})
            if self.stop_training:
                break
        callback.on_train_end()
        return epoch


@pytest.mark.parametrize(
    "kwargs, values, name, stops",
    [
        ({}, [3, 2, 2.5, 1], "val_loss", 2),
        ({"patience": 2}, [3, 2, 2.5, 1, 2, 2], "val_loss", 5),
        ({"min_delta": 0.5}, [3, 2, 1.9, 1], "val_loss", 2),
        ({"monitor": "val_acc"}, [0.1, 0.3, 0.2, 0.4], "val_acc", 2),
        ({"mode": "max"}, [1, 2, 1.5], "val_loss", 2),
        ({"baseline": 2.0}, [3, 1], "val_loss", 0),
        ({"baseline": 4.0}, [3, 2, 1], "val_loss", 2),
    ],
)
def test_early_stopping(kwargs, values, name, stops):
    assert Fake().run(callbacks.EarlyStopping(**kwargs), values, name) == stops


def test_early_stopping_again():
    callback, fake = callbacks.EarlyStopping(patience=1), Fake()
    assert fake.run(callback, [1, 2]) == 1
    assert fake.run(callback, [5, 4, 3]) == 2


def test_early_stopping_goes_back_to_the_best():
    fake = Fake()
    fake.run(callbacks.EarlyStopping(patience=3, restore_best_weights=True), [3, 1, 2, 2, 2])
    assert fake.weights == 1


def test_early_stopping_without_the_value():
    with pytest.warns(RuntimeWarning, match="val_loss.*available metrics|Available metrics are: loss"):
        Fake().run(callbacks.EarlyStopping(), [1], name="loss")


def test_early_stopping_in_a_training(capsys):
    model = regression(lr=0.0)
    stop = callbacks.EarlyStopping(monitor="loss", patience=2, verbose=1)
    history = model.fit(X, Y, epochs=20, shuffle=False, callbacks=[stop], verbose=0)
    assert history.epoch == [0, 1, 2]
    assert "Epoch 00003: early stopping" in capsys.readouterr().out


@pytest.mark.parametrize("schedule", [lambda epoch: 0.1 / (1 + epoch), lambda epoch, lr: lr / (1 + epoch)])
def test_learning_rate_scheduler(schedule):
    model = regression()
    history = model.fit(
        X, Y, epochs=2, callbacks=[callbacks.LearningRateScheduler(schedule, verbose=1)], verbose=0
    )
    np.testing.assert_allclose(history.history["lr"], [0.1, 0.05], rtol=1e-6)


def test_the_compiled_step_follows_the_learning_rate():
    model = regression()
    model.train_on_batch(X, Y)
    K.set_value(model.optimizer.lr, 0.0)
    before = model.get_weights()
    model.train_on_batch(X, Y)
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_a_schedule_has_to_give_numbers():
    with pytest.raises(ValueError, match="float"):
        regression().fit(X, Y, callbacks=[callbacks.LearningRateScheduler(lambda epoch: "low")], verbose=0)


def test_reduce_lr_on_plateau():
    model = regression()
    reduce = callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.5, patience=1, min_delta=10, cooldown=2, min_lr=0.03
    )
    history = model.fit(X, Y, epochs=6, callbacks=[reduce], verbose=0)
    # The rate is noted before it is reduced; a cooldown ends within its last epoch.
    np.testing.assert_allclose(history.history["lr"], [0.1, 0.1, 0.05, 0.05, 0.03, 0.03], rtol=1e-6)
    with pytest.raises(ValueError, match="factor >= 1.0"):
        callbacks.ReduceLROnPlateau(factor=1.0)


def test_plot(tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    history = regression().fit(X, Y, epochs=3, validation_split=0.2, verbose=0)
    loss, mae = history.plot()
    assert (loss.get_title(), mae.get_title(), mae.get_xlabel()) == ("loss", "mae", "epoch")
    lines = {line.get_label(): line for line in mae.lines}
    np.testing.assert_allclose(lines["training"].get_ydata(), history.history["mae"])
    np.testing.assert_allclose(lines["validation"].get_ydata(), history.history["val_mae"])
    np.testing.assert_array_equal(lines["training"].get_xdata(), [1, 2, 3])
    pyplot.savefig(tmp_path / "training.png")
    _, place = pyplot.subplots()
    assert list(history.plot(["loss"], place)) == [place] and len(place.lines) == 2
    pyplot.close("all")
    with pytest.raises(ValueError, match="No acc in the history; it has .*loss"):
        history.plot(["acc"])
    with pytest.raises(ValueError, match="2 results to draw .loss, mae. but 1 axes"):
        history.plot(axes=place)


def test_plot_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install pronghorn\[plot\]"):
        regression().fit(X, Y, verbose=0).plot()


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    model = regression()
    model.fit(X, Y, epochs=2, callbacks=[callbacks.CSVLogger(path, separator=";")], verbose=0)
    model.fit(X, Y, epochs=1, callbacks=[callbacks.CSVLogger(path, separator=";", append=True)], verbose=0)
    with open(path) as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert rows[0] == ["epoch", "loss", "mae"]
    assert [row[0] for row in rows[1:]] == ["0", "1", "0"]


def test_lambda_callback():
    seen = []
    callback = callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(("begin", epoch)),
        on_batch_end=lambda index, values: seen.append(("batch", index)),
        on_train_end=lambda logs: seen.append("end"),
    )
    regression().fit(X, Y, batch_size=5, callbacks=[callback], verbose=0)
    assert seen == [("begin", 0), ("batch", 0), ("batch", 1), "end"]


def test_unknown_modes_are_warned_of():
    with pytest.warns(RuntimeWarning, match="fallback to auto"):
        callbacks.EarlyStopping(mode="upwards")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("by_generator", [False, True])
@pytest.mark.parametrize("verbose", [1, "auto"])
def test_the_bars_of_evaluation_and_prediction(monkeypatch, by_generator, verbose):
    model = regression()
    monkeypatch.setattr(sys, "stdout", Terminal())
    if by_generator:
        model.evaluate_generator(iter([(X, Y)] * 3), steps=3, verbose=verbose)
    else:
        model.evaluate(X, Y, verbose=verbose)
    total = "3/3" if by_generator else "10/10"
    assert f"{total} [=====" in sys.stdout.getvalue()
    monkeypatch.setattr(sys, "stdout", Terminal())
    if by_generator:
        model.predict_generator(iter([X] * 3), steps=3, verbose=verbose)
    else:
        model.predict(X, verbose=verbose)
    assert f"{total} [=====" in sys.stdout.getvalue()


@pytest.mark.parametrize("by_generator", [False, True])
def test_the_bar_shows_the_validation(monkeypatch, by_generator):
    monkeypatch.setattr(training_arrays, "SLICE_SECONDS", 1e-9)
    monkeypatch.setattr(progbar.Progbar.__init__, "__defaults__", (30, 1, 0.0, None, "step"))
    monkeypatch.setattr(sys, "stdout", Terminal())
    data = iter([(X[:1], Y[:1])] * 10) if by_generator else (X, Y)
    regression().fit(X, Y, batch_size=1, validation_data=data, validation_steps=10 if by_generator else None)
    shown = sys.stdout.getvalue().split("\r")
    assert any("10/10 [" in line and "validation ETA: 0s (3/10)" in line for line in shown)
    assert "val_loss" in shown[-1] and "validation" not in shown[-1]


def test_no_validation_bar_in_a_file(capsys):
    regression().fit(X, Y, validation_data=(X, Y))
    assert "validation ETA" not in capsys.readouterr().out


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_the_bar_of_a_training(capsys, verbose):
    regression().fit(X, Y, epochs=2, validation_split=0.2, verbose=verbose)
    text = capsys.readouterr().out
    assert text.startswith("Train on 8 samples, validate on 2 samples\nEpoch 1/2\n")
    for name in ("loss", "mae", "val_loss", "val_mae"):
        assert text.count(f" - {name}: ") == 2
    assert ("8/8 [======" in text) == (verbose != 2)
