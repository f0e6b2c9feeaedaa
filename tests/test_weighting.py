"""Losses and metrics within models, with weights of samples, classes and time steps, and with masks."""

import json
import pathlib
import sys

import numpy as np
import pytest

from pronghorn import losses, metrics, optimizers
from pronghorn.layers import Activation, Masking
from pronghorn.models import Sequential

GOLDEN_FOLDER = pathlib.Path(__file__).parent / "golden"
sys.path.insert(0, str(GOLDEN_FOLDER))

from loss_cases import LOSSES, METRICS  # noqa: E402
from weighting_cases import MASK_VALUE, WAYS, data, rows  # noqa: E402

GOLDEN = json.loads((GOLDEN_FOLDER / "weighting.json").read_text())
ROWS = rows()


def results(way, kind, loss, metric=None):
    """What the model gives for three batches: by `evaluate`, or in training where classes are weighted."""
    batches = [data(kind, way, seed) for seed in range(3)]
    x, y = (np.concatenate([batch[i] for batch in batches]) for i in (0, 1))
    shape = x.shape[1:]
    model = Sequential([Activation("linear", input_shape=shape)])
    if WAYS[way][1]:
        model = Sequential([Masking(MASK_VALUE, input_shape=shape), Activation("linear")])
    both = {} if metric is None else {"metrics": [metric()], "weighted_metrics": [metric()]}
    mode = "temporal" if WAYS[way][2] == "temporal" else None
    model.compile(optimizers.SGD(0.0), loss, sample_weight_mode=mode, **both)
    if "class_weight" in batches[0][3]:
        history = model.fit(
            x, y, batch_size=12, shuffle=False, class_weight=batches[0][3]["class_weight"], verbose=0
        )
        return [values[0] for values in history.history.values()]
    weights = None
    if "sample_weight" in batches[0][3]:
        weights = np.concatenate([batch[3]["sample_weight"] for batch in batches])
    return model.evaluate(x, y, batch_size=12, sample_weight=weights, verbose=0)


@pytest.mark.parametrize("name, way", [(name, way) for name, group, way in ROWS if group == "loss"])
def test_losses_are_those_of_tf_keras(name, way):
    cls, kind, arguments = LOSSES[name]
    found = results(way, kind, getattr(losses, cls)(**arguments))
    np.testing.assert_allclose(found, GOLDEN[f"loss/{name}/{way}"], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name, way", [(name, way) for name, group, way in ROWS if group == "metric"])
def test_metrics_are_those_of_tf_keras(name, way):
    cls, kind, arguments = METRICS[name]
    loss = "sparse_categorical_crossentropy" if kind == "indices" else "mse"
    _, *found = results(way, kind, loss, lambda: getattr(metrics, cls)(**arguments))
    plain, weighted = GOLDEN[f"metric/{name}/{way}"]
    np.testing.assert_allclose(found[0], plain, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found[1], weighted, rtol=1e-6, atol=1e-6)
