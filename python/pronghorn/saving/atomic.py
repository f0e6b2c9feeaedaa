"""Writing a file so that it is either the old one or the new one, whatever happens meanwhile."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def written_whole(path: Any) -> Iterator[str]:
    """Give the path of a file to write; what it holds takes the place of `path` when the block ends.

    The file is written beside its destination, flushed to the disk and renamed, so a reader never sees half
    of it. After an error nothing is left behind; a process that is killed may leave a file that starts with a
    dot and ends with ``.tmp``. Links are followed, and permissions stay those of the file that was there.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "numbers")
    >>> with written_whole(path) as beside:
    ...     _ = open(beside, "w").write("1 2 3")
    >>> open(path).read()
    '1 2 3'
    """
    destination = os.path.realpath(os.fspath(path))
    if os.path.exists(destination) and not os.path.isfile(destination):
        raise OSError(f"{os.fspath(path)!r} exists and is not a file")
    folder, name = os.path.split(destination)
    beside = os.path.join(folder, f".{name[:64]}.{secrets.token_hex(8)}.tmp")
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        yield beside
        _flush(beside)
        if os.path.exists(destination):
            os.chmod(beside, stat.S_IMODE(os.stat(destination).st_mode))
        os.replace(beside, destination)
    except BaseException:
        with suppress(OSError):
            os.remove(beside)
        raise
    _flush(folder)  # the new name too is to outlive a power cut


def _flush(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
