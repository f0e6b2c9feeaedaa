"""Models as estimators of other libraries."""

from __future__ import annotations

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, submodules=["scikit_learn"], attributes={})
