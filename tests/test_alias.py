import json
import os
import subprocess
import sys

import pytest

# The modules of Keras 2.3.1 that every script may import, with a name that each must have.
PATHS = """
keras Sequential
keras.activations relu
keras.backend floatx
keras.callbacks History
keras.constraints MaxNorm
keras.datasets.mnist load_data
keras.datasets.cifar10 load_data
keras.engine Layer
keras.engine.base_layer Layer
keras.engine.input_layer Input
keras.engine.network Network
keras.engine.sequential Sequential
keras.engine.topology Layer
keras.engine.training Model
keras.initializers Zeros
keras.layers Dense
keras.layers.advanced_activations LeakyReLU
keras.layers.convolutional Conv2D
keras.layers.core Dense
keras.layers.merge add
keras.layers.noise GaussianNoise
keras.layers.normalization BatchNormalization
keras.layers.pooling MaxPooling2D
keras.legacy.layers Dense
keras.losses mean_squared_error
keras.metrics categorical_accuracy
keras.models Model
keras.objectives mean_squared_error
keras.optimizers SGD
keras.regularizers l2
keras.utils to_categorical
keras.utils.data_utils get_file
keras.utils.generic_utils get_custom_objects
keras.utils.np_utils to_categorical
"""


def run(source, *arguments, options=(), cwd=None, **environment):
    """Run Python on a source text or on arguments, with the package on its path."""
    command = [sys.executable, *options, *(["-c", source] if source else []), *arguments]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment}
    return subprocess.run(command, cwd=cwd, env=env, text=True, capture_output=True, timeout=120)


def output(source, **options):
    done = run(source, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def script(tmp_path, source, *arguments, name="script.py", **options):
    path = tmp_path / name
    path.write_text(source)
    return run(None, "-m", "pronghorn", str(path), *arguments, **options)


def test_every_module_path_of_keras_resolves():
    source = "import pronghorn, importlib; pronghorn.as_keras(); missing = []\n"
    for line in PATHS.split("\n"):
        if line:
            module, name = line.split()
            source += (
                f"missing += [] if hasattr(importlib.import_module({module!r}), {name!r}) else [{line!r}]\n"
            )
    assert output(source + "print(missing)") == "[]\n"


def test_modules_are_the_same_objects():
    source = """
import pronghorn
assert pronghorn.as_keras() is pronghorn and pronghorn.as_keras() is pronghorn
import keras, keras.backend as K, keras.datasets
from keras.layers import Dense
from keras.layers.core import Dense as Again
from keras.utils import np_utils
assert keras is pronghorn and K is pronghorn.backend and Dense is pronghorn.layers.Dense is Again
assert keras.datasets.digits is pronghorn.datasets.digits
for module in (keras, K, keras.layers, np_utils):
    assert module.__name__.startswith("pronghorn") and module.__spec__.name == module.__name__, module
    assert module.__package__ == module.__spec__.parent
import importlib
importlib.reload(keras.datasets.mnist)
scope = {}
exec("from keras.layers.core import *", scope)
assert scope["Dense"] is Dense
"""
    assert output(source, options=["-W", "error"]) == ""


@pytest.mark.parametrize("name", ["keras.layerz", "keras.layers.cores", "keras.backend.mnist", "kerass"])
def test_a_misspelt_module_is_missing(name):
    done = run(f"import pronghorn; pronghorn.as_keras(); import {name}")
    assert f"ModuleNotFoundError: No module named '{name}'" in done.stderr
    done = run("import pronghorn; pronghorn.as_keras(); from keras.layers.core import Dence")
    assert "cannot import name 'Dence'" in done.stderr


def test_another_keras_is_replaced_only_when_asked(tmp_path):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "__init__.py").write_text("layers = 'other'")
    start = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import pronghorn\n"
    assert output(start + "import keras; print(keras.layers)") == "other\n"
    assert output(start + "pronghorn.as_keras(); import keras; print(keras is pronghorn)") == "True\n"
    done = run(start + "import keras; pronghorn.as_keras()")
    assert "ImportError: another Keras" in done.stderr and str(tmp_path) in done.stderr
    source = "import keras; pronghorn.as_keras(override=True); import keras; print(keras is pronghorn)"
    assert output(start + source) == "True\n"


def test_a_script_sees_what_python_shows_it(tmp_path):
    (tmp_path / "beside.py").write_text("here = True")
    (tmp_path / "elsewhere").mkdir()
    source = """
import beside, json, os, sys
names = sorted({*globals()} - {'__annotations__'})
print(json.dumps([sys.argv, __name__, __file__, sys.path[0], __spec__ is None, names]))
assert sys.modules["__main__"].__dict__ is globals()
"""
    path = tmp_path / "script.py"
    path.write_text(source)
    expected = run(None, "../script.py", "-a", "b c", cwd=tmp_path / "elsewhere")
    found = run(None, "-m", "pronghorn", "../script.py", "-a", "b c", cwd=tmp_path / "elsewhere")
    assert found.stderr == "" and json.loads(found.stdout) == json.loads(expected.stdout)


def test_a_script_imports_keras(tmp_path):
    source = "import keras\nfrom keras.layers import Dense\nprint(keras.__name__, Dense.__module__)"
    assert script(tmp_path, source).stdout.startswith("pronghorn pronghorn.")


@pytest.mark.parametrize(
    "source",
    ["def f():\n    raise ValueError('spot')\n\nf()", "x = (1", "import absent", "raise KeyboardInterrupt"],
)
def test_tracebacks_and_exit_codes_are_those_of_python(tmp_path, source):
    found = script(tmp_path, source)
    expected = run(None, str(tmp_path / "script.py"))
    assert (found.returncode, found.stderr) == (expected.returncode, expected.stderr)


def test_exit_codes(tmp_path):
    assert script(tmp_path, "import sys; sys.exit(7)").returncode == 7
    assert script(tmp_path, "").returncode == 0
    missing = run(None, "-m", "pronghorn", str(tmp_path / "absent.py"))
    assert missing.returncode == 2 and "absent.py" in missing.stderr
    assert "usage" in run(None, "-m", "pronghorn", "--help").stdout
    assert run(None, "-m", "pronghorn").returncode == 2


def test_a_folder_with_a_main_module_runs(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("import keras, sys; print(keras.__name__, sys.argv[1:])")
    done = run(None, "-m", "pronghorn", str(tmp_path / "app"), "x")
    assert done.stdout == "pronghorn ['x']\n"
