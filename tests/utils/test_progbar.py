"""The progress bar in a terminal, a notebook and a log file."""

import io
import os
import sys

import pytest

from pronghorn.utils import progbar
from pronghorn.utils.progbar import Progbar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr(progbar.time, "time", lambda: Clock.now)
    return Clock


def run(monkeypatch, stream, clock, columns=200, seconds=1.0, target=4, **kwargs):
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(progbar.shutil, "get_terminal_size", lambda fallback: os.terminal_size((columns, 24)))
    bar = Progbar(target, **kwargs)
    for i in range(1, 5):
        clock.now += seconds
        bar.update(i, [("loss", 1.0 / i), ("acc", i / 4)])
    return stream.getvalue()


def screen(text):
    """What a terminal shows: a carriage return starts the line again."""
    lines = [""]
    column = 0
    for character in text:
        if character == "\n":
            lines.append("")
            column = 0
        elif character == "\r":
            column = 0
        else:
            line = lines[-1].ljust(column)
            lines[-1] = line[:column] + character + line[column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


def test_terminal_rewrites_one_line(monkeypatch, clock):
    text = run(monkeypatch, Terminal(), clock, stateful_metrics=["acc"])
    assert text.count("\n") == 1 and text.count("\r") == 4
    assert screen(text)[0] == "4/4 [==============================] - 4s 1s/step - loss: 0.5208 - acc: 1.0000"


def test_terminal_shows_the_time_left(monkeypatch, clock):
    monkeypatch.setattr(sys, "stdout", Terminal())
    bar = Progbar(100)
    clock.now += 90
    bar.update(1)
    assert "1/100 [..............................] - ETA: 2:28:30" in sys.stdout.getvalue()
    clock.now += 10
    bar.update(50)
    assert "ETA: 1:40" in sys.stdout.getvalue()


def test_a_shorter_line_leaves_nothing_behind(monkeypatch, clock):
    monkeypatch.setattr(sys, "stdout", Terminal())
    bar = Progbar(2)
    clock.now += 1000
    bar.update(1, [("loss", 1e-9)])
    bar.update(2, [("loss", 3.0)])
    assert screen(sys.stdout.getvalue())[0].endswith("loss: 1.5000")


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_narrow_terminals(monkeypatch, clock, columns):
    """A line that is rewritten keeps within the window; the last one says everything."""
    *rewritten, last = run(monkeypatch, Terminal(), clock, columns=columns).split("\r")
    assert max(map(len, rewritten)) < columns
    assert last == "4/4 [==============================] - 4s 1s/step - loss: 0.5208 - acc: 0.6250\n"


def test_log_files_get_whole_lines_and_few_of_them(monkeypatch, clock):
    text = run(monkeypatch, io.StringIO(), clock)
    assert text == "4/4 [==============================] - 4s 1s/step - loss: 0.5208 - acc: 0.6250\n"


def test_log_files_show_that_a_long_epoch_goes_on(monkeypatch, clock):
    text = run(monkeypatch, io.StringIO(), clock, seconds=40)
    assert [line[:3] for line in text.splitlines()] == ["1/4", "2/4", "3/4", "4/4"]
    assert "\r" not in text and "\b" not in text


def test_notebooks_are_rewritten(monkeypatch, clock):
    OutStream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})
    text = run(monkeypatch, OutStream(), clock)
    assert text.count("\n") == 1 and text.count("\r") == 4


def test_updates_are_limited(monkeypatch, clock):
    text = run(monkeypatch, Terminal(), clock, seconds=0.01)
    assert text.count("\r") == 2  # the first and the last


def test_one_line_per_epoch(monkeypatch, clock):
    assert run(monkeypatch, Terminal(), clock, verbose=2) == " - 4s - loss: 0.5208 - acc: 0.6250\n"


def test_silent(monkeypatch, clock):
    assert run(monkeypatch, Terminal(), clock, verbose=0) == ""


def test_unknown_target(monkeypatch, clock):
    text = run(monkeypatch, Terminal(), clock, target=None)
    assert "4/Unknown - 4s 1s/step" in text


def test_add(monkeypatch, clock):
    monkeypatch.setattr(sys, "stdout", Terminal())
    bar = Progbar(3)
    bar.add(1)
    bar.add(2)
    assert "3/3" in screen(sys.stdout.getvalue())[0]
