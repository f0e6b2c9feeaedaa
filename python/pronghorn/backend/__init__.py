"""Keras 2's backend functions, ``K.*``: its names and habits over `pronghorn.ops`.

Examples
--------
>>> import numpy as np
>>> from pronghorn import backend as K
>>> x = K.placeholder((None, 3))
>>> total = K.function([x], [K.sum(K.square(x), axis=-1)])
>>> total([np.ones((2, 3))])[0]
array([3., 3.], dtype=float32)
"""

from __future__ import annotations

import sys

from ..config import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from ..naming import get_uid, name_scope, reset_uids
from .arranging import *  # noqa: F403
from .control import *  # noqa: F403
from .convolution import *  # noqa: F403
from .ctc import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .functions import *  # noqa: F403
from .linear import *  # noqa: F403
from .nn import *  # noqa: F403
from .phase import *  # noqa: F403
from .randomness import *  # noqa: F403
from .recurrence import *  # noqa: F403
from .session import *  # noqa: F403
from .session import _get_available_gpus, _is_tf_1
from .variables import *  # noqa: F403

# Keras's modules within: what they hold is here.
tensorflow_backend = common = sys.modules[__name__]
