"""robots.txt between runs (RFC 9309, 2.4), and the pace that it asks for."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

import msgspec
from scrapy import signals
from scrapy.utils.httpobj import urlparse_cached
from sqlalchemy import text

from archive import clock
from archive.errors import RecordError, StoreError
from archive.http import parse_stored
from archive.reader import parse_member
from archive.records import iso

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.robotstxt import RobotParser

    from archive.run import Run

__all__ = ["Pace", "StoredRobots", "asked_delay", "stored_robots"]

logger = logging.getLogger(__name__)

_FRESH = dt.timedelta(hours=24)
"""RFC 9309, 2.4: a cached version should not be used for longer."""
_LATEST = """
    SELECT o.id, o.date, c.status, c.truncated, o.file, o.offset, o.length
    FROM captures c JOIN captures o ON o.id = ifnull(c.refers_to, c.id)
    WHERE c.url = :url AND c.date >= :since AND c.date <= :until AND c.method = 'GET'
    ORDER BY c.date DESC, c.id LIMIT 1
"""


class StoredRobots(msgspec.Struct, frozen=True):
    """A robots.txt (or tdmrep.json) of the archive that is fresh enough to go by."""

    capture: str
    """Record id of the response that has it."""
    date: str
    """WARC-Date of that response."""
    status: int
    """What was answered last."""
    body: bytes


def stored_robots(run: Run, url: str) -> StoredRobots | None:
    """The robots.txt at `url` that was fetched within a day, or what was answered where there is none (4xx)."""
    now = clock.now()
    values = {"url": url, "since": iso(now - _FRESH), "until": iso(now)}
    row = next(iter(run.catalogue.rows(text(_LATEST), values)), None)
    if row is None or row["truncated"] or row["status"] == 429:
        return None
    if not (row["status"] in (200, 304) or 400 <= row["status"] < 500):
        return None
    try:
        message = parse_stored(parse_member(run.store.read(row["file"], row["offset"], row["length"]), 0).block)
        return StoredRobots(row["id"], row["date"], row["status"], message.content())
    except (RecordError, StoreError):
        return None


def asked_delay(parser: RobotParser | None, agent: str | bytes) -> float | None:
    """Seconds between two requests that robots.txt asks for: by Crawl-delay, or by Request-rate if that is slower."""
    if parser is None:
        return None
    found = [parser.crawl_delay(agent)]
    rate_of = getattr(getattr(parser, "rp", None), "request_rate", None)
    if rate_of is not None:
        rate = rate_of(agent.decode("latin-1") if isinstance(agent, bytes) else agent)
        if rate is not None and rate.requests > 0:
            found.append(rate.seconds / rate.requests)
    delays = [delay for delay in found if delay is not None and 0 < delay < float("inf")]
    return max(delays, default=None)


class Pace:
    """Keeps the downloader to the delays that hosts ask for; never goes faster than the settings say."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._longest = crawler.settings.getfloat("CRAWL_DELAY_MAX", 60)
        self._delays: dict[str, float] = {}
        # Behind AutoThrottle, which may have made it shorter.
        crawler.signals.connect(self._hold, signals.response_downloaded)

    def slow_down(self, request: Request, delay: float) -> None:
        """Ask the request's host no oftener than every `delay` seconds from now on."""
        downloader = self._downloader
        key = downloader.get_slot_key(request)
        if key in self._delays:
            return
        if delay > self._longest:
            logger.warning(
                "%s asks for %g seconds between two requests; %g are kept (CRAWL_DELAY_MAX).",
                urlparse_cached(request).hostname, delay, self._longest,
            )  # fmt: skip
            delay = self._longest
        self._delays[key] = delay
        usual = downloader.per_slot_settings.get(key, {})
        ours = float(usual.get("delay", self._crawler.settings.getfloat("DOWNLOAD_DELAY")))
        if delay > ours:
            downloader.per_slot_settings[key] = {**usual, "delay": delay, "jitter": 0.0, "concurrency": 1}
        self._keep(key)

    def _keep(self, key: str) -> None:
        slot, delay = self._downloader.slots.get(key), self._delays[key]
        if slot is not None:
            slot.concurrency = 1
            if slot.delay * (1 - slot.jitter) < delay:
                slot.delay, slot.jitter = max(slot.delay, delay), 0.0

    def _hold(self, request: Request) -> None:
        if (key := request.meta.get("download_slot")) in self._delays:
            self._keep(key)

    @property
    def _downloader(self) -> Any:
        assert self._crawler.engine is not None
        return self._crawler.engine.downloader
