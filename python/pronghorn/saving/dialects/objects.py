"""Initializers, regularizers and constraints in the words of Keras 2.3."""

from __future__ import annotations

from typing import Any

# tf.keras has classes where Keras 2 has functions that make a VarianceScaling.
_SCALINGS = {
    "GlorotUniform": (1.0, "fan_avg", "uniform"),
    "GlorotNormal": (1.0, "fan_avg", "normal"),
    "HeUniform": (2.0, "fan_in", "uniform"),
    "HeNormal": (2.0, "fan_in", "normal"),
    "LecunUniform": (1.0, "fan_in", "uniform"),
    "LecunNormal": (1.0, "fan_in", "normal"),
}
_INITIALIZERS = (
    "Constant",
    "Identity",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
)


# Options that only say how newer versions place or count what is drawn.
_UNREAD = ("dtype", "partition_info", "input_axes", "output_axes")


def in_keras2(name: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the class name and configuration of an initializer, regularizer or constraint; others as given.

    Parameters
    ----------
    name
        Name of the class.
    config
        Its configuration.

    Examples
    --------
    >>> in_keras2("L2", {"l2": 0.5})
    ('L1L2', {'l2': 0.5})
    """
    if name in ("L1", "L2"):
        return "L1L2", config
    plain = name[:-2] if name.endswith(("V1", "V2")) else name
    if plain in _SCALINGS:
        scale, mode, distribution = _SCALINGS[plain]
        seed = config.get("seed")
        return "VarianceScaling", {"scale": scale, "mode": mode, "distribution": distribution, "seed": seed}
    if plain == "IdentityInitializer":
        plain = "Identity"
    if plain in _INITIALIZERS and not _is_layer(plain, config):
        config = {key: value for key, value in config.items() if key not in _UNREAD}
        if config.get("distribution") in ("truncated_normal", "untruncated_normal"):
            config["distribution"] = "normal"
        return plain, config
    return name, config


def _is_layer(name: str, config: dict[str, Any]) -> bool:
    return name == "Identity" and "trainable" in config
