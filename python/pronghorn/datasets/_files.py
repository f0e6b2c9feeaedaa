"""Readers of the formats that data sets come in.

Nothing here can run code from a file: pickles, also those inside ``.npz`` files, are read by an unpickler
that builds arrays, strings, numbers and containers and nothing else.
"""

from __future__ import annotations

import gzip
import io
import os
import pickle
import zipfile

import numpy as np

from ..utils.data_utils import cache_folder, get_file, validate_file

TF_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def fetch(fname, origin, hashes, **arguments):
    """Return the path of a cached file with one of ``hashes``, or of a download with the first of them.

    Keras 2 and Keras 3 publish some of these files in two packings of the same data.
    """
    cached = os.path.join(cache_folder(), "datasets", fname)
    if os.path.exists(cached) and any(validate_file(cached, h) for h in hashes):
        return cached
    return get_file(fname, origin, file_hash=hashes[0], **arguments)


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        reconstruct = np.empty(0).__reduce__()[0]
        scalar = np.float64().__reduce__()[0]
        allowed = {
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("numpy.core.multiarray", "_reconstruct"): reconstruct,
            ("numpy._core.multiarray", "_reconstruct"): reconstruct,
            ("numpy.core.multiarray", "scalar"): scalar,
            ("numpy._core.multiarray", "scalar"): scalar,
            # Python 3 writes bytes this way in protocols that Python 2 can read.
            ("_codecs", "encode"): lambda text, encoding: text.encode(encoding),
        }
        try:
            return allowed[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"the file asks for {module}.{name}, which no data set needs; it was not read"
            ) from None


def load_pickle(file, encoding="ASCII"):
    """Unpickle arrays, strings, numbers and containers; anything else is an UnpicklingError."""
    return _ArrayUnpickler(file, encoding=encoding).load()


def read_npz(path, *names):
    """Return the named arrays of an ``.npz`` file, arrays of Python objects among them."""
    with zipfile.ZipFile(path) as archive:
        return [_read_npy(archive.read(name + ".npy")) for name in names]


def _read_npy(data):
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    read_header = (
        np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read_header(file)
    if dtype.hasobject:
        return load_pickle(file, encoding="latin1").reshape(shape)
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def read_idx(path):
    """Return the array in a gzipped IDX file of unsigned bytes, the format of MNIST.

    The header is two zero bytes, 8 for "unsigned byte", the number of dimensions, then each dimension as a
    big-endian 32-bit integer.
    """
    with gzip.open(path, "rb") as file:
        data = file.read()
    dimensions = data[3] if len(data) > 3 else 0
    if data[:3] != b"\0\0\x08" or len(data) < 4 + 4 * dimensions:
        raise ValueError(f"{path} is not an IDX file of unsigned bytes")
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", dimensions, 4))
    start = 4 + 4 * dimensions
    if len(data) - start != int(np.prod(shape, dtype=np.int64)):
        raise ValueError(f"{path} holds {len(data) - start} bytes of data, but its header says {shape}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
