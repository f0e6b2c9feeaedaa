"""Models of every layer go to tf-keras and come back, in HDF5: equal predictions, equal next training step.

Needs a Python with tf-keras: this one, or the one that the environment variable TF_PY names.
"""

import importlib.util
import os
import sys
import warnings

import numpy as np
import pytest
from peer_models import NAMES, ROWS, compare, compile_and_train, results_of, run_peer

import pronghorn
from pronghorn.models import load_model

pytest.importorskip("h5py", reason="HDF5 files need h5py")
PEER = os.environ.get("TF_PY") or (sys.executable if importlib.util.find_spec("tf_keras") else None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PEER is None, reason="no tf-keras here: set TF_PY to a Python that has it"),
]


def _peer(action, folder):
    run_peer(PEER, "peer_tf_keras.py", action, folder)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theirs")
    _peer("write", folder)
    return folder


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ours")
    for name, build, shapes, random in ROWS:
        np.random.seed(0)
        model = build(pronghorn)
        compile_and_train(model, name, shapes, pronghorn.optimizers)
        model.save(folder / f"{name}.h5")
        np.savez(folder / f"{name}.npz", *results_of(model, name, shapes, random))
    _peer("read", folder)
    return folder


def _arrays(path):
    error = path.with_name(path.name.split(".")[0] + ".error")
    assert not error.exists(), error.read_text()[-3000:]
    with np.load(path) as data:
        return [data[key] for key in data.files]


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_reads_what_tf_keras_writes(row, theirs):
    name, _, shapes, random = row
    expected = _arrays(theirs / f"{name}.npz")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = load_model(theirs / f"{name}.h5")
    compare(results_of(model, name, shapes, random), expected)


@pytest.mark.parametrize("name", NAMES)
def test_tf_keras_reads_what_we_write(name, ours):
    expected = _arrays(ours / f"{name}.npz")
    compare(_arrays(ours / f"{name}.peer.npz"), expected)
