"""Optimizers: how gradients change weights. Built-in ones update all weights in one step of the core."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import config, ops
from .ops.dispatch import operation
from .utils.generic_utils import deserialize_keras_object, serialize_keras_object

_CLIPPING = ("clipnorm", "clipvalue", "clipnorm_each")


def clip_norm(g: Any, c: float, n: Any) -> Any:
    """The gradient `g`, scaled down where the norm `n` exceeds `c`; as it is where `c` is not positive."""
    if c <= 0:
        return g
    return g * ops.where(ops.greater_equal(n, c), c / n, 1.0)


class Optimizer:
    """Base class of optimizers.

    An optimizer of your own overrides `get_updates(loss, params)`: it makes variables for its state, and
    returns a list of updates made by `K.update`; what it writes with operations of `K` is compiled into the
    training step.

    Parameters
    ----------
    clipnorm : float, optional
        Gradients are scaled down where the norm of all of them together exceeds this.
    clipvalue : float, optional
        Gradients are clipped to [-clipvalue, clipvalue].
    clipnorm_each : float, optional
        Each gradient is scaled down where its own norm exceeds this, which is what tf.keras and Keras 3 call
        `clipnorm`.

    Attributes
    ----------
    weights : list of Variable
        The state: the number of updates so far, moments, accumulators.
    """

    def __init__(self, **kwargs: Any) -> None:
        for name in kwargs:
            if name not in _CLIPPING:
                raise TypeError(f"Unexpected keyword argument passed to optimizer: {name}")
        self.__dict__.update(kwargs)
        self.updates = []
        self.weights = []

    def __setattr__(self, name, value):
        # `optimizer.learning_rate = 0.1` sets what the compiled step reads.
        current = self.__dict__.get(name)
        if isinstance(current, ops.Variable) and np.isscalar(value):
            current.assign(value)
        else:
            object.__setattr__(self, name, value)

    @property
    def lr(self) -> Any:
        """The variable `learning_rate`, by its older name."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    def get_updates(self, loss: Any, params: list) -> Any:
        """The updates that one training step makes to `params` and to the optimizer's state."""
        raise NotImplementedError(f"{type(self).__name__} must implement `get_updates(loss, params)`.")

    def get_gradients(self, loss: Any, params: list) -> Any:
        """The gradients of `loss` by each of `params`, clipped as the optimizer was told to."""
        grads = ops.gradients(loss, params)
        missing = [param.name for param, grad in zip(params, grads) if grad is None]
        if missing:
            raise ValueError(
                f"The loss does not depend on {', '.join(missing)} by differentiable operations, so there is "
                "no gradient (`None`) to train by. Operations without gradient are for instance K.argmax "
                "and K.round; freeze weights that are not used by `layer.trainable = False`."
            )
        clipnorm = getattr(self, "clipnorm", None) or 0
        if clipnorm > 0:
            total = ops.sum(ops.square(grads[0]))
            for grad in grads[1:]:
                total = total + ops.sum(ops.square(grad))
            grads = [clip_norm(grad, clipnorm, ops.sqrt(total)) for grad in grads]
        each = getattr(self, "clipnorm_each", None) or 0
        if each > 0:
            grads = [clip_norm(grad, each, ops.sqrt(ops.sum(ops.square(grad)))) for grad in grads]
        clipvalue = getattr(self, "clipvalue", None) or 0
        if clipvalue > 0:
            grads = [ops.clip(grad, -clipvalue, clipvalue) for grad in grads]
        return grads

    def make_state(self, params: list) -> None:
        """Makes the state beside `params`, where that is possible before the first step."""

    def variant(self) -> Any:
        """What a compiled step depends on beyond variables."""
        return None

    def set_weights(self, weights: Any) -> None:
        """Sets the state from a list of arrays, as `get_weights` returned it."""
        if len(self.weights) != len(weights):
            raise ValueError(
                f"Length of the specified weight list ({len(weights)}) does not match the number of weights "
                f"of the optimizer ({len(self.weights)})"
            )
        for variable, value in zip(self.weights, weights):
            if tuple(variable.shape) != np.shape(value):
                raise ValueError(
                    f"Optimizer weight shape {tuple(variable.shape)} of {variable.name} not compatible with "
                    f"provided weight shape {np.shape(value)}"
                )
        for variable, value in zip(self.weights, weights):
            variable.assign(value)

    def get_weights(self) -> list:
        """The state as a list of arrays; empty before the first training step."""
        return [variable.numpy() for variable in self.weights]

    def get_config(self) -> dict:
        """The arguments to make an equal optimizer with."""
        return {name: getattr(self, name) for name in _CLIPPING if hasattr(self, name)}

    @classmethod
    def from_config(cls, config: dict) -> Optimizer:
        """Makes an optimizer from what `get_config` returned."""
        return cls(**config)


@operation(infer=lambda name, scalars, params, grads, slots, attributes: _types(params) * (1 + len(slots)))
def optimizer_update(
    name: str, scalars: list, params: list, grads: list, slots: list, attributes: dict
) -> Any:
    """As `ops.optimizer_step`, but symbolic too, and with all results in one list."""
    new_params, new_slots = ops.optimizer_step(name, scalars, params, grads, slots, **attributes)
    return new_params + [slot for kind in new_slots for slot in kind]


def _types(params):
    return [(param.shape, param.dtype) for param in params]


class _BuiltIn(Optimizer):
    """An optimizer whose step is an op of the core.

    Hyper-parameters are variables, read by every step: `K.set_value(optimizer.lr, ...)` takes effect at once.
    """

    rule = ""  # the op
    slot_names = ()
    slot_start = 0.0  # what slots hold before the first step
    numbers = ()  # hyper-parameters that the op reads behind its own scalars

    def __init__(self, kwargs, **hyper_parameters):
        """`kwargs` are those that the user passed beyond the named ones: `lr` and `decay` among them."""
        decay = kwargs.pop("decay", 0.0)
        hyper_parameters["learning_rate"] = kwargs.pop("lr", hyper_parameters["learning_rate"])
        super().__init__(**kwargs)
        self.initial_decay = decay
        self.iterations = ops.Variable(0, dtype="int64", name="iterations", trainable=False)
        for name, value in {**hyper_parameters, "decay": decay}.items():
            setattr(self, name, ops.Variable(value, name=name, trainable=False))
        self._slots = {}
        self._slots_of = None

    def get_updates(self, loss, params):
        """The updates of one step: of the weights, of the state, and of the number of steps."""
        grads = self.get_gradients(loss, params)
        self._make_slots(params)
        next_iteration = self.iterations + 1
        slots = [self._slots[name] for name in self._step_slots()]
        values = optimizer_update(
            self.rule,
            [self._rate(), *self._scalars(next_iteration), *(getattr(self, name) for name in self.numbers)],
            params,
            grads,
            slots,
            self._attributes(),
        )
        for i, param in enumerate(params):
            if param.constraint is not None:
                values[i] = param.constraint(values[i])
        variables = [*params, *(variable for kind in slots for variable in kind)]
        self.updates = [ops.update(self.iterations, next_iteration)]
        self.updates += [ops.update(variable, value) for variable, value in zip(variables, values)]
        return self.updates

    def _scalars(self, next_iteration):
        """What the op reads behind the learning rate."""
        return [next_iteration]

    def _attributes(self):
        """The numbers of the op that never change."""
        return {"epsilon": self.epsilon}

    def _step_slots(self):
        return self.slot_names

    def _rate(self):
        """The learning rate of this step, `lr / (1 + decay * iterations)`."""
        if self.initial_decay <= 0:
            return self.learning_rate
        return self.learning_rate * (1.0 / (1.0 + self.decay * ops.cast(self.iterations, config.floatx())))

    def _make_slots(self, params):
        """Variables of `slot_start` beside `params`; the same ones as long as these stay the same."""
        of = [id(param) for param in params]
        if self._slots_of != of:
            self._slots_of = of
            self._slots = {
                name: [
                    ops.Variable(
                        self._first_slot(param), dtype=param.dtype, name=f"{name}_{i}", trainable=False
                    )
                    for i, param in enumerate(params)
                ]
                for name in self.slot_names
            }
            self.weights = self._state(params)

    def _first_slot(self, param):
        # Zeros take no memory until they are written to, which matters beside a large weight.
        zeros = np.zeros(param.shape, param.dtype)
        return zeros + self.slot_start if self.slot_start else zeros

    def _state(self, params):
        return [self.iterations, *(slot for name in self.slot_names for slot in self._slots[name])]

    def make_state(self, params):
        """Makes the moments and accumulators of `params`, so that they can be set before the first step."""
        self._make_slots(params)

    def forget_state(self):
        """Starts anew with the next step, all moments and accumulators being zero; `compile` calls it."""
        self._slots_of = None

    def set_weights(self, weights) -> None:
        """Sets the state from a list of arrays; lists of older Keras versions lack `iterations`."""
        weights = list(weights)
        if self.slot_names and len(weights) + 1 == len(self.weights):
            weights.insert(0, np.array(0))
        super().set_weights(weights)

    def _values(self, *names):
        """Current values, for `get_config`."""
        values = {name: getattr(self, name) for name in names}
        return {
            name: float(value.numpy()) if isinstance(value, ops.Variable) else value
            for name, value in values.items()
        }


def _epsilon(kwargs):
    epsilon = kwargs.pop("epsilon", None)
    return config.epsilon() if epsilon is None else epsilon


def _epsilon_attributes(optimizer):
    """Where the divisor of RMSprop and Adagrad has its epsilon: beside the root, or under it."""
    if optimizer.epsilon_under_root:
        return {"epsilon": 0.0, "epsilon_under_root": float(optimizer.epsilon)}
    return {"epsilon": optimizer.epsilon}


def _root(optimizer):
    return {"epsilon_under_root": True} if optimizer.epsilon_under_root else {}


class SGD(_BuiltIn):
    """Stochastic gradient descent, with momentum where that is not 0.

    Parameters
    ----------
    learning_rate : float
        What gradients are multiplied by.
    momentum : float
        Share of the last change that is added to this one.
    nesterov : bool
        Whether to look ahead: Nesterov's momentum.
    **kwargs
        `lr`, `decay`, `clipnorm`, `clipvalue`.

    Examples
    --------
    >>> SGD(lr=0.1, momentum=0.9).get_config()["nesterov"]
    False
    """

    rule = "sgd"
    slot_names = ("moment",)

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(kwargs, learning_rate=learning_rate, momentum=momentum)
        self.nesterov = nesterov

    def variant(self) -> Any:
        """Whether there is momentum: a step without it does not touch the moments."""
        return bool(self.momentum.numpy() != 0)

    @property
    def numbers(self) -> Any:
        return ("momentum",) if self.variant() else ()

    def _step_slots(self):
        return self.slot_names if self.variant() else ()

    def _scalars(self, next_iteration):
        return []

    def _attributes(self):
        return {"nesterov": bool(self.nesterov) and self.variant()}

    def get_config(self) -> dict:
        """The arguments to make an equal optimizer with."""
        return {**super().get_config(), **self._values("learning_rate", "momentum", "decay", "nesterov")}


class RMSprop(_BuiltIn):
    """Divides gradients by a running root mean square of theirs (Tieleman and Hinton 2012).

    Parameters
    ----------
    learning_rate : float
        Step size.
    rho : float
        Share of the mean that is kept at each step.
    **kwargs
        `epsilon`, `lr`, `decay`, `clipnorm`, `clipvalue`; `epsilon_under_root` to add epsilon before the root
        is taken, as Keras 3 does.
    """

    rule = "rmsprop"
    numbers = ("rho",)
    slot_names = ("accumulator",)

    def __init__(self, learning_rate: float = 0.001, rho: float = 0.9, **kwargs: Any) -> None:
        self.epsilon = _epsilon(kwargs)
        self.epsilon_under_root = bool(kwargs.pop("epsilon_under_root", False))
        super().__init__(kwargs, learning_rate=learning_rate, rho=rho)

    def _scalars(self, next_iteration):
        return []

    def _attributes(self):
        return _epsilon_attributes(self)

    def get_config(self) -> dict:
        """The arguments to make an equal optimizer with."""
        return {
            **super().get_config(),
            **self._values("learning_rate", "rho", "decay", "epsilon"),
            **_root(self),
        }


class Adagrad(_BuiltIn):
    """Divides gradients by the root of the sum of all their squares so far (Duchi, Hazan and Singer 2011).

    Parameters
    ----------
    learning_rate : float
        Step size.
    **kwargs
        `epsilon`, `lr`, `decay`, `clipnorm`, `clipvalue`; `epsilon_under_root` to add epsilon before the root
        is taken, as Keras 3 does; `initial_accumulator_value`, what the sums start from.
    """

    rule = "adagrad"
    slot_names = ("accumulator",)

    def __init__(self, learning_rate: float = 0.01, **kwargs: Any) -> None:
        self.epsilon = _epsilon(kwargs)
        self.epsilon_under_root = bool(kwargs.pop("epsilon_under_root", False))
        self.slot_start = float(kwargs.pop("initial_accumulator_value", 0.0))
        super().__init__(kwargs, learning_rate=learning_rate)

    def _scalars(self, next_iteration):
        return []

    def _attributes(self):
        return _epsilon_attributes(self)

    def get_config(self) -> dict:
        """The arguments to make an equal optimizer with."""
        config = {**super().get_config(), **self._values("learning_rate", "decay", "epsilon"), **_root(self)}
        return {**config, "initial_accumulator_value": self.slot_start} if self.slot_start else config


class Adadelta(_BuiltIn):
    """Takes steps of the size that earlier ones had, in units of the gradient (Zeiler 2012).

    Parameters
    ----------
    learning_rate : float
        Step size; 1 is the paper's.
    rho : float
        Share of the running means that is kept at each step.
    **kwargs
        `epsilon`, `lr`, `decay`, `clipnorm`, `clipvalue`.
    """

    rule = "adadelta"
    slot_names = ("accumulator", "delta_accumulator")

    def __init__(self, learning_rate: float = 1.0, rho: float = 0.95, **kwargs: Any) -> None:
        self.epsilon = _epsilon(kwargs)
        super().__init__(kwargs, learning_rate=learning_rate)
        self.rho = rho

    def _scalars(self, next_iteration):
        return []

    def _attributes(self):
        return {"rho": self.rho, "epsilon": self.epsilon}

    def get_config(self) -> dict:
        """The arguments to make an equal optimizer with."""
        return {**super().get_config(), **self._values("learning_rate", "rho", "decay", "epsilon")}


class Adam(_BuiltIn):
    """Running means of gradients over the root of running means of their squares (Kingma and Ba 2014).

    Parameters
    ----------
    learning_rate : float
        Step size.
    beta_1, beta_2 : float
        Shares of the two means that are kept at each step.
    amsgrad : bool
        Whether to divide by the highest mean so far (Reddi, Kale and Kumar 2018).
    **kwargs
        `epsilon`, `lr`, `decay`, `clipnorm`, `clipvalue`.

    Examples
    --------
    >>> round(Adam().get_config()["learning_rate"], 6)
    0.001
    """

    rule = "adam"
    numbers = ("beta_1", "beta_2")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        self.epsilon = _epsilon(kwargs)
        super().__init__(kwargs, learning_rate=learning_rate, beta_1=beta_1, beta_2=beta_2)
        self.amsgrad = amsgrad
        self.slot_names = ("m", "v", "vhat") if amsgrad else ("m", "v")

    def _state(self, params):
        weights = super()._state(params)
        if not self.amsgrad:  # Keras keeps a place for each `vhat` in the list of weights
            weights += [
                ops.Variable(np.zeros(1), name=f"vhat_{i}", trainable=False) for i in range(len(params))
            ]
        return weights

    def get_config(self) -> dict:
        """The arguments to make an equal optimizer with."""
        names = ("learning_rate", "beta_1", "beta_2", "decay", "epsilon", "amsgrad")
        return {**super().get_config(), **self._values(*names)}


class Adamax(_BuiltIn):
    """Adam with the highest gradient of late in place of the root mean square (Kingma and Ba 2014, section
    7).

    Parameters
    ----------
    learning_rate : float
        Step size.
    beta_1, beta_2 : float
        Shares of the mean and of the maximum that are kept at each step.
    **kwargs
        `epsilon`, `lr`, `decay`, `clipnorm`, `clipvalue`.
    """

    rule = "adamax"
    numbers = ("beta_1", "beta_2")
    slot_names = ("m", "u")

    def __init__(
        self, learning_rate: float = 0.002, beta_1: float = 0.9, beta_2: float = 0.999, **kwargs: Any
    ) -> None:
        self.epsilon = _epsilon(kwargs)
        super().__init__(kwargs, learning_rate=learning_rate, beta_1=beta_1, beta_2=beta_2)

    def get_config(self) -> dict:
        """The arguments to make an equal optimizer with."""
        names = ("learning_rate", "beta_1", "beta_2", "decay", "epsilon")
        return {**super().get_config(), **self._values(*names)}


class Nadam(_BuiltIn):
    """Adam with Nesterov's momentum and a warming schedule of it (Dozat 2016).

    Parameters
    ----------
    learning_rate : float
        Step size.
    beta_1, beta_2 : float
        Shares of the two means that are kept at each step.
    **kwargs
        `schedule_decay`, `epsilon`, `lr`, `clipnorm`, `clipvalue`.
    """

    rule = "nadam"
    numbers = ("beta_1", "beta_2")
    slot_names = ("m", "v")

    def __init__(
        self, learning_rate: float = 0.002, beta_1: float = 0.9, beta_2: float = 0.999, **kwargs: Any
    ) -> None:
        self.schedule_decay = kwargs.pop("schedule_decay", 0.004)
        self.epsilon = _epsilon(kwargs)
        super().__init__(kwargs, learning_rate=learning_rate, beta_1=beta_1, beta_2=beta_2)
        self.m_schedule = ops.Variable(1.0, name="m_schedule", trainable=False)

    def _state(self, params):
        weights = super()._state(params)
        return [weights[0], self.m_schedule, *weights[1:]]

    def get_updates(self, loss: Any, params: list) -> Any:
        """The updates of one step, of the momentum's schedule too."""
        updates = super().get_updates(loss, params)
        # Momentum grows from beta_1 / 2 to beta_1; the op needs the product of all of them.
        t = ops.cast(self.iterations, config.floatx()) + 1.0
        momentum = self.beta_1 * (1.0 - 0.5 * ops.power(0.96, t * self.schedule_decay))
        updates.append(ops.update(self.m_schedule, self.m_schedule * momentum))
        return updates

    def _scalars(self, next_iteration):
        return [next_iteration, self.m_schedule]

    def _attributes(self):
        return {"epsilon": self.epsilon, "schedule_decay": self.schedule_decay}

    def set_weights(self, weights: Any) -> None:
        """Sets the state from a list of arrays; lists of older Keras versions lack `m_schedule`."""
        weights = list(weights)
        if len(weights) + 1 == len(self.weights):
            weights.insert(1, np.array(1.0))
        Optimizer.set_weights(self, weights)

    def get_config(self) -> dict:
        """The arguments to make an equal optimizer with."""
        names = ("learning_rate", "beta_1", "beta_2", "epsilon", "schedule_decay")
        return {**super().get_config(), **self._values(*names)}


sgd = SGD
rmsprop = RMSprop
adagrad = Adagrad
adadelta = Adadelta
adam = Adam
adamax = Adamax
nadam = Nadam


BUILT_IN = (SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam)


def is_built_in(optimizer: Any) -> bool:
    """Whether the updates of an optimizer can be emitted into each trace afresh, its state being kept."""
    return type(optimizer).get_updates in (_BuiltIn.get_updates, Nadam.get_updates)


def serialize(optimizer: Any) -> Any:
    """What `deserialize` makes the optimizer from again."""
    return serialize_keras_object(optimizer)


def deserialize(config: dict, custom_objects: dict | None = None) -> Any:
    """The optimizer of a dictionary that `serialize` returned; built-in names in any case of letters."""
    built_in = {cls.__name__.lower(): cls for cls in BUILT_IN}
    if config["class_name"].lower() in built_in:
        config["class_name"] = config["class_name"].lower()  # in place, as Keras does
    return deserialize_keras_object(
        config, module_objects=built_in, custom_objects=custom_objects, printable_module_name="optimizer"
    )


def get(identifier: Any) -> Any:
    """The optimizer that `identifier` (a name, a dictionary or an optimizer) stands for.

    Examples
    --------
    >>> type(get("adam")).__name__
    'Adam'
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    raise ValueError(f"Could not interpret optimizer identifier: {identifier!r}")
