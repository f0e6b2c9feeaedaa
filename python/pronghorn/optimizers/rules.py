"""The optimizers of Keras 2.3.1: what is theirs beside the op of the core that does their arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import config, ops
from .base import Optimizer
from .built_in import BuiltIn


def _epsilon(kwargs):
    epsilon = kwargs.pop("epsilon", None)
    return config.epsilon() if epsilon is None else epsilon


class SGD(BuiltIn):
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


class _OverRoot(BuiltIn):
    """Divides by a root, with epsilon beside the root or, as Keras 3 has it, under it."""

    def __init__(self, kwargs, **hyper_parameters):
        self.epsilon = _epsilon(kwargs)
        self.epsilon_under_root = bool(kwargs.pop("epsilon_under_root", False))
        super().__init__(kwargs, **hyper_parameters)

    def _scalars(self, next_iteration):
        return []

    def _attributes(self):
        if self.epsilon_under_root:
            return {"epsilon": 0.0, "epsilon_under_root": float(self.epsilon)}
        return {"epsilon": self.epsilon}

    def get_config(self) -> dict:
        """The arguments to make an equal optimizer with."""
        config = {**super().get_config(), **self._values("learning_rate", *self.numbers, "decay", "epsilon")}
        return {**config, "epsilon_under_root": True} if self.epsilon_under_root else config


class RMSprop(_OverRoot):
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
        super().__init__(kwargs, learning_rate=learning_rate, rho=rho)


class Adagrad(_OverRoot):
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
        self.slot_start = float(kwargs.pop("initial_accumulator_value", 0.0))
        super().__init__(kwargs, learning_rate=learning_rate)

    def get_config(self) -> dict:
        """The arguments to make an equal optimizer with."""
        config = super().get_config()
        return {**config, "initial_accumulator_value": self.slot_start} if self.slot_start else config


class Adadelta(BuiltIn):
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


class Adam(BuiltIn):
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


class Adamax(BuiltIn):
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


class Nadam(BuiltIn):
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
