"""Models in forked processes and in several threads, and how many threads the core takes."""

import math
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from pronghorn import _core
from pronghorn.layers import LSTM, Conv2D, Dense, Flatten, Input
from pronghorn.models import Model, Sequential

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

FORK = """
import os, signal, sys
import numpy as np
from pronghorn.layers import Conv2D, Dense, Flatten
from pronghorn.models import Sequential

model = Sequential([Conv2D(16, 3, input_shape=(24, 24, 3)), Flatten(), Dense(10, activation="softmax")])
model.compile("adam", "categorical_crossentropy")
x = np.random.rand(64, 24, 24, 3).astype("float32")
y = np.eye(10, dtype="float32")[np.arange(64) % 10]
model.fit(x, y, verbose=0)
expected = model.predict(x)
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        signal.alarm(40)  # a deadlock ends the child by a signal
        same = np.array_equal(model.predict(x), expected)
        loss = model.fit(x, y, epochs=2, verbose=0).history["loss"]
        os._exit(0 if same and loss[1] < loss[0] else 1)
    children.append(child)
model.predict(x)
print([os.waitpid(child, 0)[1] for child in children])
"""


def run(source, *before, **variables):
    return subprocess.run(
        [*before, sys.executable, "-c", source],
        env={**ENVIRONMENT, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout.strip()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_predict_then_fork_then_predict_and_fit_in_four_children():
    assert run(FORK) == "[0, 0, 0, 0]"


PAUSES = """
import os, time
import numpy as np
from pronghorn.layers import Dense
from pronghorn.models import Sequential

model = Sequential([Dense(512, input_shape=(512,)), Dense(512)])
x = np.ones((256, 512), "float32")
for _ in range(20):
    model.predict(x, batch_size=256)
    time.sleep(0.01)
tasks = os.listdir("/proc/self/task")
print(len(tasks) > 1, {os.sched_getaffinity(int(task)) == os.sched_getaffinity(0) for task in tasks})
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="Linux tells of threads there")
@pytest.mark.skipif(_core.threads() < 2, reason="one processor")
def test_threads_that_were_woken_may_run_where_the_process_may():
    assert run(PAUSES, OPENBLAS_NUM_THREADS="1") == "True {True}"


def test_four_threads_predict_what_one_does():
    images, words = Input((16, 16, 3)), Input((12, 8))
    features = Flatten()(Conv2D(8, 3)(images))
    model = Model([images, words], [Dense(5)(features), LSTM(6)(words)])
    data = [
        [np.random.rand(n, 16, 16, 3).astype("float32"), np.random.rand(n, 12, 8).astype("float32")]
        for n in (32, 33, 50, 64)
    ]
    expected = [model.predict(x, batch_size=16) for x in data]
    fresh = Model([images, words], model.outputs)  # nothing is compiled when the threads begin
    different = []

    def predict(which):
        for i in range(20):
            found = fresh.predict(data[(which + i) % 4], batch_size=16)
            if not all(map(np.array_equal, found, expected[(which + i) % 4])):
                different.append((which, i))

    threads = [threading.Thread(target=predict, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert different == []


def test_single_batches_from_four_threads():
    model = Sequential([Dense(32, activation="relu", input_shape=(16,)), Dense(4)])
    x = np.random.rand(8, 16).astype("float32")
    expected = model.predict_on_batch(x)
    same = []

    def predict():
        same.append(all(np.array_equal(model.predict_on_batch(x), expected) for _ in range(200)))

    threads = [threading.Thread(target=predict) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert same == [True] * 4


THREADS = "from pronghorn import _core; print(_core.threads())"


def usable():
    quota = _core.cgroup_processors()
    count = len(os.sched_getaffinity(0))
    return min(count, math.ceil(quota)) if quota else count


@pytest.mark.parametrize("asked", [1, 2, 10_000])
def test_threads_are_no_more_than_asked_for_nor_than_may_run(asked):
    assert int(run(THREADS, OMP_NUM_THREADS=str(asked))) == min(asked, usable())


def test_threads_under_taskset():
    first = str(min(os.sched_getaffinity(0)))
    try:
        subprocess.run(["taskset", "-c", first, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no taskset here")
    source = "from pronghorn import _core; print(_core.threads())"
    assert run(source, "taskset", "-c", first, OMP_NUM_THREADS="8") == "1"
    environment = {k: v for k, v in ENVIRONMENT.items() if k != "OMP_NUM_THREADS"}
    command = ["taskset", "-c", first, sys.executable, "-c", source]
    assert subprocess.run(command, env=environment, capture_output=True, text=True).stdout == "1\n"


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 0),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"}, 0),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "150000 100000"}, 1.5),
        # The least of a group and those above it.
        (
            {
                "proc/self/cgroup": "0::/a/b",
                "sys/fs/cgroup/a/b/cpu.max": "400000 100000",
                "sys/fs/cgroup/a/cpu.max": "200000 100000",
            },
            2,
        ),
        # A path of the host, seen from within a container.
        ({"proc/self/cgroup": "0::/docker/123", "sys/fs/cgroup/cpu.max": "300000 100000"}, 3),
        # Version 1.
        (
            {
                "proc/self/cgroup": "5:memory:/x\n4:cpu,cpuacct:/job",
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "50000",
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            0.5,
        ),
    ],
)
def test_quota_of_control_groups(tmp_path, files, expected):
    write(tmp_path, files)
    assert _core.cgroup_processors(str(tmp_path)) == expected
