"""What several commands share."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import logging
import re
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from scrapy.commands import ScrapyCommand

from archive.errors import ArchiveError
from archive.storage import Store

if TYPE_CHECKING:
    from scrapy.crawler import Crawler, CrawlerProcessBase

__all__ = [
    "ArchiveCommand",
    "Crawls",
    "PrintableFormatter",
    "complain",
    "counted",
    "json_line",
    "moment",
    "printable",
    "size_of",
    "through",
]


def complain(error: ArchiveError | str) -> None:
    """One sentence on standard error, in one line, whatever a file or URL that it names is called."""
    print(f"newswarc: {printable(str(error), line_ends=False)}", file=sys.stderr)


_JOINERS = "\u200c\u200d"
"""Some scripts are written with them."""
_BLANKS = {chr(code) for code in range(0xA0, 0x3001) if chr(code).isspace()} - {"\u2028", "\u2029"}
"""Wide and narrow ones; the two that end lines and paragraphs are left out."""


def printable(text: str, *, line_ends: bool = True) -> str:
    """Text of a page, fit for a terminal: no control or escape characters get through, but line ends if they may."""
    harmless = _JOINERS + "\n" * line_ends
    return "".join(c if c.isprintable() or c in harmless or c in _BLANKS else "\ufffd" for c in text)


class PrintableFormatter(logging.Formatter):
    """Whatever a URL, a header or an error of a server holds, no control character of it reaches a terminal."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self._formatter = formatter

    def format(self, record: logging.LogRecord) -> str:
        """As the other formatter does, and fit for a terminal."""
        return printable(self._formatter.format(record))


def json_line(value: Any) -> str:
    """A value as JSON on one line. JSON lets C1 control characters stand as they are; a terminal must not see them."""
    return re.sub("[\x7f-\x9f]", lambda c: f"\\u{ord(c[0]):04x}", msgspec.json.encode(value).decode())


def counted(number: int, noun: str) -> str:
    """So many of something: ``1 article``, ``2 articles``."""
    return f"{number} {noun}{'s' * (number != 1)}"


def size_of(text: str, option: str) -> int:
    """Bytes that the user gave: ``500``, ``20MB``, ``1.5G``, powers of 1000. Raises `ArchiveError` for what is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", text.strip(), re.ASCII | re.IGNORECASE)
    size = int(float(match[1]) * 1000 ** " KMGT".index(match[2].upper() or " ")) if match else 0
    if not size:
        raise ArchiveError(f"{option} {text}: is no size such as 20MB, 1.5GB or 500000.")
    return size


def moment(date: str | None, option: str) -> str | None:
    """A date that the user gave as the beginning of WARC-Dates: a day (``2026-11-20``), month or year, or a time, UTC
    if it says none.

    Raises `ArchiveError` for what is no date.
    """
    if date is None:
        return None
    try:
        if re.fullmatch(r"\d{4}(-\d\d){0,2}", date, re.ASCII):
            dt.date.fromisoformat(date + "-01-01"[len(date) - 4 :])
            return date
        time = dt.datetime.fromisoformat(date)
        return f"{time.replace(tzinfo=time.tzinfo or dt.UTC).astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError) as error:
        raise ArchiveError(
            f"{option} {date}: is no date such as 2026-11-20, 2026-11 or 2026-11-20T09:00:00Z."
        ) from error


def through(date: str | None) -> str | None:
    """Where a span ends whose last day, month or year the user gave with ``--until``: before the next one.

    A time is an end itself, and what is no date stays as it is: whoever uses it says so.
    """
    match = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", date or "", re.ASCII)
    if match is None:
        return date
    year, month, day = match.groups()
    try:
        if day:
            return str(dt.date.fromisoformat(match[0]) + dt.timedelta(days=1))
        years, after = divmod(int(month), 12) if month else (1, None)
        dt.date(int(year), int(month or 1), 1)
        dt.date(int(year) + years, 1, 1)
        return f"{int(year) + years:04}" if after is None else f"{int(year) + years:04}-{after + 1:02}"
    except OverflowError:  # the last day of all
        return None
    except ValueError:
        return None if year == "9999" and month in (None, "12") else date


class ArchiveCommand(ScrapyCommand):
    """A command over the archive: it needs no crawler process, and fails with one sentence."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - as Scrapy declares it

    ends_on_broken_pipe = False
    """``| head`` ends the command quietly; not for commands that have worker processes on pipes."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """As Scrapy does; called before `run`."""
        super().process_options(args, opts)
        if self.ends_on_broken_pipe:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)

    @property
    def store(self) -> Store:
        """The archive of the setting ``ARCHIVE_STORE``."""
        assert self.settings is not None
        return Store(self.settings.get("ARCHIVE_STORE", "data"))

    def fail(self, error: ArchiveError | str) -> None:
        """Say what went wrong and make the command exit with 1."""
        complain(error)
        self.exitcode = 1


class Crawls:
    """The crawls of one process: starts them, and turns what goes wrong into sentences."""

    def __init__(self, process: CrawlerProcessBase) -> None:
        self._process = process
        self.crawlers: list[Crawler] = []
        self.failed = False
        self._running = 0
        self._later: list[Callable[[], None]] = []

    def add(self, spider: Any, arguments: dict[str, Any] | None = None) -> None:
        """Have a spider (its name or class) run when `run` is called."""
        try:
            crawler = self._process.create_crawler(spider)
        except KeyError as error:
            self._fail(error)
            return
        task = self._process.crawl(crawler, **(arguments or {}))
        assert isinstance(task, asyncio.Task)
        task.add_done_callback(self._done)
        self._running += 1
        self.crawlers.append(crawler)

    def then(self, function: Callable[[], None]) -> None:
        """Have `function` called when all crawls so far have ended; it may add more."""
        self._later.append(function)

    def run(self) -> int:
        """Run until all crawls have ended. Returns the exit code: 1 if one could not begin or be archived."""
        if self.crawlers:
            self._process.start()
        unwritable = any(c._stats is not None and c.stats.get_value("newswarc/archive_failed") for c in self.crawlers)
        return 1 if self.failed or unwritable else 0

    def complain(self, error: ArchiveError | str) -> None:
        """One sentence on standard error, as JSON if the log is."""
        if self._process.settings.getbool("LOG_JSON"):
            logging.getLogger("newswarc").error("%s", error)
        else:
            complain(error)

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)
        self._running -= 1
        if not self._running and self._later:
            self._later.pop(0)()

    def _fail(self, error: BaseException) -> None:
        self.failed = True
        if (sentence := _sentence_of(error)) is None:
            raise error
        self.complain(sentence)


def _sentence_of(error: BaseException) -> str | None:
    """The user's sentence in an error that ended a command early, or None for a fault of ours."""
    if isinstance(error, ArchiveError):
        return str(error)
    if isinstance(error, KeyError) and error.args and str(error.args[0]).endswith("."):
        return str(error.args[0])
    return None
