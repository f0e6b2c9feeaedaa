"""What a training costs, counted and not timed: steps, memory, allocations, entries into Python. Its bits."""

import gc
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from pronghorn import _core, callbacks, optimizers
from pronghorn.engine import training_arrays
from pronghorn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from pronghorn.models import Sequential


def mlp_softmax():
    model = Sequential(
        [
            Dense(64, activation="relu", input_dim=20),
            Dropout(0.5),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(10, activation="softmax"),
        ]
    )
    sgd = optimizers.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)
    model.compile(loss="categorical_crossentropy", optimizer=sgd, metrics=["accuracy"])
    return model, (20,), 10


def mlp_binary():
    model = Sequential(
        [
            Dense(64, input_dim=20, activation="relu"),
            Dropout(0.5),
            Dense(64, activation="relu"),
            Dropout(0.5),
            Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return model, (20,), 1


def vgg_like(size=100):
    model = Sequential(
        [
            Conv2D(32, (3, 3), activation="relu", input_shape=(size, size, 3)),
            Conv2D(32, (3, 3), activation="relu"),
            MaxPooling2D(pool_size=(2, 2)),
            Dropout(0.25),
            Conv2D(64, (3, 3), activation="relu"),
            Conv2D(64, (3, 3), activation="relu"),
            MaxPooling2D(pool_size=(2, 2)),
            Dropout(0.25),
            Flatten(),
            Dense(256, activation="relu"),
            Dropout(0.5),
            Dense(10, activation="softmax"),
        ]
    )
    sgd = optimizers.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)
    model.compile(loss="categorical_crossentropy", optimizer=sgd)
    return model, (size, size, 3), 10


def cnn():
    model = Sequential(
        [
            Conv2D(6, 3, padding="same", use_bias=False, input_shape=(10, 10, 2)),
            BatchNormalization(),
            MaxPooling2D(),
            Conv2D(8, 3, activation="relu"),
            Flatten(),
            Dropout(0.2),
            Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model, (10, 10, 2), 3


def data_for(shape, units, rows):
    rng = np.random.RandomState(0)
    x = rng.rand(rows, *shape).astype("float32")
    y = rng.randint(0, 2, (rows, 1)) if units == 1 else np.eye(units)[rng.randint(0, units, rows)]
    return x, y


def steps_of(model, mode, batch_size, shape, units):
    targets = [] if mode == "predict" else [(batch_size, units)]
    return model._step_for(mode, [(batch_size, *shape)], targets, [None] * len(targets)).program


# The most steps that the programs of the models in the first chapter of Keras's documentation take: to be
# lowered when more is fused.
STEPS = {
    # model: (train, test, predict)
    "mlp_softmax": (mlp_softmax, 128, (28, 10, 4)),
    "mlp_binary": (mlp_binary, 128, (24, 8, 3)),
    "vgg_like": (vgg_like, 32, (45, 10, 9)),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps_of_the_first_models(name):
    build, batch_size, expected = STEPS[name]
    model, shape, units = build()
    found = tuple(
        steps_of(model, mode, batch_size, shape, units).num_steps for mode in ("train", "test", "predict")
    )
    assert all(have <= want for have, want in zip(found, expected)), found


def python_calls(function):
    """How many calls of Python functions `function` makes."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event == "call"

    gc.collect()
    gc.disable()  # it may call what earlier objects are to be ended with
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


@pytest.mark.parametrize("build", [mlp_softmax, cnn])
@pytest.mark.parametrize("verbose", [0, 2])
def test_fit_enters_python_never_per_batch(build, verbose, monkeypatch, capsys):
    monkeypatch.setattr(training_arrays, "SLICE_SECONDS", 0.0)  # else a slow machine cuts an epoch in two
    model, shape, units = build()
    x, y = data_for(shape, units, 70)

    def fit(rows):
        stop = callbacks.EarlyStopping(monitor="loss")
        return lambda: model.fit(x[:rows], y[:rows], batch_size=4, verbose=verbose, callbacks=[stop])

    fit(10)(), fit(70)()
    few, many = python_calls(fit(10)), python_calls(fit(70))  # 3 and 18 batches
    assert few == many


@pytest.mark.parametrize("build", [mlp_softmax, mlp_binary, cnn])
def test_no_allocation_after_the_first_step(build):
    model, shape, units = build()
    x, y = data_for(shape, units, 40)
    model.fit(x, y, batch_size=8, epochs=1, verbose=0)
    before = _core.allocations()
    model.fit(x, y, batch_size=8, epochs=3, verbose=0)
    model.train_on_batch(x[:8], y[:8])
    assert _core.allocations() == before


def test_memory_of_a_step_is_reported():
    model, shape, units = mlp_softmax()
    train, predict = (steps_of(model, mode, 128, shape, units).arena_bytes for mode in ("train", "predict"))
    floats = 128 * (64 + 64 + 10)
    assert 0 < predict < train < 4 * 4 * floats


def test_rest_of_an_epoch_is_a_second_program():
    model, shape, units = mlp_softmax()
    x, y = data_for(shape, units, 70)
    model.fit(x, y, batch_size=32, epochs=2, verbose=0)
    assert sorted(key[1] for key in model._steps) == [((6, 20),), ((32, 20),)]


BITS = """
import numpy as np
import test_training_counts as t
np.random.seed(2)
for build in (t.mlp_softmax, t.cnn):
    model, shape, units = build()
    x, y = t.data_for(shape, units, 150)
    history = model.fit(x, y, batch_size=64, epochs=3, validation_split=0.2, verbose=0)
    print(t.digest(model.get_weights() + list(map(np.array, history.history.values()))))
"""


def digest(arrays):
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def test_same_bits_for_any_number_of_threads():
    def run(threads):
        path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
        env = dict(os.environ, OMP_NUM_THREADS=str(threads), PYTHONPATH=path)
        return subprocess.run(
            [sys.executable, "-c", BITS], env=env, capture_output=True, text=True, check=True
        ).stdout

    results = [run(threads) for threads in (1, 2, 3, 4)]
    assert len(results[0].split()) == 2
    assert results == [results[0]] * 4
