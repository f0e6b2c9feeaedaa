"""Ways to weight the values of losses and metrics in a model, with the weights that they amount to."""

import numpy as np
from loss_cases import LOSSES, METRICS, data_of

CLASS_WEIGHT = {0: 0.5, 1: 2.0, 2: 1.5, 3: 0.25}
MASK_VALUE = -7.0
STEPS = 5

# Name -> (time steps, mask, weights of samples, classes or steps).
WAYS = {
    "plain": (False, False, None),
    "samples": (False, False, "samples"),
    "classes": (False, False, "classes"),
    "steps": (True, False, None),
    "temporal": (True, False, "temporal"),
    "mask": (True, True, None),
    "mask and samples": (True, True, "samples"),
    "mask and temporal": (True, True, "temporal"),
}


def rows():
    """Each metric and loss that is compared, as (name, group, way)."""
    found = []
    for group, cases in (("loss", LOSSES), ("metric", METRICS)):
        for name, (_, _, arguments) in cases.items():
            flat = {"top_k", "class_id"} & set(arguments)  # these are of predictions with two axes
            found += [(name, group, way) for way in WAYS if not (flat and WAYS[way][0])]
    return found


def data(kind, way, seed):
    """Inputs, targets, predictions, arguments of the model's method, mask, and weights times mask."""
    timed, masked, weighted = WAYS[way]
    rng = np.random.RandomState(100 + seed)
    count = 12 * STEPS if timed else 12
    y_true, y_pred, _ = data_of(kind, seed=seed, rows=count)
    if y_true.ndim == 1:
        y_true, y_pred = y_true[:, None], y_pred[:, None]
    y_pred = y_pred.astype("float32")
    if timed:
        y_true, y_pred = (a.reshape(12, STEPS, -1) for a in (y_true, y_pred))
    x, arguments, mask, weights = y_pred, {}, None, None
    if weighted == "samples":
        arguments["sample_weight"] = weights = rng.rand(12).astype("float32")
    elif weighted == "temporal":
        arguments["sample_weight"] = weights = rng.rand(12, STEPS).astype("float32")
    elif weighted == "classes":
        arguments["class_weight"] = CLASS_WEIGHT
        classes = y_true.argmax(axis=1) if y_true.shape[1] > 1 else y_true[:, 0]
        weights = np.array([CLASS_WEIGHT[int(each)] for each in classes], "float32")
    if masked:
        mask = (np.random.RandomState(200 + seed).rand(12, STEPS) < 0.6).astype("float32")
        x = np.where(mask[:, :, None], y_pred, np.float32(MASK_VALUE))
        y_pred = y_pred * mask[:, :, None]  # a `Masking` layer sets what is masked to zero
        weights = mask if weights is None else mask * weights.reshape(12, -1)
    return x, y_true, y_pred, arguments, mask, weights
