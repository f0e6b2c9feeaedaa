"""The examples in the documentation run and give what they say."""

import doctest
import importlib
import pathlib
import pkgutil

import numpy as np
import pytest

import pronghorn

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(pronghorn.__path__, "pronghorn.")
    if module.name not in ("pronghorn.__main__", "pronghorn._core")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.random.seed(0)
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        if "pip install pronghorn[" not in str(error):
            raise
        pytest.skip(str(error))
    found = doctest.testmod(
        module, extraglobs={"np": np}, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    )
    assert found.failed == 0


def test_ten_lines_of_the_readme(capsys):
    readme = (pathlib.Path(__file__).parent.parent / "README.md").read_text()
    source = readme.split("```python\n")[1].split("```")[0]
    exec(source, {})
    loss, accuracy = eval(capsys.readouterr().out.splitlines()[-1])
    assert accuracy > 0.9
