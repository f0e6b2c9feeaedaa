"""One step of an optimizer over all parameters of a model."""

from __future__ import annotations

import numpy as np

from .dispatch import emit
from .trace import current_trace

__all__ = ["optimizer_step"]


def optimizer_step(name, scalars, params, grads, slots=(), **attributes):
    """The parameters and slots after one step, updated together by a single node of the graph.

    Called inside a trace. The formulas are those of Keras 2.3.1.

    Parameters
    ----------
    name : str
        The rule, its scalars, kinds of slots and attributes:

        - ``"sgd"``: lr; none (only without momentum) or moment; momentum=0.0, nesterov=False
        - ``"rmsprop"``: lr; accumulator; rho, epsilon
        - ``"adagrad"``: lr; accumulator; epsilon
        - ``"adadelta"``: lr; accumulator, delta accumulator; rho, epsilon
        - ``"adam"``: lr, t; m, v and, for AMSGrad, vhat; beta_1, beta_2, epsilon
        - ``"adamax"``: lr, t; m, u; beta_1, beta_2, epsilon
        - ``"nadam"``: lr, t, m_schedule before the step; m, v; beta_1, beta_2, epsilon, schedule_decay
    scalars : list
        Tensors, variables or numbers; lr after decay, t = iterations + 1. What changes from step to step
        beyond these, `momentum`, `rho`, or `beta_1` and `beta_2`, may follow here, not among the attributes.
    params, grads : lists of tensors or variables
        All of one floating point type.
    slots : list of lists
        For each kind of slot one tensor per parameter.
    **attributes
        Plain numbers.

    Returns
    -------
    (new_params, new_slots)
        Lists in the order of `params` and `slots`.

    Examples
    --------
    >>> import numpy as np
    >>> from pronghorn import ops
    >>> with ops.Trace() as trace:
    ...     p = trace.feed((2,), "float32")
    ...     (new,), _ = ops.optimizer_step("sgd", [0.5], [p], [p * 2.0])
    ...     trace.fetch(new)
    ...     program = trace.compile()
    >>> program.run([np.ones(2, "float32")])[0]
    array([0., 0.], dtype=float32)
    """
    trace = current_trace()
    if trace is None:
        raise RuntimeError("optimizer_step was called outside a trace")
    n = len(params)
    if len(grads) != n or any(len(slot) != n for slot in slots):
        raise ValueError(
            f"{name}: {n} parameters, but {len(grads)} gradients and slots of {[len(slot) for slot in slots]}"
        )
    if (
        name == "sgd"
        and not slots
        and (len(scalars) > 1 or attributes.get("momentum") or attributes.get("nesterov"))
    ):
        raise ValueError("sgd: momentum needs a slot per parameter")
    tensors = [*grads, *params, *(tensor for slot in slots for tensor in slot)]
    # Numbers keep all their digits, whatever the parameters' type.
    scalars = [np.asarray(s, "float64") if isinstance(s, (int, float)) else s for s in scalars]
    outputs = emit(
        name,
        [*(trace.convert(s) for s in scalars), *tensors],
        n=n,
        inplace_from=len(scalars) + n,
        **attributes,
    )
    outputs = list(outputs) if isinstance(outputs, tuple) else [outputs]
    return outputs[:n], [outputs[n * k : n * (k + 1)] for k in range(1, len(slots) + 1)]
