"""`Processes`: crawls as processes of their own, ``scrapy crawl NAME`` with this interpreter and these settings."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Mapping

from archive import clock
from archive.errors import StoreError
from archive.records import iso
from archive.storage import Store
from crawler.scheduling.lookup import last_run, outcome_of
from crawler.scheduling.plan import Outcome
from crawler.scheduling.schedule import Schedule
from crawler.watching.json_log import fields_of
from crawler.watching.report import CHANNEL, Report, read_report

__all__ = ["Processes"]

_LINE = 1 << 16
"""Bytes; longer lines are cut."""


class Processes:
    """Runs crawls, and stops them: the first time by SIGTERM, so that open exchanges finish, later by SIGKILL.

    A crawl holds the lock ``scheduled-NAME`` as long as its process lives, from before it starts: the scheduler may be
    killed, and the next one will know. `tell` gets each line that a crawl writes, `report` how it stands, every second
    and at its end, and `ended` how it ended.
    """

    def __init__(
        self,
        store: Store,
        settings: Mapping[str, str],
        *,
        grace: float,
        tell: Callable[[str, str], None],
        ended: Callable[[str, Outcome], None],
        report: Callable[[str, Report], None] = lambda name, report: None,
    ) -> None:
        """`settings` are given to each crawl with ``-s``; `grace`: seconds between SIGTERM and SIGKILL."""
        self._store = store
        self._options = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
        self._grace = grace
        self._tell = tell
        self._report = report
        self._ended = ended
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, Process] = {}
        self._stops = 0

    def start(self, name: str, schedule: Schedule) -> None:
        """Begin a crawl; needs a running event loop."""
        self._tasks[name] = asyncio.create_task(self._run(name, schedule))

    def is_busy(self, name: str) -> bool:
        """Whether a crawl of the source is under way."""
        return self._store.is_held(f"scheduled-{name}") or self._store.is_held(f"source-{name}")

    def look_up(self, name: str, since: dt.datetime) -> Outcome:
        """How a crawl ended that a killed scheduler had begun."""
        return outcome_of(self._store, name, since)

    def last_run(self, name: str) -> dt.datetime | None:
        """When the last crawl of the source began."""
        return last_run(self._store, name)

    @property
    def running(self) -> list[str]:
        """The sources whose crawls have been started and not ended."""
        return list(self._tasks)

    def stop(self) -> None:
        """Have all crawls end: open exchanges finish. A second time: at once."""
        self._stops += 1
        for process in self._processes.values():
            self._signal(process, harder=self._stops > 1)

    async def _run(self, name: str, schedule: Schedule) -> None:
        began = clock.now()
        try:
            outcome = await self._crawl(name, schedule, began)
        except (OSError, StoreError) as error:
            said = str(error) if isinstance(error, StoreError) else f"it can't be started: {error.strerror}"
            outcome = Outcome("failed", summary=said)
        finally:
            self._processes.pop(name, None)
            self._tasks.pop(name, None)
        self._ended(name, outcome)

    async def _crawl(self, name: str, schedule: Schedule, began: dt.datetime) -> Outcome:
        if self._stops:
            return Outcome("stopped", summary="it had not begun")
        with self._store.lock(f"scheduled-{name}", f"a scheduled crawl of {name} that started {iso(began)}") as lock:
            ours, theirs = os.pipe()
            with contextlib.ExitStack() as unused:
                unused.callback(os.close, ours)
                try:
                    process = await asyncio.create_subprocess_exec(
                        sys.executable, "-m", "scrapy", "crawl", name, *self._options,
                        env={**os.environ, CHANNEL: str(theirs)},
                        stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=STDOUT,
                        # A session of its own: Ctrl-C in the terminal is for us, who pass it on.
                        start_new_session=True, pass_fds=(lock.fileno(), theirs), limit=_LINE,
                    )  # fmt: skip
                finally:
                    os.close(theirs)
                unused.pop_all()
        self._processes[name] = process
        if self._stops:
            self._signal(process)
        lines = asyncio.create_task(self._read(name, process))
        reports = asyncio.create_task(self._hear(name, ours))
        too_long = await self._wait(process, schedule.limit)
        last = await lines
        await reports
        code = await process.wait()
        if too_long:
            return Outcome("too long", code, f"it was stopped after {schedule.time_limit}")
        if self._stops:
            return Outcome("stopped", code, outcome_of(self._store, name, began).summary)
        if code < 0:
            return Outcome("failed", code, f"it was killed by {_signal_name(-code)}")
        if code:
            return Outcome("failed", code, last or f"it ended with exit code {code}")
        outcome = outcome_of(self._store, name, began)
        return Outcome("interrupted" if outcome.result == "stopped" else outcome.result, code, outcome.summary)

    async def _wait(self, process: Process, limit: dt.timedelta) -> bool:
        """Wait until the process ends; whether it had to be stopped, because it lasted longer than `limit`."""
        waiting = asyncio.create_task(process.wait())
        if await _ends_within(waiting, limit.total_seconds()):
            return False
        self._signal(process)
        if not await _ends_within(waiting, self._grace):
            self._signal(process, harder=True)
        await waiting
        return True

    async def _read(self, name: str, process: Process) -> str:
        """Pass the output on line by line; returns the last sentence of newswarc in it, or the last line."""
        assert process.stdout is not None
        last, sentence = "", ""
        while True:
            try:
                line = await process.stdout.readuntil()
            except asyncio.IncompleteReadError as end:
                line = end.partial
            except asyncio.LimitOverrunError as over:
                line = await process.stdout.readexactly(over.consumed)
            if not line:
                return sentence or last
            text = line.decode("utf-8", "replace").rstrip()
            self._tell(name, text)
            if fields := fields_of(text):
                last = fields["message"] or last
                sentence = last if fields.get("logger") == "newswarc" else sentence
            else:
                last = text or last
                if text.startswith("newswarc: "):
                    sentence = text.removeprefix("newswarc: ")

    async def _hear(self, name: str, descriptor: int) -> None:
        """Pass on the reports that come through a pipe, until it is closed."""
        reader = asyncio.StreamReader(limit=_LINE)
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        with contextlib.closing(transport), contextlib.suppress(ValueError):  # a line without end
            while line := await reader.readline():
                if report := read_report(line):
                    self._report(name, report)

    @staticmethod
    def _signal(process: Process, *, harder: bool = False) -> None:
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if harder:
                os.killpg(process.pid, signal.SIGKILL)  # its extraction workers too
            else:
                process.send_signal(signal.SIGTERM)


async def _ends_within(task: asyncio.Task[int], seconds: float) -> bool:
    done, _ = await asyncio.wait([task], timeout=seconds)
    return bool(done)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
