"""Functions on tensors, spelled as in Keras 3: the only place that emits nodes of the core's graph.

Each takes symbolic tensors (and records), tensors of an open trace (and emits) or NumPy arrays (and
runs now).
A family of operations per module; each module names its own in ``__all__``.
"""

from .activation import *
from .callback import *
from .conv import *
from .dispatch import convert_to_tensor, emit, operation
from .elementwise import *
from .index import *
from .layout import *
from .linear import *
from .losses import *
from .normalize import *
from .optimizers import *
from .pool import *
from .random import *
from .recurrent import *
from .reduce import *
from .state import gradients, update, update_add, update_sub
from .symbolic import Function, KerasTensor, OpCall, infer, is_tensor
from .tensor import Tensor
from .trace import Trace, current_trace, outside_traces
from .variable import Variable
