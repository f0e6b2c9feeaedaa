"""What Keras 2 asks of a backend as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import config, naming
from . import phase

__all__ = [
    "backend",
    "cast_to_floatx",
    "clear_session",
    "control_dependencies",
    "eager",
    "get_session",
    "manual_variable_initialization",
    "normalize_data_format",
    "set_session",
    "symbolic",
]


def backend() -> str:
    """Return "tensorflow": the backend of Keras 2 whose behaviour is ours, so that scripts take that branch.

    Examples
    --------
    >>> backend()
    'tensorflow'
    """
    return "tensorflow"


def normalize_data_format(value: str | None) -> str:
    """Return `value` in lower case, or the default layout where it is None.

    Examples
    --------
    >>> normalize_data_format("Channels_First")
    'channels_first'
    """
    return config.standardize_data_format(value)


def cast_to_floatx(x: Any) -> Any:
    """Return an array, or a tensor, as the default float type.

    Examples
    --------
    >>> cast_to_floatx([1, 2]).dtype.name
    'float32'
    """
    from .variables import cast, is_tensor

    return cast(x, config.floatx()) if is_tensor(x) else np.asarray(x, config.floatx())


def clear_session() -> None:
    """Start layer names from 1 again and forget a learning phase that was set.

    Examples
    --------
    >>> clear_session()
    """
    naming.reset_uids()
    phase.forget()


def _get_available_gpus() -> list[str]:
    """Return no devices; many scripts ask for them by this name, to choose a batch size."""
    return []


def _is_tf_1() -> bool:
    """Return False: there are no sessions and no feeds, as under TensorFlow 2."""
    return False


def manual_variable_initialization(value: bool) -> None:
    """Do nothing: variables have their values as soon as they exist.

    Examples
    --------
    >>> manual_variable_initialization(True)
    """


def get_session() -> None:
    """Raise RuntimeError: there are no sessions here, as under TensorFlow 2."""
    raise RuntimeError("`get_session` is not available: there are no sessions here, as under TensorFlow 2.")


def set_session(session: Any) -> None:
    """Raise RuntimeError: there are no sessions here, as under TensorFlow 2."""
    raise RuntimeError("`set_session` is not available: there are no sessions here, as under TensorFlow 2.")


@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Do nothing: what a program computes follows from its inputs, and updates come last."""
    yield


def symbolic(func: Callable) -> Callable:
    """Return `func`: operations record, emit or run by what they are given.

    Examples
    --------
    >>> symbolic(len) is len
    True
    """
    return func


def eager(func: Callable) -> Callable:
    """Return `func`: operations record, emit or run by what they are given.

    Examples
    --------
    >>> eager(len) is len
    True
    """
    return func
