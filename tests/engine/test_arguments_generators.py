"""Each argument of `fit_generator`, `evaluate_generator` and `predict_generator`, by what it changes."""

import itertools
import multiprocessing
import os
import threading
import time

import numpy as np
import pytest

from pronghorn.callbacks import Callback, LambdaCallback
from pronghorn.layers import Activation, Dense
from pronghorn.models import Sequential
from pronghorn.utils import Sequence

WEIGHTS = np.array([1.0, 3.0])


class Numbers(Sequence):
    """Batch i holds the number i; its squared error tells which batch it was."""

    def __init__(self, count=4, rows=2):
        self.count, self.rows = count, rows
        self.ends = 0

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return np.full((self.rows, 1), float(index)), np.zeros((self.rows, 1))

    def on_epoch_end(self):
        self.ends += 1


class Seen(Callback):
    def __init__(self):
        super().__init__()
        self.batches, self.steps, self.logs = [], [], []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(round(logs["loss"] ** 0.5))

    def on_test_batch_end(self, batch, logs=None):
        self.logs.append(logs["loss"])

    def on_epoch_begin(self, epoch, logs=None):
        self.steps.append(self.params["steps"])


def identity(**compiled):
    model = Sequential([Activation("linear", input_shape=(1,))])
    model.compile("sgd", "mse", **compiled)
    return model


def fit(batches, **arguments):
    seen = Seen()
    history = identity().fit_generator(batches, **{"verbose": 0, "callbacks": [seen], **arguments})
    seen.history = history.history
    return seen


def counted():
    for i in itertools.count():
        yield np.full((2, 1), float(i)), np.zeros((2, 1))


def workers_left():
    return multiprocessing.active_children() + [
        thread for thread in threading.enumerate() if "_work" in thread.name
    ]


@pytest.fixture(autouse=True)
def nothing_left_running():
    yield
    assert workers_left() == []


HOW = [
    {"workers": 0},
    {"workers": 1},
    {"workers": 3},
    {"workers": 1, "use_multiprocessing": True},
    {"workers": 3, "use_multiprocessing": True},
]


@pytest.mark.parametrize("how", HOW)
def test_sequences_come_in_order_whatever_the_workers(how):
    sequence = Numbers()
    assert fit(sequence, epochs=2, shuffle=False, **how).batches == [0, 1, 2, 3] * 2
    assert sequence.ends == 2
    model = identity()
    assert model.evaluate_generator(Numbers(), **how) == pytest.approx(14 / 4)
    np.testing.assert_array_equal(model.predict_generator(Numbers(), **how)[::2, 0], range(4))


@pytest.mark.parametrize("how", HOW[:2] + HOW[3:4])
def test_generators_are_taken_from_in_order_and_no_further_than_needed(how):
    batches = counted()
    assert fit(batches, steps_per_epoch=3, epochs=2, **how).batches == list(range(6))
    if "use_multiprocessing" not in how:
        assert next(batches)[0][0, 0] == 6


@pytest.mark.parametrize("shuffle", [True, False])
def test_shuffle(shuffle):
    np.random.seed(3)
    found = fit(Numbers(8), epochs=2, shuffle=shuffle).batches
    assert sorted(found[:8]) == sorted(found[8:]) == list(range(8))
    assert (found[:8] != found[8:]) == shuffle
    np.random.seed(3)
    assert fit(Numbers(8), epochs=2, shuffle=shuffle, workers=3).batches == found


def test_steps_per_epoch():
    assert fit(Numbers(), steps_per_epoch=3, epochs=2, shuffle=False).batches == [0, 1, 2, 3, 0, 1]
    assert fit(Numbers(), steps_per_epoch=6, shuffle=False).batches == [0, 1, 2, 3, 0, 1]
    with pytest.raises(ValueError):
        fit(counted())


class Growing(Numbers):
    def on_epoch_end(self):
        self.count += 2


@pytest.mark.parametrize("how", HOW[:2] + HOW[3:4])
def test_length_of_a_sequence_may_change(how):
    seen = fit(Growing(2), epochs=3, shuffle=False, **how)
    assert seen.steps == [2, 4, 6] and seen.batches == [0, 1, *range(4), *range(6)]


def test_epochs_and_initial_epoch():
    assert len(fit(Numbers(), epochs=5, initial_epoch=3).batches) == 8


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_verbose(verbose, capsys):
    model = identity()
    model.fit_generator(Numbers(), verbose=verbose)
    assert ("Epoch 1/1" in capsys.readouterr().out) == bool(verbose)
    model.evaluate_generator(Numbers(), verbose=verbose)
    model.predict_generator(Numbers(), verbose=verbose)
    assert ("4/4" in capsys.readouterr().out) == (verbose == 1)


def test_callbacks_of_evaluation_and_prediction():
    calls = []
    callback = Callback()
    callback.on_test_batch_end = lambda batch, logs=None: calls.append(("test", batch))
    callback.on_predict_batch_end = lambda batch, logs=None: calls.append(("predict", batch))
    identity().evaluate_generator(Numbers(2), callbacks=[callback])
    identity().predict_generator(Numbers(2), callbacks=[callback])
    assert calls == [("test", 0), ("test", 1), ("predict", 0), ("predict", 1)]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("form", ["tuple", "triple", "generator", "sequence"])
def test_validation_data(form, how):
    x, y = np.array([[1.0], [3.0]]), np.zeros((2, 1))
    data, steps, expected = {
        "tuple": ((x, y), None, 5),
        "triple": ((x, y, WEIGHTS), None, 14),
        "generator": (itertools.repeat((x, y)), 3, 5),
        "sequence": (Numbers(), None, 14 / 4),
    }[form]
    if form == "generator" and how.get("use_multiprocessing") and how["workers"] > 1:
        pytest.skip("each process would warn of its copy")
    found = fit(Numbers(), epochs=2, validation_data=data, validation_steps=steps, **how)
    assert found.history["val_loss"] == pytest.approx([expected] * 2)


def test_validation_steps():
    found = fit(Numbers(), epochs=2, validation_data=Numbers(), validation_steps=2)
    assert found.history["val_loss"] == pytest.approx([1 / 2, (4 + 9) / 2])  # it goes on where it stopped
    with pytest.raises(ValueError):
        fit(Numbers(), validation_data=counted())
    with pytest.raises(ValueError):
        fit(Numbers(), validation_data=(np.ones(2), np.ones(2), np.ones(2), np.ones(2)))


@pytest.mark.parametrize(("freq", "times"), [(1, 4), (3, 1), ([1, 2], 2)])
def test_validation_freq(freq, times):
    found = fit(Numbers(), epochs=4, validation_data=Numbers(), validation_freq=freq)
    assert len(found.history["val_loss"]) == times


def test_class_weight():
    def batches():
        while True:
            yield np.full((2, 1), 3.0), np.array([0, 1])

    found = fit(batches(), steps_per_epoch=2, class_weight={0: 1.0, 1: 4.0})
    assert found.history["loss"] == pytest.approx([(9 + 4 * 4) / 2])


def test_weights_are_the_third_of_a_batch():
    batch = np.array([[1.0], [3.0]]), np.zeros((2, 1)), WEIGHTS
    model = identity()
    assert model.evaluate_generator(itertools.repeat(batch), steps=2) == pytest.approx(14)
    assert fit(itertools.repeat(batch), steps_per_epoch=2).history["loss"] == pytest.approx([14])
    np.testing.assert_array_equal(model.predict_generator(iter([batch]), steps=1), batch[0])


@pytest.mark.parametrize("batch", [np.ones((2, 1)), (np.ones((2, 1)),), (1, 2, 3, 4), 5])
def test_batches_that_are_none(batch):
    with pytest.raises(ValueError):
        fit(itertools.repeat(batch), steps_per_epoch=1)


def test_empty_batches_are_refused():
    with pytest.raises(ValueError):
        fit(itertools.repeat((np.ones((0, 1)), np.ones((0, 1)))), steps_per_epoch=1)


class Concurrent(Numbers):
    """Knows how many of its batches were being made at a time, and how many ahead of their use."""

    def __init__(self, count=12):
        super().__init__(count)
        self.lock, self.now, self.most, self.made = threading.Lock(), 0, 0, 0

    def __getitem__(self, index):
        with self.lock:
            self.now, self.made = self.now + 1, self.made + 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self.lock:
            self.now -= 1
        return super().__getitem__(index)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_workers_make_batches_at_a_time(workers):
    sequence = Concurrent()
    fit(sequence, workers=workers)
    assert sequence.most == max(workers, 1) and sequence.made == 12


@pytest.mark.parametrize("size", [1, 3])
def test_max_queue_size_is_how_many_are_made_ahead(size):
    sequence, ahead = Concurrent(), []

    def look(batch, logs):
        time.sleep(0.05)
        ahead.append(sequence.made - batch)

    fit(sequence, workers=1, max_queue_size=size, callbacks=[LambdaCallback(on_batch_begin=look)])
    # The batch in hand is beside the queue, which is filled when one is taken.
    assert max(ahead) <= size


class Processes(Numbers):
    def __getitem__(self, index):
        return np.full((2, 1), float(os.getpid())), np.zeros((2, 1))


@pytest.mark.parametrize(("processes", "here"), [(True, False), (False, True)])
def test_use_multiprocessing(processes, here):
    found = identity().predict_generator(Processes(), workers=2, use_multiprocessing=processes)
    assert (set(found[:, 0].tolist()) == {float(os.getpid())}) == here


def test_processes_that_copy_a_generator_are_warned_of():
    with pytest.warns(UserWarning, match="duplicate"):
        fit(counted(), steps_per_epoch=2, workers=2, use_multiprocessing=True)


def test_random_numbers_of_processes_differ_and_can_be_repeated():
    class Random(Numbers):
        def __getitem__(self, index):
            return np.random.rand(2, 1), np.zeros((2, 1))

    def run():
        np.random.seed(5)
        return identity().predict_generator(Random(), workers=2, use_multiprocessing=True)

    found = run()
    assert len(np.unique(found)) == 8
    np.testing.assert_array_equal(run(), found)


class Failing(Numbers):
    def __getitem__(self, index):
        if index == 2:
            raise OSError("batch two is not there")
        return super().__getitem__(index)


@pytest.mark.parametrize("how", HOW)
def test_errors_of_workers_reach_the_caller_with_their_traceback(how):
    with pytest.raises(OSError, match="batch two is not there") as raised:
        fit(Failing(), shuffle=False, **how)
    text = str(raised.value.__cause__) if how.get("use_multiprocessing") else str(raised.traceback[-1])
    assert "__getitem__" in text


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("end", ["stop", "error", "interrupt"])
def test_nothing_is_left_running(how, end):
    model = identity()

    def finish(batch, logs):
        if end == "stop":
            model.stop_training = True
        else:
            raise {"error": ZeroDivisionError, "interrupt": KeyboardInterrupt}[end]

    callback = LambdaCallback(on_batch_end=finish)
    arguments = {"validation_data": Numbers(), "callbacks": [callback], "verbose": 0, **how}
    if end == "stop":
        model.fit_generator(Numbers(50), **arguments)
    else:
        with pytest.raises((ZeroDivisionError, KeyboardInterrupt)):
            model.fit_generator(Numbers(50), **arguments)
    assert workers_left() == []


def test_a_generator_that_ends_too_early():
    with pytest.raises(ValueError, match="ended"):
        fit((Numbers()[i] for i in range(3)), steps_per_epoch=2, epochs=2)


def test_generators_that_are_not_safe_for_threads():
    def slow():
        for batch in counted():
            time.sleep(0.05)
            yield batch

    with pytest.raises(RuntimeError, match="thread-safe"):
        fit(slow(), steps_per_epoch=10, workers=3)


class Loader:
    """An iterable of batches as a PyTorch `DataLoader` is one: lists, in a new order in each pass."""

    def __init__(self, count=4):
        self.count, self.passes = count, 0

    def __len__(self):
        return self.count

    def __iter__(self):
        self.passes += 1
        return iter([list(Numbers()[i]) for i in range(self.count)])


class Unmeasured:
    def __iter__(self):
        return iter(Loader())


@pytest.mark.parametrize("how", HOW[:2])
@pytest.mark.parametrize("loader", [Loader, Unmeasured])
def test_iterables_of_batches(loader, how):
    model = identity()
    seen = Seen()
    batches = loader()
    history = model.fit(batches, epochs=2, callbacks=[seen], validation_data=loader(), verbose=0, **how)
    assert seen.batches == [0, 1, 2, 3] * 2 and getattr(batches, "passes", 2) == 2
    assert history.history["val_loss"] == pytest.approx([14 / 4] * 2)
    assert model.evaluate(loader(), verbose=0, **how) == pytest.approx(14 / 4)
    np.testing.assert_array_equal(model.predict(loader(), **how)[::2, 0], range(4))


def test_loader_of_pytorch():
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.arange(8.0)[:, None], torch.zeros(8, 1))
    loader = torch.utils.data.DataLoader(data, batch_size=3)
    model = identity()
    assert model.evaluate(loader, verbose=0) == pytest.approx(140 / 8)
    assert len(model.fit(loader, epochs=2, verbose=0).history["loss"]) == 2
    np.testing.assert_array_equal(model.predict(loader)[:, 0], range(8))


def test_keras_1_spellings():
    model = identity()
    with pytest.warns(UserWarning, match="Keras 2"):
        history = model.fit_generator(
            counted(),
            samples_per_epoch=3,
            nb_epoch=2,
            nb_worker=1,
            pickle_safe=False,
            max_q_size=2,
            verbose=0,
        )
    assert len(history.epoch) == 2
    with pytest.warns(UserWarning, match="Keras 2"):
        assert model.evaluate_generator(itertools.repeat(Numbers()[1]), val_samples=2) == pytest.approx(1)
    with pytest.warns(UserWarning, match="Keras 2"):
        found = model.fit_generator(
            counted(), 2, validation_data=itertools.repeat(Numbers()[1]), nb_val_samples=2, verbose=0
        )
    assert found.history["val_loss"] == pytest.approx([1])


def test_batches_are_made_ahead():
    """The second batch is made while the first is still in use."""
    second = threading.Event()

    class Log(Sequence):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            if index == 1:
                second.set()
            return np.zeros((4, 3), "float32"), np.zeros((4, 1), "float32")

    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse")
    ahead = []
    callback = LambdaCallback(on_batch_end=lambda batch, logs: batch or ahead.append(second.wait(60)))
    model.fit(Log(), verbose=0, shuffle=False, callbacks=[callback])
    assert ahead == [True]
