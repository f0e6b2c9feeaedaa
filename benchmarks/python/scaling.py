"""How the time of a training step grows with the batch and the width of a layer, and falls with threads.

    python scaling.py [--plot scaling.png]

For each model the step is timed at several sizes and the exponent of time ~ size^e is fitted over the upper
half, where the cost of a step itself no longer shows: 1 for the batch; for the width between 1 (memory)
and 2 (arithmetic). The speed-up of two threads over one is measured on the workloads, in turns.
"""

import argparse
import math
import time

import numpy as np
from workloads import Workload

import pronghorn
from pronghorn import _core, layers, models

ROUNDS = 5
THREADED = ["mnist_mlp", "mnist_cnn", "vgg_like", "resnet20", "siamese_vision", "shared_lstm", "imdb_lstm"]


def dense(width):
    return [layers.Dense(width, activation="relu", input_shape=(256,)), layers.Dense(10)], (256,)


def convolution(width):
    stack = [layers.Conv2D(width, 3, activation="relu", input_shape=(32, 32, 16)), layers.Flatten()]
    return [*stack, layers.Dense(10)], (32, 32, 16)


def lstm(width):
    return [layers.LSTM(width, input_shape=(32, 64)), layers.Dense(10)], (32, 64)


MODELS = {"dense": dense, "convolution": convolution, "lstm": lstm}
BATCHES, WIDTHS = [1, 2, 4, 8, 16, 32, 64, 128, 256], [8, 16, 32, 64, 128, 256]


def step_seconds(build, width, batch):
    """The best mean time of a training step."""
    stack, shape = build(width)
    model = models.Sequential(stack)
    model.compile("sgd", "mse")
    steps = max(2, 512 // batch)
    x, y = np.ones((steps * batch, *shape), "float32"), np.ones((steps * batch, 10), "float32")
    times = []
    for _ in range(ROUNDS + 1):  # the first compiles
        start = time.perf_counter()
        model.fit(x, y, batch_size=batch, verbose=0)
        times.append((time.perf_counter() - start) / steps)
    return min(times[1:])


def exponent(sizes, times):
    half = len(sizes) // 2
    return np.polyfit(np.log(sizes[half:]), np.log(times[half:]), 1)[0]


def growth():
    curves = {}
    for name, build in MODELS.items():
        curves[name, "batch"] = BATCHES, [step_seconds(build, 64, batch) for batch in BATCHES]
        curves[name, "width"] = WIDTHS, [step_seconds(build, width, 64) for width in WIDTHS]
    print("# How a training step grows with batch and width, and what a second thread gives\n")
    print(f"Written by `benchmarks/python/scaling.py`; {_core.isa()}, {_core.threads()} threads.\n")
    print("| model | over | sizes | ms per step | exponent |\n|---|---|---|---|---|")
    for (name, over), (sizes, times) in curves.items():
        shown = ", ".join(f"{seconds * 1e3:.3g}" for seconds in times)
        print(f"| {name} | {over} | {sizes[0]} … {sizes[-1]} | {shown} | {exponent(sizes, times):.2f} |")
    return curves


def speedups():
    print("\n| workload | 1 thread, ms | 2 threads, ms | speed-up |\n|---|---|---|---|")
    for name in THREADED:
        workload = Workload(name, pronghorn)
        workload.run()
        best = {1: math.inf, 2: math.inf}
        for _ in range(ROUNDS):
            for threads in best:
                _core.set_threads(threads)
                start = time.perf_counter()
                workload.run()
                best[threads] = min(best[threads], (time.perf_counter() - start) / workload.units)
        one, two = best[1] * 1e3, best[2] * 1e3
        print(f"| {name} | {one:.3g} | {two:.3g} | {one / two:.2f} |", flush=True)


def plot(curves, path):
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True)
    for (name, over), (sizes, times) in curves.items():
        axis = axes[over == "width"]
        axis.loglog(sizes, np.array(times) * 1e3, "o-", label=name)
        axis.set_xlabel(over)
    axes[0].set_ylabel("ms per training step")
    axes[0].legend()
    figure.savefig(path, dpi=120, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--plot", help="draw the curves into this file (needs matplotlib)")
    arguments = parser.parse_args()
    curves = growth()
    if arguments.plot:
        plot(curves, arguments.plot)
    speedups()


if __name__ == "__main__":
    main()
