"""Keras 1 spellings of arguments, converted with a warning as Keras 2.3.1 does: one table, one decorator.

``@accepts_keras1("dense")`` on a constructor makes ``Dense(output_dim=8, init="uniform")`` mean
``Dense(units=8, kernel_initializer="uniform")``. A row of the table says which arguments may be positional
(the order of the others changed between the two versions), which names changed, and what needs more than a
new name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .warn import warn

# What a preparation takes and gives: positional arguments without self, keyword arguments, and (it gives)
# whether anything was converted.
Arguments = tuple[list, dict[str, Any], bool]


class Interface(NamedTuple):
    """One row: how the Keras 1 arguments of a class become those of Keras 2."""

    positional: tuple[str, ...] | None
    renames: dict[str, str] = {}
    prepare: Callable[[str, list, dict], Arguments] | None = None


_DATA_FORMATS = {"tf": "channels_last", "th": "channels_first", "default": None}


def _prepare_conv1d(name: str, args: list, kwargs: dict) -> Arguments:
    if "input_dim" not in kwargs:
        return args, kwargs, False
    kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim"))
    return args, kwargs, True


def _prepare_kernel(names: tuple[str, ...]) -> Callable[[str, list, dict], Arguments]:
    """Gather a window from separate arguments: ``Conv2D(8, 3, 3)``, ``Conv2D(8, nb_row=3, nb_col=3)``."""
    rank = len(names)

    def prepare(name: str, args: list, kwargs: dict) -> Arguments:
        if len(args) > rank + 1:
            raise TypeError(f"`{name}` can receive at most {rank + 1} positional arguments. Got: {args}")
        given = args[1:]
        if not all(isinstance(size, int) for size in given) or not all(
            key in kwargs for key in names[len(given) :]
        ):
            return args, kwargs, False
        if len(given) == rank and {"padding", "strides", "data_format"} & kwargs.keys():
            raise ValueError(
                f"`{name}{tuple(args)}`: in Keras 2 the integers after `filters` would mean `kernel_size` "
                "and `strides`, in Keras 1 the sides of the window. Pass `kernel_size` as a tuple and "
                "`strides` by name."
            )
        kwargs["kernel_size"] = (*given, *(kwargs.pop(key) for key in names[len(given) :]))
        return args[:1], kwargs, True

    return prepare


_prepare_conv2d = _prepare_kernel(("nb_row", "nb_col"))
_prepare_conv3d = _prepare_kernel(("kernel_dim1", "kernel_dim2", "kernel_dim3"))


def _prepare_separable(name: str, args: list, kwargs: dict) -> Arguments:
    converted = "init" in kwargs
    if converted:
        kwargs["depthwise_initializer"] = kwargs["pointwise_initializer"] = kwargs.pop("init")
    args, kwargs, window = _prepare_conv2d(name, args, kwargs)
    return args, kwargs, converted or window


def _prepare_transpose(name: str, args: list, kwargs: dict) -> Arguments:
    # Keras 1 wanted the output shape, which follows from the other arguments.
    converted = kwargs.pop("output_shape", None) is not None
    if len(args) == 4 and isinstance(args[3], tuple):
        args, converted = args[:3], True
    args, kwargs, window = _prepare_conv2d(name, args, kwargs)
    return args, kwargs, converted or window


def _prepare_batch_normalization(name: str, args: list, kwargs: dict) -> Arguments:
    if args:
        raise TypeError(
            "`BatchNormalization` does not accept positional arguments. Use keyword arguments instead."
        )
    if "mode" not in kwargs:
        return args, kwargs, False
    mode = kwargs.pop("mode")
    if mode != 0:
        raise TypeError(f"`BatchNormalization` no longer has a `mode`: only mode 0 remains. Got: mode={mode}")
    return args, kwargs, True


def _prepare_zero_padding2d(name: str, args: list, kwargs: dict) -> Arguments:
    padding = args[0] if args else kwargs.get("padding")
    sides = ("top_pad", "bottom_pad", "left_pad", "right_pad")
    if not isinstance(padding, dict) or not padding.keys() <= set(sides):
        return args, kwargs, False
    top, bottom, left, right = (padding.get(side, 0) for side in sides)
    kwargs["padding"] = ((top, bottom), (left, right))
    return [], kwargs, True


def _prepare_embedding(name: str, args: list, kwargs: dict) -> Arguments:
    if kwargs.pop("dropout", None) is not None:
        warn(
            "`Embedding` no longer has a `dropout` argument: it is ignored. A `SpatialDropout1D` layer "
            "after the `Embedding` does the same."
        )
    return args, kwargs, False


def _prepare_gates(name: str, args: list, kwargs: dict) -> Arguments:
    converted = kwargs.get("forget_bias_init") == "one"
    given = kwargs.pop("forget_bias_init", None)
    if converted:
        kwargs["unit_forget_bias"] = True
    elif given is not None:
        warn("`forget_bias_init` is ignored: `unit_forget_bias=True` starts the bias with ones.")
    return args, kwargs, converted


def _prepare_recurrent(name: str, args: list, kwargs: dict) -> Arguments:
    args, kwargs, converted = _prepare_gates(name, args, kwargs)
    args, kwargs, shaped = _prepare_conv1d(name, args, kwargs)
    if kwargs.get("consume_less") in _IMPLEMENTATIONS:
        kwargs["consume_less"] = _IMPLEMENTATIONS[kwargs["consume_less"]]
    return args, kwargs, converted or shaped


def _prepare_convlstm2d(name: str, args: list, kwargs: dict) -> Arguments:
    args, kwargs, converted = _prepare_gates(name, args, kwargs)
    args, kwargs, window = _prepare_conv2d(name, args, kwargs)
    return args, kwargs, converted or window


_IMPLEMENTATIONS = {"cpu": 0, "mem": 1, "gpu": 2}
_GATES = {
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}
_BIAS = {"b_regularizer": "bias_regularizer", "b_constraint": "bias_constraint", "bias": "use_bias"}
_WEIGHTS = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "W_constraint": "kernel_constraint",
    **_BIAS,
}
_FORMAT = {"dim_ordering": "data_format"}
_CONV = {"nb_filter": "filters", "subsample": "strides", "border_mode": "padding", **_FORMAT}
_CONV1D = {
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "subsample_length": "strides",
    "border_mode": "padding",
    **_WEIGHTS,
}
_FILTERS = ("filters", "kernel_size")
_POOL = ("pool_size", "strides", "padding")

INTERFACES: dict[str, Interface] = {
    "dense": Interface(("units",), {"output_dim": "units", **_WEIGHTS}),
    "dropout": Interface(("rate", "noise_shape", "seed"), {"p": "rate"}),
    "spatial_dropout": Interface(("rate",), {"p": "rate", **_FORMAT}),
    "gaussian_dropout": Interface(("rate",), {"p": "rate"}),
    "gaussian_noise": Interface(("stddev",), {"sigma": "stddev"}),
    "prelu": Interface(("alpha_initializer",), {"init": "alpha_initializer"}),
    "lambda": Interface(("function", "output_shape")),
    "embedding": Interface(
        ("input_dim", "output_dim"),
        {
            "init": "embeddings_initializer",
            "W_regularizer": "embeddings_regularizer",
            "W_constraint": "embeddings_constraint",
        },
        _prepare_embedding,
    ),
    "batch_normalization": Interface(
        (), {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"}, _prepare_batch_normalization
    ),
    "conv1d": Interface(_FILTERS, _CONV1D, _prepare_conv1d),
    "conv2d": Interface(_FILTERS, {**_CONV, **_WEIGHTS}, _prepare_conv2d),
    "conv3d": Interface(_FILTERS, {**_CONV, **_WEIGHTS}, _prepare_conv3d),
    "conv2d_transpose": Interface(_FILTERS, {**_CONV, **_WEIGHTS}, _prepare_transpose),
    "separable_conv2d": Interface(_FILTERS, {**_CONV, **_BIAS}, _prepare_separable),
    "recurrent": Interface(
        ("units",), {"output_dim": "units", "consume_less": "implementation", **_GATES}, _prepare_recurrent
    ),
    "convlstm2d": Interface(_FILTERS, {**_CONV, **_GATES, "bias": "use_bias"}, _prepare_convlstm2d),
    "pooling1d": Interface(
        _POOL, {"pool_length": "pool_size", "stride": "strides", "border_mode": "padding"}
    ),
    "pooling": Interface(_POOL, {"border_mode": "padding", **_FORMAT}),
    "global_pooling": Interface(None, _FORMAT),
    "upsampling1d": Interface(("size",), {"length": "size"}),
    "upsampling": Interface(("size",), _FORMAT),
    "zero_padding2d": Interface(("padding",), _FORMAT, _prepare_zero_padding2d),
    "zero_padding3d": Interface(("padding",), _FORMAT),
    "cropping": Interface(("cropping",), _FORMAT),
}


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    text = "array" if isinstance(value, np.ndarray) else str(value)
    return text if len(text) <= 10 else text[:10] + "..."


def convert(
    name: str, interface: Interface, args: tuple, kwargs: dict, tell: bool = True
) -> tuple[list, dict[str, Any]]:
    """Convert one call's arguments (without self), warning if any of them was Keras 1's and `tell` is set.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     convert("Dense", INTERFACES["dense"], (), {"output_dim": 3})
    ([], {'units': 3})
    """
    positional, converted = list(args), False
    if interface.prepare:
        positional, kwargs, converted = interface.prepare(name, positional, dict(kwargs))
    allowed = interface.positional
    if allowed is not None and len(positional) > len(allowed):
        raise TypeError(
            f"`{name}` can accept only {len(allowed)} positional arguments {allowed}, "
            f"but you passed the following positional arguments: {positional}"
        )
    new: dict[str, Any] = {}
    for key, value in kwargs.items():
        renamed = interface.renames.get(key)
        if renamed is None:
            new[key] = value
            continue
        if renamed in kwargs:
            raise TypeError(
                f"`{name}` received both the Keras 1 argument `{key}` and the Keras 2 argument `{renamed}`, "
                "which mean the same. Keep the latter."
            )
        new[renamed] = _DATA_FORMATS.get(value, value) if key == "dim_ordering" else value
        converted = True
    if converted and tell:
        shown = [_shown(value) for value in positional] + [
            f"{key}={_shown(value)}" for key, value in new.items()
        ]
        warn(f"Update your `{name}` call to the Keras 2 API: `{name}({', '.join(shown)})`")
    return positional, new


def accepts_keras1(row: str) -> Callable[[Callable], Callable]:
    """Decorate a constructor so that it takes the Keras 1 arguments of `row` too.

    Parameters
    ----------
    row : str
        A key of `INTERFACES`.

    Examples
    --------
    >>> class Layer:
    ...     @accepts_keras1("dropout")
    ...     def __init__(self, rate, noise_shape=None, seed=None):
    ...         self.rate = rate
    >>> Layer(0.5).rate
    0.5
    """
    interface = INTERFACES[row]

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def converting(self, *args, **kwargs):
            args, kwargs = convert(type(self).__name__, interface, args, kwargs)
            return function(self, *args, **kwargs)

        converting.keras1 = interface
        return converting

    return decorate


_GENERATOR_METHOD = Interface(
    ("generator", "steps_per_epoch", "epochs"),
    {
        "samples_per_epoch": "steps_per_epoch",
        "val_samples": "steps",
        "nb_epoch": "epochs",
        "nb_val_samples": "validation_steps",
        "nb_worker": "workers",
        "pickle_safe": "use_multiprocessing",
        "max_q_size": "max_queue_size",
    },
)


def generator_method(function: Callable) -> Callable:
    """Decorate a method that takes a generator so that it takes the Keras 1 arguments too.

    Keras 1 counted samples where Keras 2 counts batches: `samples_per_epoch` is divided by the generator's
    `batch_size` where it has one.

    Examples
    --------
    >>> class Model:
    ...     @generator_method
    ...     def fit_generator(self, generator, steps_per_epoch=None, epochs=1):
    ...         return steps_per_epoch, epochs
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     Model().fit_generator(iter([]), 5, nb_epoch=2)
    (5, 2)
    """
    renames = _GENERATOR_METHOD.renames

    @functools.wraps(function)
    def converting(self, *args, **kwargs):
        if renames.keys() & kwargs.keys():
            if "samples_per_epoch" in kwargs and "steps_per_epoch" not in kwargs:
                generator = args[0] if args else kwargs.get("generator")
                if hasattr(generator, "batch_size"):
                    kwargs["samples_per_epoch"] //= generator.batch_size
            if not kwargs.keys().isdisjoint({"samples_per_epoch", "nb_val_samples", "val_samples"}):
                warn(
                    "`steps_per_epoch`, `validation_steps` and `steps` of Keras 2 count batches, where "
                    "`samples_per_epoch`, `nb_val_samples` and `val_samples` of Keras 1 counted samples."
                )
            args, kwargs = convert(function.__name__, _GENERATOR_METHOD, args, kwargs)
        return function(self, *args, **kwargs)

    return converting


def shape_may_come_first(function: Callable) -> Callable:
    """Decorate ``add_weight(name, shape, …)`` so that Keras 1's order of these two is understood as well.

    Examples
    --------
    >>> class Layer:
    ...     @shape_may_come_first
    ...     def add_weight(self, name=None, shape=None):
    ...         return name, shape
    >>> Layer().add_weight((2, 3), name="W")
    ('W', (2, 3))
    """

    @functools.wraps(function)
    def converting(self, *args, **kwargs):
        if args and isinstance(args[0], (tuple, list)):
            kwargs["shape"], *args = args
            if args and isinstance(args[0], str):
                kwargs["name"], *args = args
            if args:
                raise TypeError(f"add_weight: pass what comes after the name and the shape by name: {args}")
        return function(self, *args, **kwargs)

    return converting
