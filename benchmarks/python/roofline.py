"""Where the time of each workload goes, and how near it is to what the machine allows: a page of Markdown.

python roofline.py [--workloads mnist_cnn,vgg_like] [--threads 2] [--isa avx2] [--rows 8] > roofline.md
"""

import argparse
import collections
import re
import time

import numpy as np
from workloads import WORKLOADS, Workload

import pronghorn
from pronghorn import _core, ops

PAGE = """# Where the time goes

Written by `benchmarks/python/roofline.py`; {isa}, {threads} threads. Each row is the steps of one op and
implementation within a training step. The limit of a step is the longer of its arithmetic at the rate of
our own product of two matrices of 1024 x 1024 ({gflops:.0f} GFLOP/s here), and its bytes, each input and
result once, at the rate of a copy of 256 MB ({gbytes:.1f} GB/s). The arithmetic is what is done: of a
Winograd algorithm the products between its transforms, not those of the sum that it replaces. What fits the
caches may be faster than its limit; so may products of repeated rows, which are done once for all that are
alike, but counted for each, and gradients behind maxima, which count one for each window, though many
are zero."""

# Why an implementation stays behind its limit: the first whose words are in its name.
REASONS = {
    "maxima": "lists of what is not zero are short, and where they end is not foreseen",
    "winograd": "transforms move images and results several times, tile by tile, and are no products",
    "lstm|gru|simple_rnn": "a time step waits for the one before, its product has as few rows as "
    "the batch, and gates take exp and tanh",
    "conv|depthwise": "few channels make short sums, and edges partial tiles",
    "distinct": "which rows are alike is found out in every step",
    "matmul|gemm": "operands are copied into panels, and small results leave tiles partly empty",
    "dropout|random": "ten rounds of multiplication make four random numbers",
    "softmax|cross_entropy": "rows are short, and every element takes an exponential",
    "argmax|argmin": "a row is searched element by element",
    "fused|tile": "exp, tanh and random numbers count as one operation here",
}
NO_REASON = "its tensors are larger than the caches and other steps' lie between"

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


def done(row):
    """The arithmetic of a step, where it is not that of the direct sum it stands for."""
    if match := re.search(r"winograd_(\d+)x\d+_(\d+)x\d+", row["implementation"]):
        tile, kernel = map(int, match.groups())
        return row["flops"] * ((tile + kernel - 1) / (tile * kernel)) ** 2
    if row["implementation"].endswith(":maxima"):  # a gradient for each window, though many are zero
        shapes = re.split(" -> ", row["shape"])
        kernel = shapes[0] if "backward_data" in row["op"] else shapes[1]
        sizes = [
            re.search(rf"{dtype}\(([^)]*)\)", text)[1].split(", ")
            for dtype, text in (("float32", kernel), ("uint8", shapes[0]))
        ]
        return 2.0 * np.prod([int(n) for n in sizes[0][:-1] + sizes[1]])
    return row["flops"]


def title_of(op, implementation):
    if implementation in ("", op):
        return op
    return implementation if implementation.startswith(op) else f"{op}, {implementation}"


def largest(groups):
    """What stays farthest behind its limit, and why."""
    (op, implementation), (seconds, _, _, limit) = max(
        groups.items(), key=lambda item: item[1][0] - item[1][3]
    )
    if seconds <= limit:
        return "Nothing stays behind its limit."
    names = f"{op} {implementation}"
    reason = next((why for words, why in REASONS.items() if re.search(words, names)), NO_REASON)
    over = f"{(seconds - limit) * 1e3:.3g} ms over its limit"
    return f"Most remains in `{title_of(op, implementation)}`, {over}: {reason}."


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
        seconds, size = row["seconds"] / max(row["calls"], 1), moved(row["shape"])
        flops = done(row)
        limit = max(flops / flop_rate, size / byte_rate)
        groups[row["op"], row["implementation"]] += [seconds, flops, size, limit]
    total = sum(groups.values())
    print(f"\n## {name}: {total[0] * 1e3:.3g} ms, {total[1] * 1e-9:.3g} GFLOP, {total[2] * 1e-6:.3g} MB\n")
    print(
        "| op | ms | share | GFLOP | MB | GFLOP/s | GB/s | of the limit |\n|---|---|---|---|---|---|---|---|"
    )
    ordered = sorted(groups.items(), key=lambda item: -item[1][0])
    for (op, implementation), (seconds, flops, size, limit) in [*ordered[:shown], (("all", ""), total)]:
        title = title_of(op, implementation)
        print(
            f"| {title} | {seconds * 1e3:.3f} | {seconds / total[0]:.0%} | {flops * 1e-9:.3g} |"
            f" {size * 1e-6:.1f} | {flops / seconds * 1e-9:.0f} | {size / seconds * 1e-9:.1f} |"
            f" {limit / seconds:.0%} |"
        )
    print(f"\n{largest(groups)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--workloads",
        default=",".join(n for n in WORKLOADS if not (WORKLOADS[n].predict or WORKLOADS[n].on_demand)),
    )
    parser.add_argument("--threads", type=int, default=_core.threads())
    parser.add_argument("--isa", default=_core.isa())
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    _core.set_threads(arguments.threads)
    _core.set_isa(arguments.isa)
    flop_rate, byte_rate = limits()
    rates = {"gflops": flop_rate * 1e-9, "gbytes": byte_rate * 1e-9}
    print(PAGE.format(isa=_core.isa(), threads=_core.threads(), **rates))
    for name in arguments.workloads.split(","):
        table(name, steps(name, arguments.repeats), flop_rate, byte_rate, arguments.rows)


if __name__ == "__main__":
    main()
