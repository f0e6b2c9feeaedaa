"""Files on disk: the download cache, hashes, archives. Keras's place for sequences and their queues."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from typing import TYPE_CHECKING

from .data_sequence import Sequence

if TYPE_CHECKING:
    from .enqueuers import GeneratorEnqueuer, OrderedEnqueuer, SequenceEnqueuer

__all__ = [
    "GeneratorEnqueuer",
    "OrderedEnqueuer",
    "Sequence",
    "SequenceEnqueuer",
    "cache_folder",
    "get_file",
    "validate_file",
]


def __getattr__(name: str) -> object:
    # The data sets need files only, and the queues all of multiprocessing.
    if name in ("GeneratorEnqueuer", "OrderedEnqueuer", "SequenceEnqueuer"):
        from . import enqueuers

        return getattr(enqueuers, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def cache_folder(cache_dir=None) -> str:
    """Return the folder that Keras caches in: ``cache_dir``, ``$KERAS_HOME`` or ``~/.keras``.

    A home that cannot be written (as in some containers) gives ``.keras`` in the folder for temporary files.

    Parameters
    ----------
    cache_dir : str, optional
        Used instead of the default when given.

    Returns
    -------
    str
        An absolute path; the folder exists.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> cache_folder(folder) == os.path.abspath(folder)
    True
    """
    if cache_dir is None:
        cache_dir = os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")
    folder = os.path.abspath(os.path.expanduser(cache_dir))
    try:
        os.makedirs(folder, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    folder = os.path.join(tempfile.gettempdir(), ".keras")
    os.makedirs(folder, exist_ok=True)
    return folder


def get_file(
    fname,
    origin,
    untar=False,
    md5_hash=None,
    file_hash=None,
    cache_subdir="datasets",
    hash_algorithm="auto",
    extract=False,
    archive_format="auto",
    cache_dir=None,
):
    """Return the path of a cached file, downloading it first where it is missing or has another hash.

    Parameters
    ----------
    fname : str
        Name of the file in the cache, or an absolute path.
    origin : str
        URL that it comes from.
    untar : bool
        The file is ``fname + ".tar.gz"``; it is unpacked and the path of ``fname`` returned. A folder
        ``fname`` that is already there is taken as it is.
    md5_hash : str, optional
        The older spelling of ``file_hash`` with ``hash_algorithm="md5"``.
    file_hash : str, optional
        MD5 or SHA-256 of the file; a file with another hash is downloaded again, and refused if that does
        not help.
    cache_subdir : str
        Folder below the cache folder, or an absolute path.
    hash_algorithm : {"auto", "md5", "sha256"}
        ``"auto"`` tells them apart by the length of ``file_hash``.
    extract : bool
        Unpack the file beside itself; the path of the archive is returned.
    archive_format : {"auto", "tar", "zip", None} or list of these
        What ``extract`` tries.
    cache_dir : str, optional
        Instead of ``$KERAS_HOME`` or ``~/.keras``.

    Returns
    -------
    str
        Path of the file, or of the unpacked folder with ``untar``.

    Raises
    ------
    FileNotFoundError
        The file is not in the cache and could not be downloaded; the message says where to put it.
    ValueError
        The downloaded file has another hash, or an archive would write outside its folder.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "source.txt").write_text("pronghorn")
    >>> path = get_file("copy.txt", (folder / "source.txt").as_uri(), cache_dir=folder / "cache")
    Downloading data from file://.../source.txt
    >>> open(path).read()
    'pronghorn'
    """
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    folder = os.path.join(cache_folder(cache_dir), cache_subdir)
    unpacked = os.path.join(folder, fname)
    path = unpacked + ".tar.gz" if untar else unpacked

    if untar and os.path.isdir(unpacked) and not os.path.exists(path):
        return unpacked
    if not os.path.exists(path):
        _download(origin, path, file_hash, hash_algorithm)
    elif file_hash is not None and not validate_file(path, file_hash, hash_algorithm):
        print(
            f"{path} does not have the hash {file_hash}: it is incomplete or outdated. Downloading it again."
        )
        _download(origin, path, file_hash, hash_algorithm)

    if untar:
        if not os.path.exists(unpacked):
            _extract_archive(path, folder, "tar")
        return unpacked
    if extract:
        _extract_archive(path, os.path.dirname(path), archive_format)
    return path


def _download(origin, path, file_hash, hash_algorithm):
    """Fetch ``origin`` beside ``path``; put it in place only once it is whole and has the right hash."""
    from urllib.request import urlopen  # slow to import, and rarely needed

    os.makedirs(os.path.dirname(path), exist_ok=True)
    print("Downloading data from", origin)
    handle, partial = tempfile.mkstemp(prefix=os.path.basename(path) + ".", dir=os.path.dirname(path))
    try:
        try:
            with os.fdopen(handle, "wb") as file, urlopen(origin, timeout=60) as response:
                expected = response.headers.get("Content-Length")
                shutil.copyfileobj(response, file)
                if expected is not None and file.tell() != int(expected):
                    raise OSError(f"the connection broke after {file.tell()} of {expected} bytes")
        except OSError as error:
            reason = getattr(error, "reason", None) or error
            wanted = f" It must have the hash {file_hash}." if file_hash else ""
            raise FileNotFoundError(
                f"{path} is not there as needed, and downloading it from {origin} failed ({reason}). "
                f"Where the network cannot be reached, get {os.path.basename(path)} from that address on "
                f"another machine and put it into {os.path.dirname(path)}.{wanted}"
            ) from error
        if file_hash is not None and not validate_file(partial, file_hash, hash_algorithm):
            got = _hash_file(partial, _algorithm(file_hash, hash_algorithm))
            raise ValueError(f"the file at {origin} has the hash {got}, not {file_hash}; it was not kept")
        # mkstemp makes files that only their owner reads; a cache may be shared.
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def _extract_archive(file_path, path=".", archive_format="auto"):
    """Unpack a tar or zip file; False if ``archive_format`` (or None) matches nothing."""
    if archive_format is None:
        return False
    if archive_format == "auto":
        archive_format = ["tar", "zip"]
    if isinstance(archive_format, str):
        archive_format = [archive_format]
    for kind in archive_format:
        if kind == "tar" and tarfile.is_tarfile(file_path):
            with tarfile.open(file_path) as archive:
                members = [(m.name, m.isdir(), m.isreg(), m) for m in archive.getmembers()]
                _unpack(file_path, members, archive.extractfile, path)
            return True
        if kind == "zip" and zipfile.is_zipfile(file_path):
            with zipfile.ZipFile(file_path) as archive:
                members = [(m.filename, m.is_dir(), not m.is_dir(), m) for m in archive.infolist()]
                _unpack(file_path, members, archive.open, path)
            return True
        if kind not in ("tar", "zip"):
            raise ValueError(f"`archive_format` must be 'auto', 'tar', 'zip' or None, not {kind!r}")
    return False


def _unpack(archive, members, open_member, path):
    """Write the members below ``path``, each top-level entry put in place only when it is whole.

    Only plain files and folders are written: a link or a device in a data set is an attack or a mistake.
    """
    os.makedirs(path, exist_ok=True)
    scratch = tempfile.mkdtemp(prefix=".unpacking-", dir=path)
    try:
        root = os.path.realpath(scratch)
        for name, is_folder, is_file, member in members:
            target = os.path.realpath(os.path.join(root, name))
            if os.path.commonpath([root, target]) != root or not (is_folder or is_file):
                raise ValueError(
                    f"{archive} is not safe to unpack: {name!r} is a link or lies outside the folder"
                )
            if is_folder:
                os.makedirs(target, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open_member(member) as source, open(target, "wb") as file:
                shutil.copyfileobj(source, file)
        _move_into(scratch, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _move_into(source, target):
    """Move what is in ``source`` into ``target``, merging with the folders that are there."""
    for entry in os.listdir(source):
        old, new = os.path.join(source, entry), os.path.join(target, entry)
        if os.path.isdir(old) and os.path.isdir(new):
            _move_into(old, new)
        else:
            os.replace(old, new)


def _algorithm(file_hash, algorithm):
    if algorithm not in ("auto", "md5", "sha256"):
        raise ValueError(f"the hash algorithm must be 'auto', 'md5' or 'sha256', not {algorithm!r}")
    if algorithm == "auto":
        return "sha256" if len(str(file_hash)) == 64 else "md5"
    return algorithm


def _hash_file(fpath, algorithm="sha256", chunk_size=65535):
    """Return the hexadecimal SHA-256 or MD5 of a file."""
    hasher = hashlib.sha256() if algorithm == "sha256" else hashlib.md5()
    with open(fpath, "rb") as file:
        for chunk in iter(lambda: file.read(chunk_size), b""):
            hasher.update(chunk)
    return hasher.hexdigest()


def validate_file(fpath, file_hash, algorithm="auto", chunk_size=65535) -> bool:
    """Tell whether a file has the given MD5 or SHA-256.

    Parameters
    ----------
    fpath : str
        The file.
    file_hash : str
        The hash that is expected, in hexadecimal.
    algorithm : {"auto", "md5", "sha256"}
        ``"auto"`` takes SHA-256 for 64 characters and MD5 otherwise.
    chunk_size : int
        Bytes read at a time.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as empty:
    ...     validate_file(empty.name, "d41d8cd98f00b204e9800998ecf8427e")
    True
    """
    return _hash_file(fpath, _algorithm(file_hash, algorithm), chunk_size) == str(file_hash)
