"""Drawing the results of a training."""

from __future__ import annotations

from typing import Any

import numpy as np


def plot_history(history: dict, epochs: list, names: list[str] | None = None, axes: Any = None) -> Any:
    """Draws results over epochs, those of training and validation in one frame.

    Parameters
    ----------
    history : dict
        Values by name, as a `History` has them.
    epochs : list of int
        The epochs, from 0.
    names : list of str, optional
        What to draw, without the prefix `val_`; by default everything that is one number per epoch.
    axes : matplotlib axes or sequence of them, optional
        Where to draw, one per name; a new figure where it is None.

    Returns
    -------
    array of matplotlib axes
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "Plotting a history needs the package `matplotlib`: pip install pronghorn[plot]"
        ) from error
    if names is None:
        names = [
            name
            for name, values in history.items()
            if not (name.startswith("val_") and name[4:] in history) and np.ndim(values) == 1
        ]
    missing = [name for name in names if name not in history]
    if missing:
        raise ValueError(f"No {', '.join(missing)} in the history; it has {', '.join(history) or 'nothing'}.")
    if axes is None:
        count = max(len(names), 1)
        _, axes = pyplot.subplots(1, count, figsize=(5 * count, 4), layout="tight", squeeze=False)
        axes = axes[0, : len(names)]
    axes = np.ravel(axes)
    if len(axes) != len(names):
        raise ValueError(
            f"{len(names)} results to draw ({', '.join(names)}) but {len(axes)} axes to draw on."
        )
    for name, place in zip(names, axes):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            values = history.get(key, [])
            # Validation may be run in some epochs only: then nobody knows in which.
            x = [epoch + 1 for epoch in epochs] if len(values) == len(epochs) else range(1, len(values) + 1)
            if len(values):
                place.plot(x, values, label=label, marker="o" if len(values) == 1 else None)
        place.set(title=name, xlabel="epoch")
        place.xaxis.get_major_locator().set_params(integer=True)
        if f"val_{name}" in history:
            place.legend()
    return axes
