"""What is installed, and what importing it does."""

import ast
import glob
import inspect
import os
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest

import pronghorn
from pronghorn import _core

ROOT = pathlib.Path(__file__).parent.parent
PACKAGE = pathlib.Path(pronghorn.__file__).parent


def test_import_is_light_and_silent():
    """NumPy's own imports are free; heavy modules wait until they are needed."""
    source = "import numpy, sys; before = {*sys.modules}; import pronghorn; print(*({*sys.modules} - before))"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", source], env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    heavy = {"h5py", "matplotlib", "multiprocessing", "PIL", "pandas", "scipy", "sklearn", "tarfile", "keras"}
    assert not loaded & (heavy | {"tensorflow", "torch", "yaml", "http", "ssl", "asyncio", "concurrent"})
    assert len(done.stdout.splitlines()) == 1


def test_version_stands_in_one_place():
    version = re.search(r"project\(pronghorn VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert pronghorn.__version__ == version
    found = [path for path in PACKAGE.rglob("*.py") if re.search(r"__version__ = [\"']", path.read_text())]
    assert found == []


def test_types_are_shipped():
    assert (PACKAGE / "py.typed").exists() and (PACKAGE / "_core.pyi").exists()


def names(body):
    """Public names of a stub's class or module, with those of its classes."""
    found = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            found.add(node.target.id)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for name in names(node.body)}
    return {name for name in found if not name.rpartition(".")[2].startswith("_")}


def test_stub_of_the_core_has_its_names():
    """After a change of the bindings: `make stubs`."""
    stub = names(ast.parse((PACKAGE / "_core.pyi").read_text()).body)
    core = set()
    for name, value in vars(_core).items():
        core.add(name)
        if inspect.isclass(value):
            core |= {f"{name}.{member}" for member in vars(value)}
    core = {name for name in core if not name.rpartition(".")[2].startswith("_")}
    assert stub == core


def test_wheel():
    """The wheel that `make` built: what it holds, and its size."""
    wheels = glob.glob(str(ROOT / "build" / "wheel" / "*.whl"))
    if not wheels:
        pytest.skip("no wheel has been built here")
    assert os.path.getsize(wheels[0]) < 10e6
    files = zipfile.ZipFile(wheels[0]).namelist()
    for name in ("py.typed", "_core.pyi", "__main__.py", "datasets/digits.npz"):
        assert f"pronghorn/{name}" in files
    assert any(name.endswith("LICENSE") for name in files)
    assert all(name.startswith("pronghorn") for name in files)
    extensions = [name for name in files if name.endswith(".so")]
    assert len(extensions) == 1
