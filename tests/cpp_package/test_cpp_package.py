"""The C++ library as an installed CMake package, from a project that knows nothing else of it."""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed"),
]


def run(*command, cwd=None):
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def built_tree():
    """The newest build tree of this checkout with the library in it, as `pip install` leaves one."""
    libraries = ROOT.glob("build*/**/libpronghorn.a")
    newest = max(libraries, key=lambda path: path.stat().st_mtime, default=None)
    return next((p for p in newest.parents if (p / "CMakeCache.txt").exists()), None) if newest else None


@pytest.fixture(scope="module")
def consumer(tmp_path_factory):
    """The consumer project, built against an installed library."""
    base = tmp_path_factory.mktemp("cpp_package")
    tree, prefix, build = built_tree(), base / "prefix", base / "build"
    if tree is None:
        tree = base / "pronghorn"
        run("cmake", "-S", ROOT, "-B", tree, "-DPRONGHORN_PYTHON=OFF")
        run("cmake", "--build", tree, "--parallel", os.cpu_count() or 1)
    run("cmake", "--install", tree, "--component", "cpp", "--prefix", prefix)
    examples = f"-DEXAMPLES={ROOT / 'examples' / 'cpp'}"
    run("cmake", "-S", ROOT / "tests" / "cpp_package", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", examples)
    run("cmake", "--build", build)
    return build


def test_example_learns(consumer):
    assert "epoch 50" in run(consumer / "train_mlp")


def test_errors(consumer):
    run(consumer / "errors")


def test_public_headers_stand_alone():
    """They include the standard library and each other, nothing of the core."""
    for header in (ROOT / "cpp" / "include" / "pronghorn").glob("*.h"):
        for line in header.read_text().splitlines():
            if line.startswith("#include"):
                assert line.startswith("#include <") and "/" not in line.replace("<pronghorn/", "<"), line
