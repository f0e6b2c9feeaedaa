"""The optimizers against the formulas of Keras 2.3.1 in NumPy."""

import numpy as np
import pytest
from running import AWKWARD_SIZES, assert_same_bits_for_threads, run

from pronghorn import _core, ops

LR, EPSILON = 0.1, 1e-7


def sgd(p, g, slots, t, momentum=0.0, nesterov=False):
    velocity = momentum * (slots[0] if slots else 0) - LR * g
    return (p + momentum * velocity - LR * g if nesterov else p + velocity), [velocity][: len(slots)]


def rmsprop(p, g, slots, t, rho, epsilon=EPSILON, epsilon_under_root=0.0):
    a = rho * slots[0] + (1 - rho) * g**2
    return p - LR * g / (np.sqrt(a + epsilon_under_root) + epsilon), [a]


def adagrad(p, g, slots, t, epsilon=EPSILON, epsilon_under_root=0.0):
    a = slots[0] + g**2
    return p - LR * g / (np.sqrt(a + epsilon_under_root) + epsilon), [a]


def adadelta(p, g, slots, t, rho):
    a = rho * slots[0] + (1 - rho) * g**2
    change = g * np.sqrt(slots[1] + EPSILON) / np.sqrt(a + EPSILON)
    return p - LR * change, [a, rho * slots[1] + (1 - rho) * change**2]


def adam(p, g, slots, t, beta_1, beta_2):
    m, v = beta_1 * slots[0] + (1 - beta_1) * g, beta_2 * slots[1] + (1 - beta_2) * g**2
    rate = LR * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    if len(slots) == 2:
        return p - rate * m / (np.sqrt(v) + EPSILON), [m, v]
    greatest = np.maximum(slots[2], v)
    return p - rate * m / (np.sqrt(greatest) + EPSILON), [m, v, greatest]


def adamax(p, g, slots, t, beta_1, beta_2):
    m, u = beta_1 * slots[0] + (1 - beta_1) * g, np.maximum(beta_2 * slots[1], np.abs(g))
    return p - LR / (1 - beta_1**t) * m / (u + EPSILON), [m, u]


def nadam(p, g, slots, t, beta_1, beta_2, schedule_decay):
    now, following = (beta_1 * (1 - 0.5 * 0.96 ** (s * schedule_decay)) for s in (t, t + 1))
    product = SCHEDULE * now
    m, v = beta_1 * slots[0] + (1 - beta_1) * g, beta_2 * slots[1] + (1 - beta_2) * g**2
    ahead = (1 - now) * g / (1 - product) + following * m / (1 - product * following)
    return p - LR * ahead / (np.sqrt(v / (1 - beta_2**t)) + EPSILON), [m, v]


SCHEDULE = 0.7
BETAS = {"beta_1": 0.9, "beta_2": 0.99}
# name, NumPy rule, number of scalars, kinds of slots, attributes
CASES = {
    "sgd": (sgd, 1, 0, {}),
    "sgd with an idle slot": (sgd, 1, 1, {"momentum": 0.0}),
    "sgd momentum": (sgd, 1, 1, {"momentum": 0.9}),
    "sgd nesterov": (sgd, 1, 1, {"momentum": 0.9, "nesterov": True}),
    "rmsprop": (rmsprop, 1, 1, {"rho": 0.9}),
    "adagrad": (adagrad, 1, 1, {}),
    "rmsprop of Keras 3": (rmsprop, 1, 1, {"rho": 0.9, "epsilon": 0.0, "epsilon_under_root": 0.1}),
    "adagrad of Keras 3": (adagrad, 1, 1, {"epsilon": 0.0, "epsilon_under_root": 0.1}),
    "adadelta": (adadelta, 1, 2, {"rho": 0.95}),
    "adam": (adam, 2, 2, BETAS),
    "adam amsgrad": (adam, 2, 3, BETAS),
    "adamax": (adamax, 2, 2, BETAS),
    "nadam": (nadam, 3, 2, {**BETAS, "schedule_decay": 0.004}),
}


def parameters(shapes, kinds, dtype):
    random = np.random.RandomState(0)
    draw = lambda: [random.standard_normal(shape).astype(dtype) for shape in shapes]  # noqa: E731
    slots = [[np.abs(s) for s in draw()] for _ in range(kinds)]
    return draw(), draw(), slots


def step(name, t=3, count=None):
    """A function of the arrays params, grads, slots (flat), for `run`."""
    _, scalars, kinds, attributes = CASES[name]
    if not name.startswith("sgd"):
        attributes = {"epsilon": EPSILON, **attributes}

    def function(*tensors):
        n = len(tensors) // (2 + kinds)
        groups = [list(tensors[i * n : (i + 1) * n]) for i in range(2 + kinds)]
        numbers = [np.float64(LR), np.int64(t), np.float64(SCHEDULE)][:scalars]
        rule = name.split()[0]
        params, slots = ops.optimizer_step(rule, numbers, groups[0], groups[1], groups[2:], **attributes)
        return [*params, *(tensor for slot in slots for tensor in slot)]

    return function


@pytest.mark.parametrize("dtype, tolerance", [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("name", CASES)
def test_formula(isa, name, dtype, tolerance):
    rule, _, kinds, attributes = CASES[name]
    shapes = [(n,) for n in AWKWARD_SIZES] + [(3, 5, 2), (0,), (200, 170), ()]
    params, grads, slots = parameters(shapes, kinds, dtype)
    results = run(step(name), *params, *grads, *(s for slot in slots for s in slot))
    n = len(shapes)
    for i in range(n):
        new, new_slots = rule(params[i], grads[i], [slot[i] for slot in slots], 3, **attributes)
        for k, expected in enumerate([new, *new_slots]):
            np.testing.assert_allclose(results[k * n + i], expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", CASES)
def test_same_bits(name):
    params, grads, slots = parameters([(100_001,), (7,), (70_000,)], CASES[name][2], "float32")
    arrays = [*params, *grads, *(s for slot in slots for s in slot)]
    assert_same_bits_for_threads(step(name), *arrays)
    # Products and sums are rounded one by one on every instruction set, so these agree too.
    before, found = _core.isa(), set()
    for isa in _core.isas():
        _core.set_isa(isa)
        found.add(b"".join(r.tobytes() for r in run(step(name), *arrays)))
    _core.set_isa(before)
    assert len(found) == 1


def test_updates_in_place():
    variables = [ops.Variable(np.ones(1000), name="p"), ops.Variable(np.zeros(1000), name="m")]
    with ops.Trace() as trace:
        gradient = trace.feed((1000,), "float32")
        p, m = variables
        (new,), ((slot,),) = ops.optimizer_step("sgd", [0.5], [p], [gradient], [[m]], momentum=0.5)
        trace.assign(p, new)
        trace.assign(m, slot)
        program = trace.compile()
    for _ in range(2):
        program.run([np.ones(1000, "float32")])
    np.testing.assert_array_equal(m.numpy(), np.full(1000, -0.75, "float32"))
    np.testing.assert_array_equal(p.numpy(), np.full(1000, -0.25, "float32"))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("sgd", [0.1], ["a"], ["a"], [], {"momentum": 0.9}), "needs a slot"),
        (("rmsprop", [0.1], ["a"], ["b"], [["a"]], {"rho": 0.9, "epsilon": 1e-7}), "gradient is"),
        (("adam", [0.1, 1], ["a"], ["a"], [["a"]], BETAS), "slots of each kind"),
        (("adam", [0.1, 1], ["a"], ["a", "a"], [["a"]], BETAS), "1 parameters, but 2 gradients"),
        (("sgd", [0.1], [], [], [], {}), "no parameters"),
    ],
)
def test_errors(arguments, message):
    name, scalars, params, grads, slots, attributes = arguments

    def function(a, b):
        named = {"a": a, "b": b}
        pick = lambda names: [named[n] for n in names]  # noqa: E731
        slot_tensors = [pick(slot) for slot in slots]
        return ops.optimizer_step(name, scalars, pick(params), pick(grads), slot_tensors, **attributes)[0]

    with pytest.raises(ValueError, match=message):
        run(function, np.zeros((2, 3)), np.zeros(6))
