"""Progress on a real terminal and off one."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator
from contextlib import redirect_stderr
from types import SimpleNamespace
from typing import TextIO

import pytest

from crawler import progress
from crawler.progress import Progress


class Terminal:
    """A pseudo-terminal; standard error is to be redirected to it."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        self.stderr: TextIO = os.fdopen(theirs, "w")

    def shown(self) -> str:
        """All that was written to it."""
        print("\0", end="", file=self.stderr, flush=True)
        data = b""
        while not data.endswith(b"\0"):
            data += os.read(self._ours, 4096)
        return data[:-1].decode()

    def close(self) -> None:
        self.stderr.close()
        os.close(self._ours)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    made = Terminal()
    yield made
    made.close()


def work(number: int) -> None:
    with Progress("reading") as report:
        for n in range(1, number + 1):
            report(f"file-{n}.warc.gz", n, number)


def test_a_bar_on_a_terminal_that_is_gone_at_the_end(terminal: Terminal) -> None:
    with redirect_stderr(terminal.stderr):
        work(40)
    frames = terminal.shown().split("\r\x1b[K")
    assert frames[0] == frames[-1] == ""
    assert frames[1] == "[#" + "." * 23 + "] 1/40 file-1.warc.gz"
    assert frames[-2] == "[" + "#" * 24 + "] 40/40 file-40.warc.gz"


def test_a_bar_fits_and_never_leaves_its_line(terminal: Terminal) -> None:
    with redirect_stderr(terminal.stderr), Progress("reading") as report:
        report("x" * 500, 1, 1)
    shown = terminal.shown()
    assert "\n" not in shown
    assert max(map(len, shown.split("\r\x1b[K"))) < 100


def test_a_bar_of_nothing(terminal: Terminal) -> None:
    with redirect_stderr(terminal.stderr), Progress("reading") as report:
        report("nothing", 0, 0)
    assert terminal.shown().split("\r\x1b[K")[-1] == ""


def test_the_bar_goes_when_work_fails(terminal: Terminal) -> None:
    with redirect_stderr(terminal.stderr), pytest.raises(ZeroDivisionError), Progress("reading") as report:
        report("a", 1, 2)
        1 / 0  # noqa: B018
    assert terminal.shown().endswith("\r\x1b[K")


def test_no_bar_where_it_can_not_be_drawn_again(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with redirect_stderr(terminal.stderr):
        work(3)
    assert terminal.shown() == ""


def test_short_work_says_nothing_off_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    work(1000)
    assert capfd.readouterr() == ("", "")


def test_plain_lines_off_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_LINE_SECONDS", -1.0)
    with redirect_stderr(io.StringIO()) as out:
        work(3)
    assert out.getvalue() == "".join(f"reading {n} of 3: file-{n}.warc.gz\n" for n in (1, 2, 3))


def test_lines_keep_their_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 4.0, 9.9, 10.1, 15.0, 20.0, 20.2])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    with redirect_stderr(io.StringIO()) as out:
        work(6)
    assert out.getvalue() == "reading 3 of 6: file-3.warc.gz\nreading 6 of 6: file-6.warc.gz\n"


def test_addresses_of_strangers_steer_no_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "https://paper.test/\x1b[2J\x9b2J\a\u202e\na"
    shown = "https://paper.test/\ufffd[2J\ufffd2J\ufffd\ufffd\ufffda"
    with redirect_stderr(terminal.stderr), Progress("reading") as report:
        report(hostile, 1, 1)
    assert terminal.shown().split("\r\x1b[K")[1].endswith(f" 1/1 {shown}")
    monkeypatch.setattr(progress, "_LINE_SECONDS", -1.0)
    with redirect_stderr(io.StringIO()) as out, Progress("reading") as report:
        report(hostile, 1, 1)
    assert out.getvalue() == f"reading 1 of 1: {shown}\n"
