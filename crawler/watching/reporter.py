"""`Reporter`: the extension that says how a crawl stands, to its scheduler, on the terminal or in the log."""

from __future__ import annotations

import logging
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.log import get_scrapy_root_handler

from archive.tally import Tally
from crawler.archiving import Archiving
from crawler.command import PrintableFormatter
from crawler.watching.report import Channel, Report, sentence
from crawler.watching.terminal import is_live

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Request
    from scrapy.settings import BaseSettings

    from crawler.watching.view import View

__all__ = ["Reporter"]

logger = logging.getLogger(__name__)

_REPORT_SECONDS, _DRAW_SECONDS, _RATE_SECONDS = 1.0, 0.5, 60.0


class Reporter:
    """Reports every second to a scheduler that asks for it. Else it draws the live view, or where that can't be logs
    a line every ``LOGSTATS_INTERVAL`` seconds (0: never).
    """

    _view: View | None = None
    """There is one terminal; the first of several crawls in a process has it."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._pages: deque[tuple[float, int]] = deque()
        self._began = time.monotonic()
        self._calls: list[Any] = []
        self._channel = Channel.from_environment()
        self._shows = False
        self._url = ""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Reporter:
        """As Scrapy asks for it. Raises NotConfigured where nothing is to be said."""
        reporter = cls(crawler)
        if reporter._channel is None and not crawler.settings.getbool("LOG_ENABLED"):
            raise NotConfigured
        crawler.signals.connect(reporter._opened, signals.spider_opened)
        crawler.signals.connect(reporter._asked, signals.request_reached_downloader)
        # After the extension that ends the run, so that the last report tells all.
        crawler.signals.connect(reporter._closed, signals.spider_closed)
        return reporter

    def report(self) -> Report:
        """How the crawl stands now."""
        archiving = self._crawler.get_extension(Archiving)
        tally = archiving.run.tally() if archiving else self._replayed()
        now = time.monotonic()
        self._pages.append((now, tally.pages))
        while len(self._pages) > 2 and now - self._pages[1][0] >= _RATE_SECONDS:
            self._pages.popleft()
        (since, before) = self._pages[0]
        rate = 60 * (tally.pages - before) / (now - since) if now > since else 0.0
        requests = self._transferring()
        if requests:
            self._url = requests[0].url
        return Report(
            source=self._crawler.spidercls.name,
            run=archiving.run.id if archiving else "",
            tally=tally,
            rate=rate,
            fetching=self._url,
            open=len(requests),
        )

    def _replayed(self) -> Tally:
        stats = self._crawler.stats
        assert stats is not None
        tally = Tally(articles=stats.get_value("newswarc/replay/articles", 0))
        tally.seconds = time.monotonic() - self._began
        for name, number in stats.get_stats().items():
            if name.startswith(prefix := "downloader/response_status_count/"):
                group = f"{name[len(prefix)]}xx"
                tally.responses[group] = tally.responses.get(group, 0) + number
        return tally

    def _transferring(self) -> list[Request]:
        engine = self._crawler.engine
        slots = engine.downloader.slots.values() if engine is not None else ()
        return [request for slot in slots for request in slot.transferring]

    def _opened(self, spider: Spider) -> None:
        self._began = time.monotonic()
        self._pages.append((self._began, 0))
        settings = self._crawler.settings
        if self._channel:
            self._every(_REPORT_SECONDS, self._send)
        elif _can_draw(settings) and Reporter._view is None:
            self._open_view(settings)
            self._every(_DRAW_SECONDS, self._draw)
        elif seconds := settings.getfloat("LOGSTATS_INTERVAL"):
            self._every(seconds, self._log, now=False)

    def _asked(self, request: Request) -> None:
        self._url = request.url

    def _every(self, seconds: float, function: Any, *, now: bool = True) -> None:
        call = create_looping_call(function)
        call.start(seconds, now=now)
        self._calls.append(call)

    def _send(self) -> None:
        assert self._channel is not None
        self._channel.send(self.report())

    def _log(self) -> None:
        logger.info("%s: %s", self._crawler.spidercls.name, sentence(self.report()))

    def _open_view(self, settings: BaseSettings) -> None:
        from crawler.watching.view import View

        Reporter._view = view = View()
        self._shows = True
        handler = get_scrapy_root_handler()
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(view.above)
        formatter = logging.Formatter(settings["LOG_FORMAT"], settings["LOG_DATEFORMAT"])  # colours are codes
        handler.setFormatter(PrintableFormatter(formatter))
        view.open()

    def _draw(self) -> None:
        from crawler.watching.table import table

        if view := Reporter._view:
            view.show(table([self.report()], view.width))

    def _closed(self, spider: Spider) -> None:
        for call in self._calls:
            if call.running:
                call.stop()
        self._url = ""
        if self._channel:
            self._send()
        if self._shows and Reporter._view:
            self._draw()
            Reporter._view.close()
            Reporter._view = None
            handler = get_scrapy_root_handler()
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.stderr)


def _can_draw(settings: BaseSettings) -> bool:
    """Whether the log goes to a terminal, as text, and nothing else is written there."""
    handler = get_scrapy_root_handler()
    return (
        isinstance(handler, logging.StreamHandler)
        and not isinstance(handler, logging.FileHandler)
        and settings.getbool("LIVE_VIEW")
        and not settings.getbool("LOG_JSON")
        and not any(str(uri).startswith(("stdout:", "-")) for uri in settings.getdict("FEEDS"))
        and is_live(handler.stream)
    )
