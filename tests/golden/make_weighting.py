"""Makes weighting.json: losses and metrics of tf-keras with weights, masks and class weights.

The losses and metrics are called with the products of weights and mask, as Keras 2.3.1 does it within a
model. (Models of tf-keras came to divide the loss by the number of steps that are not masked.)

Run by a Python that has tensorflow and tf_keras: python tests/golden/make_weighting.py
"""

import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tf_keras as keras
from loss_cases import LOSSES, METRICS
from weighting_cases import data, rows


def loss_of(name, way):
    """The mean of the losses of three batches of equal size."""
    cls, kind, arguments = LOSSES[name]
    loss = getattr(keras.losses, cls)(reduction="sum_over_batch_size", **arguments)
    values = []
    for seed in range(3):
        _, y_true, y_pred, _, _, weights = data(kind, way, seed)
        values.append(loss(y_true, y_pred, sample_weight=weights).numpy())
    return float(np.mean(values, dtype="float64"))


def metric_of(name, way):
    """The values after three batches, without the weights (with the mask, though) and with them."""
    cls, kind, arguments = METRICS[name]
    values = []
    for weighted in (False, True):
        metric = getattr(keras.metrics, cls)(**arguments)
        for seed in range(3):
            _, y_true, y_pred, _, mask, weights = data(kind, way, seed)
            metric.update_state(y_true, y_pred, sample_weight=weights if weighted else mask)
        values.append(metric.result().numpy().tolist())
    return values


def main():
    find = {"loss": loss_of, "metric": metric_of}
    found = {f"{group}/{name}/{way}": find[group](name, way) for name, group, way in rows()}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in found.items())
    pathlib.Path(__file__).with_name("weighting.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
