"""Lengths and arguments of convolutions; the expected values are worked out by sliding a window."""

import itertools

import numpy as np
import pytest

from pronghorn.utils import conv_utils, np_utils


def positions(length, kernel, stride, dilation, before, after):
    """Count the places at which a dilated window fits into the padded line."""
    extent = (kernel - 1) * dilation + 1
    return len(range(0, length + before + after - extent + 1, stride))


@pytest.mark.parametrize(
    "length, kernel, stride, dilation", [*itertools.product([7, 8, 13], [1, 2, 3], [1, 2, 3], [1, 2])]
)
def test_output_length_is_the_number_of_windows(length, kernel, stride, dilation):
    whole = (kernel - 1) * dilation
    found = {
        mode: conv_utils.conv_output_length(length, kernel, mode, stride, dilation)
        for mode in ("valid", "same", "causal", "full")
    }
    assert found["valid"] == positions(length, kernel, stride, dilation, 0, 0)
    assert found["causal"] == found["same"] == positions(length, kernel, stride, dilation, whole, 0)
    assert found["full"] == positions(length, kernel, stride, dilation, whole, whole)


def test_unknown_lengths_stay_unknown():
    assert conv_utils.conv_output_length(None, 3, "same", 1) is None
    assert conv_utils.conv_input_length(None, 3, "same", 1) is None
    assert conv_utils.deconv_length(None, 1, 3, "same", None) is None


@pytest.mark.parametrize("length, kernel, stride", [*itertools.product([3, 4], [1, 2, 3], [1, 2])])
def test_transposed_convolution_makes_the_length_it_came_from(length, kernel, stride):
    made = conv_utils.deconv_length(length, stride, kernel, "valid", None)
    assert conv_utils.conv_output_length(made, kernel, "valid", stride) == length
    made = conv_utils.deconv_length(length, stride, kernel, "valid", 0)
    assert made == conv_utils.conv_input_length(length, kernel, "valid", stride)


@pytest.mark.parametrize("value", [None, (1,), (1, 2, 3), ("a", 2)])
def test_tuples_of_the_wrong_kind_are_refused(value):
    with pytest.raises(ValueError, match="`strides` argument must be a tuple of 2 integers"):
        conv_utils.normalize_tuple(value, 2, "strides")


def test_arguments():
    assert conv_utils.normalize_tuple(2, 3, "strides") == (2, 2, 2)
    assert conv_utils.normalize_tuple([1, 2], 2, "strides") == (1, 2)
    assert conv_utils.normalize_padding("Causal") == "causal"
    with pytest.raises(ValueError):
        conv_utils.normalize_padding("diagonal")


def test_convert_kernel_is_its_own_inverse():
    kernel = np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    flipped = conv_utils.convert_kernel(kernel)
    np.testing.assert_array_equal(flipped[0, 0], kernel[2, 1])
    np.testing.assert_array_equal(conv_utils.convert_kernel(flipped), kernel)
    with pytest.raises(ValueError, match="Invalid kernel shape"):
        conv_utils.convert_kernel(np.zeros((2, 2)))


@pytest.mark.parametrize("shape", [(3,), (3, 1), (4, 3), (4, 3, 1), (), (1,)])
def test_to_categorical(shape):
    labels = np.random.default_rng(0).integers(0, 5, shape)
    rows = np_utils.to_categorical(labels, 5)
    expected = shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
    assert rows.shape == expected + (5,) and rows.dtype == np.float32
    np.testing.assert_array_equal(rows.argmax(-1).ravel(), labels.ravel())
    np.testing.assert_array_equal(rows.sum(-1), 1)


def test_to_categorical_names_the_label_that_is_out_of_range():
    with pytest.raises(IndexError, match="label 7 is out of range for 5 classes"):
        np_utils.to_categorical([1, 7], 5)


def test_normalize():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(np_utils.normalize(x), [[0.6, 0.8], [0, 0]])
