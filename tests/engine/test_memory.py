"""Resident memory does not grow with the number of calls, nor with models that come and go."""

import gc
import os
import subprocess
import sys
import weakref

import pytest

from pronghorn.engine.garbage import _Collector
from pronghorn.layers import Dense
from pronghorn.models import Sequential

PRELUDE = """
import gc
import numpy as np
from pronghorn.layers import Dense, Dropout
from pronghorn.models import Sequential

def resident():
    gc.collect()
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

def make():
    model = Sequential([Dense(16, activation="relu", input_shape=(8,)), Dropout(0.1), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model

x, y = np.random.rand(64, 8).astype("float32"), np.random.rand(64, 1).astype("float32")
"""

CALLS = """
model = make()
def calls(count):
    for _ in range(count):
        model.predict(x)
        model.train_on_batch(x, y)
        model.test_on_batch(x, y)
        model.predict_on_batch(x)
calls(200)
before = resident()
calls(2500)
print(resident() - before)
"""

MODELS = """
def models(count):
    for _ in range(count):
        model = make()
        model.fit(x, y, verbose=0)
        model.predict(x)
models(20)
before = resident()
models(60)
print(resident() - before)
"""


@pytest.mark.skipif(
    "libasan" in os.environ.get("LD_PRELOAD", ""), reason="the address sanitizer holds freed memory back"
)
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
@pytest.mark.parametrize(("source", "most"), [(CALLS, 512), (MODELS, 1536)], ids=["calls", "models"])
def test_resident_memory_stays(source, most):
    """`most` is in kB: of 10,000 calls; of 60 models beyond the first 20, whose garbage waits its turn."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", PRELUDE + source]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) < most


def test_models_that_nobody_holds_are_given_back():
    def cycle():
        model = Sequential([Dense(1, input_shape=(1,))])
        model.predict([1.0])  # compiles a program
        return weakref.ref(model)

    gc.collect()
    collector = _Collector()
    lost = cycle()
    for _ in range(3):
        collector.after_compiling()
    assert lost() is not None
    collector.after_compiling()
    assert lost() is None
    # Not again before a multiple of the time that it took.
    lost = cycle()
    for _ in range(4):
        collector.after_compiling()
    assert lost() is not None
