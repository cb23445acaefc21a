"""`Report`: how a crawl stands now, and the channel on which a crawl tells its scheduler."""

from __future__ import annotations

import contextlib
import os

import msgspec

from archive.tally import Tally
from crawler.command import printable
from crawler.watching.words import counted, lasted

__all__ = ["CHANNEL", "Channel", "Report", "read_report", "sentence"]

CHANNEL = "NEWSWARC_REPORTS"
"""The environment variable with the number of the file descriptor that takes reports, one line of JSON each."""
_LONGEST_URL = 500
"""With this a line fits into what a pipe takes at once (4096 bytes), so that none is ever written in part."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a crawl stands."""

    source: str
    run: str = ""
    """Id of the run in the catalogue; empty in a replay, which has none."""
    tally: Tally = msgspec.field(default_factory=Tally)
    rate: float = 0.0
    """Pages a minute, of late."""
    fetching: str = ""
    """The URL that is being fetched, or was last."""
    open: int = 0
    """How many are being fetched."""


def read_report(line: bytes) -> Report | None:
    """The report in a line; None for what is none."""
    try:
        return msgspec.json.decode(line, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class Channel:
    """Takes reports to the scheduler. A crawl never waits for it, and goes on without it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)
        os.set_inheritable(descriptor, False)

    @classmethod
    def from_environment(cls) -> Channel | None:
        """The channel that a scheduler has given; None if there is none."""
        try:
            return cls(int(os.environ.pop(CHANNEL)))  # it is for nobody else that this process may start
        except (KeyError, ValueError, OSError):
            return None

    def send(self, report: Report) -> None:
        """Write a line, or leave it if nobody reads."""
        line = msgspec.json.encode(msgspec.structs.replace(report, fetching=report.fetching[:_LONGEST_URL])) + b"\n"
        with contextlib.suppress(OSError):  # a full pipe, or a scheduler that was killed
            os.write(self._descriptor, line)


def sentence(report: Report) -> str:
    """A report as a line of plain text."""
    tally = report.tally
    parts = [
        counted(tally.pages, "page") + f" ({report.rate:.0f} a minute)",
        counted(tally.articles, "article"),
        counted(tally.revisits, "revisit"),
        counted(tally.errors, "error"),
    ]
    now = f"; fetching {printable(report.fetching, line_ends=False)}" if report.fetching else ""
    return f"{', '.join(parts)} in {lasted(tally.seconds)}{now}"
