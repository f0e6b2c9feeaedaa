"""A crafted file for each published vulnerability of Keras's loaders: refused, and without effect.

Each file is what the advisory describes. `witness` is a path that the file's code would make.
"""

import base64
import io
import json
import marshal
import os
import tarfile
import zipfile

import numpy as np
import pytest

from pronghorn.models import load_model, model_from_json
from pronghorn.saving.errors import FileFormatError, UnsafeFileError
from pronghorn.utils import get_file

h5py = pytest.importorskip("h5py")


def code_of(witness):
    source = f"lambda x: (open({str(witness)!r}, 'w').close(), x)[1]"
    return base64.b64encode(marshal.dumps(eval(source).__code__)).decode()


def layer(name, config, module="keras.layers", **more):
    config = {"name": "bad", **config}
    return {"module": module, "class_name": name, "config": config, "registered_name": None, **more}


def start(size=4):
    return layer("InputLayer", {"batch_shape": [None, size], "dtype": "float32", "name": "in"})


def model(*layers):
    config = {"name": "m", "layers": [start(), *layers]}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def calling(module, name, **arguments):
    return layer("Lambda", {"function": function(module, name), "arguments": arguments})


def weights(write=lambda file: None):
    file = io.BytesIO()
    with h5py.File(file, "w") as group:
        group.create_group("layers")
        write(group)
    return file.getvalue()


def archive(tmp_path, config, content=None):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("metadata.json", '{"keras_version": "3.8.0"}')
        made.writestr("config.json", json.dumps(config))
        made.writestr("model.weights.h5", weights() if content is None else content)
    return path


def legacy(tmp_path, config):
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        file.attrs["keras_version"], file.attrs["backend"] = b"2.13.0", b"tensorflow"
        file.create_group("model_weights").attrs["layer_names"] = [b"in", b"bad"]
        for name in ("in", "bad"):
            file["model_weights"].create_group(name).attrs["weight_names"] = np.zeros(0, "S1")
    return path


def keras2_lambda(witness):
    own = {"name": "bad", "function": [code_of(witness), None, None], "function_type": "lambda"}
    own.update(output_shape=None, output_shape_type="raw", arguments={}, batch_input_shape=[None, 4])
    return {
        "class_name": "Sequential",
        "config": {"name": "m", "layers": [{"class_name": "Lambda", "config": own}]},
    }


def keras3_lambda(witness):
    code = {
        "class_name": "__lambda__",
        "config": {"code": code_of(witness), "defaults": None, "closure": None},
    }
    return layer("Lambda", {"function": code, "arguments": {}})


def dense_weights(write):
    return weights(lambda file: write(file.create_group("layers/dense/vars")))


def external(group):
    group.create_dataset("0", (4, 2), "u1", external=[("/etc/passwd", 0, 8)])
    group["1"] = np.zeros(2, "f4")


def linked(group):
    group["0"] = h5py.ExternalLink("/tmp/secret.h5", "/secret")
    group["1"] = np.zeros(2, "f4")


def bomb(group):
    group.create_dataset("0", (1 << 20, 1 << 20), "f4", chunks=(1 << 10, 1 << 10), compression="gzip")
    group["1"] = np.zeros(1 << 20, "f4")


def dense(units, size=4):
    found = model(layer("Dense", {"name": "dense", "units": units}))
    found["config"]["layers"][0] = start(size)
    return found


def stateful(batch_size):
    found = model(layer("SimpleRNN", {"units": 2, "stateful": True}))
    found["config"]["layers"][0]["config"]["batch_shape"] = [batch_size, 4, 3]
    return found


# Vulnerability, what it is, the file, words of the refusal.
FILES = [
    (
        "CVE-2024-3660",
        "code in a Lambda of an archive",
        lambda p, w: archive(p, model(keras3_lambda(w))),
        "safe_mode",
    ),
    ("CVE-2024-3660", "code in a Lambda of HDF5", lambda p, w: legacy(p, keras2_lambda(w)), "safe_mode"),
    (
        "CVE-2025-1550",
        "a function of any module, called with arguments of the file's choice",
        lambda p, w: archive(p, model(calling("os", "system", command=f"touch {w}"))),
        "Unknown function of a Lambda layer: system",
    ),
    (
        "CVE-2025-1550",
        "a class of any module",
        lambda p, w: archive(p, model(layer("Popen", {"args": ["touch", str(w)]}, module="subprocess"))),
        "Unknown layer: Popen",
    ),
    (
        "CVE-2025-1550",
        "a function as an activation",
        lambda p, w: archive(p, model(layer("Dense", {"units": 2, "activation": function("os", "abort")}))),
        "Unknown activation function: abort",
    ),
    (
        "CVE-2025-8747",
        "a function of Keras itself that writes files",
        lambda p, w: archive(
            p, model(calling("keras.utils", "get_file", origin=w.parent.as_uri(), fname=str(w)))
        ),
        "Unknown function of a Lambda layer: get_file",
    ),
    (
        "CVE-2025-9905",
        "HDF5 with code, safe_mode given",
        lambda p, w: legacy(p, keras2_lambda(w)),
        "safe_mode",
    ),
    (
        "CVE-2025-9906",
        "an archive that turns the safe mode off before its code comes",
        lambda p, w: archive(
            p, model(calling("keras.config", "enable_unsafe_deserialization"), keras3_lambda(w))
        ),
        "safe_mode|enable_unsafe_deserialization",
    ),
    (
        "CVE-2025-9906",
        "an archive that loads another model without safe mode",
        lambda p, w: archive(p, model(calling("keras.models", "load_model", safe_mode=False))),
        "Unknown function of a Lambda layer: load_model",
    ),
    (
        "CVE-2025-12058",
        "a vocabulary that is read from a path",
        lambda p, w: archive(p, model(layer("StringLookup", {"vocabulary": "/etc/passwd"}))),
        "Unknown layer: StringLookup",
    ),
    (
        "CVE-2025-12058",
        "a vocabulary that is fetched from an address",
        lambda p, w: archive(p, model(layer("IndexLookup", {"vocabulary": "http://169.254.169.254/"}))),
        "Unknown layer: IndexLookup",
    ),
    (
        "CVE-2026-0897",
        "a huge shape",
        lambda p, w: archive(p, dense(1 << 20, 1 << 20), dense_weights(bomb)),
        "bytes",
    ),
    (
        "CVE-2026-0897",
        "huge weights in the architecture alone",
        lambda p, w: archive(p, dense(1 << 40)),
        "bytes",
    ),
    (
        "CVE-2026-0897",
        "huge states in the architecture alone",
        lambda p, w: archive(p, stateful(1 << 40), weights()),
        "the states of layer bad would take",
    ),
    (
        "CVE-2026-1669",
        "weights in another file",
        lambda p, w: archive(p, dense(2), dense_weights(external)),
        "other files",
    ),
    (
        "CVE-2026-1669",
        "weights behind a link",
        lambda p, w: archive(p, dense(2), dense_weights(linked)),
        "external link",
    ),
    (
        "CVE-2026-1462",
        "a layer that is a SavedModel elsewhere",
        lambda p, w: archive(
            p, model(layer("TFSMLayer", {"filepath": "/tmp/evil", "call_endpoint": "serve"}))
        ),
        "Unknown layer: TFSMLayer",
    ),
]


@pytest.mark.parametrize("number, what, make, words", FILES, ids=[f"{row[0]}-{row[1]}" for row in FILES])
def test_model_files(number, what, make, words, tmp_path):
    witness = tmp_path / "witness"
    path = make(tmp_path, witness)
    with pytest.raises(ValueError, match=words):
        load_model(path, safe_mode=True)
    with pytest.raises(ValueError, match=words):
        load_model(path)
    assert not witness.exists()


@pytest.mark.parametrize("name", ["deserialize_keras_object", "operation", "np", "get", "__builtins__"])
@pytest.mark.parametrize(
    "place", ["activation", "kernel_initializer", "kernel_regularizer", "kernel_constraint"]
)
def test_helpers_of_modules_are_no_objects_of_files(place, name, tmp_path):
    """The family of CVE-2025-8747: what a module happens to know is nothing that a file may ask for."""
    for value in (name, {"module": "keras", "class_name": name, "config": {}}, function("keras", name)):
        with pytest.raises(ValueError, match="Unknown|Could not interpret"):
            load_model(archive(tmp_path, model(layer("Dense", {"units": 2, place: value}))))


def test_operations_without_tensors(tmp_path):
    """The family of CVE-2026-0897: an operation that makes an array of any size while the model is made."""
    arguments = {"function": "arange", "arguments": [10**11], "keywords": {"dict": {}}}
    with pytest.raises(ValueError, match="has no tensor to work on"):
        load_model(archive(tmp_path, model(layer("OpLayer", arguments))))


def test_architectures_alone(tmp_path):
    with pytest.raises(ValueError, match="safe_mode"):
        model_from_json(json.dumps(keras2_lambda(tmp_path / "witness")))


@pytest.mark.parametrize("write, words", [(external, "other files"), (linked, "external link")])
def test_weights_files(write, words, tmp_path):
    """CVE-2026-1669 by way of `load_weights`."""
    path = tmp_path / "x.weights.h5"
    path.write_bytes(dense_weights(write))
    from pronghorn.layers import Dense
    from pronghorn.models import Sequential

    with pytest.raises(UnsafeFileError, match=words):
        Sequential([Dense(2, input_shape=(4,))]).load_weights(path)


def member(name, content=b"", **attributes):
    found = tarfile.TarInfo(name)
    found.size = len(content)
    for key, value in attributes.items():
        setattr(found, key, value)
    return found, io.BytesIO(content)


def deep_link():
    """Folders whose real path is too long to be resolved, and a link out of them: tarfile let it through."""
    step = "d" * 200
    names, path = [], ""
    for letter in "abcdefghijklmnop":
        names.append(member(os.path.join(path, step), type=tarfile.DIRTYPE))
        names.append(member(os.path.join(path, letter), type=tarfile.SYMTYPE, linkname=step))
        path = os.path.join(path, letter)
    escape = os.path.join(path, "l" * 254)
    names.append(member(escape, type=tarfile.SYMTYPE, linkname="../" * 16))
    names.append(member("escape", type=tarfile.SYMTYPE, linkname=escape + "/../.."))
    return [*names, member("escape/witness", b"out")]


# CVE-2025-12060: what a downloaded archive may not do when `get_file` unpacks it.
ARCHIVES = {
    "parent": [member("../../witness", b"out")],
    "absolute": [member("/tmp/pronghorn-witness", b"out")],
    "symbolic link": [member("out", type=tarfile.SYMTYPE, linkname="../.."), member("out/witness", b"out")],
    "hard link": [member("passwd", type=tarfile.LNKTYPE, linkname="/etc/passwd")],
    "device": [member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "pipe": [member("pipe", type=tarfile.FIFOTYPE)],
    "link beyond the longest path": deep_link(),
}


@pytest.mark.parametrize("members", ARCHIVES.values(), ids=ARCHIVES)
def test_archives(members, tmp_path):
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as made:
        for info, content in members:
            content.seek(0)
            made.addfile(info, content)
    cache = tmp_path / "cache"
    origin = (tmp_path / "bad.tar.gz").as_uri()
    for arguments in ({"untar": True}, {"extract": True}):
        with pytest.raises(ValueError, match="not safe to unpack"):
            get_file("data", origin, cache_dir=cache, cache_subdir="", **arguments)
    assert {path.name for path in tmp_path.rglob("*")} <= {"bad.tar.gz", "cache", "data", "data.tar.gz"}
    assert not os.path.exists("/tmp/pronghorn-witness")


def test_error_classes():
    assert issubclass(UnsafeFileError, FileFormatError) and issubclass(FileFormatError, ValueError)
