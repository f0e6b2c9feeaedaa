"""Where the time of each workload goes, and how near it is to what the machine allows.

    python roofline.py [--workloads mnist_cnn,vgg_like] [--threads 2] [--rows 8]

Each row is the steps of one op and implementation within a training step. The limit of a step is the longer
of its arithmetic at the rate of our own matrix product of 1024 x 1024 x 1024, and its bytes (what it reads
and writes, once) at the rate of a copy of 256 MB. Small tensors live in the caches, so memory-bound steps may
be faster than their limit.
"""

import argparse
import collections
import re
import time

import numpy as np
from workloads import WORKLOADS, Workload

import pronghorn
from pronghorn import _core, ops

SIZES = {"float32": 4, "float64": 8, "int32": 4, "int64": 8, "uint8": 1, "bool": 1}


def best_seconds(call, repeats=15):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def limits():
    """FLOP/s of a large matrix product and bytes/s of a large copy."""
    a = ops.Variable(np.ones((1024, 1024)))
    result = ops.Variable(np.zeros((1024, 1024)))
    with ops.Trace() as trace:
        trace.assign(result, ops.matmul(a, a))
        program = trace.compile()
    source, target = ops.Variable(np.ones(2**26)), ops.Variable(np.zeros(2**26))
    with ops.Trace() as trace:
        trace.assign(target, ops.negative(source))
        copy = trace.compile()
    return 2 * 1024**3 / best_seconds(lambda: program.run([])), 2**29 / best_seconds(lambda: copy.run([]))


def moved(shapes):
    """Bytes of all tensors in a step's description, like ``float32(32, 10) int32(32) -> float32(32)``."""
    total = 0
    for dtype, sizes in re.findall(r"([a-z]+\d*)\(([^)]*)\)", shapes):
        total += SIZES[dtype] * int(np.prod([int(n) for n in sizes.split(",") if n.strip()]))
    return total


def steps(name, repeats):
    """The timed steps of a training step."""
    workload = Workload(name, pronghorn)
    workload.run()
    # The last batch of an epoch may be smaller and have a program of its own.
    programs = [step.program for (mode, *_), step in workload.model._steps.items() if mode == "train"]
    program = max(programs, key=lambda program: program.arena_bytes)
    program.set_profiling(True)
    for _ in range(repeats):
        workload.run()
    return program.steps()


def table(name, rows, flop_rate, byte_rate, shown):
    groups = collections.defaultdict(lambda: np.zeros(4))  # seconds, FLOP, bytes, limit
    for row in rows:
        seconds, flops, size = row["seconds"] / max(row["calls"], 1), row["flops"], moved(row["shape"])
        limit = max(flops / flop_rate, size / byte_rate)
        groups[row["op"], row["implementation"]] += [seconds, flops, size, limit]
    total = sum(groups.values())
    print(f"\n### {name}: {total[0] * 1e3:.2f} ms, {total[1] * 1e-9:.2f} GFLOP, {total[2] * 1e-6:.0f} MB\n")
    print(
        "| op | ms | share | GFLOP | MB | GFLOP/s | GB/s | of the limit |\n|---|---|---|---|---|---|---|---|"
    )
    ordered = sorted(groups.items(), key=lambda item: -item[1][0])
    for (op, implementation), (seconds, flops, size, limit) in [*ordered[:shown], (("all", ""), total)]:
        title = op if implementation in ("", op) else f"{op}, {implementation}"
        print(
            f"| {title} | {seconds * 1e3:.3f} | {seconds / total[0]:.0%} | {flops * 1e-9:.3f} |"
            f" {size * 1e-6:.1f} | {flops / seconds * 1e-9:.0f} | {size / seconds * 1e-9:.1f} |"
            f" {limit / seconds:.0%} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workloads", default=",".join(n for n in WORKLOADS if not WORKLOADS[n].predict))
    parser.add_argument("--threads", type=int, default=_core.threads())
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    _core.set_threads(arguments.threads)
    flop_rate, byte_rate = limits()
    speeds = f"{flop_rate * 1e-9:.0f} GFLOP/s, {byte_rate * 1e-9:.1f} GB/s"
    print(f"{_core.isa()}, {_core.threads()} threads: {speeds}")
    for name in arguments.workloads.split(","):
        table(name, steps(name, arguments.repeats), flop_rate, byte_rate, arguments.rows)


if __name__ == "__main__":
    main()
