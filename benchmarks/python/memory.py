"""Peak memory of a few training steps, each implementation in a fresh process.

    python memory.py [--workloads vgg_like,resnet20,vqa,video]

TF_PY and TH_PY name the peers as in run.py. The data of the workload counts too; it is the same for all.
"""

import argparse
import json
import subprocess

from run import HERE, environment, implementations

MEASURE = """
import importlib, json, resource, sys
from workloads import Workload
workload = Workload(sys.argv[2], importlib.import_module(sys.argv[1]))
workload.run()
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
"""


def peak(workload, python, module, backend=None):
    """Peak resident memory in MB, or None where the implementation cannot."""
    run = subprocess.run(
        [python, "-c", MEASURE, module, workload],
        cwd=HERE,
        env=environment(backend),
        capture_output=True,
        text=True,
    )
    return json.loads(run.stdout.splitlines()[-1]) if run.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workloads", default="vgg_like,resnet20,vqa,video")
    arguments = parser.parse_args()
    found = implementations()
    print("Peak memory in MB. In brackets: ours, in % of it.\n")
    print("| workload | " + " | ".join(name for name, *_ in found) + " |")
    print("|---|" + "---|" * len(found))
    for workload in arguments.workloads.split(","):
        own, *peers = [peak(workload, *implementation[1:]) for implementation in found]
        cells = [f"{own:.0f}", *(f"{mb:.0f} [{own / mb:.0%}]" if mb else "—" for mb in peers)]
        print(f"| {workload} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
