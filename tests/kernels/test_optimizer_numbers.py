"""Numbers of a rule may be scalars of the step instead of attributes: they change without a new trace."""

import numpy as np
import pytest

from pronghorn import ops

RULES = {
    "sgd": (1, 1, ["momentum"], {}),
    "rmsprop": (1, 1, ["rho"], {"epsilon": 1e-7}),
    "adadelta": (1, 2, ["rho"], {"epsilon": 1e-7}),
    "adam": (2, 2, ["beta_1", "beta_2"], {"epsilon": 1e-7}),
    "adamax": (2, 2, ["beta_1", "beta_2"], {"epsilon": 1e-7}),
    "nadam": (3, 2, ["beta_1", "beta_2"], {"epsilon": 1e-7, "schedule_decay": 0.004}),
}


def run(rule, scalars, slots, attributes):
    rng = np.random.default_rng(0)
    arrays = [rng.random((2, 5)).astype("float32") for _ in range(2 + slots)]
    with ops.Trace() as trace:
        param, grad, *state = (trace.feed(a.shape, "float32") for a in arrays)
        numbers = [trace.convert(np.float32(s)) for s in scalars]
        new, kinds = ops.optimizer_step(rule, numbers, [param], [grad], [[s] for s in state], **attributes)
        for tensor in [*new, *(kind[0] for kind in kinds)]:
            trace.fetch(tensor)
        return trace.compile().run(arrays)


@pytest.mark.parametrize("rule", RULES)
def test_numbers_as_scalars(rule):
    count, slots, names, attributes = RULES[rule]
    scalars, values = [0.1, 3.0, 0.7][:count], [0.5, 0.75][: len(names)]
    expected = run(rule, scalars, slots, {**attributes, **dict(zip(names, values))})
    found = run(rule, scalars + values, slots, attributes)
    for a, b in zip(expected, found):
        np.testing.assert_array_equal(a, b)
