"""The files that TensorBoard reads, written with its own protocol buffers."""

from __future__ import annotations

import itertools
import os
import socket
import struct
import time
import zlib
from typing import Any

import numpy as np

try:
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary
    from tensorboard.summary.writer.record_writer import RecordWriter
except ImportError as error:
    raise ImportError(
        "The callback TensorBoard needs the package `tensorboard`: pip install pronghorn[tensorboard]"
    ) from error

_numbers = itertools.count()


class EventFile:
    """One file of events, with a name of its own, in a folder.

    Parameters
    ----------
    folder : str
        The folder; it is made where there is none.
    """

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        now = time.time()
        name = f"events.out.tfevents.{now:.0f}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
        self._records = RecordWriter(open(os.path.join(folder, name), "wb"))  # noqa: SIM115
        self._write(Event(wall_time=now, file_version="brain.Event:2"))
        self.flush()

    def _write(self, event):
        self._records.write(event.SerializeToString())

    def summary(self, step: int, **value: Any) -> None:
        """Writes one value: `tag` and one of `simple_value`, `histo` and `image`."""
        summary = Summary(value=[Summary.Value(**value)])
        self._write(Event(wall_time=time.time(), step=int(step), summary=summary))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Writes a number."""
        self.summary(step, tag=tag, simple_value=float(value))

    def histogram(self, tag: str, counts: Histogram, step: int) -> None:
        """Writes how values are spread."""
        self.summary(step, tag=tag, histo=counts.message())

    def images(self, tag: str, images: Any, step: int, most: int = 3) -> None:
        """Writes the first few of an array of images (images, rows, columns)."""
        for i, image in enumerate(images[:most]):
            message = Summary.Image(
                height=image.shape[0],
                width=image.shape[1],
                colorspace=1,
                encoded_image_string=gray_png(to_bytes(image)),
            )
            name = f"{tag}/image" if len(images) == 1 else f"{tag}/image/{i}"
            self.summary(step, tag=name, image=message)

    def graph(self, graph: Any) -> None:
        """Writes a graph."""
        self._write(Event(wall_time=time.time(), graph_def=graph.SerializeToString()))

    def restarted(self, step: int) -> None:
        """Says that a run goes on at `step`: what earlier files hold from there on is to be forgotten."""
        log = SessionLog(status=SessionLog.START)
        self._write(Event(wall_time=time.time(), step=int(step), session_log=log))

    def flush(self) -> None:
        """Hands all that was written to the system."""
        self._records.flush()

    def close(self) -> None:
        """Closes the file."""
        self._records.close()


def _limits():
    """Upper limits of the buckets, as TensorFlow has them: each is a tenth wider than the one before."""
    positive = 1e-12 * 1.1 ** np.arange(774)
    return np.concatenate([-positive[::-1], [0.0], positive, [np.finfo("float64").max]])


class Histogram:
    """Counts values in buckets that need not be known before; not-a-number is left out.

    Examples
    --------
    >>> counts = Histogram()
    >>> counts.add(np.array([1.0, 2.0]))
    >>> counts.add(np.array([-3.0]))
    >>> counts.message().num, counts.message().min, counts.message().sum
    (3.0, -3.0, 0.0)
    """

    _limits = _limits()

    def __init__(self) -> None:
        self._counts = np.zeros(len(self._limits), "int64")
        self._min, self._max, self._sum, self._squares = np.inf, -np.inf, 0.0, 0.0

    def add(self, values: Any) -> None:
        """Adds all values of an array."""
        values = np.asarray(values, dtype="float64").ravel()
        values = values[np.isfinite(values)]
        if values.size:
            places = np.searchsorted(self._limits, values, side="right")
            self._counts += np.bincount(places, minlength=len(self._counts))
            self._min, self._max = min(self._min, values.min()), max(self._max, values.max())
            self._sum += values.sum()
            self._squares += (values**2).sum()

    def message(self) -> Any:
        """The counts as a message, without the empty buckets below and above."""
        used = np.flatnonzero(self._counts)
        if not used.size:
            return HistogramProto(bucket_limit=[0.0], bucket=[0.0])
        # The bucket below the first one says where that begins.
        kept = slice(max(used[0] - 1, 0), used[-1] + 1)
        return HistogramProto(
            min=self._min,
            max=self._max,
            num=float(self._counts.sum()),
            sum=self._sum,
            sum_squares=self._squares,
            bucket_limit=self._limits[kept].tolist(),
            bucket=self._counts[kept].astype("float64").tolist(),
        )


def to_bytes(image: Any) -> Any:
    """An image of numbers as 0 to 255: 0 is black where none is negative, and the middle grey otherwise."""
    image = np.nan_to_num(np.asarray(image, dtype="float64"))
    most = np.abs(image).max() or 1.0
    if image.min() < 0:
        return np.rint(127.5 + 127.5 * image / most).astype("uint8")
    return np.rint(255 * image / most).astype("uint8")


def gray_png(image: Any) -> bytes:
    """An array (rows, columns) of bytes as a PNG file (ISO/IEC 15948)."""
    rows, columns = image.shape

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)  # 8 bits of grey
    lines = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(image))  # each without a filter
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)
