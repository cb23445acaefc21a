"""``scrapy schedule``: crawls the sources when their time has come."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from archive import clock
from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, printable
from crawler.watching.report import sentence
from crawler.watching.terminal import is_live

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from archive.storage import Store
    from crawler.scheduling.listing import Entry
    from crawler.scheduling.schedule import Schedule
    from crawler.scheduling.sealing import DailySealing
    from crawler.scheduling.sources import ScheduledSources
    from crawler.watching.board import Board
    from crawler.watching.output import Output


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[options] [SOURCE...]"

    def short_desc(self) -> str:
        return "Crawl the sources by their schedules"

    def long_desc(self) -> str:
        return (
            "Crawl each source when the key schedule of its definition says so, in the foreground, until SIGTERM or "
            "Ctrl-C; then running crawls finish their open exchanges. With names only these sources. Missed runs are "
            "made up for once, failed ones are tried again. What it remembers stands in schedule.json in the archive."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--once", action="store_true", help="crawl what is due now and end: for cron and timers")
        parser.add_argument("--list", action="store_true", help="show each source's schedule, last and next run")
        parser.add_argument("--json", action="store_true", help="with --list: as JSON")
        parser.add_argument("--at-once", type=int, metavar="N", help="so many crawls at a time (SCHEDULE_AT_ONCE; 2)")
        parser.add_argument(
            "--metrics-port", metavar="PORT", help="serve metrics for Prometheus (METRICS_PORT; 0: none)"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from crawler.scheduling.sources import ScheduledSources
        from crawler.watching.output import Output

        settings = self.settings
        assert settings is not None
        output = Output(as_json=settings.getbool("LOG_JSON"))
        sources = ScheduledSources(settings.getlist("SOURCES"), args, output.complain)
        try:
            if opts.list:
                self._list(sources.all(), as_json=opts.json)
                return
            self._go_on(sources, output, opts)
        except ArchiveError as error:
            output.complain(error)
            self.exitcode = 1

    def _go_on(self, sources: ScheduledSources, output: Output, opts: argparse.Namespace) -> None:
        from crawler.scheduling.service import Service
        from crawler.scheduling.worth import Worth
        from crawler.watching.board import Board

        settings = self.settings
        assert settings is not None
        if not any(sources.all().values()):
            where = " or ".join(settings.getlist("SOURCES"))
            raise ArchiveError(f'No source has a schedule: write schedule = "every 45 minutes" into a file in {where}.')
        at_once = settings["SCHEDULE_AT_ONCE"] if opts.at_once is None else opts.at_once
        port = settings["METRICS_PORT"] if opts.metrics_port is None else opts.metrics_port
        board = Board()
        with ExitStack() as stack:
            show, seconds = _watch(settings, board, output, stack)
            service = Service(
                store=self.store,
                schedules=sources.changed,
                settings=_given(settings),
                at_once=int(_number("SCHEDULE_AT_ONCE", at_once, at_least=1)),
                grace=_number("SCHEDULE_GRACE", settings["SCHEDULE_GRACE"], at_least=0),
                tell=output.tell,
                say=output.say,
                is_worth=Worth(self.store, sources.source),
                sealing=_sealing(self.store, settings, output),
                board=board,
                show=show,
                show_seconds=seconds,
            )
            if port := int(_number("METRICS_PORT", port, at_least=0)):
                host = settings["METRICS_HOST"]
                stack.callback(_metrics(board, self.store, host, port))
                output.say("", f"tells Prometheus how all stands: http://{host}:{port}/metrics")
            self.exitcode = service.run(once=opts.once)

    def _list(self, schedules: Mapping[str, Schedule | None], *, as_json: bool) -> None:
        import msgspec

        from crawler.scheduling.listing import entries
        from crawler.scheduling.state import StateFile

        found = entries(self.store, schedules, StateFile(self.store.root).load())
        if as_json:
            print(json.dumps(msgspec.to_builtins(found), indent=1))
        elif sys.stdout.isatty():
            _print_table(found)
        else:
            for entry in found:
                print("\t".join(_cells(entry)))


def _number(name: str, value: object, *, at_least: int) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1
    if not at_least <= number < 1_000_000:
        raise ArchiveError(f"{name}={value}: is a number, {at_least} or more.")
    return number


def _watch(
    settings: BaseSettings, board: Board, output: Output, stack: ExitStack
) -> tuple[Callable[[], None] | None, float]:
    """What shows how all stands, and how often (seconds): the live view on a terminal, else a line a crawl."""
    if settings.getbool("LIVE_VIEW", True) and not settings.getbool("LOG_JSON") and is_live(sys.stderr):
        from crawler.watching.table import board_table
        from crawler.watching.view import View

        view = View()
        view.open()
        stack.callback(view.close)
        return lambda: view.show(board_table(board, view.width)), 0.5

    def say_all() -> None:
        for report in board.reports:
            if report.run:  # it has told of itself
                output.say(report.source, f"goes on: {sentence(report)}")

    seconds = _number("LOGSTATS_INTERVAL", settings["LOGSTATS_INTERVAL"], at_least=0)
    return (say_all if seconds else None), seconds


def _sealing(store: Store, settings: BaseSettings, output: Output) -> DailySealing | None:
    """Seals once a day, if there is a key to do it with."""
    from archive.sealing.keys import key_path
    from crawler.scheduling.sealing import DailySealing

    named = settings.get("SEAL_KEY"), settings.get("EXPORT_KEY")
    if not settings.getbool("SEAL_DAILY", True) or not (any(named) or key_path(store).exists()):
        return None
    return DailySealing(store, _given(settings), lambda line: output.say("", line))


def _metrics(board: Board, store: Store, host: str, port: int) -> Callable[[], None]:
    try:
        from crawler.watching.metrics import Metrics, serve_metrics
    except ImportError as error:
        raise ArchiveError(
            f"Metrics need more than is installed ({error.name}): pip install 'newswarc[watch]'."
        ) from error
    return serve_metrics(Metrics(board, store), host, port)


def _given(settings: BaseSettings) -> dict[str, str]:
    """The settings of the command line, for the crawls."""
    from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings

    given = SETTINGS_PRIORITIES["cmdline"]
    values = {str(name): settings[name] for name in settings if settings.getpriority(name) == given}
    return {
        name: json.dumps(value.copy_to_dict()) if isinstance(value, BaseSettings) else str(value)
        for name, value in values.items()
    }


def _cells(entry: Entry) -> list[str]:
    last = f"{entry.last_began.astimezone():%Y-%m-%d %H:%M:%S}" if entry.last_began else "never"
    if entry.running_since:
        result = f"running since {entry.running_since.astimezone():%Y-%m-%d %H:%M:%S}"
    elif entry.last_result:
        result = f"{entry.last_result} in {entry.last_seconds:.0f} s"
        result += f": {entry.last_summary}" if entry.last_summary else ""
    else:
        result = ""
    if entry.next is None:
        coming = ""
    elif entry.next <= clock.now():
        coming = "now"
    else:
        coming = f"{entry.next.astimezone():%Y-%m-%d %H:%M:%S}"
    return [entry.source, entry.schedule or "not scheduled", last, printable(result), coming]


def _print_table(found: list[Entry]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in ("source", "schedule", "last run", "result", "next run"):
        table.add_column(column)
    for entry in found:
        table.add_row(*map(Text, _cells(entry)))
    Console().print(table)
