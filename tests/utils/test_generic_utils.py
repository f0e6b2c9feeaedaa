"""Helpers over lists, objects by name, functions as text."""

import numpy as np
import pytest

from pronghorn.utils import generic_utils as utils


class Scaled:
    def __init__(self, scale):
        self.scale = scale

    def get_config(self):
        return {"scale": self.scale}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def test_objects_make_the_round_trip_through_their_configuration():
    config = utils.serialize_keras_object(Scaled(3))
    assert config == {"class_name": "Scaled", "config": {"scale": 3}}
    assert utils.deserialize_keras_object(config, {"Scaled": Scaled}).scale == 3
    with utils.custom_object_scope({"Scaled": Scaled}):
        assert utils.deserialize_keras_object(config).scale == 3
    with pytest.raises(ValueError, match="Unknown object: Scaled"):
        utils.deserialize_keras_object(config)


@pytest.mark.parametrize("identifier", [{"class_name": "Scaled"}, 3, "nothing"])
def test_what_names_no_object_is_refused(identifier):
    with pytest.raises(ValueError):
        utils.deserialize_keras_object(identifier, {"Scaled": Scaled})


def test_scope_restores_the_registry():
    registry = utils.get_custom_objects()
    with utils.custom_object_scope({"a": 1}):
        registry["b"] = 2
    assert "a" not in registry and "b" not in registry


def test_function_as_text_keeps_defaults_and_closure():
    factor = 5

    def scale(x, offset=2):
        return factor * x + offset

    assert utils.func_load(utils.func_dump(scale))(3) == 17


@pytest.mark.parametrize(
    "function, name, accept_all, expected",
    [
        (lambda x: x, "x", False, True),
        (lambda x: x, "y", True, False),
        (lambda x, **more: x, "y", False, False),
        (lambda x, **more: x, "y", True, True),
        (lambda *, x: x, "x", False, True),
        (lambda x, /: x, "x", False, False),
    ],
)
def test_has_arg(function, name, accept_all, expected):
    assert utils.has_arg(function, name, accept_all) is expected


def test_slice_arrays():
    rows = np.arange(6).reshape(3, 2)
    np.testing.assert_array_equal(utils.slice_arrays([rows, None], 1)[0], rows[1:])
    np.testing.assert_array_equal(utils.slice_arrays(rows, np.array([2, 0])), rows[[2, 0]])
    assert utils.slice_arrays(None) == [None]


def test_transpose_shape():
    assert utils.transpose_shape((2, 8, 9, 3), "channels_first", (1, 2)) == (2, 3, 8, 9)
    assert utils.transpose_shape([8, 9, 3], "channels_first", (0, 1)) == [3, 8, 9]
    with pytest.raises(ValueError):
        utils.transpose_shape((1, 2, 3), "channels_middle", (0, 1))


def test_unexpected_keys_are_named():
    with pytest.raises(ValueError, match=r"loss dictionary: \['c'\]"):
        utils.check_for_unexpected_keys("loss", {"a": 1, "c": 2}, ["a", "b"])
