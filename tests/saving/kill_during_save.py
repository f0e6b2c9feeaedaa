"""Kill a process while it saves, again and again: the file is always a whole one.

    python kill_during_save.py [KILLS] [model.h5]

A child saves a model whose weights are all 1, then all 2, and so on, over the same file. It is killed at a
random moment; then the file must load, and its weights must all be the same number.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np


def save_forever(path):
    from pronghorn.layers import Dense
    from pronghorn.models import Sequential

    model = Sequential([Dense(256, input_shape=(256,)), Dense(256), Dense(1)])
    model.compile("adam", "mse")
    model._make_train_function()
    number = 0
    while True:
        number += 1
        model.set_weights([np.full_like(value, number) for value in model.get_weights()])
        model.save(path)
        if number == 1:
            print("saved", flush=True)


def check(path):
    """Load the file and return the number that all of its weights are."""
    from pronghorn.models import load_model

    values = np.concatenate([value.ravel() for value in load_model(path).get_weights()])
    if (values != values[0]).any():
        raise AssertionError(f"{path} holds parts of two models: {np.unique(values)}")
    return int(values[0])


def kill_saves(path, kills, seed=0):
    """Kill `kills` processes that save to `path`; returns how many left a half-written file beside it."""
    moments = random.Random(seed)
    folder, torn = os.path.dirname(path), 0
    for _ in range(kills):
        child = subprocess.Popen([sys.executable, __file__, "--child", path], stdout=subprocess.PIPE)
        child.stdout.readline()
        time.sleep(moments.uniform(0, 0.05))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        check(path)
        beside = [name for name in os.listdir(folder) if name.endswith(".tmp")]
        torn += len(beside)
        for name in beside:
            os.remove(os.path.join(folder, name))
    return torn


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        save_forever(sys.argv[2])
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    name = sys.argv[2] if len(sys.argv) > 2 else "model.h5"
    with tempfile.TemporaryDirectory() as scratch:
        interrupted = kill_saves(os.path.join(scratch, name), count)
    print(f"{count} kills, {interrupted} of them within a save: the file was whole every time")
