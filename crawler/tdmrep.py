"""`TdmRep`: the downloader middleware that asks each host for its tdmrep.json, before anything else of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Request
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred

from archive.capture import Lead
from archive.errors import RecordError
from archive.rights.statement import RESERVED, UNSET, Statement
from archive.rights.tdmrep import PATH, Rule, file_statement, read_rules
from crawler.archiving import Archiving
from crawler.middlewares import Disallowed
from crawler.rights import not_fetched, note
from crawler.robots import stored_robots

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["TdmRep"]

logger = logging.getLogger(__name__)

_LARGEST = 1 << 20
_LONGEST = 20
"""Seconds."""


class _File(msgspec.Struct, frozen=True):
    """What a host has told."""

    url: str
    rules: list[Rule] | None
    said: str = ""
    """Why there are no rules."""
    record: str | None = None
    date: str | None = None

    def statement(self, url: str) -> Statement:
        if self.rules is None:
            return Statement("tdm", UNSET, "tdmrep.json", self.said[:300], self.record, self.date)
        return file_statement(self.rules, url, self.url, self.record, self.date)


class TdmRep:
    """Notes with each request what tdmrep.json says of its URL; see `crawler.rights.note`.

    The file is asked for once a host and crawl, if robots.txt allows it, and not again within a day. Where it can't be
    had, whatever the reason, the host does not take part in the protocol (section 5.2 of the report).
    """

    def __init__(self, crawler: Crawler) -> None:
        """Raises NotConfigured without the setting ``TDMREP``."""
        if not crawler.settings.getbool("TDMREP"):
            raise NotConfigured
        self._crawler = crawler
        self._binds = "tdm" in not_fetched(crawler.settings, getattr(crawler.spider, "source", None))
        self._files: dict[str, _File] = {}
        self._waiting: dict[str, list[Deferred[None]]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> TdmRep:
        """As Scrapy asks for it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raises `Disallowed` where a reservation binds."""
        lead: Lead | None = request.meta.get("lead")
        if request.meta.get("dont_obey_robotstxt") or (lead is not None and lead.kind in ("robots", "requisite")):
            return
        statement = (await self._file(request)).statement(request.url)
        note(request, statement)
        if self._binds and statement.value == RESERVED:
            raise Disallowed("tdmrep.json reserves the rights of text and data mining.")

    async def _file(self, request: Request) -> _File:
        parts = urlparse_cached(request)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin in self._waiting:
            waiting: Deferred[None] = Deferred()
            self._waiting[origin].append(waiting)
            await maybe_deferred_to_future(waiting)
        elif origin not in self._files:
            self._waiting[origin] = []
            try:
                self._files[origin] = self._stored(origin + PATH) or await self._fetched(origin + PATH)
            finally:
                self._files.setdefault(origin, _File(origin + PATH, None, "it was not asked for"))
                for waiter in self._waiting.pop(origin):
                    waiter.callback(None)
        return self._files[origin]

    def _stored(self, url: str) -> _File | None:
        archiving = self._crawler.get_extension(Archiving)
        if archiving is None or getattr(self._crawler.spider, "is_fresh", False):
            return None
        stored = stored_robots(archiving.run, url)
        return _read(url, stored.status, stored.body, stored.capture, stored.date) if stored else None

    async def _fetched(self, url: str) -> _File:
        from crawler.handlers import explain

        meta = {
            "lead": Lead(kind="robots"),
            "allow_offsite": True,
            "dont_retry": True,
            "download_maxsize": _LARGEST,
            "download_timeout": min(_LONGEST, self._crawler.settings.getfloat("DOWNLOAD_TIMEOUT", _LONGEST)),
        }
        request = Request(url, callback=NO_CALLBACK, meta=meta, priority=1000)
        assert self._crawler.engine is not None
        try:
            response: Response = await self._crawler.engine.download_async(request)
        except IgnoreRequest as error:
            return _File(url, None, str(error) or "it may not be asked for")
        except Exception as error:  # noqa: BLE001 - whatever befalls a fetch; the archive has it
            return _File(url, None, explain(error))
        capture = response.meta.get("capture")
        record, date = (capture.id, capture.date) if capture else (None, None)
        return _read(url, response.status, response.body, record, date)


def _read(url: str, status: int, body: bytes, record: str | None, date: str | None) -> _File:
    if status not in (200, 304):
        return _File(url, None, f"there is none ({status})", record, date)
    try:
        return _File(url, read_rules(body), "", record, date)
    except RecordError as error:
        logger.info("%s: %s", url, error)
        return _File(url, None, str(error), record, date)
