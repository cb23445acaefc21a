"""`now`: the time that everything goes by which writes down, compares or plans times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Clock", "now", "showing"]

Clock = Callable[[], dt.datetime]
"""Tells the time, in UTC and with its zone."""


def now() -> dt.datetime:
    """What time it is, UTC. Waiting is another thing: it is measured with `time.monotonic`, which never jumps."""
    return _clock()


@contextmanager
def showing(clock: Clock) -> Iterator[None]:
    """Let this process go by another clock, so that a test lives through weeks in seconds.

    There is no setting for it: nobody can let an archive tell wrong times. Extraction workers are processes of their
    own and go by the real clock.
    """
    global _clock  # noqa: PLW0603 - one time for the whole process
    before, _clock = _clock, clock
    try:
        yield
    finally:
        _clock = before


def _real() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


_clock: Clock = _real
