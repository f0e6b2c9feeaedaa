"""Direct convolutions in all directions on every instruction set, against NumPy in float64."""

import itertools

import numpy as np
import pytest
from gradients import check_gradients
from products import assert_close, draw, run_op
from running import AWKWARD_SIZES, assert_same_bits_for_threads, run

from pronghorn import config, ops


class Case:
    """A convolution's sizes, and its three directions written down with NumPy, tap by tap."""

    def __init__(
        self, size, kernel, ic=3, oc=5, batch=2, strides=None, dilations=None, before=None, after=None
    ):
        axes = len(size)
        self.size, self.kernel, self.ic, self.oc, self.batch = list(size), list(kernel), ic, oc, batch
        self.strides, self.dilations = list(strides or [1] * axes), list(dilations or [1] * axes)
        self.before, self.after = list(before or [0] * axes), list(after or [0] * axes)
        self.result = [
            (s + b + a - (k - 1) * d - 1) // t + 1
            for s, b, a, k, d, t in zip(size, self.before, self.after, kernel, self.dilations, self.strides)
        ]

    @property
    def attributes(self):
        return {
            "strides": self.strides,
            "dilations": self.dilations,
            "pads_before": self.before,
            "pads_after": self.after,
        }

    def shapes(self, multiplier=None):
        """Of the image, the kernel and the result; depthwise if a multiplier is given."""
        filters = self.oc if multiplier is None else multiplier
        channels = self.oc if multiplier is None else self.ic * multiplier
        return (
            (self.batch, *self.size, self.ic),
            (*self.kernel, self.ic, filters),
            (self.batch, *self.result, channels),
        )

    def taps(self):
        """Each tap's place in the kernel, and the part of the padded image that meets the result under it."""
        for tap in itertools.product(*map(range, self.kernel)):
            yield (
                tap,
                (
                    slice(None),
                    *(
                        slice(k * d, k * d + (n - 1) * s + 1, s)
                        for k, d, n, s in zip(tap, self.dilations, self.result, self.strides)
                    ),
                ),
            )

    def padded(self, image):
        return np.pad(image.astype("float64"), [(0, 0), *zip(self.before, self.after), (0, 0)])

    def forward(self, image, weights, rule="...i,io->...o"):
        image = self.padded(image)
        return sum(np.einsum(rule, image[part], weights[tap].astype("float64")) for tap, part in self.taps())

    def backward_data(self, weights, diff, rule="...o,io->...i"):
        total = self.padded(np.zeros((self.batch, *self.size, self.ic)))
        for tap, part in self.taps():
            total[part] += np.einsum(rule, diff.astype("float64"), weights[tap].astype("float64"))
        inner = (slice(b, b + s) for b, s in zip(self.before, self.size))
        return total[(slice(None), *inner)]

    def backward_weights(self, image, diff, rule="pi,po->io"):
        image, pixels = self.padded(image), self.batch * int(np.prod(self.result))
        diff = diff.astype("float64").reshape(pixels, *diff.shape[1 + len(self.size) :])
        parts = [np.einsum(rule, image[part].reshape(pixels, -1), diff) for _, part in self.taps()]
        return np.array(parts).reshape(*self.kernel, *parts[0].shape)


CASES = {
    "one axis": Case([19], [4], 7, 9, strides=[2], before=[3]),
    "one tap": Case([5, 6], [1, 1], 9, 17),
    "one tap, strided": Case([5, 6], [1, 1], 9, 17, strides=[2, 3]),
    "3x3": Case([9, 8], [3, 3], 8, 33),
    "padded": Case([9, 8], [3, 3], 16, 31, before=[1, 1], after=[1, 1]),
    "padded unevenly": Case([7, 16], [3, 2], 15, 8, before=[2, 0], after=[0, 1]),
    "strided": Case([9, 8], [3, 3], 8, 17, strides=[2, 2], before=[0, 0], after=[1, 1]),
    "stride beyond the kernel": Case([11, 10], [2, 1], 9, 7, strides=[3, 3]),
    "dilated": Case([13, 12], [3, 3], 17, 9, dilations=[2, 3], before=[2, 3], after=[2, 3]),
    "strided and dilated": Case([17, 15], [3, 3], 8, 16, strides=[2, 3], dilations=[2, 2], before=[1, 2]),
    "first layer": Case([17, 31], [3, 3], 3, 32, before=[1, 1], after=[1, 1]),
    "one channel": Case([28, 28], [5, 5], 1, 6, batch=3),
    "two channels, large kernel": Case([16, 15], [11, 11], 2, 4, before=[5, 5], after=[5, 5], strides=[4, 4]),
    "more padding than image": Case([2, 2], [5, 5], 8, 3, before=[3, 4], after=[4, 3]),
    "one channel, padded unevenly": Case([9, 17], [3, 4], 1, 18, strides=[2, 1], before=[0, 3], after=[2, 0]),
    "four channels, dilated rows": Case([13, 9], [3, 2], 4, 33, dilations=[3, 1], before=[2, 1]),
    "one tap of three channels": Case([5, 31], [1, 1], 3, 47),
    "many channels": Case([4, 5], [3, 3], 300, 40, before=[1, 1], after=[1, 1]),
    "long row": Case([700], [3], 9, 5, before=[1], after=[1]),
    "many taps": Case([200], [90], 8, 3),
    "three axes": Case([5, 6, 7], [3, 2, 3], 4, 9, strides=[1, 2, 1], before=[1, 0, 1], after=[1, 1, 1]),
    "slices": Case([40, 40], [3, 3], 9, 19, batch=4, before=[1, 1], after=[1, 1]),
}


@pytest.fixture(autouse=True)
def direct():
    before = config.winograd()
    config.set_winograd(False)
    yield
    config.set_winograd(before)


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_directions(isa, case, dtype):
    image, weights, diff = draw(1, *case.shapes(), dtype=dtype)
    taps, pixels = np.prod(case.kernel), case.batch * np.prod(case.result)
    found = run_op("conv", [image, weights], **case.attributes)
    assert_close(found, case.forward(image, weights), taps * case.ic)
    found = run_op("conv_backward_data", [weights, diff], src_size=case.size, **case.attributes)
    assert_close(found, case.backward_data(weights, diff), taps * case.oc)
    found = run_op("conv_backward_weights", [image, diff], kernel_size=case.kernel, **case.attributes)
    assert_close(found, case.backward_weights(image, diff), pixels)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bias_gradient_beside_that_of_the_weights(isa, case, dtype):
    image, _, diff = draw(1, *case.shapes(), dtype=dtype)
    pixels = case.batch * np.prod(case.result)
    weights, bias = run(
        lambda x, d: ops.emit(
            "conv_backward_weights",
            [x, d],
            kernel_size=case.kernel,
            has_diff_bias=True,
            **case.attributes,
        ),
        image,
        diff,
    )
    assert_close(weights, case.backward_weights(image, diff), pixels)
    assert_close(bias, diff.astype("float64").reshape(-1, case.oc).sum(0), pixels)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_masked_gradient_by_the_image(isa, case, dtype):
    mask, weights, diff = draw(1, *case.shapes(), dtype=dtype)
    mask[..., ::5] = 0
    found = run_op(
        "conv_backward_data", [weights, diff, mask], src_size=case.size, has_mask=True, mask_factor=1.5,
        **case.attributes,
    )  # fmt: skip
    expected = case.backward_data(weights, diff) * (mask > 0) * 1.5
    assert_close(found, expected, np.prod(case.kernel) * case.oc)


@pytest.mark.parametrize("channels", AWKWARD_SIZES)
def test_channels(isa, channels):
    for other in AWKWARD_SIZES[::3]:
        case = Case([5, 4], [3, 3], channels, other, before=[1, 1], after=[1, 1])
        image, weights, diff = draw(2, *case.shapes())
        assert_close(
            run_op("conv", [image, weights], **case.attributes), case.forward(image, weights), 9 * channels
        )
        found = run_op("conv_backward_data", [weights, diff], src_size=case.size, **case.attributes)
        assert_close(found, case.backward_data(weights, diff), 9 * other)
        found = run_op("conv_backward_weights", [image, diff], kernel_size=case.kernel, **case.attributes)
        assert_close(found, case.backward_weights(image, diff), 40)


@pytest.mark.parametrize("multiplier", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_depthwise(isa, case, multiplier, dtype):
    image, weights, diff = draw(3, *case.shapes(multiplier), dtype=dtype)
    taps, pixels = np.prod(case.kernel), case.batch * np.prod(case.result)
    split = diff.reshape(*diff.shape[:-1], case.ic, multiplier)
    expected = case.forward(image, weights, "...i,im->...im").reshape(diff.shape)
    assert_close(run_op("depthwise_conv", [image, weights], **case.attributes), expected, taps)
    found = run_op("depthwise_conv_backward_data", [weights, diff], src_size=case.size, **case.attributes)
    assert_close(found, case.backward_data(weights, split, "...im,im->...i"), taps * multiplier)
    found = run_op(
        "depthwise_conv_backward_weights", [image, diff], kernel_size=case.kernel, **case.attributes
    )
    assert_close(found, case.backward_weights(image, split, "pi,pim->im"), pixels)


def run_epilogue(case, bias, residual, activation):
    """What a convolution gives with these behind it, and what it should."""
    rules = {"linear": lambda x: x, "relu": lambda x: np.maximum(x, 0), "tanh": np.tanh}
    rules["sigmoid"] = lambda x: 1 / (1 + np.exp(-x))
    image, weights, other = draw(4, *case.shapes())
    weights /= np.float32(np.sqrt(np.prod(case.kernel) * case.ic))
    (extra,) = draw(5, (case.oc,))
    inputs = [image, weights] + [extra] * bias + [other] * residual
    found = run_op(
        "conv", inputs, has_bias=bias, has_residual=residual, activation=activation, **case.attributes
    )
    expected = case.forward(image, weights) + extra * np.float64(bias) + other * np.float64(residual)
    return found, rules[activation](expected)


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("bias, residual", [(False, False), (True, False), (False, True), (True, True)])
def test_epilogue(isa, bias, residual, activation):
    for case in [CASES["3x3"], CASES["many channels"], CASES["first layer"], CASES["one tap"]]:
        found, expected = run_epilogue(case, bias, residual, activation)
        assert_close(found, expected, np.prod(case.kernel) * case.ic)


THREADED = [
    Case([30, 31], [3, 3], 16, 40, batch=4, before=[1, 1], after=[1, 1]),
    Case([60, 60], [3, 3], 3, 16, batch=4, strides=[2, 2]),
    Case([16, 16], [1, 1], 64, 64, batch=8),
]


@pytest.mark.parametrize("which", range(len(THREADED)))
def test_same_bits_for_any_number_of_threads(isa, which):
    if isa == "reference":
        pytest.skip("one thread by definition")
    case = THREADED[which]

    def directions(image, weights, diff):
        return [
            ops.emit("conv", [image, weights], **case.attributes),
            ops.emit("conv_backward_data", [weights, diff], src_size=case.size, **case.attributes),
            ops.emit("conv_backward_weights", [image, diff], kernel_size=case.kernel, **case.attributes),
        ]

    def depthwise(image, weights, diff):
        return [
            ops.emit("depthwise_conv", [image, weights], **case.attributes),
            ops.emit("depthwise_conv_backward_data", [weights, diff], src_size=case.size, **case.attributes),
            ops.emit(
                "depthwise_conv_backward_weights", [image, diff], kernel_size=case.kernel, **case.attributes
            ),
        ]

    assert_same_bits_for_threads(directions, *draw(6, *case.shapes()))
    assert_same_bits_for_threads(depthwise, *draw(6, *case.shapes(2)))


SMALL = {
    "one axis": Case([6], [3], 2, 3, strides=[2], before=[2]),
    "strided": Case([5, 4], [3, 2], 2, 3, batch=1, strides=[2, 1], before=[1, 0], after=[0, 1]),
    "dilated": Case([5, 5], [2, 2], 2, 2, batch=1, dilations=[2, 3], strides=[1, 2]),
    "three axes": Case([3, 2, 3], [2, 2, 2], 2, 2, batch=1, before=[0, 1, 0]),
}


@pytest.mark.parametrize("multiplier", [None, 2])
@pytest.mark.parametrize("name", SMALL)
def test_gradients(name, multiplier):
    case = SMALL[name]
    image, weights, diff = draw(7, *case.shapes(multiplier))
    prefix = "conv" if multiplier is None else "depthwise_conv"

    def direction(suffix, **sizes):
        return lambda a, b: ops.emit(prefix + suffix, [a, b], **sizes, **case.attributes)

    check_gradients(direction(""), image, weights)
    check_gradients(direction("_backward_data", src_size=case.size), weights, diff)
    check_gradients(direction("_backward_weights", kernel_size=case.kernel), image, diff)


def test_second_derivative():
    case = SMALL["strided"]
    image, weights, diff = draw(8, *case.shapes())

    def squared_gradient(image, weights):
        result = ops.emit("conv", [image, weights], **case.attributes)
        (gradient,) = ops.current_trace().gradients([result * result], [image])
        return gradient * gradient

    check_gradients(squared_gradient, image, weights, tolerance=1e-5)


@pytest.mark.parametrize(
    "size, kernel, stride, dilation", [(7, 3, 1, 1), (8, 3, 2, 1), (9, 4, 3, 1), (10, 3, 1, 3), (5, 2, 2, 2)]
)
def test_same_padding_puts_the_odd_zero_behind(size, kernel, stride, dilation):
    image, weights = draw(9, (2, size, size, 3), (kernel, kernel, 3, 4))
    found = ops.conv(image, weights, stride, "same", None, dilation)
    results = -(-size // stride)
    total = max((results - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    case = Case([size] * 2, [kernel] * 2, 3, 4, strides=[stride] * 2, dilations=[dilation] * 2,
                before=[total // 2] * 2, after=[total - total // 2] * 2)  # fmt: skip
    assert found.shape == (2, results, results, 4)
    assert_close(found, case.forward(image, weights), 27)


def test_causal_results_do_not_see_later_steps():
    image, weights = draw(10, (2, 9, 3), (3, 3, 4))
    found = ops.conv(image, weights, 1, "causal", None, 2)
    changed = image.copy()
    changed[:, 5:] = 0
    assert found.shape == (2, 9, 4)
    np.testing.assert_array_equal(found[:, :5], ops.conv(changed, weights, 1, "causal", None, 2)[:, :5])


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_channels_first(axes):
    image, weights = draw(11, (2, *[6, 5, 4][:axes], 3), (*[2] * axes, 3, 7))
    first = np.moveaxis(image, -1, 1)
    for function, kernel in [(ops.conv, weights), (ops.depthwise_conv, weights)]:
        found = function(first, kernel, 2, "same", "channels_first")
        np.testing.assert_array_equal(
            np.moveaxis(found, 1, -1), function(image, kernel, 2, "same", "channels_last")
        )
    kernel = np.swapaxes(weights, -1, -2)
    found = ops.conv_transpose(first, kernel, 2, "same", data_format="channels_first")
    np.testing.assert_array_equal(np.moveaxis(found, 1, -1), ops.conv_transpose(image, kernel, 2, "same"))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel, stride, dilation", [(3, 2, 1), (2, 3, 1), (4, 2, 1), (3, 1, 2), (1, 1, 1)])
def test_conv_transpose_is_the_transpose(padding, kernel, stride, dilation):
    image, weights = draw(12, (2, 4, 5, 6), (kernel, kernel, 3, 6))
    found = ops.conv_transpose(image, weights, stride, padding, dilation_rate=dilation)
    (other,) = draw(13, found.shape)
    back = ops.conv(other, weights, stride, padding, dilation_rate=dilation)
    assert back.shape == image.shape
    np.testing.assert_allclose(np.sum(found * other), np.sum(image * back), rtol=1e-4)


def test_conv_transpose_output_sizes():
    image, weights = draw(14, (2, 4, 4, 6), (3, 3, 5, 6))
    assert ops.conv_transpose(image, weights, 2, "valid").shape == (2, 9, 9, 5)
    assert ops.conv_transpose(image, weights, 2, "same").shape == (2, 8, 8, 5)
    assert ops.conv_transpose(image, weights, 2, "same", output_padding=0).shape == (2, 7, 7, 5)
    assert ops.conv_transpose(image, weights, 2, "valid", output_padding=(1, 0)).shape == (2, 10, 9, 5)
    assert ops.conv_transpose(image, weights, 2, "same", output_shape=(2, 7, 8, 5)).shape == (2, 7, 8, 5)


def test_separable_conv():
    image, depthwise, pointwise = draw(15, (2, 6, 6, 3), (3, 3, 3, 2), (1, 1, 6, 4))
    between = ops.depthwise_conv(image, depthwise, 2, "same")
    expected = np.einsum("bhwi,io->bhwo", between, pointwise[0, 0])
    np.testing.assert_allclose(
        ops.separable_conv(image, depthwise, pointwise, 2, "same"), expected, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    "image, kernel, arguments, message",
    [
        ((2, 8, 8, 3), (3, 3, 16, 4), {}, r"\(2, 8, 8, 3\) has 3 channels.*16"),
        ((2, 8, 8, 3), (9, 9, 3, 4), {}, "does not fit"),
        ((2, 8, 8, 3), (3, 3, 4), {}, "must have 4 axes"),
        ((2, 8, 8, 3), (3, 3, 3, 4), {"padding": "full"}, "padding"),
        ((2, 8, 8, 3), (3, 3, 3, 4), {"padding": "causal"}, "padding"),
        ((2, 8, 8, 3), (3, 3, 3, 4), {"strides": (1, 2, 3)}, "strides"),
        ((2, 8, 8, 3), (3, 3, 3, 4), {"strides": 0}, "strides"),
        ((2, 8, 8, 3), (3, 3, 3, 4), {"data_format": "rows"}, "data_format"),
        ((8, 3), (3, 4), {}, "batch axis"),
    ],
)
def test_errors(image, kernel, arguments, message):
    with pytest.raises(ValueError, match=message):
        ops.conv(*draw(0, image, kernel), **arguments)
