"""`Archiving`: the extension that owns a crawl's `archive.run.Run`."""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from archive.capture import Announcement, Capture, Exchange, Failure
from archive.durability import TICK, Durability
from archive.errors import ArchiveError, StoreError
from archive.health.troubles import QUARANTINE_FOR
from archive.leads import Kind
from archive.run import CHECKED, Run
from archive.storage import Store
from crawler.watching.json_log import JsonLog

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings
    from scrapy.statscollectors import StatsCollector
    from scrapy.utils.asyncio import AsyncioLoopingCall
    from twisted.internet.task import LoopingCall

__all__ = ["Archiving"]

logger = logging.getLogger(__name__)


class Archiving:
    """Opens the archive before the first request and closes it after the last.

    The crawl does not start if the archive can't be opened; it stops at once if the archive can't be
    written any more.
    """

    def __init__(self, crawler: Crawler) -> None:
        spider = crawler.spider or crawler.spidercls  # scrapy shell has no spider yet
        assert crawler.stats is not None
        self._crawler = crawler
        self._stats: StatsCollector = crawler.stats
        settings = crawler.settings
        if settings.get("REPLAY") is not None or settings.get("REPLAY_AT"):
            raise StoreError("REPLAY names no archive to replay: a store, a WARC or WACZ file, or a folder of these.")
        self.run = Run(
            Store(settings["ARCHIVE_STORE"]),
            re.sub(r"[^a-z0-9_]+", "_", (spider.name or "spider").lower()).strip("_") or "spider",
            settings_digest=settings_digest(settings),
            info={
                "operator": settings.get("CONTACT") or "",
                "http-header-user-agent": settings["USER_AGENT"],
                "robots": "obey" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
            },
            exclusive=getattr(spider, "exclusive", False),
            max_file_size=settings.getint("ARCHIVE_FILE_SIZE", 1 << 30),
            durability=Durability.of(settings.get("ARCHIVE_FSYNC", "exchange")),
            quarantine_for=settings.getlist("QUARANTINE_FOR", list(QUARANTINE_FOR)),
        )
        JsonLog.about = {"source": self.run.source, "run": self.run.id}
        for file in self.run.recovered:
            cut = (
                f"; {file.cut} torn bytes were cut off and kept in {self.run.store.root / 'damaged'}"
                if file.cut
                else ""
            )
            logger.warning("%s was left open by a killed run; it is closed now%s.", file.file, cut)
        for problem in self.run.problems:
            logger.warning("%s", problem)
        self._failed = False
        self._flushing: AsyncioLoopingCall | LoopingCall | None = None
        self.check: Callable[[Request], None] | None = None
        """Asked before each request goes out; raises IgnoreRequest for one that is not to be made now."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Archiving:
        """Raises `StoreError` if the archive can't be opened."""
        archiving = cls(crawler)
        crawler.signals.connect(archiving._spider_opened, signals.spider_opened)
        crawler.signals.connect(archiving._spider_closed, signals.spider_closed)
        atexit.register(archiving._process_ends)
        return archiving

    def keep(self, exchange: Exchange) -> Capture:
        """Archive an exchange, count it. Raises `StoreError`, and then ends the crawl."""
        try:
            capture = self.run.keep(exchange)
        except StoreError as error:
            self.give_up(error)
            raise
        self._stats.inc_value(f"newswarc/captures/{capture.kind}")
        if capture.truncated:
            self._stats.inc_value("newswarc/captures/truncated")
        return capture

    def keep_failure(self, failure: Failure) -> None:
        """Archive that a fetch failed, count it. Raises `StoreError`, and then ends the crawl."""
        try:
            self.run.keep_failure(failure)
        except StoreError as error:
            self.give_up(error)
            raise
        self._stats.inc_value(f"newswarc/failures/{failure.kind}")

    def keep_leads(self, capture: Capture, kind: Kind, leads: Iterable[Announcement]) -> list[Announcement]:
        """Archive what a listing announces anew, count it. Raises `StoreError`, and then ends the crawl."""
        try:
            new = self.run.keep_leads(capture, kind, leads)
        except StoreError as error:
            self.give_up(error)
            raise
        self._stats.inc_value(f"newswarc/leads/{kind}", len(new))
        return new

    def give_up(self, error: StoreError) -> None:
        """End the crawl, since nothing can be stored any more; said once."""
        self._stats.set_value("newswarc/archive_failed", 1)
        if not self._failed:
            self._failed = True
            logger.critical("The crawl ends here: %s", error)
            engine = self._crawler.engine
            if engine is not None and engine.spider is not None:
                from scrapy.utils.defer import _schedule_coro

                _schedule_coro(engine.close_spider_async(reason="archive_unwritable"))

    def _spider_opened(self) -> None:
        self._flushing = create_looping_call(self._flush)
        self._flushing.start(TICK, now=False)

    def _flush(self) -> None:
        """What a crawl has captured is to be seen, also while it waits for a slow server."""
        try:
            self.run.flush_if_due()
        except StoreError as error:
            self.give_up(error)

    def _spider_closed(self, spider: Spider, reason: str) -> None:
        if self._flushing is not None and self._flushing.running:
            self._flushing.stop()
        if reason == "finished" and not getattr(spider, "reads", True):
            reason = CHECKED
        self._finish(reason)
        atexit.unregister(self._process_ends)

    def _process_ends(self) -> None:
        """For `scrapy shell`, which never closes its spider."""
        self._finish("shutdown")

    def _finish(self, reason: str) -> None:
        stats = {k: v for k, v in self._stats.get_stats().items() if isinstance(v, int | float | str)}
        try:
            self.run.finish(reason, stats)
        except ArchiveError as error:
            self._stats.set_value("newswarc/archive_failed", 1)
            if not self._failed:
                logger.critical("%s", error)


def settings_digest(settings: BaseSettings) -> str:
    """``sha256:<hex>`` over all settings of a crawl; says later whether two runs had the same."""
    # What has no say in what is kept; there are passwords among it.
    plain: dict[str, Any] = {n: v for n, v in settings.copy_to_dict().items() if not n.startswith("ALARM_")}
    text = json.dumps(plain, sort_keys=True, default=_stable)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _stable(value: Any) -> Any:
    """A value that JSON lacks, in a form that is the same in every process."""
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    name = getattr(value, "__qualname__", None)
    return f"{value.__module__}.{name}" if name else re.sub(r" at 0x[0-9a-f]+", "", str(value))
