"""Running a Keras script as ``python`` itself would, but with ``import keras`` served by this package."""

from __future__ import annotations

import io
import os
import runpy
import sys
import types
from importlib.machinery import SourceFileLoader

from .alias import as_keras

USAGE = """usage: python -m pronghorn script.py [arguments]

Runs a Keras script unmodified: its `import keras` is served by Pronghorn.
"""


def main(arguments) -> int:
    """Run the script that ``arguments`` name; return an exit status, unless the script exits by itself."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="", file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    as_keras()
    sys.argv[:] = arguments
    if os.path.isdir(arguments[0]) or arguments[0].endswith((".zip", ".pyz")):
        runpy.run_path(arguments[0], run_name="__main__")
        return 0
    try:
        with io.open_code(os.path.abspath(arguments[0])) as file:
            source = file.read()
    except OSError as error:
        print(f"pronghorn: can't open {os.path.abspath(arguments[0])!r}: {error.strerror}", file=sys.stderr)
        return 2
    _run(arguments[0], source)
    return 0


def _run(script, source):
    path = os.path.join(os.getcwd(), script)
    # `python -m` has put the current folder first; a script finds what lies beside it.
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    module = types.ModuleType("__main__")
    module.__dict__.update(
        __file__=path,
        __builtins__=__builtins__,
        __cached__=None,
        __loader__=SourceFileLoader("__main__", path),
    )
    sys.modules["__main__"] = module
    previous = sys.excepthook

    def show(kind, error, traceback):
        # Begin where the script begins: what lies below is this file and Python's own machinery.
        while traceback is not None and traceback.tb_frame.f_globals is not module.__dict__:
            traceback = traceback.tb_next
        previous(kind, error.with_traceback(traceback), traceback)

    sys.excepthook = show
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
