"""Initial values of weights: callables of (shape, dtype) that give an array.

Numbers come from the core's counter-based generator. Without a `seed` one is drawn from NumPy's global
state, so ``np.random.seed(0)`` makes everything that follows reproducible; with a seed, each call of the same
object moves on to the next one, so that two weights initialised by it differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import config, ops
from .utils.generic_utils import deserialize_keras_object, serialize_keras_object
from .utils.serialization import nameable

# Standard deviation of a unit normal cut off at two of its standard deviations:
# sqrt(1 - 2 * 2 phi(2) / (2 Phi(2) - 1)), with phi and Phi the normal density and distribution.
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer:
    """Base of all initializers; subclasses define `__call__` and, if they have options, `get_config`."""

    def __call__(self, shape, dtype=None):
        raise NotImplementedError(f"{type(self).__name__} must define __call__(shape, dtype=None)")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments as plain data."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """Build an initializer from what `get_config` gave."""
        # tf.keras wrote a `dtype` that no initializer takes.
        return cls(**{key: value for key, value in config.items() if key != "dtype"})


class Zeros(Initializer):
    """All zeros.

    Examples
    --------
    >>> Zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape, dtype=None):
        return np.zeros(tuple(shape), dtype or config.floatx())


class Ones(Initializer):
    """All ones.

    Examples
    --------
    >>> Ones()((2,))
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape, dtype=None):
        return np.ones(tuple(shape), dtype or config.floatx())


class Constant(Initializer):
    """One value everywhere, or the values of an array.

    Parameters
    ----------
    value : float or array_like
        An array must have the shape of the weight, or as many elements.

    Examples
    --------
    >>> Constant(0.5)((2,))
    array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, value=0):
        self.value = value

    def __call__(self, shape, dtype=None):
        shape = tuple(shape)
        value = np.asarray(self.value, dtype or config.floatx())
        if value.size == 1:
            return np.full(shape, value.reshape(()))
        if value.size != int(np.prod(shape)):
            raise ValueError(
                f"Constant initializer: the value has {value.size} elements {value.shape}, "
                f"but the weight has shape {shape}"
            )
        return value.reshape(shape).copy()

    def get_config(self):
        value = self.value
        return {"value": value.tolist() if isinstance(value, np.ndarray) else value}


class _Seeded(Initializer):
    """What the random initializers share: the seed that moves on."""

    seed: int | None

    def _next_seed(self) -> int | None:
        seed = self.seed
        if seed is not None:
            self.seed = seed + 1
        return seed


class RandomNormal(_Seeded):
    """Normally distributed values.

    Parameters
    ----------
    mean, stddev : float
    seed : int, optional

    Examples
    --------
    >>> RandomNormal(stddev=0.1, seed=1)((3, 4)).shape
    (3, 4)
    """

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape, dtype=None):
        return ops.random_normal(
            tuple(shape), self.mean, self.stddev, dtype=dtype or config.floatx(), seed=self._next_seed()
        )

    def get_config(self):
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


class RandomUniform(_Seeded):
    """Uniformly distributed values.

    Parameters
    ----------
    minval, maxval : float
        The half-open interval drawn from.
    seed : int, optional

    Examples
    --------
    >>> bool(abs(RandomUniform(-0.1, 0.1, seed=1)((100,))).max() <= 0.1)
    True
    """

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        self.minval = minval
        self.maxval = maxval
        self.seed = seed

    def __call__(self, shape, dtype=None):
        return ops.random_uniform(
            tuple(shape), self.minval, self.maxval, dtype=dtype or config.floatx(), seed=self._next_seed()
        )

    def get_config(self):
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


class TruncatedNormal(RandomNormal):
    """Normally distributed values, those beyond two standard deviations drawn again.

    Parameters
    ----------
    mean, stddev : float
        Of the normal distribution before it is cut.
    seed : int, optional

    Examples
    --------
    >>> bool(abs(TruncatedNormal(stddev=1.0, seed=1)((1000,))).max() <= 2.0)
    True
    """

    def __call__(self, shape, dtype=None):
        return ops.random_truncated_normal(
            tuple(shape), self.mean, self.stddev, dtype=dtype or config.floatx(), seed=self._next_seed()
        )


class VarianceScaling(_Seeded):
    """Random values whose variance is `scale / n`, with n from the shape of the weight.

    Parameters
    ----------
    scale : float
        Positive.
    mode : {"fan_in", "fan_out", "fan_avg"}
        n is the number of inputs of a unit, of its outputs, or their mean.
    distribution : {"normal", "uniform"}
        A normal cut at two standard deviations, or a uniform one.
    seed : int, optional

    Examples
    --------
    >>> weights = VarianceScaling(mode="fan_in", distribution="uniform", seed=1)((300, 10))
    >>> bool(abs(weights).max() <= 0.1)
    True
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="normal", seed=None):
        if scale <= 0.0:
            raise ValueError(f"`scale` must be a positive float. Got: {scale}")
        mode = mode.lower()
        if mode not in {"fan_in", "fan_out", "fan_avg"}:
            raise ValueError(f'`mode` must be "fan_in", "fan_out" or "fan_avg". Got: {mode!r}')
        distribution = distribution.lower()
        if distribution not in {"normal", "uniform"}:
            raise ValueError(f'`distribution` must be "normal" or "uniform". Got: {distribution!r}')
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.seed = seed

    def __call__(self, shape, dtype=None):
        shape = tuple(shape)
        fan_in, fan_out = _compute_fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        options = {"dtype": dtype or config.floatx(), "seed": self._next_seed()}
        if self.distribution == "normal":
            stddev = float(np.sqrt(variance) / _TRUNCATED_STDDEV)
            return ops.random_truncated_normal(shape, 0.0, stddev, **options)
        limit = float(np.sqrt(3.0 * variance))  # the variance of U(-a, a) is a² / 3
        return ops.random_uniform(shape, -limit, limit, **options)

    def get_config(self):
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "seed": self.seed,
        }


class Orthogonal(_Seeded):
    """A random matrix with orthonormal rows or columns (Saxe, McClelland, Ganguli 2013, arXiv:1312.6120).

    All axes but the last are taken together as rows.

    Parameters
    ----------
    gain : float
        Factor on the matrix.
    seed : int, optional

    Examples
    --------
    >>> weights = Orthogonal(seed=1)((4, 4))
    >>> bool(np.allclose(weights @ weights.T, np.eye(4), atol=1e-5))
    True
    """

    def __init__(self, gain=1.0, seed=None):
        self.gain = gain
        self.seed = seed

    def __call__(self, shape, dtype=None):
        shape = tuple(shape)
        if len(shape) < 2:
            raise ValueError(
                f"Orthogonal initializer: expected a weight of rank 2 or more, got shape {shape}"
            )
        rows, columns = int(np.prod(shape[:-1])), shape[-1]
        seed = self._next_seed()
        generator = np.random if seed is None else np.random.RandomState(seed)
        u, _, v = np.linalg.svd(generator.normal(0.0, 1.0, (rows, columns)), full_matrices=False)
        matrix = u if u.shape == (rows, columns) else v
        return np.asarray(self.gain * matrix.reshape(shape), dtype or config.floatx())

    def get_config(self):
        return {"gain": self.gain, "seed": self.seed}


class Identity(Initializer):
    """The identity matrix, padded with zeros where it is not square.

    Parameters
    ----------
    gain : float
        Factor on the matrix.

    Examples
    --------
    >>> Identity()((2, 2))
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """

    def __init__(self, gain=1.0):
        self.gain = gain

    def __call__(self, shape, dtype=None):
        if len(shape) != 2:
            raise ValueError(
                f"Identity matrix initializer can only be used for 2D matrices. Got shape {tuple(shape)}"
            )
        return np.asarray(self.gain * np.eye(*shape), dtype or config.floatx())

    def get_config(self):
        return {"gain": self.gain}


def lecun_uniform(seed=None) -> VarianceScaling:
    """Uniform within ±sqrt(3 / fan_in) (LeCun et al. 1998, "Efficient BackProp").

    Examples
    --------
    >>> bool(abs(lecun_uniform(seed=1)((300, 10))).max() <= 0.1)
    True
    """
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


def lecun_normal(seed=None) -> VarianceScaling:
    """Truncated normal of variance 1 / fan_in; what `selu` wants (Klambauer et al. 2017).

    Examples
    --------
    >>> lecun_normal().get_config()["scale"]
    1.0
    """
    return VarianceScaling(1.0, "fan_in", "normal", seed)


def glorot_uniform(seed=None) -> VarianceScaling:
    """Uniform within ±sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio 2010); the default of most layers.

    Examples
    --------
    >>> bool(abs(glorot_uniform(seed=1)((300, 300))).max() <= 0.1)
    True
    """
    return VarianceScaling(1.0, "fan_avg", "uniform", seed)


def glorot_normal(seed=None) -> VarianceScaling:
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot, Bengio 2010).

    Examples
    --------
    >>> glorot_normal().get_config()["mode"]
    'fan_avg'
    """
    return VarianceScaling(1.0, "fan_avg", "normal", seed)


def he_uniform(seed=None) -> VarianceScaling:
    """Uniform within ±sqrt(6 / fan_in) (He et al. 2015, arXiv:1502.01852).

    Examples
    --------
    >>> bool(abs(he_uniform(seed=1)((600, 10))).max() <= 0.1)
    True
    """
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


def he_normal(seed=None) -> VarianceScaling:
    """Truncated normal of variance 2 / fan_in, for layers before a relu (He et al. 2015).

    Examples
    --------
    >>> he_normal().get_config()["scale"]
    2.0
    """
    return VarianceScaling(2.0, "fan_in", "normal", seed)


zero = zeros = Zeros
one = ones = Ones
constant = Constant
uniform = random_uniform = RandomUniform
normal = random_normal = RandomNormal
truncated_normal = TruncatedNormal
identity = Identity
orthogonal = Orthogonal


def _compute_fans(shape, data_format="channels_last"):
    """Inputs and outputs of one unit: of a matrix its rows and columns, of a convolution times the window."""
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) in {3, 4, 5}:
        if data_format == "channels_first":
            window = int(np.prod(shape[2:]))
            return shape[1] * window, shape[0] * window
        if data_format == "channels_last":
            window = int(np.prod(shape[:-2]))
            return shape[-2] * window, shape[-1] * window
        raise ValueError(f"Invalid data_format: {data_format}")
    side = float(np.sqrt(np.prod(shape)))
    return side, side


def serialize(initializer) -> Any:
    """Return an initializer as plain data: its class name and configuration.

    Examples
    --------
    >>> serialize(Constant(2))
    {'class_name': 'Constant', 'config': {'value': 2}}
    """
    return serialize_keras_object(initializer)


def deserialize(config, custom_objects=None) -> Any:
    """Build an initializer from what `serialize` gave.

    Examples
    --------
    >>> deserialize({"class_name": "Constant", "config": {"value": 2}}).value
    2
    """
    return deserialize_keras_object(
        config,
        module_objects=nameable(globals()),
        custom_objects=custom_objects,
        printable_module_name="initializer",
    )


def get(identifier) -> Any:
    """Find an initializer by name, by configuration, or take the callable itself.

    Examples
    --------
    >>> get("he_normal").scale
    2.0
    """
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if callable(identifier):
        return identifier
    raise ValueError(f"Could not interpret initializer identifier: {identifier}")
