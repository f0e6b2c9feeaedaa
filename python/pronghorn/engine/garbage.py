"""Models that nobody holds any more are given back before they pile up.

Layers, nodes and tensors refer to each other, so only Python's collector frees a model. It counts objects:
of the megabytes of weights and programs behind a few hundred objects it knows nothing.
"""

from __future__ import annotations

import gc
import time

_PROGRAMS = 4  # compiled between two collections
_SHARE = 0.33  # of the time, at most, is spent on collecting


class _Collector:
    """Collects now and then."""

    def __init__(self) -> None:
        self._compiled = 0
        self._not_before = 0.0

    def after_compiling(self) -> None:
        """Called for each program that is compiled."""
        self._compiled += 1
        start = time.monotonic()
        if self._compiled < _PROGRAMS or start < self._not_before or not gc.isenabled():
            return
        self._compiled = 0
        gc.collect()
        end = time.monotonic()
        self._not_before = end + (end - start) / _SHARE


collector = _Collector()
