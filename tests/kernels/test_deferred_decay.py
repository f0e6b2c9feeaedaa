"""Slots of rows that a step does not touch shrink when somebody looks: with the bits of the dense update."""

import numpy as np
import pytest

from pronghorn import _core, ops

RULES = {"rmsprop": 1, "adadelta": 2}  # and the kinds of slots they have


def scattered(shape, indices, updates):
    return ops.emit("scatter_add", [indices, updates], shape=list(shape), axis=0)


class Training:
    """A table and its slots, and programs that update them by a few rows."""

    def __init__(self, rule, table=(60, 33), dtype="float32", fuse=True, **attributes):
        random = np.random.RandomState(1)
        draw = lambda: np.abs(random.standard_normal(table))  # noqa: E731
        self.rule, self.shape, self.fuse, self.dtype = rule, table, fuse, dtype
        self.attributes = {"epsilon": 1e-7, **attributes}
        self.table = ops.Variable(draw(), dtype=dtype)
        self.slots = [ops.Variable(draw(), dtype=dtype) for _ in range(RULES[rule])]
        self.rho, self.rate = ops.Variable(0.9, dtype=dtype), ops.Variable(0.1, dtype=dtype)
        self.programs = {}

    def program(self, count, fetch=False):
        with ops.Trace() as trace:
            indices = trace.feed((count,), "int32")
            updates = trace.feed((count, *self.shape[1:]), self.dtype)
            (table,), slots = ops.optimizer_step(
                self.rule,
                [self.rate, self.rho],
                [self.table],
                [scattered(self.shape, indices, updates)],
                [[slot] for slot in self.slots],
                **self.attributes,
            )
            trace.assign(self.table, table)
            for slot, (new,) in zip(self.slots, slots):
                trace.assign(slot, new)
                if fetch:
                    trace.fetch(new)
            return trace.compile(fuse=self.fuse)

    def step(self, number, count=9):
        random = np.random.RandomState(number)
        program = self.programs.setdefault(count, self.program(count))
        indices = random.randint(0, self.shape[0], count).astype("int32")
        program.run([indices, random.standard_normal((count, *self.shape[1:])).astype(self.dtype)])

    def contents(self):
        return [v.numpy() for v in (self.table, *self.slots)]


def is_deferred(program):
    return "deferred" in str(program)


def pair(rule, **options):
    return Training(rule, **options), Training(rule, fuse=False, **options)


def assert_same(found, expected):
    for a, b in zip(found.contents(), expected.contents()):
        np.testing.assert_array_equal(a.view("uint8"), b.view("uint8"))


@pytest.mark.parametrize("table", [(60, 33), (40, 16), (100, 5, 7), (12, 1100)])
@pytest.mark.parametrize("rule", RULES)
def test_bits_of_the_dense_update(isa, rule, table):
    found, expected = pair(rule, table=table)
    for number in range(25):
        for training in (found, expected):
            training.step(number)
        if number in (0, 3, 20):
            assert_same(found, expected)
    assert_same(found, expected)
    assert is_deferred(found.programs[9]) and not is_deferred(expected.programs[9])


def test_doubles():
    found, expected = pair("rmsprop", dtype="float64")
    for number in range(9):
        found.step(number), expected.step(number)
    assert is_deferred(found.programs[9])
    assert_same(found, expected)


@pytest.mark.parametrize("rho", [0.05, 0.5, 1.0, 0.0])
def test_what_shrinks_to_nothing(isa, rho):
    """Through the numbers below the normal ones, which are zero in programs."""
    found, expected = pair("rmsprop")
    for training in (found, expected):
        training.rho.assign(rho)
        training.slots[0].assign(np.float32(1e-36) * training.slots[0].numpy())
        for number in range(40):
            training.step(number, 2)
    assert_same(found, expected)


@pytest.mark.parametrize("rule", RULES)
def test_numbers_that_change(rule):
    """Also to those with which nothing can be put off: growth, no finite rate."""
    found, expected = pair(rule)
    for number, (rho, rate) in enumerate(
        [(0.9, 0.1), (0.9, 0.2), (0.5, 0.2), (0.5, 0.2), (1.5, 0.1), (0.5, 0.1), (0.7, 0.0)]
        + [(0.7, 0.1), (0.7, np.inf), (0.7, 0.1)]
    ):
        for training in (found, expected):
            training.rho.assign(rho), training.rate.assign(rate)
            training.step(number)
    assert_same(found, expected)


@pytest.mark.parametrize("under_root", [0.0, 1e-7])
def test_without_epsilon(under_root):
    found, expected = pair("rmsprop", epsilon=0.0, epsilon_under_root=under_root)
    for number in range(5):
        found.step(number), expected.step(number)
    assert_same(found, expected)


@pytest.mark.parametrize("rule", RULES)
def test_whoever_looks(rule):
    """Programs for other batches, readers, writers, and programs that read or write the slots as a whole."""

    def read(training):
        with ops.Trace() as trace:
            trace.fetch(trace.convert(training.slots[-1]) * 2.0)
            return trace.compile().run([])[0]

    def replace(training):
        with ops.Trace() as trace:
            trace.assign(training.slots[0], trace.convert(training.slots[0]) + 1.0)
            trace.compile().run([])

    def assign(training):
        training.slots[0].assign(np.full(training.shape, 0.25))

    found, expected = pair(rule)
    for number in range(24):
        seen = []
        for training in (found, expected):
            training.step(number, [3, 9, 80][number % 3])  # 80 rows are more than the table has
            if number % 4 == 1:
                seen.append(read(training))
            if number % 7 == 2:
                seen.append(training.contents()[-1])
            if number == 11:
                replace(training)
            if number == 16:
                assign(training)
        for a, b in zip(seen[: len(seen) // 2], seen[len(seen) // 2 :]):
            np.testing.assert_array_equal(a, b)
    assert is_deferred(found.programs[3]) and not is_deferred(found.programs[80])
    assert_same(found, expected)


def test_reading_changes_nothing():
    found, expected = pair("adadelta")
    for number in range(8):
        found.step(number), expected.step(number)
        found.contents(), found.contents()
    assert_same(found, expected)


def test_slots_that_something_else_reads_do_not_wait():
    training = Training("rmsprop")
    assert is_deferred(training.program(9)) and not is_deferred(training.program(9, fetch=True))
    assert not is_deferred(Training("rmsprop", table=(60, 4)).program(9))  # short rows


def test_same_bits_for_any_number_of_threads(isa):
    threads, contents = _core.threads(), []
    try:
        for count in (1, 2, 3):
            _core.set_threads(count)
            training = Training("adadelta", table=(3000, 40))
            for number in range(4):
                training.step(number, 700)
            contents.append(b"".join(array.tobytes() for array in training.contents()))
    finally:
        _core.set_threads(threads)
    assert len(set(contents)) == 1


def test_an_index_out_of_range_changes_nothing():
    training = Training("rmsprop")
    training.step(0)
    before = training.contents()
    with pytest.raises(IndexError, match="rmsprop: index 60 "):
        training.programs[9].run([np.full(9, 60, "int32"), np.ones((9, 33), "float32")])
    for a, b in zip(training.contents(), before):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("optimizer", ["rmsprop", "adadelta"])
def test_training_an_embedding(optimizer, tmp_path):
    """As with the gradient made dense by a penalty of next to nothing, whatever happens on the way."""
    from pronghorn import backend as K
    from pronghorn import callbacks, layers, models

    x = np.random.RandomState(3).randint(0, 90, (24, 6))

    def make(**options):
        np.random.seed(0)
        model = models.Sequential(
            [layers.Embedding(90, 20, input_length=6, **options), layers.Flatten(), layers.Dense(1)]
        )
        model.layers[0].set_weights([np.random.RandomState(2).standard_normal((90, 20))])
        model.layers[2].set_weights([np.ones((120, 1)), np.zeros(1)])
        model.compile(optimizer, "mse")
        return model

    def train(name, **options):
        model = make(**options)
        reduce = callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
        fit = {"batch_size": 5, "shuffle": False, "verbose": 0, "callbacks": [reduce]}
        model.fit(x, np.ones((24, 1)), epochs=3, **fit)
        if optimizer == "rmsprop":
            K.set_value(model.optimizer.rho, 0.6)
        model.fit(x[:7], np.zeros((7, 1)), epochs=2, **fit)
        state = model.get_weights(), model.optimizer.get_weights()
        model = make(**options)
        model._make_train_function()
        model.set_weights(state[0]), model.optimizer.set_weights(state[1])
        fit["callbacks"] = [callbacks.BackupAndRestore(tmp_path / name, save_freq=2)]
        model.fit(x, np.ones((24, 1)), epochs=4, **fit)
        model.train_on_batch(x[:3], np.ones((3, 1)))
        program = next(s.program for key, s in model._steps.items() if key[0] == "train")
        return model.get_weights() + model.optimizer.get_weights(), program

    found, program = train("deferred")
    expected, dense = train("dense", embeddings_regularizer=lambda w: 1e-30 * ops.sum(w))
    assert is_deferred(program) and not is_deferred(dense)
    for a, b in zip(found, expected):
        np.testing.assert_array_equal(a, b)
