"""Time single ops beside those of PyTorch, and products of matrices beside NumPy's, too.

    TH_PY kernels.py [--ops gemm,conv,...] [--threads 2] [--peak 104]

To be run by a Python that has PyTorch and this package. All run in one process and take turns. A ratio is the
peer's best time over ours; images are in PyTorch's better layout. `--peak` is the rate of multiply-adds in
GFLOP/s on one thread, as `bench_gemm` prints it.
"""

import argparse
from typing import Any, NamedTuple

import numpy as np
import torch
from sweep import best_times, draw

from pronghorn import _core, ops

NUMPY_PAUSE = 0.2  # seconds; its OpenBLAS looks out for more work for over 40 ms
RANDOM = np.random.default_rng(0)
LAYOUTS = torch.channels_last, torch.contiguous_format


HEADER = """# Single ops beside PyTorch and NumPy

Written by `benchmarks/python/kernels.py`; {}, {} threads, {}.
Shares are of {:.0f} GFLOP/s for each thread. A ratio is the peer's best time over ours, PyTorch in its better
layout of images. Convolutions by Winograd's algorithms are counted as direct sums, so that they can exceed
the peak."""


class Case(NamedTuple):
    op: str
    size: str
    ours: Any
    peers: list  # PyTorch, in each layout of images
    flops: float = 0.0
    moved: float = 0.0  # bytes of operands and results, for what has next to no arithmetic
    numpy: Any = None


def compiled(function, *inputs):
    """A call that computes function(*inputs), from the first op on: all stay where the program has them."""
    variables = [ops.Variable(value) for value in inputs]
    with ops.Trace(training=True) as trace:
        results = function(*(trace.read(variable) for variable in variables))
        for result in results if isinstance(results, (list, tuple)) else [results]:
            trace.assign(ops.Variable(np.zeros(result.shape)), result)
        program = trace.compile(keep=False)
    return lambda: program.run([])


def gradients(function, wanted, *inputs):
    """A call that computes gradients of function(*inputs[:-1]) · inputs[-1] by the `wanted` inputs alone."""

    def computed(*tensors):
        *given, diff = tensors
        return ops.current_trace().gradients([function(*given)], [given[i] for i in wanted], [diff])

    return compiled(computed, *inputs)


def images(layout, *arrays):
    return [torch.from_numpy(v).permute(0, 3, 1, 2).contiguous(memory_format=layout) for v in arrays]


def title(shape):
    return " x ".join(map(str, shape))


def gemm(m, k, n):
    a, b, c = draw(RANDOM, m, k), draw(RANDOM, k, n), np.empty((m, n), np.float32)
    left, right, out = (torch.from_numpy(value) for value in (a, b, c))
    columns = b.T.copy()
    by_columns = torch.from_numpy(columns).t()
    common = {"size": title((m, k, n)), "flops": 2.0 * m * k * n}
    yield Case(
        op="a b",
        ours=compiled(ops.matmul, a, b),
        peers=[lambda: torch.mm(left, right, out=out)],
        numpy=lambda: np.matmul(a, b, out=c),
        **common,
    )
    yield Case(
        op="a bᵀ",
        ours=compiled(lambda a, b: ops.matmul(a, ops.transpose(b)), a, columns),
        peers=[lambda: torch.mm(left, by_columns, out=out)],
        numpy=lambda: np.matmul(a, columns.T, out=c),
        **common,
    )


def conv(shape, filters, kernel, padding):
    pad = kernel // 2 if padding == "same" else 0
    out = shape[1] + 2 * pad - kernel + 1
    x, w = draw(RANDOM, *shape), draw(RANDOM, kernel, kernel, shape[3], filters)
    g = draw(RANDOM, shape[0], out, out, filters)
    layouts = [
        (*images(layout, x, g), torch.from_numpy(w).permute(3, 2, 0, 1).contiguous(memory_format=layout))
        for layout in LAYOUTS
    ]

    def ours(x, w):
        return ops.conv(x, w, padding=padding)

    def forward(x, g, w):
        return lambda: torch.conv2d(x, w, None, 1, pad)

    def backward(x, g, w, *wanted):
        return lambda: torch.ops.aten.convolution_backward(
            g, x, w, None, [1, 1], [pad, pad], [1, 1], False, [0, 0], 1, [*wanted, False]
        )

    common = {
        "size": f"{title(shape)} → {filters}, {kernel} x {kernel}",
        "flops": 2.0 * g.size * shape[3] * kernel**2,
    }
    yield Case("forward", ours=compiled(ours, x, w), peers=[forward(*given) for given in layouts], **common)
    for i, op in enumerate(("by data", "by weights")):
        peers = [backward(*given, i == 0, i == 1) for given in layouts]
        yield Case(op, ours=gradients(ours, [i], x, w, g), peers=peers, **common)


def max_pool(*shape):
    x, g = draw(RANDOM, *shape), draw(RANDOM, shape[0], shape[1] // 2, shape[2] // 2, shape[3])

    def ours(x):
        return ops.max_pool(x, 2)

    def forward(image, diff):
        return lambda: torch.max_pool2d(image, 2)

    def both(image, diff):
        leaf = image.clone(memory_format=torch.preserve_format).requires_grad_()
        return lambda: torch.autograd.grad(torch.nn.functional.max_pool2d(leaf, 2), leaf, diff)

    given = [images(layout, x, g) for layout in LAYOUTS]
    moved = x.nbytes + g.nbytes
    yield Case("max, 2 x 2", title(shape), compiled(ours, x), [forward(*v) for v in given], moved=moved)
    yield Case(
        "and gradient", title(shape), gradients(ours, [0], x, g), [both(*v) for v in given], moved=2 * moved
    )


def lstm(batch, steps, inputs, units):
    x, zero = draw(RANDOM, batch, steps, inputs), np.zeros((batch, units), np.float32)
    w, u = draw(RANDOM, inputs, 4 * units) * 0.1, draw(RANDOM, units, 4 * units) * 0.1
    b, g = draw(RANDOM, 4 * units), draw(RANDOM, batch, steps, units)
    layer = torch.nn.LSTM(inputs, units, batch_first=True)
    leaf, diff = torch.from_numpy(x.copy()).requires_grad_(), torch.from_numpy(g)
    leaves = [leaf, *layer.parameters()]

    def ours(x, w, u, b):
        return ops.lstm(x, w, u, b, zero, zero, recurrent_activation="sigmoid")[0]

    def forward():
        with torch.no_grad():
            layer(leaf)

    def both():
        return torch.autograd.grad(layer(leaf)[0], leaves, diff)

    size, flops = f"{title((batch, steps, inputs))} → {units}", 8.0 * batch * steps * units * (inputs + units)
    yield Case("forward", size, compiled(ours, x, w, u, b), [forward], flops)
    yield Case("and gradients", size, gradients(ours, range(4), x, w, u, b, g), [both], 3 * flops)


def rows(*shape):
    x, g = draw(RANDOM, *shape), draw(RANDOM, *shape)
    labels = np.eye(shape[1], dtype=np.float32)[RANDOM.integers(shape[1], size=shape[0])]
    leaf, diff = torch.from_numpy(x.copy()).requires_grad_(), torch.from_numpy(g)
    targets, once = torch.from_numpy(labels), np.ones(shape[0], np.float32)

    def losses(logits, labels):
        return ops.categorical_crossentropy(labels, logits, from_logits=True)

    def softmax():
        return torch.softmax(leaf.detach(), 1)

    def softmax_gradient():
        return torch.autograd.grad(torch.softmax(leaf, 1), leaf, diff)

    def losses_gradient():
        value = torch.nn.functional.cross_entropy(leaf, targets, reduction="none")
        return torch.autograd.grad(value, leaf, torch.ones(shape[0]))

    size, moved = title(shape), 2 * x.nbytes
    yield Case("softmax", size, compiled(ops.softmax, x), [softmax], moved=moved)
    yield Case("and gradient", size, gradients(ops.softmax, [0], x, g), [softmax_gradient], moved=2 * moved)
    yield Case(
        "cross-entropy and gradient",
        size,
        gradients(losses, [0], x, labels, once),
        [losses_gradient],
        moved=2 * moved,
    )


def batch_norm(*shape):
    x, g = draw(RANDOM, *shape), draw(RANDOM, *shape)
    gamma, beta = draw(RANDOM, shape[3]), draw(RANDOM, shape[3])
    weights = [torch.from_numpy(v.copy()).requires_grad_() for v in (gamma, beta)]

    def ours(x, gamma, beta):
        return ops.batch_norm_train(x, gamma, beta)[0]

    def theirs(image):
        return torch.nn.functional.batch_norm(image, None, None, *weights, training=True, eps=1e-3)

    def forward(image, diff):
        def call():
            with torch.no_grad():
                theirs(image)

        return call

    def both(image, diff):
        leaf = image.clone(memory_format=torch.preserve_format).requires_grad_()
        return lambda: torch.autograd.grad(theirs(leaf), [leaf, *weights], diff)

    layouts = [images(layout, x, g) for layout in LAYOUTS]
    given, size = (x, gamma, beta), title(shape)
    yield Case("training", size, compiled(ours, *given), [forward(*v) for v in layouts], moved=3 * x.nbytes)
    yield Case(
        "and gradients",
        size,
        gradients(ours, range(3), *given, g),
        [both(*v) for v in layouts],
        moved=7 * x.nbytes,
    )


def function(name, count):
    x, out = np.abs(draw(RANDOM, count)) + 0.1, torch.empty(count)
    value, theirs = torch.from_numpy(x), getattr(torch, name)
    call = compiled(getattr(ops, name), x)
    yield Case(name, f"{count} numbers", call, [lambda: theirs(value, out=out)], moved=2 * x.nbytes)


def optimizer(rule, scalars, slots, attributes, peer, options):
    shapes = [(784, 512), (512,), (512, 512), (512,), (512, 10), (10,)]
    start, diff = ([draw(RANDOM, *shape) for shape in shapes] for _ in range(2))
    parameters = [torch.from_numpy(value.copy()) for value in start]
    for parameter, gradient in zip(parameters, diff):
        parameter.grad = torch.from_numpy(gradient)
    state = [[ops.Variable(value) for value in start]]
    state += [[ops.Variable(np.zeros_like(value)) for value in start] for _ in range(slots)]
    with ops.Trace(training=True) as trace:
        grads = [trace.read(ops.Variable(value)) for value in diff]
        given = [[trace.read(variable) for variable in group] for group in state]
        new, kept = ops.optimizer_step(rule, scalars, given[0], grads, given[1:], **attributes)
        for group, results in zip(state, [new, *kept]):
            for variable, result in zip(group, results):
                trace.assign(variable, result)
        program = trace.compile(keep=False)
    count = sum(value.size for value in start)
    step = peer(parameters, lr=scalars[0], **options).step
    yield Case(rule, f"{count} weights", lambda: program.run([]), [step], moved=4.0 * count * (3 + 2 * slots))


SQUARES = [(n, n, n) for n in (64, 128, 256, 512, 1024, 2048)]
LAYERS = [(128, 784, 512), (128, 512, 512), (128, 64, 64), (32, 128, 512), (1, 1024, 1024), (8, 512, 2048)]
KINDS = {
    "gemm": (gemm, SQUARES + LAYERS),
    "conv": (
        conv,
        [
            ((32, 100, 100, 3), 32, 3, "valid"),
            ((32, 98, 98, 32), 32, 3, "valid"),
            ((32, 48, 48, 32), 64, 3, "valid"),
            ((32, 46, 46, 64), 64, 3, "valid"),
            ((1, 224, 224, 64), 64, 3, "same"),
            ((8, 56, 56, 64), 64, 1, "same"),
            ((8, 28, 28, 64), 64, 5, "same"),
            ((8, 14, 14, 256), 256, 3, "same"),
        ],
    ),
    "pool": (max_pool, [(32, 96, 96, 32)]),
    "lstm": (lstm, [(32, 80, 128, 128), (32, 100, 512, 32), (32, 280, 256, 64)]),
    "rows": (rows, [(512, 1000)]),
    "normalize": (batch_norm, [(32, 32, 32, 64)]),
    "functions": (function, [(n, c) for c in (2**14, 2**22) for n in ("exp", "log", "tanh", "sigmoid")]),
    "optimizers": (
        optimizer,
        [
            ("sgd", [0.01], 1, {"momentum": 0.9}, torch.optim.SGD, {"momentum": 0.9, "fused": True}),
            (
                "adam",
                [0.001, 1.0],
                2,
                {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
                torch.optim.Adam,
                {"fused": True},
            ),
            ("rmsprop", [0.001], 1, {"rho": 0.9, "epsilon": 1e-7}, torch.optim.RMSprop, {}),
        ],
    ),
}


def line(case, peak):
    if case.numpy:
        own, *others = best_times([case.ours, *case.peers, case.numpy], pause=NUMPY_PAUSE)
    else:
        own, *others = best_times([case.ours, *case.peers])
    numpy = f"{others.pop() / own:.2f}" if case.numpy else ""
    rate = (case.flops or case.moved) / own * 1e-9
    speed = f"{rate:.0f} GFLOP/s" if case.flops else f"{rate:.1f} GB/s"
    share = f"{rate / peak:.0%}" if case.flops and peak else ""
    cells = [case.op, case.size, f"{own * 1e6:.1f}", speed, share, f"{min(others) / own:.2f}", numpy]
    return f"| {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ops", default=",".join(KINDS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peak", type=float, default=0.0)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    _core.set_threads(arguments.threads)
    versions = f"PyTorch {torch.__version__}, NumPy {np.__version__}"
    print(HEADER.format(_core.isa(), _core.threads(), versions, arguments.peak))
    for kind in arguments.ops.split(","):
        print(f"\n## {kind}\n")
        print("| op | size | us | speed | of peak | PyTorch / ours | NumPy / ours |")
        print("|---|---|---|---|---|---|---|")
        build, shapes = KINDS[kind]
        for shape in shapes:
            for case in build(*shape):
                print(line(case, arguments.peak * arguments.threads), flush=True)


if __name__ == "__main__":
    main()
