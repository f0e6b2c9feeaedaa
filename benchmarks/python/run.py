"""Time training and prediction beside the peers, and print the ratios.

    python run.py [--workloads mlp_softmax,resnet20] [--repeats 7]

TF_PY names a Python that has tf_keras and Keras 3 with TensorFlow, TH_PY one that has Keras 3 with PyTorch
and JAX; what is not named is left out. Each implementation has a process of its own, and their repeats
take turns, so that noise on the machine falls on all of them alike. Only ratios within one run mean anything.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

from workloads import WORKLOADS

HERE = pathlib.Path(__file__).resolve().parent


def environment(backend):
    """The variables of a process that runs an implementation."""
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **({"KERAS_BACKEND": backend} if backend else {})}
    # Where these are set for the sake of old versions of OpenBLAS, they slow NumPy.
    for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        env.pop(variable, None)
    return env


class Worker:
    def __init__(self, name, python, module, backend=None):
        self.name, self.broken = name, False
        self.process = subprocess.Popen(
            [python, str(HERE / "worker.py"), module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(backend),
        )

    def seconds(self, workload):
        """Return the seconds per unit of one run, or None where this implementation cannot."""
        if self.broken:
            return None
        try:
            print(workload, file=self.process.stdin, flush=True)
            answer = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            self.broken = True
            print(f"{self.name} ended: is it installed?", file=sys.stderr)
            return None
        if "error" in answer:
            print(f"{self.name}, {workload}: {answer['error']}", file=sys.stderr)
        return answer.get("seconds")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def implementations():
    """Name, Python, module and backend of each implementation, ours first."""
    found = [("pronghorn", sys.executable, "pronghorn", None)]
    if os.environ.get("TF_PY"):
        found.append(("tf_keras", os.environ["TF_PY"], "tf_keras", None))
    if os.environ.get("TH_PY"):
        found.append(("Keras 3, JAX", os.environ["TH_PY"], "keras", "jax"))
        found.append(("Keras 3, PyTorch", os.environ["TH_PY"], "keras", "torch"))
    return found


def milliseconds(value):
    return f"{value * 1e3:.3g}" if value < 1 else f"{value * 1e3:.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--workloads", default=",".join(n for n, task in WORKLOADS.items() if not task.on_demand)
    )
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()

    team = [Worker(*implementation) for implementation in implementations()]
    print(
        "Milliseconds per training step (predict_small: per call): minimum / median, and the spread between\n"
        "the quartiles in % of the median. In brackets: how many times Pronghorn's minimum the peer's is.\n"
    )
    print("| workload | " + " | ".join(worker.name for worker in team) + " |")
    print("|---|" + "---|" * len(team))
    for workload in arguments.workloads.split(","):
        times = {worker: [] for worker in team}
        for _ in range(arguments.repeats):
            for worker in team:
                seconds = worker.seconds(workload)
                if seconds is not None:
                    times[worker].append(seconds)
        cells = [cell(times[worker], times[team[0]] if worker is not team[0] else None) for worker in team]
        print(f"| {workload} | " + " | ".join(cells) + " |", flush=True)
    for worker in team:
        worker.close()


def cell(times, ours):
    if not times:
        return "—"
    low, median = min(times), statistics.median(times)
    quartiles = statistics.quantiles(times, n=4) if len(times) > 1 else [median] * 3
    text = (
        f"{milliseconds(low)} / {milliseconds(median)} ±{100 * (quartiles[2] - quartiles[0]) / median:.0f} %"
    )
    return f"{text} [{low / min(ours):.1f}×]" if ours else text


if __name__ == "__main__":
    main()
