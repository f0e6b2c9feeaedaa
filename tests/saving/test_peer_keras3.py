"""Models of every layer go to Keras 3 and come back, as archives and weights, and come from tf-keras.

Needs a Python with Keras 3 and tf-keras: this one, or the one that the environment variable TF_PY names.
"""

import importlib.util
import os
import sys
import warnings

import numpy as np
import pytest
from peer_archives import compile_and_train, results_of
from peer_models import NAMES, ROWS, compare, run_peer

import pronghorn
from pronghorn.models import load_model

pytest.importorskip("h5py", reason="HDF5 files need h5py")
PEER = os.environ.get("TF_PY") or (sys.executable if importlib.util.find_spec("keras") else None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PEER is None, reason="no Keras 3 here: set TF_PY to a Python that has it"),
]
# Layers, and options, that Keras 2.3 has and Keras 3 has no more.
ABSENT = ("local1d", "local2d", "thresholded_relu")


def _peer(package, action, folder):
    run_peer(PEER, "peer_keras3.py", package, action, folder)


@pytest.fixture(scope="module", params=["keras", "tf_keras"])
def theirs(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    _peer(request.param, "write", folder)
    return folder


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ours")
    for name, build, shapes, random in ROWS:
        np.random.seed(0)
        model = build(pronghorn)
        compile_and_train(model, name, shapes, pronghorn.optimizers, ours=True)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="hard_sigmoid")
            model.save(folder / f"{name}.keras")
        model.save_weights(folder / f"{name}.weights.h5")
        np.savez(folder / f"{name}.npz", *results_of(model, name, shapes, random))
    _peer("keras", "read", folder)
    return folder


def _arrays(path):
    name = path.name.split(".")[0]
    if name.startswith(ABSENT) or path.with_name(f"{name}.absent").exists():
        pytest.skip("the other side has no such layer")
    error = path.with_name(f"{name}.error")
    assert not error.exists(), error.read_text()[-3000:]
    with np.load(path) as data:
        return [data[key] for key in data.files]


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_reads_what_they_write(row, theirs):
    name, build, shapes, random = row
    expected = _arrays(theirs / f"{name}.npz")
    model = load_model(theirs / f"{name}.keras")
    compare(results_of(model, name, shapes, random), expected)
    if name == "bidirectional":
        return  # built by its defaults, which are others for GRU
    model = build(pronghorn)
    compile_and_train(model, name, shapes, pronghorn.optimizers, ours=True)
    if "hard_sigmoid" in model.to_json() and theirs.name.startswith("keras"):
        return  # another function there
    model.load_weights(theirs / f"{name}.weights.h5")
    compare(results_of(model, name, shapes, random), expected)


@pytest.mark.parametrize("name", NAMES)
def test_keras_reads_what_we_write(name, ours):
    expected = _arrays(ours / f"{name}.npz")
    compare(_arrays(ours / f"{name}.peer.npz"), expected)
    compare(_arrays(ours / f"{name}.weights.npz"), expected)
