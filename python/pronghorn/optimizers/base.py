"""What every optimizer has: clipped gradients, a state, a configuration."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops

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
