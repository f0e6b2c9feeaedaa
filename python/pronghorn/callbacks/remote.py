"""The callback that sends the results of a training to a server."""

from __future__ import annotations

import json

import numpy as np

from ..utils.warn import warn
from .base import Callback


class RemoteMonitor(Callback):
    """Sends the results of each epoch to a server, by HTTP POST.

    A server that cannot be reached, or that answers with an error, is warned of; the training goes on.

    Parameters
    ----------
    root : str
        Address of the server.
    path : str
        Path of the page, put behind `root`.
    field : str
        Name of the field of the form that holds the results as JSON.
    headers : dict, optional
        Further HTTP headers.
    send_as_json : bool
        Whether to send the results themselves, as `application/json`, in place of a form.

    Examples
    --------
    >>> RemoteMonitor(root="http://localhost:9000").path
    '/publish/epoch/end/'
    """

    timeout = 30.0  # seconds to wait for the server

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Sends the results of an epoch."""
        # Here, as they take longer to load than all other callbacks together.
        import urllib.error
        import urllib.parse
        import urllib.request

        values = {"epoch": epoch}
        for name, value in (logs or {}).items():
            values[name] = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
        text = json.dumps(values)
        if self.send_as_json:
            body, kind = text, "application/json"
        else:
            body, kind = urllib.parse.urlencode({self.field: text}), "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **(self.headers or {})}
        request = urllib.request.Request(self.root + self.path, body.encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=self.timeout):
                pass
        except urllib.error.HTTPError as error:
            warn(f"RemoteMonitor: {self.root + self.path} answered {error}.")
        except OSError as error:
            warn(f"Could not reach RemoteMonitor root server at {self.root}: {error}")
