"""The live view on a real terminal: drawn again in place, with the log above it, whole and harmless."""

from __future__ import annotations

import io
import os
import pty
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import TextIO

import pytest
from rich.text import Text

from crawler.watching.terminal import is_live
from crawler.watching.view import View


class Terminal:
    """A pseudo-terminal of 24 lines."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        self.stream: TextIO = os.fdopen(theirs, "w")

    def shown(self) -> str:
        """All that was written to it."""
        print("\0", end="", file=self.stream, flush=True)
        data = b""
        while not data.endswith(b"\0"):
            data += os.read(self._ours, 4096)
        return data[:-1].decode()

    def close(self) -> None:
        self.stream.close()
        os.close(self._ours)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    for name in ("CI", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    made = Terminal()
    yield made
    made.close()


def screen(written: str) -> list[str]:
    """The lines that stand there in the end, as a terminal reads the few codes that the view uses."""
    lines, row = [""], 0
    written = re.sub(r"\x1b\[\??[\d;]*[mhl]", "", written)
    for part in re.findall(r"\x1b\[\d*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if part == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part != "\r":
            lines[row] += part
    return lines


def test_the_log_goes_on_above_it(terminal: Terminal) -> None:
    with redirect_stderr(terminal.stream), redirect_stdout(io.StringIO()) as out:
        view = View()
        view.open()
        view.show([Text("pages 1"), Text("https://gazette.test/a")])
        print("first line", file=sys.stderr)
        print("second ", end="", file=sys.stderr)
        view.show([Text("pages 2")])
        print("line\nthird line\nfourth", end="", file=sys.stderr)
        print("standard output is no terminal here")
        view.show([Text("pages 3")])
        view.close()
        assert sys.stderr is terminal.stream
    lines = [line for line in screen(terminal.shown()) if line]
    assert lines == ["first line", "second line", "third line", "fourth", "pages 3"]
    assert out.getvalue() == "standard output is no terminal here\n"


def test_a_standard_output_that_is_the_terminal_goes_above_too(terminal: Terminal) -> None:
    with redirect_stderr(terminal.stream), redirect_stdout(terminal.stream):
        view = View()
        view.open()
        view.show([Text("pages 1")])
        print("an item")
        view.close()
        assert sys.stdout is terminal.stream
    assert [line for line in screen(terminal.shown()) if line] == ["an item", "pages 1"]


def test_what_pages_say_steers_no_terminal(terminal: Terminal) -> None:
    with redirect_stderr(terminal.stream):
        view = View()
        view.open()
        view.show([Text("pages 1")])
        print("\x1b[31mRed\x1b[0m \x9b2J\x07 \u202etrever [bold]b[/bold] :smile:\tt", file=sys.stderr)
        view.close()
    assert "\ufffd[31mRed\ufffd[0m \ufffd2J\ufffd \ufffdtrever [bold]b[/bold] :smile:    t" in terminal.shown()


def test_what_is_higher_than_the_terminal_is_cut(terminal: Terminal) -> None:
    with redirect_stderr(terminal.stream):
        view = View()
        view.open()
        view.show([Text(f"line {n}") for n in range(50)])
        view.close()
    lines = [line for line in screen(terminal.shown()) if line]
    assert (len(lines), lines[-1]) == (22, "... 29 lines more")


def test_the_cursor_comes_back(terminal: Terminal) -> None:
    with redirect_stderr(terminal.stream):
        view = View()
        view.open()
        view.close()
    assert terminal.shown().rindex("\x1b[?25h") > 0


def test_what_a_worker_writes_is_not_lost_and_draws_nothing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redirect_stderr(terminal.stream):
        view = View()
        view.open()
        view.show([Text("pages 1")])
        with monkeypatch.context() as forked:
            forked.setattr(os, "getpid", lambda: -1)
            print("from a \x1b[2J worker", file=sys.stderr)
        view.close()
        view.close()
    shown = terminal.shown()
    assert "\rfrom a \ufffd[2J worker\r\n" in shown
    assert shown.count("pages 1") == 2, "drawn at first and at the end"


def test_where_it_can_be_shown(terminal: Terminal) -> None:
    assert is_live(terminal.stream, {"TERM": "xterm-256color"})
    assert is_live(terminal.stream, {"TERM": "xterm", "CI": "false"})
    assert not is_live(terminal.stream, {"TERM": "dumb"})
    assert not is_live(terminal.stream, {})
    assert not is_live(terminal.stream, {"TERM": "xterm", "CI": "true"})
    assert not is_live(io.StringIO(), {"TERM": "xterm"})
    closed = io.StringIO()
    closed.close()
    assert not is_live(closed, {"TERM": "xterm"})
