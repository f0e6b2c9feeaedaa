"""Options of layers in the words of Keras 2.3; what later versions added is dropped where it is neutral."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

# Options that Keras 2.3 lacks, and the values that mean what it does.
_NEUTRAL: dict[str, tuple] = {
    "autocast": (True, None),
    "activity_regularizer": (None,),
    "cell_dtype": (None,),
    "data_format": (None, "channels_last"),
    "dynamic": (False,),
    "groups": (1,),
    "keepdims": (False, None),
    "kernel_constraint": (None,),
    "kernel_regularizer": (None,),
    "lora_rank": (None,),
    "noise_shape": (None,),
    "optional": (False, None),
    "output_padding": (None,),
    "quantization_config": (None,),
    "quantization_mode": (None,),
    "ragged": (False, None),
    "renorm": (False,),
    "renorm_clipping": (None,),
    "renorm_momentum": (0.99,),
    "return_state": (False,),
    "sparse": (False, None),
    "synchronized": (False,),
    "time_major": (False,),
    "unroll": (False,),
    "virtual_batch_size": (None,),
    "inner_shape": (None,),
}
# Options that have no effect on what a trained layer computes, whatever their value.
_WITHOUT_EFFECT = frozenset(
    [
        "fused",
        "implementation",
        "kernel_initializer",
        "lora_alpha",
        "seed",
        "trainable",
        "use_cudnn",
        "use_legacy_config",
        "zero_output_for_mask",
    ]
)
_RENAMED = {"batch_shape": "batch_input_shape"}
# Options that a class has from its base and never reads.
_UNREAD = {
    name: tuple(f"kernel_{kind}" for kind in ("initializer", "regularizer", "constraint"))
    for name in ("SeparableConv1D", "SeparableConv2D", "DepthwiseConv2D")
}
# Options that later versions gave to layers of ours whose base has one of that name.
_NOT_TAKEN = {
    "Conv3DTranspose": {"dilation_rate": ([1, 1, 1], 1)},
    "ZeroPadding1D": {"data_format": (None, "channels_last")},
}
_BASE = frozenset(["name", "trainable", "dtype", "batch_input_shape", "input_shape", "batch_size", "weights"])


def in_keras2(cls: type, config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of a layer of class `cls`.

    Parameters
    ----------
    cls
        One of our layers.
    config
        Its configuration, as any version wrote it.

    Examples
    --------
    >>> from pronghorn.layers import GRU
    >>> in_keras2(GRU, {"units": 3, "time_major": False, "dtype": {"config": {"name": "mixed_float16"}}})
    {'units': 3, 'dtype': 'float32'}
    """
    accepted = _accepted(cls)
    result: dict[str, Any] = {}
    for key, value in config.items():
        key = _RENAMED.get(key, key) if key not in accepted else key
        if key == "dtype":
            value = weight_dtype(value)
            if value is None:
                continue
        if key in _UNREAD.get(cls.__name__, ()) or value in _NOT_TAKEN.get(cls.__name__, {}).get(key, ()):
            continue
        if key in accepted or not (key in _NEUTRAL or key in _WITHOUT_EFFECT):
            result[key] = value
        elif key not in _WITHOUT_EFFECT and value not in _NEUTRAL[key]:
            raise ValueError(
                f'{cls.__name__} "{config.get("name")}": the file asks for {key}={value!r}, which is not '
                f"supported; only {key}={_NEUTRAL[key][0]!r} is"
            )
    axis = result.get("axis")
    if cls.__name__ == "BatchNormalization" and isinstance(axis, list):
        if len(axis) != 1:
            raise ValueError(f'BatchNormalization "{config.get("name")}": one axis expected, not {axis}')
        result["axis"] = axis[0]
    if cls.__name__ == "LeakyReLU" and "negative_slope" in result:
        result["alpha"] = result.pop("negative_slope")
    return result


def weight_dtype(dtype: Any) -> Any:
    """Return the type of a layer's weights, float32 at least, whatever its policy is to compute with.

    Examples
    --------
    >>> weight_dtype({"class_name": "Policy", "config": {"name": "mixed_bfloat16"}})
    'float32'
    """
    if isinstance(dtype, dict):
        dtype = dtype.get("config", {}).get("name")
    if dtype in ("infer", "_infer"):
        return None
    shorter = isinstance(dtype, str) and (dtype.startswith("mixed_") or dtype in ("float16", "bfloat16"))
    return "float32" if shorter else dtype


@cache
def _accepted(cls: type) -> frozenset:
    """Return the arguments of a class, and of the classes that it hands the rest to."""
    names = set(_BASE)
    for base in cls.__mro__:
        if "__init__" in vars(base):
            names |= set(inspect.signature(vars(base)["__init__"]).parameters)
    if hasattr(cls, "zero_output_for_mask"):  # recurrent layers take it beside their arguments
        names.add("zero_output_for_mask")
    return frozenset(names)
