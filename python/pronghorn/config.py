"""Settings shared by everything: default float type, fuzz factor and image layout.

Examples
--------
>>> from pronghorn import config
>>> config.floatx()
'float32'
"""

from __future__ import annotations

import os

_FLOATS = ("float32", "float64")
_LAYOUTS = ("channels_last", "channels_first")

_floatx = "float32"
_epsilon = 1e-7
_image_data_format = "channels_last"


def floatx() -> str:
    """Return the default float type of weights and inputs.

    Examples
    --------
    >>> floatx()
    'float32'
    """
    return _floatx


def set_floatx(floatx: str) -> None:
    """Set the default float type: ``"float32"`` or ``"float64"``.

    Examples
    --------
    >>> set_floatx("float32")
    """
    global _floatx
    if floatx not in _FLOATS:
        raise ValueError(f"Unknown floatx type: {floatx}. Expected one of {', '.join(_FLOATS)}.")
    _floatx = str(floatx)


def epsilon() -> float:
    """Return the small number that keeps divisions and logarithms finite.

    Examples
    --------
    >>> epsilon()
    1e-07
    """
    return _epsilon


def set_epsilon(e: float) -> None:
    """Set the small number that keeps divisions and logarithms finite.

    Examples
    --------
    >>> set_epsilon(1e-7)
    """
    global _epsilon
    _epsilon = float(e)


def image_data_format() -> str:
    """Return the default layout of images: ``"channels_last"`` or ``"channels_first"``.

    Examples
    --------
    >>> image_data_format()
    'channels_last'
    """
    return _image_data_format


def set_image_data_format(data_format: str) -> None:
    """Set the default layout of images.

    Examples
    --------
    >>> set_image_data_format("channels_last")
    """
    global _image_data_format
    if data_format not in _LAYOUTS:
        raise ValueError(f"Unknown data_format: {data_format}. Expected one of {', '.join(_LAYOUTS)}.")
    _image_data_format = str(data_format)


def standardize_data_format(data_format: str | None) -> str:
    """Return `data_format` in lower case, or the default where it is None.

    Examples
    --------
    >>> standardize_data_format("Channels_First")
    'channels_first'
    """
    if data_format is None:
        return _image_data_format
    lowered = data_format.lower() if isinstance(data_format, str) else data_format
    if lowered not in _LAYOUTS:
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last". '
            f"Received: {data_format}"
        )
    return lowered


def standardize_dtype(dtype: object) -> str:
    """Return the name of a type given as a name, a NumPy type or None (the default float type).

    Examples
    --------
    >>> import numpy as np
    >>> standardize_dtype(np.int32), standardize_dtype(None)
    ('int32', 'float32')
    """
    if dtype is None:
        return _floatx
    if isinstance(dtype, str):
        return dtype
    import numpy as np

    return np.dtype(dtype).name


def winograd() -> str:
    """Return which of Winograd's algorithms convolutions may use: see `set_winograd`.

    Examples
    --------
    >>> before = winograd()
    >>> set_winograd("accurate")
    >>> winograd()
    'accurate'
    >>> set_winograd(before)
    """
    from . import _core

    return _core.winograd()


def set_winograd(use: bool | str) -> None:
    """Set which of Winograd's algorithms convolutions may use that are compiled from now on.

    They take two to six times fewer multiplications for 3x3 and 5x5 kernels, and round more. The environment
    variable ``PRONGHORN_WINOGRAD`` gives the setting at the start.

    Parameters
    ----------
    use
        True or ``"on"``: where they are faster. False or ``"off"``: nowhere. ``"accurate"``: only those whose
        errors are like those of direct sums. ``"force"``: wherever they can be used. ``"4x4_3x3"``,
        ``"2x2_3x3"``, ``"6x6_3x3"``, ``"2x2_5x5"``, ``"4x4_5x5"`` (results of a tile, kernel): this one
        wherever it can be used, no other.

    Examples
    --------
    >>> before = winograd()
    >>> set_winograd(False)
    >>> winograd()
    'off'
    >>> set_winograd(before)
    """
    from . import _core

    _core.set_winograd({True: "on", False: "off"}[use] if isinstance(use, bool) else str(use))


def keras_home() -> str:
    """Return Keras's folder for settings and data: ``$KERAS_HOME`` or ``~/.keras``."""
    return os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")


def _read_settings() -> None:
    """Take over what a user has set in Keras's own settings file."""
    path = os.path.join(keras_home(), "keras.json")
    if not os.path.isfile(path):
        return
    import json

    try:
        with open(path) as file:
            settings = json.load(file)
    except (OSError, ValueError):
        return  # Keras starts with defaults too when the file can't be read
    if settings.get("floatx") in _FLOATS:
        set_floatx(settings["floatx"])
    if isinstance(settings.get("epsilon"), float):
        set_epsilon(settings["epsilon"])
    if settings.get("image_data_format") in _LAYOUTS:
        set_image_data_format(settings["image_data_format"])


_read_settings()
