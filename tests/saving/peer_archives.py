"""What models that go through `.keras` archives are compiled with, and judged by: the same on both sides."""

import zlib

from peer_models import inputs_of, target_of

# Keras 3 has epsilon under the root in RMSprop and Adagrad, Keras 2.3 beside it: this one does not count.
_OPTIMIZERS = [
    ("Adam", {}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {"epsilon": 1e-12}),
    ("Adam", {"amsgrad": True, "clipvalue": 0.5}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Adagrad", {"epsilon": 1e-12}),
    ("Adadelta", {}),
    ("SGD", {}),
]


def compile_and_train(model, name, shapes, optimizers, ours=False):
    """Compile a model with an optimizer of its turn, and train it a little."""
    kind, arguments = _OPTIMIZERS[zlib.crc32(name.encode()) % len(_OPTIMIZERS)]
    if ours and kind == "Nadam":
        arguments = {"schedule_decay": 1.0}  # the one schedule that Keras 3 has
    model.compile(getattr(optimizers, kind)(learning_rate=0.01, **arguments), "mse", metrics=["mae"])
    if model.trainable_weights:
        for _ in range(2):
            model.train_on_batch(inputs_of(name, shapes), target_of(name, model))


def results_of(model, name, shapes, random):
    """Return the predictions, and the weights after one more training step.

    Moving statistics are left out: Keras 2.3 takes the unbiased variance for them, Keras 3 the biased one.
    """
    x = inputs_of(name, shapes)
    predicted = model.predict(x, verbose=0)
    if random or not model.trainable_weights:
        return [predicted]
    model.train_on_batch(x, target_of(name, model))
    return [predicted, *(weight.numpy() for weight in model.trainable_weights)]
