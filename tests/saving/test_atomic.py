"""A file is the old one or the new one: after an error, on a full disk, after a kill."""

import os
import resource
import stat

import numpy as np
import pytest
from kill_during_save import kill_saves

from pronghorn.layers import Dense
from pronghorn.models import Sequential, load_model
from pronghorn.saving.atomic import written_whole

pytest.importorskip("h5py", reason="HDF5 files need h5py")


@pytest.fixture
def saved(tmp_path):
    model = Sequential([Dense(200, input_shape=(200,))])
    path = tmp_path / "model.h5"
    model.save(path)
    return model, path


def _holds(path, weights):
    loaded = load_model(path, compile=False).get_weights()
    return all(np.array_equal(a, b) for a, b in zip(loaded, weights))


def test_an_error_while_saving_leaves_the_old_file(saved, monkeypatch):
    model, path = saved
    old = model.get_weights()
    model.set_weights([value + 1 for value in old])
    monkeypatch.setattr("pronghorn.saving.hdf5_model.save_weights_to_hdf5_group", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.save(path)
    assert os.listdir(path.parent) == ["model.h5"]
    assert _holds(path, old)


@pytest.mark.parametrize("room", [1000, 60_000, 150_000])
def test_a_full_disk_leaves_the_old_file(saved, room):
    model, path = saved
    old = model.get_weights()
    model.set_weights([value + 1 for value in old])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Writing beyond this size of a file fails, as it does on a full disk; Python ignores the signal.
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises((OSError, RuntimeError)):
            model.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(path.parent) == ["model.h5"]
    assert _holds(path, old)


def test_weights_files_are_written_whole_too(saved, monkeypatch):
    model, path = saved
    model.save_weights(path)
    before = path.read_bytes()
    monkeypatch.setattr("pronghorn.saving.hdf5_weights.write_arrays", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.save_weights(path)
    assert path.read_bytes() == before


def test_permissions_stay_and_links_are_followed(tmp_path):
    path, link = tmp_path / "data", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    with written_whole(link) as beside, open(beside, "w") as file:
        file.write("new")
    assert link.is_symlink() and path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_new_files_get_the_permissions_of_the_mask(tmp_path):
    before = os.umask(0o027)
    try:
        with written_whole(tmp_path / "data"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o640


def test_a_folder_in_the_way_is_an_error(tmp_path):
    with pytest.raises(OSError, match="not a file"), written_whole(tmp_path):
        pass


def test_kills_leave_a_whole_file(tmp_path):
    kill_saves(str(tmp_path / "model.h5"), 4)
