"""`Output`: what a scheduler writes on standard error, as text or as lines of JSON."""

from __future__ import annotations

import contextlib
import json
import sys

from archive import clock
from archive.errors import ArchiveError
from crawler.command import complain, printable
from crawler.watching.json_log import fields_of, json_line

__all__ = ["Output"]


class Output:
    """Its own sentences, and what crawls write."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def say(self, name: str, sentence: str) -> None:
        """A sentence about a source, or (no name) about the scheduler."""
        text = f"{name or 'The scheduler'} {sentence}"
        if self._as_json:
            _print(json_line("INFO", "schedule", text, time=clock.now(), source=name))
        else:
            _print(f"{clock.now().astimezone():%Y-%m-%d %H:%M:%S} [schedule] {printable(text)}")

    def tell(self, name: str, line: str) -> None:
        """A line that the crawl of a source has written; JSON stays as it is, and names its source."""
        if not self._as_json:
            _print(f"{name}: {printable(line)}")
        elif fields := fields_of(line):
            _print(printable(line) if "source" in fields else json.dumps({**fields, "source": name}))
        elif line:
            level = "ERROR" if line.startswith("newswarc: ") else "INFO"
            _print(json_line(level, "crawl", line, time=clock.now(), source=name))

    def complain(self, error: ArchiveError | str) -> None:
        """What is wrong, in one sentence."""
        if self._as_json:
            _print(json_line("ERROR", "newswarc", str(error), time=clock.now()))
        else:
            complain(error)


def _print(text: str) -> None:
    with contextlib.suppress(OSError):  # crawls go on when nobody listens any more
        print(text, file=sys.stderr, flush=True)
