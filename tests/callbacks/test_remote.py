"""RemoteMonitor, against a server of the test's own."""

import http.server
import json
import threading
import urllib.parse

import numpy as np
import pytest

from pronghorn.callbacks import RemoteMonitor
from pronghorn.layers import Dense
from pronghorn.models import Sequential


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            server.requests.append((self.path, dict(self.headers), body))
            self.send_response(404 if "missing" in self.path else 200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.requests = []
    server.root = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_form(server):
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse", metrics=["mae"])
    monitor = RemoteMonitor(server.root, field="results", headers={"X-Run": "7"})
    history = model.fit(np.ones((4, 2)), np.ones(4), epochs=2, callbacks=[monitor], verbose=0).history
    assert [path for path, _, _ in server.requests] == ["/publish/epoch/end/"] * 2
    _, headers, body = server.requests[1]
    assert headers["X-Run"] == "7" and headers["Content-Type"] == "application/x-www-form-urlencoded"
    (text,) = urllib.parse.parse_qs(body)["results"]
    assert json.loads(text) == {"epoch": 1, "loss": history["loss"][1], "mae": history["mae"][1]}


def test_json(server):
    monitor = RemoteMonitor(server.root, path="/here", send_as_json=True)
    monitor.on_epoch_end(3, {"lr": np.float32(0.5), "each": np.array([1, 2])})
    path, headers, body = server.requests[0]
    assert path == "/here" and headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"epoch": 3, "lr": 0.5, "each": [1, 2]}


def test_servers_that_fail(server):
    with pytest.warns(UserWarning, match="answered HTTP Error 404"):
        RemoteMonitor(server.root, path="/missing").on_epoch_end(0, {})
    with pytest.warns(UserWarning, match="Could not reach RemoteMonitor root server at http://127.0.0.1:1"):
        RemoteMonitor("http://127.0.0.1:1").on_epoch_end(0, {})
