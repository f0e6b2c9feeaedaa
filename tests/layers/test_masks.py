"""Masks: who makes them, who passes them on, who uses them."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import layers
from pronghorn.models import Model

SERIES = np.array([[[1.0, 2.0], [0.0, 0.0], [3.0, 0.0]]], "float32")


def test_masking():
    x = layers.Input((3, 2))
    layer = layers.Masking()
    outputs = layer(x)
    kept, mask = K.function([x], [outputs, layer.compute_mask(x)])([SERIES])
    np.testing.assert_array_equal(mask, [[True, False, True]])
    np.testing.assert_array_equal(kept, SERIES)


def test_embedding_masks_zero():
    layer = layers.Embedding(5, 2, mask_zero=True)
    x = layers.Input((3,), dtype="int32")
    layer(x)
    np.testing.assert_array_equal(
        K.function([x], [layer.compute_mask(x)])([np.array([[0, 4, 0]])])[0], [[False, True, False]]
    )
    assert layers.Embedding(5, 2).compute_mask(x) is None


def test_average_over_what_the_mask_keeps():
    x = layers.Input((3, 2))
    model = Model(x, layers.GlobalAveragePooling1D()(layers.Masking()(x)))
    np.testing.assert_allclose(model.predict(SERIES), [[2.0, 1.0]])


def test_average_with_channels_first():
    layer = layers.GlobalAveragePooling1D(data_format="channels_first")
    found = layer.call(SERIES.transpose(0, 2, 1), mask=np.array([[True, False, True]]))
    np.testing.assert_allclose(found, [[2.0, 1.0]])


@pytest.mark.parametrize("layer", [layers.Add(), layers.Multiply(), layers.Maximum(), layers.Average()])
def test_merge_masks_are_joined(layer):
    a, b = layers.Input((3, 2)), layers.Input((3, 2))
    first, second = K.variable([[1, 1, 0]], "bool"), K.variable([[0, 1, 1]], "bool")
    assert layer.compute_mask([a, b], [None, None]) is None
    np.testing.assert_array_equal(K.eval(layer.compute_mask([a, b], [first, second])), [[False, True, False]])
    np.testing.assert_array_equal(K.eval(layer.compute_mask([a, b], [first, None])), [[True, True, False]])


def test_mask_of_a_concatenation_along_time():
    a, b = layers.Input((3, 2)), layers.Input((2, 2))
    masked = layers.Masking()(a)
    merged = layers.Concatenate(axis=1)([masked, b])
    model = Model([a, b], layers.GlobalAveragePooling1D()(merged))
    found = model.predict([SERIES, np.ones((1, 2, 2))])
    np.testing.assert_allclose(found, [[(1 + 3 + 1 + 1) / 4, (2 + 0 + 1 + 1) / 4]])


def test_mask_of_a_concatenation_of_features():
    a, b = layers.Input((3, 2)), layers.Input((3, 1))
    layer = layers.Concatenate()
    mask = layer.compute_mask([a, b], [layers.Masking().compute_mask(a), None])
    found = K.function([a, b], [mask])([SERIES, np.ones((1, 3, 1))])[0]
    np.testing.assert_array_equal(found, [[True, False, True]])


@pytest.mark.parametrize("layer", [layers.Add(), layers.Concatenate()])
def test_masks_of_merge_layers_are_checked(layer):
    a, b = layers.Input((3, 2)), layers.Input((3, 2))
    with pytest.raises(ValueError, match="`mask` should be a list"):
        layer.compute_mask([a, b], SERIES)
    with pytest.raises(ValueError, match="`inputs` should be a list"):
        layer.compute_mask(a, [None, None])
    with pytest.raises(ValueError, match="same length"):
        layer.compute_mask([a, b], [None])


def test_a_layer_without_masks_refuses_one():
    with pytest.raises(TypeError, match="does not support masking"):
        layers.Flatten()(layers.Masking()(layers.Input((3, 2))))
