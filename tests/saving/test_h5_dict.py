"""Keras 2's dictionaries over HDF5 files, groups and plain dictionaries."""

import io

import numpy as np
import pytest

from pronghorn.utils.io_utils import H5Dict, load_from_binary_h5py, save_to_binary_h5py

h5py = pytest.importorskip("h5py", reason="HDF5 files need h5py")


@pytest.fixture(params=["file", "dictionary", "group"])
def target(request, tmp_path):
    if request.param == "group":
        with h5py.File("none", "w", driver="core", backing_store=False) as file:
            yield file.create_group("inside")
    else:
        yield tmp_path / "data.h5" if request.param == "file" else {}


def test_contents_come_back(target):
    array = np.arange(6.0).reshape(2, 3)
    with H5Dict(target, mode="w") as data:
        data["text"], data["names"] = "abc", [b"x", b"yz"]
        data["outer"]["inner"]["array"] = array
    with H5Dict(target, mode="r") as data:
        assert data["text"] == "abc" and list(data["names"]) == [b"x", b"yz"]
        np.testing.assert_array_equal(data["outer"]["inner"]["array"], array)
        assert "outer" in data and "other" not in data and data.get("other", 7) == 7
        with pytest.raises(ValueError, match="read-only"):
            data["new"] = 1
        with pytest.raises(ValueError, match="read-only"):
            data["nothing"]


def test_what_it_is_made_of():
    assert not H5Dict.is_supported_type(3)
    with pytest.raises(TypeError, match="Required Group, str, Path or dict"):
        H5Dict(3)


def test_streams():
    stream = io.BytesIO()
    save_to_binary_h5py(lambda file: file.create_dataset("x", data=np.arange(3)), stream)
    stream.seek(0)
    np.testing.assert_array_equal(load_from_binary_h5py(lambda file: file["x"][:], stream), [0, 1, 2])
