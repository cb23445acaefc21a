"""`DailySealing`: ``scrapy seal`` once a day, beside the crawls of a scheduler."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Mapping

from archive import clock
from archive.errors import ArchiveError
from archive.sealing.seals import Seals
from archive.storage import Store

__all__ = ["DailySealing"]

_AGAIN = dt.timedelta(hours=1)
"""After a sealing that failed."""
_PAST_MIDNIGHT = dt.timedelta(minutes=10)
"""Runs of the day before have mostly ended by then."""


class DailySealing:
    """Seals an archive once in each day of UTC, a little after midnight or as soon as the scheduler is there again.

    In a process of its own; `settings` are given to it with ``-s``, and `tell` gets each line that it writes.
    """

    def __init__(self, store: Store, settings: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self._store = store
        self._options = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
        self._tell = tell
        self._next = clock.now()
        self._task: asyncio.Task[None] | None = None
        self._process: Process | None = None

    def step(self) -> None:
        """Begin if it is time; needs a running event loop."""
        if (self._task is None or self._task.done()) and self._is_due():
            self._task = asyncio.create_task(self._seal())

    async def once(self) -> None:
        """Seal if it is time, and wait for the end."""
        self.step()
        if self._task is not None:
            await self._task

    async def stop(self) -> None:
        """End it: what it has not finished leaves nothing behind."""
        if self._task is None or self._task.done():
            return
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
        await self._task

    def _is_due(self) -> bool:
        now = clock.now()
        if now < self._next:
            return False
        try:
            last = Seals(self._store).last()
        except ArchiveError:
            last = None  # the command says what is wrong
        if last is None or last.statement.made[:10] < f"{now:%Y-%m-%d}":
            return True
        self._next = _tomorrow(now)
        return False

    async def _seal(self) -> None:
        command = [sys.executable, "-m", "scrapy", "seal", *self._options]
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True
            )
        except OSError as error:
            self._tell(f"can't seal: {error.strerror}.")
            self._next = clock.now() + _AGAIN
            return
        said, _ = await self._process.communicate()
        for line in said.decode("utf-8", "replace").splitlines():
            self._tell(line.removeprefix("newswarc: "))
        # With nothing new there is no seal of today, and none is due either.
        self._next = clock.now() + _AGAIN if self._process.returncode else _tomorrow(clock.now())
        self._process = None


def _tomorrow(now: dt.datetime) -> dt.datetime:
    midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + dt.timedelta(days=1) + _PAST_MIDNIGHT
