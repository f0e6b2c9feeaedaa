"""Convolutions by Winograd's algorithms: their errors, what stays as it is, and the switch."""

import os
import subprocess
import sys

import numpy as np
import pytest
from products import draw, run_op
from running import assert_same_bits_for_threads, run
from test_conv import Case, run_epilogue

from pronghorn import _core, config, ops

SAME3, SAME5 = {"before": [1, 1], "after": [1, 1]}, {"before": [2, 2], "after": [2, 2]}
# Name, and the largest error relative to the largest result, over that of a float's last bit.
TILES = {"4x4_3x3": 250, "2x2_3x3": 24, "2x2_5x5": 250, "4x4_5x5": 250, "6x6_3x3": 250}
CASES = {
    "3x3": [
        Case([9, 8], [3, 3], 8, 33),
        Case([4, 4], [3, 3], 16, 16, **SAME3),
        Case([7, 13], [3, 3], 5, 7, before=[2, 0], after=[0, 3]),
        Case([3, 3], [3, 3], 17, 1),
        Case([1, 2], [3, 3], 3, 18, batch=1, before=[4, 1], after=[0, 5]),
        Case([26, 30], [3, 3], 32, 48, batch=3, **SAME3),
        Case([6, 7], [3, 3], 300, 65, **SAME3),
        Case([5, 6], [3, 3], 9, 7, batch=16),  # gradients by the image: tiles go on in the next
        Case([6, 7], [3, 3], 4, 8, batch=12, before=[1, 0], after=[0, 1]),
        Case([2, 9, 10], [1, 3, 3], 9, 15, before=[0, 1, 0], after=[0, 1, 2]),
        Case([11, 14], [3, 3], 16, 19, dilations=[2, 3], before=[2, 0], after=[1, 3]),  # of each phase
        Case([14, 9], [3, 3], 24, 8, dilations=[4, 4], before=[4, 4], after=[4, 4]),
        Case([2, 23, 8], [1, 3, 3], 9, 15, dilations=[1, 8, 1]),
    ],
    "5x5": [
        Case([9, 8], [5, 5], 8, 33),
        Case([5, 6], [5, 5], 3, 17, batch=1, before=[4, 1], after=[0, 5]),
        Case([13, 19], [5, 5], 33, 16, **SAME5),
        Case([6, 7], [5, 5], 270, 31, **SAME5),
        Case([7, 9], [5, 5], 6, 9, batch=12),
        Case([17, 18], [5, 5], 10, 16, dilations=[2, 3], before=[4, 3], after=[4, 6]),
    ],
}


@pytest.fixture(params=TILES)
def tile(request):
    before = config.winograd()
    config.set_winograd(request.param)
    yield request.param
    config.set_winograd(before)


@pytest.fixture
def use():
    """`config.set_winograd`, undone at the end."""
    before = config.winograd()
    yield config.set_winograd
    config.set_winograd(before)


def trace(case, dtype="float32", **attributes):
    """A program of all three directions of a case, and the names of its implementations."""
    image, weights, diff = case.shapes()
    with ops.Trace() as traced:
        x, w, d = [traced.feed(shape, dtype, name) for shape, name in zip((image, weights, diff), "xwd")]
        traced.fetch(ops.emit("conv", [x, w], **case.attributes))
        traced.fetch(ops.emit("conv_backward_data", [w, d], src_size=case.size, **case.attributes))
        traced.fetch(ops.emit("conv_backward_weights", [x, d], kernel_size=case.kernel, **case.attributes))
        program = traced.compile()
    return program, [step["implementation"] for step in program.steps()]


def relative_error(found, expected):
    assert found.shape == expected.shape
    return np.abs(found - expected).max() / np.abs(expected).max() / np.finfo("float32").eps


def test_errors(isa, tile):
    if isa == "reference":
        pytest.skip("knows no such algorithm")
    for case in CASES[tile[-3:]]:
        program, names = trace(case)
        assert [name.split(":")[1] for name in names] == [f"winograd_{tile}"] * 3
        image, weights, diff = draw(1, *case.shapes())
        expected = [
            case.forward(image, weights),
            case.backward_data(weights, diff),
            case.backward_weights(image, diff),
        ]
        for name, found, wanted in zip(names, program.run([image, weights, diff]), expected):
            assert relative_error(found, wanted) < TILES[tile], f"{name} of {case.size}, {case.ic} channels"


def test_bias_gradient_beside_that_of_the_weights(isa, tile):
    for case in CASES[tile[-3:]]:
        image, _, diff = draw(3, *case.shapes())
        attributes = {"kernel_size": case.kernel, "has_diff_bias": True, **case.attributes}
        weights, bias = run(
            lambda x, d, attributes=attributes: ops.emit("conv_backward_weights", [x, d], **attributes),
            image,
            diff,
        )
        assert relative_error(weights, case.backward_weights(image, diff)) < TILES[tile]
        assert relative_error(bias, diff.astype("float64").reshape(-1, case.oc).sum(0)) < 24


def test_masked_gradient_by_the_image(isa, tile):
    for case in CASES[tile[-3:]]:
        mask, weights, diff = draw(3, *case.shapes())
        attributes = {"src_size": case.size, "has_mask": True, "mask_factor": 2.0, **case.attributes}
        found = run_op("conv_backward_data", [weights, diff, mask], **attributes)
        assert not found[mask <= 0].any()
        assert relative_error(found, case.backward_data(weights, diff) * (mask > 0) * 2) < TILES[tile]


@pytest.mark.parametrize(
    "tile_name, most, times",
    [
        ("4x4_3x3", 2e-5, 60),
        ("2x2_3x3", 1e-6, 4),
        ("2x2_5x5", 2e-5, 90),
        ("4x4_5x5", 2e-5, 60),
        ("6x6_3x3", 2e-5, 60),
    ],
)
def test_error_beside_that_of_direct_sums(use, tile_name, most, times):
    size, same = int(tile_name[-1]), SAME3 if tile_name[-1] == "3" else SAME5
    for channels in (16, 64, 256):
        case = Case([16, 16], [size, size], channels, channels, **same)
        image, weights, diff = draw(2, *case.shapes())
        expected = [case.forward(image, weights), case.backward_data(weights, diff)]
        expected.append(case.backward_weights(image, diff))
        errors = {}
        for setting in ("off", tile_name):
            use(setting)
            program, _ = trace(case)
            found = program.run([image, weights, diff])
            errors[setting] = [relative_error(a, b) for a, b in zip(found, expected)]
        for direct, other in zip(errors["off"], errors[tile_name]):
            assert other < times * max(direct, 1)
            assert other * np.finfo("float32").eps < most


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("bias, residual", [(False, False), (True, False), (False, True), (True, True)])
def test_epilogue(isa, tile, bias, residual, activation):
    for case in CASES[tile[-3:]][:3]:
        found, expected = run_epilogue(case, bias, residual, activation)
        assert relative_error(found, expected) < TILES[tile]


def test_same_bits_for_any_number_of_threads(isa, tile):
    if isa == "reference":
        pytest.skip("one thread by definition")
    size = int(tile[-1])
    case = Case([30, 31], [size, size], 16, 40, batch=4, before=[1, 1], after=[1, 1])

    def directions(image, weights, diff):
        return [
            ops.emit("conv", [image, weights], **case.attributes),
            ops.emit("conv_backward_data", [weights, diff], src_size=case.size, **case.attributes),
            ops.emit("conv_backward_weights", [image, diff], kernel_size=case.kernel, **case.attributes),
        ]

    assert_same_bits_for_threads(directions, *draw(6, *case.shapes()))


def test_more_threads_than_at_compilation(tile):
    before = _core.threads()
    case = Case([40, 40], [int(tile[-1])] * 2, 16, 32, batch=4)
    arrays = draw(7, *case.shapes())
    try:
        _core.set_threads(1)
        program, _ = trace(case)
        expected = [result.tobytes() for result in program.run(arrays)]
        _core.set_threads(4)
        assert [result.tobytes() for result in program.run(arrays)] == expected
    finally:
        _core.set_threads(before)


LARGE = Case([32, 32], [3, 3], 64, 64, batch=1, **SAME3)


@pytest.mark.skipif(_core.isa() == "reference", reason="knows no such algorithm")
def test_switch(use):
    expected = {True: "winograd_4x4_3x3", False: "direct", "accurate": "winograd_2x2_3x3"}
    expected |= {"on": "winograd_4x4_3x3", "off": "direct", "force": "winograd_4x4_3x3"}
    for setting, name in expected.items():
        use(setting)
        assert [found.split(":")[1] for found in trace(LARGE)[1]] == [name] * 3
    with pytest.raises(ValueError, match='no setting "sometimes".*4x4_3x3'):
        use("sometimes")


@pytest.mark.parametrize(
    "setting, shown", [("0", "off"), ("1", "on"), ("accurate", "accurate"), (None, "on")]
)
def test_environment_variable(setting, shown):
    environment = {k: v for k, v in os.environ.items() if k != "PRONGHORN_WINOGRAD"}
    if setting:
        environment["PRONGHORN_WINOGRAD"] = setting
    code = "import pronghorn.config as c; print(c.winograd())"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == shown


@pytest.mark.parametrize(
    "case, dtype",
    [
        (Case([9, 9], [3, 3], 16, 16, strides=[1, 2]), "float32"),
        (Case([9, 9], [3, 3], 16, 16, dilations=[2, 1], before=[1, 0], after=[1, 0]), "float32"),
        (Case([9, 9], [3, 4], 16, 16), "float32"),
        (Case([9, 9, 9], [3, 3, 3], 16, 16), "float32"),
        (Case([9, 9], [1, 3], 16, 16), "float32"),
        (Case([9], [3], 16, 16), "float32"),
        (Case([9, 9], [3, 3], 16, 16), "float64"),
    ],
)
def test_other_convolutions_stay_direct(use, case, dtype):
    use("force")
    assert not [name for name in trace(case, dtype)[1] if "winograd" in name]


@pytest.mark.skipif(
    _core.isa() not in ("avx2", "avx512"), reason="narrow vectors make products dear enough for Winograd"
)
def test_first_layers_stay_direct(use):
    use("on")
    assert [n.split(":")[1] for n in trace(Case([100, 100], [3, 3], 3, 32))[1][::2]] == ["few_channels"] * 2


def test_small_ones_stay_direct(use):
    use("on")
    assert not [name for name in trace(Case([8, 8], [3, 3], 2, 4))[1] if "winograd" in name]
