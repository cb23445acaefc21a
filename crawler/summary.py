"""`Summary`: what a crawl tells the person who runs it - plain sentences, and a few lines at the end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.logformatter import LogFormatter

from archive.errors import ArchiveError
from crawler.command import PrintableFormatter

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.logformatter import LogFormatterResult
    from twisted.python.failure import Failure

__all__ = ["OneLine", "Summary", "counts"]

logger = logging.getLogger(__name__)

_LINES = (
    ("captures/response", "responses archived"),
    ("captures/revisit", "unchanged ones archived as revisits"),
    ("conditional/unchanged", "of them without a body: the server said that nothing had changed"),
    ("captures/truncated", "responses cut short"),
    ("replay/answered", "requests answered from the archive"),
    ("replay/missed", "requests missed: not in the archive"),
    ("articles", "articles stored"),
    ("replay/articles", "articles read"),
    ("articles_cleaned_again", "earlier articles cleaned again"),
    ("blocks_removed", "blocks of furniture removed"),
    ("requisites/fetched", "images, stylesheets and fonts of the articles fetched"),
    ("requisites/failed", "of them not to be had"),
    ("requisites/known", "of them in the archive already"),
    ("requisites/left", "of them left out (REQUISITES_A_PAGE)"),
    ("pages/no_article", "pages without an article"),
    ("pages/not_html", "pages that are no HTML"),
    ("pages/failed", "pages that could not be read"),
    ("pages/http_error", "error answers"),
    ("pages/refused", "not fetched because of robots.txt"),
    ("pages/put_off", "put off: their host is left alone for a while"),
    ("pages/off_site", "redirects off the site, not followed"),
    ("pages/unreachable", "not fetched"),
)


_SAID_BETTER = {
    "scrapy.core.downloader.handlers.http11",
    "scrapy.downloadermiddlewares.httpcompression",
    "scrapy.downloadermiddlewares.retry",
    "scrapy.downloadermiddlewares.robotstxt",
}
"""Loggers whose errors come again, in one sentence, when the request ends."""


class OneLine(LogFormatter):
    """What is dropped is said in one line, without the item's repr."""

    def dropped(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """As Scrapy asks for it."""
        level = logging.getLevelName(getattr(exception, "log_level", None) or "WARNING")
        return {"level": level, "msg": "%(exception)s", "args": {"exception": exception}}


class Summary:
    """Keeps tracebacks of foreseen errors out of the log, and sums the crawl up when it has ended."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Summary:
        """As Scrapy asks for it."""
        summary = cls(crawler)
        crawler.signals.connect(summary._opened, signals.spider_opened)
        crawler.signals.connect(summary._closed, signals.spider_closed)
        return summary

    def _opened(self) -> None:
        for handler in logging.getLogger().handlers:
            if not any(isinstance(f, _NoTracebacks) for f in handler.filters):
                handler.addFilter(_NoTracebacks())
                handler.setFormatter(PrintableFormatter(handler.formatter or logging.Formatter()))

    def _closed(self, spider: Spider, reason: str) -> None:
        found = counts(self._crawler)
        lines = [f"{found[key]:>7} {text}" for key, text in _LINES if found.get(key)]
        end = "" if reason == "finished" else f" ({reason})"
        logger.info("%s is done%s:\n%s", spider.name, end, "\n".join(lines) or "      0 responses")


def counts(crawler: Crawler) -> dict[str, int]:
    """Our counters of a crawl, without the prefix ``newswarc/``."""
    stats = crawler.stats.get_stats()
    return {k.removeprefix("newswarc/"): v for k, v in stats.items() if k.startswith("newswarc/")}


class _NoTracebacks(logging.Filter):
    """Where one sentence says it all, the traceback is left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        from scrapy.exceptions import (
            CannotResolveHostError,
            DownloadCancelledError,
            DownloadConnectionRefusedError,
            DownloadFailedError,
            DownloadTimeoutError,
            IgnoreRequest,
            ResponseDataLossError,
        )

        from crawler.handlers import explain

        if record.name in _SAID_BETTER and record.levelno >= logging.WARNING:
            return False
        error = record.exc_info[1] if record.exc_info else None
        foreseen = (
            CannotResolveHostError, DownloadCancelledError, DownloadConnectionRefusedError, DownloadFailedError,
            DownloadTimeoutError, IgnoreRequest, ResponseDataLossError,
        )  # fmt: skip
        if isinstance(error, foreseen):
            record.exc_info = record.exc_text = None
            said = (record.getMessage().splitlines() or [""])[0]
            why = explain(error)
            record.msg, record.args = (said if why in said else f"{said} ({why})".strip()), ()
        elif isinstance(error, ArchiveError):
            record.exc_info = record.exc_text = None
            record.msg, record.args = str(error), ()
        return True
