"""Makes losses.npz: losses and metrics of tf-keras on given targets, predictions and weights.

Run by a Python that has tensorflow and tf_keras: python tests/golden/make_losses.py
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tf_keras as keras
from loss_cases import LOSSES, METRICS, data_of


def main():
    found = {}
    for name, (function, kind, kwargs) in LOSSES.items():
        y_true, y_pred, weights = data_of(kind)
        loss = getattr(keras.losses, function)(reduction="none", **kwargs)
        found[f"loss/{name}"] = loss(y_true, y_pred).numpy()
        loss = getattr(keras.losses, function)(reduction="sum_over_batch_size", **kwargs)
        found[f"weighted/{name}"] = loss(y_true, y_pred, sample_weight=weights).numpy()
    for name, (cls, kind, kwargs) in METRICS.items():
        for weighted in (False, True):
            metric = getattr(keras.metrics, cls)(**kwargs)
            for batch in range(3):
                y_true, y_pred, weights = data_of(kind, seed=batch)
                metric.update_state(y_true, y_pred, sample_weight=weights if weighted else None)
            found[f"metric/{name}/{int(weighted)}"] = metric.result().numpy()
    np.savez_compressed(pathlib.Path(__file__).with_name("losses.npz"), **found)


if __name__ == "__main__":
    main()
