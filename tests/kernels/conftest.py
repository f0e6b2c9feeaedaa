"""Fixtures of the kernel tests."""

import pytest

from pronghorn import _core


@pytest.fixture(params=_core.isas())
def isa(request):
    """Each instruction set that this build holds and this processor runs, the reference included."""
    before = _core.isa()
    _core.set_isa(request.param)
    yield request.param
    _core.set_isa(before)
