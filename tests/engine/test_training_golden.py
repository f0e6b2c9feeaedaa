"""Ten steps of training against tf-keras: the losses, the metrics and the weights afterwards."""

import pathlib

import numpy as np
import pytest

from pronghorn import layers, models, optimizers, regularizers

GOLDEN = np.load(pathlib.Path(__file__).parents[1] / "golden" / "training.npz")
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.05),
    "sgd_momentum": lambda: optimizers.SGD(0.05, momentum=0.9, decay=0.1),
    "sgd_nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "sgd_clipnorm": lambda: optimizers.SGD(0.5, clipnorm=0.2),
    "sgd_clipvalue": lambda: optimizers.SGD(0.5, clipvalue=0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01, rho=0.9),
    "adagrad": lambda: optimizers.Adagrad(0.05),
    "adadelta": lambda: optimizers.Adadelta(1.0, rho=0.95),
    "adam": lambda: optimizers.Adam(0.01),
    "adam_decay": lambda: optimizers.Adam(0.01, decay=0.05),
    "adam_amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamax": lambda: optimizers.Adamax(0.02),
    "nadam": lambda: optimizers.Nadam(0.02),
}


def mlp():
    return models.Sequential(
        [
            layers.Dense(12, activation="relu", input_shape=(6,)),
            layers.Dense(8, activation="tanh", kernel_regularizer=regularizers.l2(0.01)),
            layers.Dense(3, activation="softmax"),
        ]
    )


def cnn():
    return models.Sequential(
        [
            layers.Conv2D(4, 3, padding="same", use_bias=False, input_shape=(8, 8, 2)),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(5, 3, strides=2, activation="elu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def build(model, optimizer):
    made = {"mlp": mlp, "cnn": cnn}[model]()
    made.set_weights([GOLDEN[f"{model}/start_{i}"] for i in range(len(made.weights))])
    made.compile(OPTIMIZERS[optimizer](), "categorical_crossentropy", metrics=["accuracy"])
    return made, GOLDEN[f"{model}/x"], GOLDEN[f"{model}/y"]


def weights_after(model, optimizer):
    return [array for key, array in GOLDEN.items() if key.startswith(f"{model}_{optimizer}/end_")]


CASES = [("mlp", name) for name in OPTIMIZERS] + [("cnn", "sgd_momentum"), ("cnn", "adam")]


@pytest.mark.parametrize("model, optimizer", CASES)
def test_ten_steps(model, optimizer):
    trained, x, y = build(model, optimizer)
    results = np.array([trained.train_on_batch(a, b) for a, b in zip(x, y)])
    expected = GOLDEN[f"{model}_{optimizer}/losses"]
    np.testing.assert_allclose(results[:, 0], expected[:, 0], rtol=1e-5)
    np.testing.assert_allclose(results[:, 1], expected[:, 1], rtol=1e-6)
    for found, wanted in zip(trained.get_weights(), weights_after(model, optimizer)):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("model, optimizer", CASES)
def test_fit_steps_as_single_batches_do(model, optimizer):
    trained, x, y = build(model, optimizer)
    history = trained.fit(
        np.concatenate(x), np.concatenate(y), batch_size=len(x[0]), shuffle=False, epochs=1, verbose=0
    )
    expected = GOLDEN[f"{model}_{optimizer}/losses"][:, 0]
    np.testing.assert_allclose(history.history["loss"], [expected.mean()], rtol=1e-5)
    for found, wanted in zip(trained.get_weights(), weights_after(model, optimizer)):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def test_optimizer_state_goes_on():
    """Weights and optimizer state, taken over by another model after five steps, make the same five more."""
    first, x, y = build("mlp", "adam")
    for a, b in zip(x[:5], y[:5]):
        first.train_on_batch(a, b)
    second, _, _ = build("mlp", "adam")
    second._make_train_function()
    second.set_weights(first.get_weights())
    second.optimizer.set_weights(first.optimizer.get_weights())
    for a, b in zip(x[5:], y[5:]):
        assert first.train_on_batch(a, b) == second.train_on_batch(a, b)
