"""The progress bar of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Iterable
from typing import Any

# A log file is no place for twenty lines a second: there the bar is written once it is full, and while a long
# epoch runs, once in this many seconds.
LOG_INTERVAL = 30.0


class Progbar:
    """Shows how far a loop has come, how long it will take and the values it produces.

    In a terminal and in a notebook one line is rewritten in place and kept within the width of the window;
    where the output is a file or a pipe, whole lines are written, few of them.

    Parameters
    ----------
    target : int or None
        Number of units (samples or steps) expected; None where that is unknown.
    width : int
        Width of the bar in characters.
    verbose : int
        0 silent, 1 bar, 2 one line when the target is reached.
    interval : float
        Least time between two updates on the screen, in seconds.
    stateful_metrics : iterable of str, optional
        Names of values shown as they are; all others are averaged over the units seen.
    unit_name : str
        What the time per unit is called after: "200us/step".

    Examples
    --------
    >>> bar = Progbar(target=4, verbose=2)
    >>> bar.update(2, [("loss", 0.5)])
    >>> bar.update(4, [("loss", 0.25)])
     - 0s - loss: 0.3750
    """

    def __init__(
        self,
        target: int | None,
        width: int = 30,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.stateful_metrics = set(stateful_metrics or ())
        self.unit_name = unit_name
        self._dynamic_display = is_dynamic(sys.stdout)
        self._shown_width = 0
        self._seen_so_far = 0
        self._seen_before = 0  # by another process
        self._values: dict[str, list[float]] = {}  # name -> [weighted sum, weight]
        self._start = time.time()
        self._last_update = 0.0 if self._dynamic_display else self._start

    def update(self, current: int, values: Iterable[tuple[str, float]] | None = None) -> None:
        """Moves the bar to `current` units, with `(name, value)` pairs for the units since the last call."""
        self._accumulate(current, values or ())
        finished = self.target is not None and current >= self.target
        if self.verbose == 2:
            if finished or self.target is None:
                self._write(f" - {time.time() - self._start:.0f}s{self._values_text()}\n")
            return
        if self.verbose != 1:
            return
        now = time.time()
        interval = self.interval if self._dynamic_display else max(self.interval, LOG_INTERVAL)
        if now - self._last_update < interval and not finished:
            return
        self._last_update = now
        tail = self._time_text(current, now, finished) + self._values_text()
        if not self._dynamic_display:
            self._write(self._bar_text(current, self.width) + tail + "\n")
            return
        # The last line stands for good, so it may wrap; a line that is to be rewritten must not.
        line = self._bar_text(current, self.width) + tail if finished else self._fit_window(current, tail)
        self._rewrite(line, "\n" if finished else "")

    def note(self, current: int, text: str) -> None:
        """Shows a text behind the bar, until the next update; in a terminal or notebook only."""
        now = time.time()
        if self.verbose == 1 and self._dynamic_display and now - self._last_update >= self.interval:
            self._last_update = now
            self._rewrite(self._fit_window(current, f" - {text}{self._values_text()}"))

    def _rewrite(self, line: str, end: str = "") -> None:
        padding = " " * (self._shown_width - len(line))
        self._shown_width = len(line)
        self._write("\r" + line + padding + end)

    def add(self, n: int, values: Iterable[tuple[str, float]] | None = None) -> None:
        """Moves the bar on by `n` units."""
        self.update(self._seen_so_far + n, values)

    def values(self) -> dict[str, list[float]]:
        """The values so far: of each name the weighted sum and the weight."""
        return {name: list(entry) for name, entry in self._values.items()}

    def go_on(self, current: int, values: dict[str, list[float]]) -> None:
        """Starts at `current` units, with what `values` returned then."""
        self._seen_so_far = self._seen_before = current
        self._values = {name: list(entry) for name, entry in values.items()}

    def _accumulate(self, current: int, values: Iterable[tuple[str, float]]) -> None:
        weight = current - self._seen_so_far
        for name, value in values:
            if name in self.stateful_metrics:
                self._values[name] = [float(value), 1]
            else:
                # A value may come first when all units have been seen.
                share = weight if name in self._values else max(weight, 1)
                entry = self._values.setdefault(name, [0.0, 0])
                entry[0] += float(value) * share
                entry[1] += share
        self._seen_so_far = current

    def _fit_window(self, current: int, tail: str) -> str:
        """The line, with the bar shortened first and the values cut last, so that it never wraps."""
        # A notebook's cell has no width that could be asked for.
        columns = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 1000
        line = self._bar_text(current, self.width) + tail
        if len(line) >= columns:
            line = self._bar_text(current, max(5, self.width - (len(line) - columns + 1))) + tail
        return line[: max(columns - 1, 1)]

    def _bar_text(self, current: int, width: int) -> str:
        if self.target is None:
            return f"{current:7d}/Unknown"
        digits = len(str(self.target))
        done = int(width * min(current / self.target, 1.0)) if self.target else width
        head = ">" if current < self.target else "="
        filled = "=" * (done - 1) + head if done else ""
        return f"{current:{digits}d}/{self.target} [{filled:.<{width}}]"

    def _time_text(self, current: int, now: float, finished: bool) -> str:
        timed = current - self._seen_before
        per_unit = (now - self._start) / timed if timed else 0.0
        if self.target is not None and not finished:
            return f" - ETA: {_duration(per_unit * (self.target - current))}"
        if per_unit >= 1:
            each = f"{per_unit:.0f}s"
        elif per_unit >= 1e-3:
            each = f"{per_unit * 1e3:.0f}ms"
        else:
            each = f"{per_unit * 1e6:.0f}us"
        return f" - {now - self._start:.0f}s {each}/{self.unit_name}"

    def _values_text(self) -> str:
        text = ""
        for name, (total, weight) in self._values.items():
            average = total / max(1, weight)
            text += f" - {name}: {average:.4f}" if not abs(average) <= 1e-3 else f" - {name}: {average:.4e}"
        return text

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


class NoteBar:
    """The progress of something that happens while a bar stands, such as a validation, as a note behind it.

    Parameters
    ----------
    bar : Progbar
        The bar.
    current : int
        Where the bar stands.
    label : str
        What happens.
    target : int
        Number of units expected.

    Examples
    --------
    >>> NoteBar(Progbar(4), 4, "validation", 10).update(3)
    """

    def __init__(self, bar: Progbar, current: int, label: str, target: int | None) -> None:
        self.bar = bar
        self.current = current
        self.label = label
        self.target = target
        self._start = time.time()

    def update(self, current: int) -> None:
        """Says how far it is."""
        if self.target is None:
            self.bar.note(self.current, f"{self.label} {current}")
            return
        left = (time.time() - self._start) / max(current, 1) * (self.target - current)
        # What matters most comes first: a narrow window cuts the rest.
        self.bar.note(self.current, f"{self.label} ETA: {_duration(left)} ({current}/{self.target})")


def is_dynamic(stream: Any) -> bool:
    """Whether a line written to `stream` can be rewritten: a terminal or the output of a notebook."""
    isatty = getattr(stream, "isatty", None)
    if isatty is not None and isatty():
        return True
    # In a notebook's kernel the stream is ipykernel's own; a kernel whose output goes to a file has another
    # one.
    return type(stream).__module__.partition(".")[0] in ("ipykernel", "colab_kernel_launcher")


def _duration(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "?"
    seconds = int(seconds)
    if seconds > 3600:
        return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    if seconds > 60:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return f"{seconds}s"
