"""Time dense, convolution and LSTM layers of random shapes, forward and backward, beside PyTorch.

    TH_PY sweep.py [--count 210] [--seed 0] [--threads 2] [--worst 15]

To be run by a Python that has PyTorch and this package. Both run in one process and take turns. A ratio is
PyTorch's best time (the better of its two layouts of images) over ours. The shapes come from the seed alone.
"""

import argparse
import math
import time

import numpy as np
import torch

from pronghorn import _core, ops

ROUNDS, ROUND_SECONDS = 7, 0.015
PAUSE = 0.04  # seconds; PyTorch's threads look out for more work for some 15 ms, and would disturb the next


def size(random, low, high):
    """A whole number from [low, high], small ones as likely per octave as large ones."""
    return int(round(math.exp(random.uniform(math.log(low), math.log(high)))))


def dense_shape(random):
    return {"batch": size(random, 1, 512), "inputs": size(random, 1, 2048), "units": size(random, 1, 2048)}


def conv_shape(random):
    while True:
        shape = {
            "batch": size(random, 1, 32),
            "side": size(random, 7, 64),
            "channels": size(random, 1, 256),
            "filters": size(random, 1, 256),
            "kernel": int(random.choice([1, 3, 3, 3, 5])),
            "stride": int(random.choice([1, 1, 2])),
        }
        window = shape["kernel"] ** 2 * shape["channels"] * shape["filters"]
        if 2 * shape["batch"] * (shape["side"] / shape["stride"]) ** 2 * window < 1e9:
            return shape


def lstm_shape(random):
    return {
        "batch": size(random, 1, 64),
        "steps": size(random, 2, 100),
        "inputs": size(random, 1, 256),
        "units": size(random, 1, 256),
    }


def draw(random, *shape):
    return random.standard_normal(shape, dtype=np.float32)


def step(inputs, function, diff):
    """One program that computes function(*inputs) and the gradients of its product with `diff`."""
    results = [ops.Variable(np.zeros_like(value)) for value in inputs]
    weights = [ops.Variable(value) for value in inputs[1:]]
    with ops.Trace(training=True) as trace:
        x, g = trace.feed(inputs[0].shape), trace.feed(diff.shape)
        given = [x, *(trace.read(weight) for weight in weights)]
        for result, gradient in zip(results, trace.gradients([function(*given)], given, [g])):
            trace.assign(result, gradient)
        program = trace.compile(keep=False)
    return lambda: program.run([inputs[0], diff])


def torch_step(inputs, function, diff):
    leaves = [value.requires_grad_() for value in inputs]
    return lambda: torch.autograd.grad(function(*leaves), leaves, diff)


def dense(shape, random):
    x, w = draw(random, shape["batch"], shape["inputs"]), draw(random, shape["inputs"], shape["units"])
    b, g = draw(random, shape["units"]), draw(random, shape["batch"], shape["units"])
    peer = [torch.from_numpy(value.copy()) for value in (x, w.T, b)]
    return step([x, w, b], lambda x, w, b: ops.relu(ops.matmul(x, w) + b), g), [
        torch_step(peer, lambda x, w, b: torch.relu(torch.nn.functional.linear(x, w, b)), torch.from_numpy(g))
    ]


def conv(shape, random):
    batch, side, channels, filters, kernel, stride = shape.values()
    x, w = draw(random, batch, side, side, channels), draw(random, kernel, kernel, channels, filters)
    b, pad = draw(random, filters), kernel // 2
    out = (side + 2 * pad - kernel) // stride + 1
    g = draw(random, batch, out, out, filters)

    def ours(x, w, b):
        padded = ops.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0))) if pad and stride > 1 else x
        convolved = ops.conv(padded, w, strides=stride, padding="same" if stride == 1 else "valid")
        return ops.relu(convolved + b)

    def theirs(x, w, b):
        return torch.relu(torch.nn.functional.conv2d(x, w, b, stride, pad))

    peers = []
    for layout in (torch.channels_last, torch.contiguous_format):
        images = [torch.from_numpy(v).permute(0, 3, 1, 2).contiguous(memory_format=layout) for v in (x, g)]
        weights = torch.from_numpy(w).permute(3, 2, 0, 1).contiguous(memory_format=layout)
        peers.append(torch_step([images[0], weights, torch.from_numpy(b.copy())], theirs, images[1]))
    return step([x, w, b], ours, g), peers


def lstm(shape, random):
    batch, steps, inputs, units = shape.values()
    x, g = draw(random, batch, steps, inputs), draw(random, batch, steps, units)
    w, u = draw(random, inputs, 4 * units) * 0.1, draw(random, units, 4 * units) * 0.1
    b, zero = draw(random, 4 * units), np.zeros((batch, units), np.float32)
    layer = torch.nn.LSTM(inputs, units, batch_first=True)
    leaves = [torch.from_numpy(x.copy()).requires_grad_(), *layer.parameters()]
    diff = torch.from_numpy(g)

    def ours(x, w, u, b):
        return ops.lstm(x, w, u, b, zero, zero, recurrent_activation="sigmoid")[0]

    return step([x, w, u, b], ours, g), [lambda: torch.autograd.grad(layer(leaves[0])[0], leaves, diff)]


LAYERS = {"dense": (dense_shape, dense), "conv": (conv_shape, conv), "lstm": (lstm_shape, lstm)}


def repeats(call):
    """How often to call within a round."""
    call()
    start = time.perf_counter()
    call()
    return max(1, int(ROUND_SECONDS / max(time.perf_counter() - start, 1e-6)))


def best_times(calls, pause=PAUSE):
    """The best mean seconds of a call over the rounds, in which all take turns after `pause` seconds."""
    counts = [repeats(call) for call in calls]
    best = [math.inf] * len(calls)
    for _ in range(ROUNDS):
        for i, (call, count) in enumerate(zip(calls, counts)):
            time.sleep(pause)
            call()
            start = time.perf_counter()
            for _ in range(count):
                call()
            best[i] = min(best[i], (time.perf_counter() - start) / count)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=210)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--worst", type=int, default=15)
    parser.add_argument("--layers", default=",".join(LAYERS))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    _core.set_threads(arguments.threads)

    kinds = arguments.layers.split(",")
    random = np.random.default_rng(arguments.seed)
    rows = []
    for i in range(arguments.count):
        kind = kinds[i % len(kinds)]
        shape_of, build = LAYERS[kind]
        shape = shape_of(random)
        ours, peers = build(shape, random)
        own, *theirs = best_times([ours, *peers])
        rows.append((min(theirs) / own, kind, shape, own))
    print("# Layers of random shapes beside PyTorch\n")
    print(f"Written by `benchmarks/python/sweep.py`, seed {arguments.seed}; {_core.isa()}, ", end="")
    print(f"{arguments.threads} threads, PyTorch {torch.__version__}.")
    print("A ratio is PyTorch's best time, forward and backward, over ours.\n")
    print("| layer | shapes | least ratio | 5 % | median | below 1 |\n|---|---|---|---|---|---|")
    for kind in [*kinds, "all"]:
        ratios = np.array([row[0] for row in rows if kind in (row[1], "all")])
        low, five, median = ratios.min(), np.quantile(ratios, 0.05), np.median(ratios)
        print(
            f"| {kind} | {len(ratios)} | {low:.2f} | {five:.2f} | {median:.2f} | {np.mean(ratios < 1):.1%} |"
        )
    print(f"\nThe {arguments.worst} least ratios:\n\n| layer | shape | ours, us | ratio |\n|---|---|---|---|")
    for ratio, kind, shape, own in sorted(rows, key=lambda row: row[0])[: arguments.worst]:
        sizes = ", ".join(f"{name} {count}" for name, count in shape.items())
        print(f"| {kind} | {sizes} | {own * 1e6:.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
