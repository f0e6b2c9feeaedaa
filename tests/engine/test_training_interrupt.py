"""Ctrl-C during a training."""

import os
import signal
import subprocess
import sys

SCRIPT = """
import signal
# Whoever runs the tests in the background may have had the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
import numpy as np
from pronghorn.callbacks import LambdaCallback
from pronghorn.layers import Dense
from pronghorn.models import Sequential

model = Sequential([Dense(64, input_shape=(32,)), Dense(1)])
model.compile("sgd", "mse")
x = np.zeros((200_000, 32), "float32")
model.fit(x[:32], x[:32, :1], verbose=0)
ready = LambdaCallback(on_train_begin=lambda logs: print("ready", flush=True))
try:
    model.fit(x, x[:, :1], batch_size=32, epochs=10**6, verbose=0, callbacks=[ready])
except KeyboardInterrupt:
    print("interrupted", flush=True)
# The model is still of use.
print(model.predict(x[:1]).shape, model.evaluate(x[:64], x[:64, :1], verbose=0))
"""


def test_interrupt():
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        # Without a check within the epoch this would take hours.
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert out.splitlines() == ["interrupted", "(1, 1) 0.0"], err
    assert process.returncode == 0
