"""`Service`: the scheduler at work - it waits, starts crawls when their time has come, and stops with them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence

import msgspec

from archive import clock
from archive.errors import StoreError
from archive.records import iso
from archive.storage import Store
from crawler.scheduling.plan import Outcome, Plan
from crawler.scheduling.processes import Processes
from crawler.scheduling.schedule import Schedule
from crawler.scheduling.scheduler import Scheduler
from crawler.scheduling.sealing import DailySealing
from crawler.scheduling.state import StateFile
from crawler.watching.board import Board

__all__ = ["Service", "Tell"]

_GLANCE = 5.0
"""Seconds, at most, between two looks at the clock, which may jump, at the sources, and at what others crawl."""

Tell = Callable[[str, str], None]
"""Takes a source's name (empty: the scheduler itself) and a line about it."""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """Crawls the sources of one archive by their schedules, in the foreground."""

    store: Store
    schedules: Callable[[], Mapping[str, Schedule] | None]
    """The schedules to go by; called now and then; None: as before."""
    settings: Mapping[str, str]
    """For each crawl, with ``-s``."""
    at_once: int
    grace: float
    """Seconds that crawls have to end in when they are stopped."""
    tell: Tell
    """For what crawls write."""
    say: Tell
    """For the scheduler's own sentences."""
    is_worth: Callable[[str], bool] = lambda name: True
    """Whether anything of a source is due: if not, its time passes without a run."""
    sealing: DailySealing | None = None
    """Seals once a day; None: nobody does."""
    board: Board = msgspec.field(default_factory=Board)
    """Is told how all stands."""
    show: Callable[[], None] | None = None
    """Shows it; called every `show_seconds`."""
    show_seconds: float = 1.0

    def run(self, *, once: bool = False) -> int:
        """Crawl until SIGTERM, SIGINT or SIGHUP, or with `once` what is due now. Returns the exit code.

        A second signal ends the crawls at once. Raises `StoreError` if the archive can't be written, or another
        scheduler is at work in it.
        """
        self.store.create()
        who = f"a scheduler that started {iso(clock.now())}"
        with self.store.lock("schedule", who):
            return asyncio.run(_Work(self).once() if once else _Work(self).go_on())


class _Work:
    """One run of the service, within an event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = StateFile(service.store.root)
        self._state_fails = False
        self._woken = asyncio.Event()
        self._stopping = False
        self._failed = False
        self._board = service.board
        self._processes = Processes(
            service.store,
            service.settings,
            grace=service.grace,
            tell=service.tell,
            report=self._board.report,
            ended=self._ended,
        )
        self._scheduler = Scheduler(
            service.schedules() or {},
            self._processes,
            plans=self._load(),
            keep=self._keep,
            at_once=service.at_once,
            say=service.say,
            is_worth=service.is_worth,
        )
        self._showing: asyncio.Task[None] | None = None

    async def go_on(self) -> int:
        """Until a signal comes."""
        self._listen()
        self._say_what_comes()
        while not self._stopping:
            if (schedules := self._service.schedules()) is not None:
                self._scheduler.follow(schedules)
            self._start_due()
            if self._service.sealing:
                self._service.sealing.step()
            await self._wait()
        return await self._end()

    async def once(self) -> int:
        """What is due now."""
        self._listen()
        self._scheduler.take_over()
        due = self._scheduler.due()
        any_started = False
        while not self._stopping:
            started = self._start_due(due)
            any_started |= bool(started)
            due = [name for name in due if name not in started]
            if not self._processes.running:  # what is left is crawled by others
                break
            await self._wait()
        if not any_started:
            self._say_what_comes()
        if self._service.sealing and not self._stopping:
            await self._service.sealing.once()
        return await self._end() or int(self._failed)

    def _start_due(self, only: Sequence[str] | None = None) -> list[str]:
        self._woken.clear()
        started = self._scheduler.step(only)
        for name in started:
            self._service.say(name, "begins.")
            self._board.begins(name)
        self._post()
        return started

    def _post(self) -> None:
        self._board.follow(self._scheduler.schedules, self._scheduler.plans)

    async def _show(self, show: Callable[[], None]) -> None:
        while True:
            show()
            await asyncio.sleep(self._service.show_seconds)

    async def _wait(self) -> None:
        """Until something ends, a signal comes, or the next time does."""
        seconds = _GLANCE
        if (time := self._scheduler.next_time()) and (left := (time - clock.now()).total_seconds()) > 0:
            seconds = min(left, seconds)
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return

    async def _end(self) -> int:
        """Wait for the crawls that are ending; those that don't are killed."""
        loop = asyncio.get_running_loop()
        harder = loop.call_later(self._service.grace, self._processes.stop)
        while self._processes.running:
            self._woken.clear()
            await self._woken.wait()
        harder.cancel()
        if self._service.sealing:
            await self._service.sealing.stop()
        if self._showing:
            self._showing.cancel()
        return 0

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop)
        self._post()
        if show := self._service.show:
            self._showing = loop.create_task(self._show(show))

    def _stop(self) -> None:
        running = self._processes.running
        if running:
            how = "kills" if self._stopping else "stops"
            names = ", ".join(sorted(running))
            rest = "" if self._stopping else "; open exchanges finish. A second signal kills it"
            self._service.say("", f"{how} {names}{rest}.")
        self._stopping = self._board.stopping = True
        self._processes.stop()
        self._woken.set()

    def _ended(self, name: str, outcome: Outcome) -> None:
        self._failed |= outcome.result in ("failed", "interrupted")
        self._service.say(name, f"{_ENDS[outcome.result]}{outcome.summary and ': '}{outcome.summary.rstrip('.')}.")
        self._scheduler.ended(name, outcome)
        self._board.ended(name, outcome)
        self._post()
        self._woken.set()

    def _load(self) -> dict[str, Plan]:
        try:
            return self._state.load()
        except StoreError as error:
            aside = self._state.put_aside()
            self._service.say("", f"begins anew: {error} It is now {aside}; the catalogue says what was crawled last.")
            return {}

    def _keep(self, plans: dict[str, Plan]) -> None:
        try:
            self._state.keep(plans)
            self._state_fails = False
        except StoreError as error:
            if not self._state_fails:
                self._service.say("", f"can't keep what it knows: {error}")
            self._state_fails = True

    def _say_what_comes(self) -> None:
        time = self._scheduler.next_time()
        names = len(self._scheduler.schedules)
        sources = "1 source" if names == 1 else f"{names} sources"
        now = clock.now()
        when = "now" if time and time <= now else f"at {time.astimezone():%Y-%m-%d %H:%M:%S}" if time else "later"
        self._service.say("", f"goes by the schedules of {sources}; the next run begins {when}.")


_ENDS = {
    "done": "is done",
    "failed": "failed",
    "stopped": "is stopped and goes on when the scheduler does",
    "interrupted": "was interrupted",
    "too long": "lasted too long",
}
