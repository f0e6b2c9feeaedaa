"""Derivatives of derivatives through layers, against finite differences in double precision."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import layers as L
from pronghorn.models import Model


@pytest.fixture(autouse=True)
def in_double_precision():
    K.set_floatx("float64")
    yield
    K.set_floatx("float32")


def with_dense(merge, **options):
    return lambda x: merge([x, L.Dense(4)(x)], **options)


CASES = {
    "dense": ((4,), lambda x: L.Dense(3, activation="tanh")(x)),
    "softmax": ((4, 3), lambda x: L.Softmax(axis=1)(x)),
    "selu": ((4,), lambda x: L.Activation("selu")(x)),
    "prelu": ((4,), lambda x: L.PReLU()(x)),
    "normalization, by the batch": ((3, 2), lambda x: L.BatchNormalization()(x, training=True)),
    "normalization": ((3, 2), lambda x: L.BatchNormalization()(x)),
    "conv1d": ((5, 2), lambda x: L.Conv1D(3, 2)(x)),
    "conv2d": ((5, 5, 2), lambda x: L.Conv2D(3, 3, padding="same")(x)),
    "conv2d, channels first": ((2, 5, 5), lambda x: L.Conv2D(3, 3, data_format="channels_first")(x)),
    "conv2d, strides": ((7, 7, 2), lambda x: L.Conv2D(3, 3, strides=2)(x)),
    "conv2d, dilation": ((7, 7, 2), lambda x: L.Conv2D(3, 3, dilation_rate=2)(x)),
    "conv3d": ((3, 3, 3, 2), lambda x: L.Conv3D(2, 2)(x)),
    "conv2d_transpose": ((4, 4, 2), lambda x: L.Conv2DTranspose(3, 3, strides=2)(x)),
    "separable_conv2d": ((5, 5, 2), lambda x: L.SeparableConv2D(3, 3)(x)),
    "locally_connected": ((4, 4, 2), lambda x: L.LocallyConnected2D(3, 2)(x)),
    "max_pooling": ((4, 4, 2), lambda x: L.MaxPooling2D()(x)),
    "average_pooling": ((5, 5, 2), lambda x: L.AveragePooling2D(padding="same")(x)),
    "global_max_pooling": ((4, 4, 2), lambda x: L.GlobalMaxPooling2D()(x)),
    "upsampling": ((3, 3, 2), lambda x: L.UpSampling2D(interpolation="bilinear")(x)),
    "conv_lstm": ((3, 4, 4, 2), lambda x: L.ConvLSTM2D(2, 2)(x)),
    "bidirectional": ((3, 2), lambda x: L.Bidirectional(L.LSTM(2))(x)),
    "time_distributed": ((3, 2), lambda x: L.TimeDistributed(L.Dense(2, activation="tanh"))(x)),
    "multiply": ((4,), with_dense(L.multiply)),
    "maximum": ((4,), with_dense(L.maximum)),
    "cosine": ((4,), with_dense(L.dot, axes=1, normalize=True)),
    "standard deviation": ((4,), lambda x: L.Lambda(lambda x: K.std(x, axis=1, keepdims=True))(x)),
    "products": ((4,), lambda x: L.Lambda(lambda x: K.cumprod(x, axis=1))(x)),
    "gather": ((4,), lambda x: L.Lambda(lambda x: K.gather(K.transpose(x), np.array([0, 2, 2])))(x)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_penalty_on_gradients(name):
    shape, build = CASES[name]
    rng = np.random.default_rng(0)
    x = L.Input(batch_shape=(3, *shape))
    y = build(x)
    model = Model(x, y)
    model.set_weights([np.abs(rng.normal(size=w.shape)) + 0.1 for w in model.get_weights()])
    sources = [x, *model.trainable_weights]
    first = K.gradients(K.sum(K.sin(y)), sources)
    penalty = sum(K.sum(K.square(g)) for g in first)
    run = K.function(sources, [penalty, *K.gradients(penalty, sources)])

    arrays = [rng.normal(size=x.shape), *K.batch_get_value(model.trainable_weights)]
    found = run(arrays)[1:]
    for i, gradient in enumerate(found):
        # The derivative along one direction is enough to find a wrong one.
        direction = rng.normal(size=gradient.shape)
        sides = [
            run([*arrays[:i], arrays[i] + step * direction, *arrays[i + 1 :]])[0] for step in (1e-6, -1e-6)
        ]
        expected = (sides[0] - sides[1]) / 2e-6
        assert np.sum(gradient * direction) == pytest.approx(expected, rel=1e-5, abs=1e-5)
