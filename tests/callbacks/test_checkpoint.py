"""ModelCheckpoint: when it saves, what, and where."""

import os

import numpy as np
import pytest

from pronghorn import callbacks, models
from pronghorn.layers import Dense
from pronghorn.models import Sequential


class Saving:
    """A model that notes what it saves."""

    def __init__(self):
        self.saved = []

    def save(self, path, overwrite):
        self.saved.append(("model", path, overwrite))

    def save_weights(self, path, overwrite):
        self.saved.append(("weights", path, overwrite))


def saved(values, name="val_loss", filepath="{epoch}", **kwargs):
    checkpoint = callbacks.ModelCheckpoint(filepath, **kwargs)
    checkpoint.set_model(Saving())
    for epoch, value in enumerate(values):
        checkpoint.on_epoch_end(epoch, {name: value})
    return checkpoint.model.saved


def epochs(*args, **kwargs):
    return [int(path) for _, path, _ in saved(*args, **kwargs)]


@pytest.mark.parametrize(
    "kwargs, name, expected",
    [
        ({}, "val_loss", [1, 2, 3, 4, 5]),
        ({"period": 2}, "val_loss", [2, 4]),
        ({"save_best_only": True}, "val_loss", [1, 2, 5]),
        ({"save_best_only": True, "mode": "min"}, "val_loss", [1, 2, 5]),
        ({"save_best_only": True, "mode": "max"}, "val_loss", [1, 3, 4]),
        ({"save_best_only": True, "monitor": "val_acc"}, "val_acc", [1, 3, 4]),
        ({"save_best_only": True, "monitor": "val_acc", "mode": "min"}, "val_acc", [1, 2, 5]),
        ({"save_best_only": True, "monitor": "fmeasure"}, "fmeasure", [1, 3, 4]),
        ({"save_best_only": True, "period": 2}, "val_loss", [2]),
    ],
)
def test_when(kwargs, name, expected):
    assert epochs([0.5, 0.4, 0.6, 0.7, 0.1], name, **kwargs) == expected


def test_what_and_where(capsys):
    assert saved([0.25], filepath="w.{epoch:02d}-{val_loss:.2f}.h5", save_weights_only=True) == [
        ("weights", "w.01-0.25.h5", True)
    ]
    assert saved([0.25], filepath="m", verbose=1) == [("model", "m", True)]
    assert capsys.readouterr().out == "\nEpoch 00001: saving model to m\n"
    saved([0.25, 0.5, 0.125], filepath="m", verbose=1, save_best_only=True)
    assert capsys.readouterr().out.split("\n")[1::2] == [
        "Epoch 00001: val_loss improved from inf to 0.25000, saving model to m",
        "Epoch 00002: val_loss did not improve from 0.25000",
        "Epoch 00003: val_loss improved from 0.25000 to 0.12500, saving model to m",
    ]


def test_values_that_are_missing():
    with pytest.warns(RuntimeWarning, match="Can save best model only with val_loss available.*loss"):
        assert saved([1], name="loss", save_best_only=True) == []
    with pytest.raises(KeyError, match="asks for 'val_loss'.*loss"):
        saved([1], name="loss", filepath="{val_loss}")
    with pytest.warns(RuntimeWarning, match="ModelCheckpoint mode upwards is unknown"):
        callbacks.ModelCheckpoint("m", mode="upwards")


def test_a_save_that_fails_is_no_best():
    checkpoint = callbacks.ModelCheckpoint("m", save_best_only=True)
    checkpoint.set_model(None)
    with pytest.raises(AttributeError):
        checkpoint.on_epoch_end(0, {"val_loss": 1.0})
    assert checkpoint.best == np.inf


def test_state():
    checkpoint = callbacks.ModelCheckpoint("m", period=3)
    checkpoint.on_epoch_end(0, {})
    again = callbacks.ModelCheckpoint("m", period=3)
    again.set_state(checkpoint.get_state())
    assert again.epochs_since_last_save == 1


@pytest.mark.parametrize("weights_only", [False, True])
def test_in_a_training(tmp_path, weights_only):
    pytest.importorskip("h5py")
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    path = os.fspath(tmp_path / "m.{epoch}.h5")
    checkpoint = callbacks.ModelCheckpoint(path, monitor="loss", save_weights_only=weights_only)
    x, y = np.ones((4, 2)), np.ones(4)
    model.fit(x, y, epochs=2, callbacks=[checkpoint], verbose=0)
    assert sorted(os.listdir(tmp_path)) == ["m.1.h5", "m.2.h5"]
    last = path.format(epoch=2)
    if weights_only:
        again = Sequential([Dense(1, input_shape=(2,))])
        again.load_weights(last)
    else:
        again = models.load_model(last)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
