"""Optimizers: hyper-parameters, state, constraints and clipping, and optimizers of one's own.

Their numbers over ten steps are compared with tf-keras's in engine/test_training_golden.py.
"""

import subprocess
import sys

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import constraints, layers, models, optimizers

ALL = [
    optimizers.SGD,
    optimizers.RMSprop,
    optimizers.Adagrad,
    optimizers.Adadelta,
    optimizers.Adam,
    optimizers.Adamax,
    optimizers.Nadam,
]
X = np.random.RandomState(0).randn(64, 5).astype("float32")
Y = (X @ np.arange(1, 6)[:, None] + 0.5).astype("float32")


def regression(optimizer, **kwargs):
    model = models.Sequential([layers.Dense(1, input_shape=(5,), **kwargs)])
    model.compile(optimizer, "mse")
    return model


@pytest.mark.parametrize("cls", ALL)
def test_each_one_learns(cls):
    rate = {optimizers.Adadelta: 20.0, optimizers.SGD: 0.05}.get(cls, 0.3)
    model = regression(cls(learning_rate=rate))
    losses = model.fit(X, Y, epochs=25, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("cls", ALL)
def test_configurations_round_trip(cls):
    optimizer = cls(lr=0.125, clipnorm=2.0)
    config = optimizers.serialize(optimizer)
    again = optimizers.deserialize(config)
    assert type(again) is cls
    assert again.get_config() == optimizer.get_config()
    assert again.get_config()["learning_rate"] == 0.125 and again.clipnorm == 2.0


@pytest.mark.parametrize("cls", ALL)
def test_state_round_trips(cls):
    first, second = regression(cls()), regression(cls())
    first.fit(X, Y, epochs=1, verbose=0)
    assert second.optimizer.get_weights() == []
    second._make_train_function()
    second.optimizer.set_weights(first.optimizer.get_weights())
    for a, b in zip(first.optimizer.get_weights(), second.optimizer.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert first.optimizer.get_weights()[0] == 2  # updates so far
    with pytest.raises(ValueError, match="weight list"):
        second.optimizer.set_weights(first.optimizer.get_weights()[:-2])


@pytest.mark.parametrize("name", ["sgd", "SGD", "adam", "Adam", "rmsprop", "RMSprop", "nadam"])
def test_names(name):
    assert type(optimizers.get(name)).__name__.lower() == name.lower()


def test_learning_rate_by_any_name():
    assert K.get_value(optimizers.Adam(learning_rate=0.5).lr) == 0.5
    assert K.get_value(optimizers.Adam(lr=0.5).learning_rate) == 0.5
    optimizer = optimizers.SGD(0.1)
    model = regression(optimizer)
    model.train_on_batch(X, Y)
    optimizer.learning_rate = 0.0
    before = model.get_weights()[0]
    model.train_on_batch(X, Y)
    np.testing.assert_array_equal(before, model.get_weights()[0])


def test_decay():
    """After k updates the rate is lr / (1 + decay k)."""
    model = regression(optimizers.SGD(lr=0.1, decay=1.0), kernel_initializer="zeros", use_bias=False)
    x, y = np.array([[1.0, 0, 0, 0, 0]]), np.array([[1.0]])
    weight = 0.0
    for k in range(3):
        model.train_on_batch(x, y)
        weight += 0.1 / (1 + k) * 2 * (1 - weight)
        assert model.get_weights()[0][0, 0] == pytest.approx(weight, rel=1e-6)


def test_momentum_can_change():
    model = regression(optimizers.SGD(lr=0.1, momentum=0.5))
    model.train_on_batch(X, Y)
    K.set_value(model.optimizer.momentum, 0.25)
    before, moment = model.get_weights()[0], model.optimizer.get_weights()[1]
    K.set_value(model.optimizer.lr, 0.0)
    model.train_on_batch(X, Y)
    np.testing.assert_allclose(model.get_weights()[0] - before, 0.25 * moment, rtol=1e-4, atol=1e-7)


def test_momentum_can_begin():
    model = regression(optimizers.SGD(lr=0.01))
    model.train_on_batch(X, Y)
    K.set_value(model.optimizer.momentum, 0.9)
    model.train_on_batch(X, Y)
    assert model.optimizer.get_weights()[1].any()


def test_constraints_are_applied():
    model = regression(optimizers.SGD(lr=1.0), kernel_constraint=constraints.MaxNorm(0.5))
    model.fit(X, Y, epochs=2, verbose=0)
    assert np.linalg.norm(model.get_weights()[0]) <= 0.5 + 1e-5


def test_clipnorm_looks_at_all_gradients():
    model = regression(optimizers.SGD(lr=1.0, clipnorm=0.25))
    before = np.concatenate([w.ravel() for w in model.get_weights()])
    model.train_on_batch(X, Y)
    after = np.concatenate([w.ravel() for w in model.get_weights()])
    assert np.linalg.norm(after - before) == pytest.approx(0.25, rel=1e-4)


def test_compile_starts_the_state_anew():
    model = regression("adam")
    model.fit(X, Y, verbose=0)
    model.compile(model.optimizer, "mse")
    model._make_train_function()
    assert not any(w.any() for w in model.optimizer.get_weights()[1:])


class Signs(optimizers.Optimizer):
    """Steps of one size, less a decaying mean of them; written with K as Keras's documentation has it."""

    def __init__(self, lr=0.01, **kwargs):
        super().__init__(**kwargs)
        self.iterations = K.variable(0, dtype="int64", name="iterations")
        self.learning_rate = K.variable(lr, name="lr")

    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        means = [K.zeros(K.int_shape(p)) for p in params]
        self.weights = [self.iterations, *means]
        for p, g, m in zip(params, grads, means):
            new = 0.5 * m + 0.5 * g
            self.updates.append(K.update(m, new))
            self.updates.append(K.update(p, p - self.learning_rate * K.sign(new)))
        return self.updates


def test_an_optimizer_of_ones_own():
    model = regression(Signs(lr=0.125), kernel_initializer="zeros")
    gradient = X.T @ (0 - Y) * 2 / len(X)
    model.train_on_batch(X, Y)
    np.testing.assert_allclose(model.get_weights()[0], -0.125 * np.sign(gradient))
    np.testing.assert_allclose(model.optimizer.weights[1].numpy(), 0.5 * gradient, rtol=1e-4)
    # Another batch size is another program, with the same state.
    model.fit(X, Y, batch_size=48, epochs=20, verbose=0)
    assert K.get_value(model.optimizer.iterations) == 41
    assert model.evaluate(X, Y, verbose=0) < 5


def test_a_built_in_one_extended():
    class Halved(optimizers.SGD):
        def get_gradients(self, loss, params):
            return [0.5 * g for g in super().get_gradients(loss, params)]

    plain = regression(optimizers.SGD(0.1), kernel_initializer="ones")
    halved = regression(Halved(0.2), kernel_initializer="ones")
    for model in (plain, halved):
        model.fit(X, Y, shuffle=False, verbose=0)
    np.testing.assert_allclose(plain.get_weights()[0], halved.get_weights()[0], rtol=1e-6)


@pytest.mark.parametrize("cls", ALL)
def test_updates_in_a_function_of_ones_own(cls):
    """What `K.function` makes of an optimizer's updates is what training does."""
    trained, by_hand = (
        regression(cls(clipnorm=1.0, **({} if cls is optimizers.Nadam else {"decay": 0.1}))) for _ in "ab"
    )
    by_hand.set_weights(trained.get_weights())
    loss = by_hand.total_loss
    updates = by_hand.optimizer.get_updates(loss=loss, params=by_hand.trainable_weights)
    step = K.function(
        by_hand._feed_inputs + by_hand._feed_targets + by_hand._feed_sample_weights, [loss], updates
    )
    for _ in range(3):
        expected = trained.train_on_batch(X, Y)
        assert step([X, Y, np.ones(len(X))])[0] == pytest.approx(expected, rel=1e-5)
    for a, b in zip(trained.optimizer.get_weights(), by_hand.optimizer.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_weights_that_the_loss_does_not_depend_on():
    class Idle(layers.Layer):
        def build(self, input_shape):
            self.idle = self.add_weight("idle", (3,))
            super().build(input_shape)

    model = models.Sequential([Idle(input_shape=(5,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="idle.*gradient"):
        model.train_on_batch(X, Y)


def test_slots_take_no_more_memory_than_they_hold():
    script = """
import resource, numpy as np
from pronghorn import ops, optimizers
param = ops.Variable(np.zeros((25, 1000, 1000), "float32"))  # 100 MB
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
optimizers.RMSprop().make_state([param])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 150_000  # kB
