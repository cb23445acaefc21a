"""`Patience`: leaves a host alone that asks for it (429, 503, Retry-After) or that does not answer any more.

What was still to be fetched from it stays due, and a later run fetches it.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.httpobj import urlparse_cached
from sqlalchemy import text
from twisted.python.failure import Failure

from archive import clock
from archive.errors import RecordError, StoreError
from archive.http import parse_stored
from archive.reader import parse_member
from archive.records import iso
from crawler.archiving import Archiving

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from archive.run import Run

__all__ = ["LeftAlone", "Patience", "retry_after"]

logger = logging.getLogger(__name__)

_LONGEST = dt.timedelta(days=1)
"""However long a server asks for, once a day it is asked whether it still does."""
_FIRST = dt.timedelta(minutes=10)
"""After a 429 that says nothing; twice as long after each further one."""
_DOWN, _DOWN_FOR = 5, dt.timedelta(minutes=15)
"""So many failures in a row, and a host is not tried again for so long."""
_BACK = dt.timedelta(days=2)
_TOO_MANY, _UNAVAILABLE = 429, 503
_REFUSALS = """
    SELECT url, date, status, file, offset, length FROM captures
    WHERE source = :source AND date >= :since AND date <= :until AND method = 'GET' ORDER BY date DESC LIMIT 500
"""


class LeftAlone(IgnoreRequest):
    """The request is not made: its host is left alone for a while. The message is one sentence."""


def retry_after(value: str | None, now: dt.datetime) -> dt.datetime | None:
    """The time that a Retry-After header names (RFC 9110, 10.2.3), seconds or a date; None if it makes no sense.

    A time that has passed, or lies more than a day ahead, is moved to where it makes sense.
    """
    value = (value or "").strip()
    if value.isascii() and value.isdigit():
        return now + min(dt.timedelta(seconds=min(int(value), 10**8)), _LONGEST)
    try:
        when = email.utils.parsedate_to_datetime(value).astimezone(dt.UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(when, now), now + _LONGEST)


class Patience:
    """The downloader middleware that holds back requests; knows from the archive what earlier runs were asked for."""

    def __init__(self, crawler: Crawler) -> None:
        assert crawler.stats is not None
        self._crawler, self._stats = crawler, crawler.stats
        self._until: dict[str, dt.datetime] = {}
        self._refusals: dict[str, int] = {}
        self._failures: dict[str, int] = {}
        self._said: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Patience:
        """As Scrapy asks for it."""
        patience = cls(crawler)
        archiving = crawler.get_extension(Archiving)
        if archiving is not None:
            patience._remember(archiving.run)
            archiving.check = patience.process_request  # again: it may have waited for its turn
        # Before Scrapy's middleware for retries sees the response.
        crawler.signals.connect(patience._answered, signals.response_downloaded)
        return patience

    def process_request(self, request: Request) -> None:
        """Raises `LeftAlone`."""
        host = urlparse_cached(request).hostname or ""
        until = self._until.get(host)
        if until is None or clock.now() >= until:
            return
        self._stats.inc_value("newswarc/pages/put_off")
        raise LeftAlone(self._sentence(host))

    def process_exception(self, request: Request, exception: Exception) -> None:
        """A host that does not answer several times in a row is left alone, too."""
        if not isinstance(exception, IgnoreRequest | StoreError):  # of a disk that refuses it can do nothing
            self._failed(urlparse_cached(request).hostname or "")

    def _answered(self, response: Response, request: Request) -> None:
        host = urlparse_cached(request).hostname or ""
        asked = retry_after((response.headers.get("Retry-After") or b"").decode("latin-1"), clock.now())
        if response.status == _TOO_MANY or (response.status == _UNAVAILABLE and asked):
            request.meta["dont_retry"] = True
            self._refused(host, clock.now(), asked)
            self._hold_back(host)
            if host not in self._said:
                self._said.add(host)
                logger.warning(
                    "%s answers %d and is left alone until %s; what is due there stays due.",
                    host, response.status, iso(self._until[host]),
                )  # fmt: skip
        elif response.status >= 500:
            self._failed(host)
        else:
            self._failures[host] = self._refusals[host] = 0

    def _refused(self, host: str, at: dt.datetime, asked: dt.datetime | None) -> None:
        times = self._refusals[host] = self._refusals.get(host, 0) + 1
        until = asked or at + min(_FIRST * 2.0 ** min(times - 1, 12), _LONGEST)
        self._until[host] = max(until, self._until.get(host, until))

    def _failed(self, host: str) -> None:
        self._failures[host] = self._failures.get(host, 0) + 1
        if self._failures[host] >= _DOWN:
            self._until[host] = clock.now() + _DOWN_FOR
            self._hold_back(host)
            if host not in self._said:
                self._said.add(host)
                logger.warning(
                    "%s has failed %d times in a row and is left alone; what is due there stays due.", host, _DOWN
                )

    def _hold_back(self, host: str) -> None:
        """Leave a host alone, also with the requests that wait for their turn in the downloader."""
        assert self._crawler.engine is not None
        slot = self._crawler.engine.downloader.slots.get(host)
        while slot is not None and slot.queue and clock.now() < self._until[host]:
            _, waiting = slot.queue.popleft()
            self._stats.inc_value("newswarc/pages/put_off")
            waiting.errback(Failure(LeftAlone(self._sentence(host))))  # type: ignore[no-untyped-call]

    def _sentence(self, host: str) -> str:
        return f"{host} is left alone until {iso(self._until[host])}."

    def _remember(self, run: Run) -> None:
        """What the last answers of each host were, the newest first, until one that was no refusal."""
        now = clock.now()
        values = {"source": run.source, "since": iso(now - _BACK), "until": iso(now)}
        refusals: dict[str, list[tuple[dt.datetime, dt.datetime | None]]] = {}
        answered: set[str] = set()
        for row in run.catalogue.rows(text(_REFUSALS), values):
            host = _host(row["url"])
            if host in answered:
                continue
            at = dt.datetime.fromisoformat(row["date"])
            asked = None
            if row["status"] in (_TOO_MANY, _UNAVAILABLE):
                asked = retry_after(_retry_after_of(run, row["file"], row["offset"], row["length"]), at)
            if row["status"] == _TOO_MANY or asked:
                refusals.setdefault(host, []).append((at, asked))
            elif row["status"] < 500:
                answered.add(host)
        for host, found in refusals.items():
            for at, asked in reversed(found):
                self._refused(host, at, asked)


def _retry_after_of(run: Run, file: str, offset: int, length: int) -> str | None:
    try:
        return parse_stored(parse_member(run.store.read(file, offset, length), offset).block).get("Retry-After")
    except (RecordError, StoreError):
        return None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
