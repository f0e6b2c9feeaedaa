"""
The C++ core of Pronghorn: graphs, compiled programs and the state they share.
"""

from __future__ import annotations

import collections.abc
import typing

import numpy

__all__: list[str] = [
    "Graph",
    "Program",
    "State",
    "allocations",
    "cgroup_processors",
    "isa",
    "isas",
    "ops",
    "register_callback",
    "set_isa",
    "set_threads",
    "set_winograd",
    "threads",
    "winograd",
]

class State:
    """
    Memory that outlives a run: a weight, an optimizer slot, an accumulator.
    """
    def __init__(self, value: numpy.ndarray) -> None: ...
    def assign(self, value: numpy.ndarray) -> None: ...
    def numpy(self) -> numpy.ndarray:
        """
        A copy of the content.
        """
    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> tuple: ...

class Graph:
    """
    An append-only list of nodes with static shapes; values are ints.
    """
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def __str__(self) -> str: ...
    def constant(self, value: numpy.ndarray) -> int: ...
    def constant_value(self, value: typing.SupportsInt | typing.SupportsIndex) -> typing.Any:
        """
        The content of a constant, None for any other value.
        """
    def emit(
        self,
        op: str,
        inputs: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        attributes: dict,
    ) -> list:
        """
        Appends a node; returns (value, shape, dtype) for each of its outputs.
        """
    def feed(self, name: str, shape: collections.abc.Sequence, dtype: str) -> int: ...
    def fetch(self, value: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def fused(self, keep: bool = False) -> Graph:
        """
        A copy after the fuse pass.
        """
    def gradients(
        self,
        outputs: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        inputs: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
        diff_outputs: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = [],
    ) -> list[int]:
        """
        A value per input, -1 where nothing depends on it.
        """
    def simplified(self) -> Graph:
        """
        A copy after the simplify pass.
        """
    def state(self, state: State) -> int: ...
    def type(self, value: typing.SupportsInt | typing.SupportsIndex) -> tuple[tuple, str]:
        """
        (shape, dtype)
        """
    def update(self, state: State, value: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def verify(self) -> None: ...

class Program:
    """
    A compiled graph: one call runs all its steps over one arena.
    """
    def __init__(self, graph: Graph, simplify: bool = True, fuse: bool = True, keep: bool = True) -> None: ...
    def __str__(self) -> str:
        """
        The graph after the passes.
        """
    def run(self, feeds: collections.abc.Sequence) -> list:
        """
        One run; returns the fetches as new arrays.
        """
    def run_batches(
        self,
        arrays: collections.abc.Sequence,
        order: typing.Any,
        first: typing.SupportsInt | typing.SupportsIndex,
        last: typing.SupportsInt | typing.SupportsIndex,
        scalars: collections.abc.Sequence = (),
        outputs: collections.abc.Sequence = (),
        deadline: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    ) -> int:
        """
        Runs batches [first, last) over rows of the arrays, taken in the given order (None: as they stand) and cast to the feeds' types. The feeds behind them take the fixed scalars. Fetches of batch k go to outputs[i][k]. Stops at the first batch boundary after `deadline` seconds (0: never) and returns the index of the next batch.
        """
    def set_profiling(self, on: bool) -> None: ...
    def steps(self) -> list:
        """
        Per step: op, implementation, shape, flops, and calls and seconds while profiling.
        """
    @property
    def arena_bytes(self) -> int: ...
    @property
    def num_steps(self) -> int: ...
    @property
    def scratch_bytes(self) -> int: ...

def allocations() -> int:
    """
    How many buffers the core has allocated so far.
    """

def cgroup_processors(root: str = "") -> float:
    """
    Processors' worth of time that control groups allow, 0 for no limit; files are below `root`.
    """

def isa() -> str:
    """
    The instruction set that programs compile for.
    """

def isas() -> list[str]:
    """
    Instruction sets that this build holds and this processor runs, the best one last.
    """

def ops() -> list[str]:
    """
    The names of all ops.
    """

def register_callback(function: collections.abc.Callable) -> int:
    """
    Keeps a function for the op `callback`, whose attribute `id` is the number returned.
    """

def set_isa(name: str) -> None: ...
def set_threads(count: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def set_winograd(use: str) -> None: ...
def threads() -> int: ...
def winograd() -> str:
    """
    What programs may use minimal filtering for.
    """

__version__: str
