"""What a model was compiled with, in the words of Keras 2.3: optimizers, losses and metrics."""

from __future__ import annotations

import inspect
from typing import Any

from ... import losses, metrics, optimizers
from ...utils.generic_utils import get_registered_object

# Functions by their names in Keras 3, and in Keras 2.3.
FUNCTIONS = {
    "huber": "huber_loss",
    "kl_divergence": "kullback_leibler_divergence",
    "log_cosh": "logcosh",
}
_WRAPPERS = ("MeanMetricWrapper", "LossFunctionWrapper")

# Options of tf.keras's optimizers that Keras 2.3 lacks, and the values that mean what it does.
_NEUTRAL: dict[str, tuple] = {
    "amsgrad": (False,),
    "centered": (False,),
    "clipnorm": (None,),
    "clipvalue": (None,),
    "ema_momentum": None,
    "ema_overwrite_frequency": None,
    "global_clipnorm": (None,),
    "gradient_accumulation_steps": (None,),
    "initial_accumulator_value": None,
    "is_legacy_optimizer": None,
    "jit_compile": None,
    "loss_scale_factor": (None,),
    "momentum": (0, None),
    "name": None,
    "use_ema": (False,),
    "weight_decay": (None, 0),
}
_ARGUMENTS = (
    "clipnorm",
    "clipnorm_each",
    "clipvalue",
    "decay",
    "epsilon",
    "epsilon_under_root",
    "lr",
    "schedule_decay",
)
# Optimizers that Keras has had since 2.3.
_LATER = ("adafactor", "adamw", "ftrl", "lamb", "lion", "muon", "scheduledlossscaleoptimizer")
_OF_ADAGRAD = ("initial_accumulator_value",)

# What the names of optimizers of Keras 2 end with in files of Keras 3.
BESIDE_ROOT = "_epsilon_beside_root"
SCHEDULE_DECAY = "_schedule_decay_"


class UnsupportedOptimizer(ValueError):
    """A file has an optimizer, or an option of one, that other versions of Keras have and this one lacks.

    Examples
    --------
    >>> issubclass(UnsupportedOptimizer, ValueError)
    True
    """


def optimizer_in_keras2(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of an optimizer in the words of Keras 2.3.

    Parameters
    ----------
    config
        ``{"class_name": …, "config": …}``

    Examples
    --------
    >>> new = {"name": "SGD", "is_legacy_optimizer": False, "use_ema": False, "learning_rate": 0.5}
    >>> optimizer_in_keras2({"class_name": "Custom>SGD", "config": new})
    {'class_name': 'SGD', 'config': {'learning_rate': 0.5}}
    """
    name, options = config["class_name"], dict(config["config"])
    if get_registered_object(name) is not None:
        return config
    name = name.split(">")[-1]
    if name.startswith("LossScaleOptimizer"):
        inner = options.get("inner_optimizer") or options.get("optimizer")
        return optimizer_in_keras2(inner)
    known = {cls.__name__.lower(): cls for cls in optimizers.BUILT_IN}
    cls = known.get(name.lower())
    if name.lower() in _LATER:
        raise UnsupportedOptimizer(f"the optimizer {name} is not supported")
    if cls is None:
        return {"class_name": name, "config": options}
    if "name" not in options:  # written by Keras itself, not by tf.keras
        return {"class_name": cls.__name__, "config": options}
    rate = options.get("learning_rate", options.get("lr"))
    if isinstance(rate, dict) and rate.get("class_name") == "InverseTimeDecay" and _is_decay(rate["config"]):
        inner = rate["config"]
        options["learning_rate"] = inner["initial_learning_rate"]
        options["decay"] = inner["decay_rate"] / inner["decay_steps"]
    elif isinstance(rate, dict):
        raise UnsupportedOptimizer(
            f"{name}: the learning rate follows the schedule {rate.get('class_name')}, which is not supported"
        )
    newer = "use_ema" in options  # the classes of Keras 3, and of tf.keras from 2.11 on
    if cls is optimizers.Nadam:
        # The older class says by `decay` what Keras says by `schedule_decay`; the newer one has no choice.
        options["schedule_decay"] = _schedule_decay(options["name"]) if newer else options.pop("decay", 0.004)
    if newer and cls in (optimizers.RMSprop, optimizers.Adagrad):
        options["epsilon_under_root"] = not str(options["name"]).endswith(BESIDE_ROOT)
    if options.get("global_clipnorm") is not None:
        options["clipnorm"] = options.pop("global_clipnorm")
    elif options.get("clipnorm") is not None:
        options["clipnorm_each"] = options.pop("clipnorm")
    own = _OF_ADAGRAD if cls is optimizers.Adagrad else ()
    accepted = {*_ARGUMENTS, *own, *inspect.signature(cls.__init__).parameters}
    kept = {}
    for key, value in options.items():
        if key in accepted and not (key in ("clipnorm", "clipvalue") and value is None):
            kept[key] = value
        elif _NEUTRAL.get(key, ()) is not None and value not in _NEUTRAL.get(key, ()):
            raise UnsupportedOptimizer(f"{name}: the option {key}={value!r} is not supported")
    return {"class_name": cls.__name__, "config": kept}


def _schedule_decay(name: Any) -> float:
    """Return what the name of a Nadam says of its schedule: that of Keras 3, unless we wrote the file."""
    _, found, number = str(name).partition(SCHEDULE_DECAY)
    return float(number) if found else 1.0


def _is_decay(schedule: dict[str, Any]) -> bool:
    """Tell whether a schedule of newer versions is `decay` of Keras 2."""
    numbers = [schedule.get(key) for key in ("initial_learning_rate", "decay_rate", "decay_steps")]
    return (
        all(isinstance(x, (int, float)) for x in numbers) and numbers[2] > 0 and not schedule.get("staircase")
    )


def loss_in_keras2(config: Any) -> Any:
    """Return a loss: an object, or a function's name, in the structure that it was written in.

    Examples
    --------
    >>> loss_in_keras2(["log_cosh", None])
    ['logcosh', None]
    """
    return _each(config, _loss)


def metrics_in_keras2(config: Any) -> Any:
    """Return metrics: objects, functions or names, in the structure that they were written in.

    Examples
    --------
    >>> metrics_in_keras2({"a": ["acc"]})
    {'a': ['acc']}
    """
    return _each(config, _metric)


def _each(config: Any, one: Any) -> Any:
    if isinstance(config, dict) and "class_name" in config or isinstance(config, str):
        return one(config)
    if isinstance(config, dict):
        return {key: _each(value, one) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return [_each(value, one) for value in config]
    return config


def _function(name: Any) -> Any:
    found = get_registered_object(name) if isinstance(name, str) else None
    return FUNCTIONS.get(name, name) if found is None else found


def _loss(config: Any) -> Any:
    if isinstance(config, str):
        return _function(config)
    name, options = _plain(config, losses)
    if options.get("reduction") in ("auto", "mean_with_sample_weight", "mean"):
        options["reduction"] = "sum_over_batch_size"
    if name in _WRAPPERS:
        return losses.get(_function(options["fn"]))
    return losses.get({"class_name": name, "config": options})


def _metric(config: Any) -> Any:
    if isinstance(config, str):
        return _function(config)
    name, options = _plain(config, metrics)
    if name in _WRAPPERS:
        function = metrics.get(_function(options.pop("fn")))
        return metrics.MeanMetricWrapper(function, **options)
    return metrics.get({"class_name": name, "config": options})


def _plain(config: dict[str, Any], module: Any) -> tuple[str, dict[str, Any]]:
    """Return class name and options, those that our class has no word for left out."""
    name, options = config["class_name"], dict(config["config"])
    if get_registered_object(name) is not None:
        return name, options
    name = name.split(">")[-1]
    cls = getattr(module, name, None)
    if name not in _WRAPPERS and isinstance(cls, type):
        accepted = inspect.signature(cls.__init__).parameters
        if not any(p.kind is p.VAR_KEYWORD for p in accepted.values()):
            options = {key: value for key, value in options.items() if key in accepted}
    return name, options
