"""The wrappers, under the module name that Keras 2 has for them."""

from .bidirectional import Bidirectional
from .time_distributed import TimeDistributed
from .wrapper import Wrapper

__all__ = ["Bidirectional", "TimeDistributed", "Wrapper"]
