"""One implementation in a process of its own: reads the name of a workload per line, writes seconds per unit.

python worker.py MODULE        (with KERAS_BACKEND set for Keras 3)
"""

import importlib
import json
import sys
import time
import traceback

from workloads import Workload


def main():
    answers = sys.stdout
    sys.stdout = sys.stderr  # what the libraries print does not belong into the answers
    keras = importlib.import_module(sys.argv[1])
    workload, name = None, None
    for line in sys.stdin:
        try:
            if line.strip() != name:
                name = line.strip()
                workload = Workload(name, keras)
                workload.run()  # tracing and compiling are not timed
            start = time.perf_counter()
            workload.run()
            answer = {"seconds": (time.perf_counter() - start) / workload.units}
        except Exception:
            answer = {"error": traceback.format_exc(limit=-1).strip().splitlines()[-1]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
