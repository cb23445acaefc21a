"""Progress of long work: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Self

from crawler.command import printable
from crawler.watching.terminal import is_live

__all__ = ["Progress"]

_LINE_SECONDS = 10.0


class Progress:
    """Call it with what is being worked on, its number from 1, and how many there are."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._bar = is_live(sys.stderr)
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Make room for a line; the bar comes back with the next call."""
        if self._bar:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def __call__(self, what: str, number: int, total: int) -> None:
        """Show where the work is."""
        now = time.monotonic()
        what = printable(what, line_ends=False)
        if self._bar and (now - self._last > 0.1 or number in (1, total)):
            done = round(24 * number / max(total, 1))
            bar = "#" * done + "." * (24 - done)
            print(f"\r\x1b[K[{bar}] {number}/{total} {what[-60:]}", end="", file=sys.stderr, flush=True)
            self._last = now
        elif not self._bar and now - self._last > _LINE_SECONDS:
            print(f"{self._verb} {number} of {total}: {what}", file=sys.stderr)
            self._last = now
