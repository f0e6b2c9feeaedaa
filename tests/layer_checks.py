"""One helper that puts a layer through what every layer must do."""

import numpy as np
from gradients import check_gradients

from pronghorn import layers, ops
from pronghorn.models import Model


def check_layer(
    layer_class,
    arguments,
    *shapes,
    dtype="float32",
    integers=0,
    gradient=True,
    train=True,
    weights=None,
    expected=None,
):
    """Build, call, save, restore, train and differentiate a layer; return what it gives for random inputs.

    Parameters
    ----------
    layer_class : class
    arguments : dict
        Of its constructor.
    *shapes : tuple
        Of each input, with the batch.
    dtype : str
        Of the layer and its floating point inputs.
    integers : int
        Where positive, inputs are integers below it.
    gradient, train : bool
        Whether to compare derivatives with finite differences, and to make a training step.
    weights : list of ndarray, optional
    expected : callable, optional
        Gives the outputs for the inputs, as arrays.
    """
    random = np.random.RandomState(7)
    xs = [
        random.randint(0, integers, shape) if integers else random.standard_normal(shape).astype(dtype)
        for shape in shapes
    ]
    layer = layer_class(**arguments, dtype=dtype)
    config = layer.get_config()
    restored = layers.deserialize(layers.serialize(layer))
    assert restored.get_config() == config

    inputs = [layers.Input(shape[1:], dtype=str(x.dtype)) for shape, x in zip(shapes, xs)]
    symbolic = layer(inputs if len(inputs) > 1 else inputs[0])
    if weights is not None:
        layer.set_weights(weights)
    model = Model(inputs, symbolic)
    outputs = model.predict(xs if len(xs) > 1 else xs[0])
    assert outputs.dtype == symbolic.dtype
    given = [tuple(shape) for shape in shapes]
    inferred = layer.compute_output_shape(given if len(given) > 1 else given[0])
    assert tuple(inferred) == outputs.shape
    assert all(a in (None, b) for a, b in zip(symbolic.shape, outputs.shape))
    if expected is not None:
        np.testing.assert_allclose(outputs, expected(*xs), rtol=1e-5, atol=1e-5)

    # Another batch size, and the restored layer with the same weights.
    one = [x[:1] for x in xs]
    restored.build([x.shape for x in xs] if len(xs) > 1 else xs[0].shape)
    restored.set_weights(layer.get_weights())
    again = [layers.Input(shape[1:], dtype=str(x.dtype)) for shape, x in zip(shapes, xs)]
    copy = Model(again, restored(again if len(again) > 1 else again[0]))
    assert [w.shape for w in restored.weights] == [w.shape for w in layer.weights]
    np.testing.assert_allclose(
        copy.predict(one if len(one) > 1 else one[0]),
        model.predict(one if len(one) > 1 else one[0]),
        rtol=1e-5,
        atol=1e-6,
    )
    if train:
        _check_training(model, layer, xs, outputs)
    if gradient:
        _check_gradient(layer_class, arguments, xs, integers)
    return outputs


def _check_training(model, layer, xs, outputs):
    """A step with a loss that every weight can lower moves the weights, and nothing becomes NaN."""
    before = [w.numpy() for w in layer.trainable_weights]
    model.compile("sgd", "mse")
    targets = outputs + np.random.RandomState(1).standard_normal(outputs.shape)
    loss = model.train_on_batch(xs if len(xs) > 1 else xs[0], targets.astype(outputs.dtype))
    assert np.isfinite(loss)
    after = [w.numpy() for w in layer.trainable_weights]
    assert all(np.isfinite(w).all() for w in after)
    assert not before or any((a != b).any() for a, b in zip(before, after))


def _check_gradient(layer_class, arguments, xs, integers):
    layer = layer_class(**arguments, dtype="float64")
    layer.build([x.shape for x in xs] if len(xs) > 1 else xs[0].shape)
    variables = list(layer.trainable_weights)
    random = np.random.RandomState(3)
    values = [random.standard_normal(v.shape) for v in variables]

    def function(*tensors):
        trace = ops.current_trace()
        for variable, tensor in zip(variables, tensors[len(xs) :]):
            trace.assign(variable, tensor)
        inputs = list(tensors[: len(xs)])
        return layer(inputs if len(inputs) > 1 else inputs[0])

    wanted = list(range(len(xs) if integers else 0, len(xs) + len(values)))
    check_gradients(function, *xs, *values, wanted=wanted, tolerance=2e-6)
