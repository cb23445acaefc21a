"""`RobotsTxt`: robots.txt as RFC 9309 has it; `Offsite`: redirects off the site don't go unsaid; `Compression`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest, NotSupported
from scrapy.http import TextResponse
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred

from archive.capture import Lead
from archive.http import MOST_CODINGS
from archive.rights.statement import Statement
from crawler.archiving import Archiving
from crawler.patience import LeftAlone
from crawler.rights import not_fetched, note
from crawler.robots import Pace, StoredRobots, asked_delay, stored_robots

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["Compression", "Disallowed", "Offsite", "RobotsTxt"]

logger = logging.getLogger(__name__)


class Disallowed(IgnoreRequest):
    """robots.txt forbids the request, or can't be had, or a reservation binds; the message is one sentence."""


class _Place(NamedTuple):
    """Where a robots.txt stands."""

    record: str | None = None
    date: str | None = None
    status: int = 0


_NOWHERE = _Place()


class RobotsTxt(RobotsTxtMiddleware):
    """Scrapy's middleware, with two of its ways mended.

    Of several requests that wait for one robots.txt, Scrapy 2.19 shows it to the first alone and lets the
    others pass. And where robots.txt is unreachable, because the server fails (5xx) or the network does,
    nothing may be fetched (RFC 9309, 2.3.1.4).

    A robots.txt that the archive got within a day is not asked for again, and the pace that it asks for is kept.

    What it decides is noted with each request (`crawler.rights.note`). It binds as ``RIGHTS_NOT_FETCHED`` says.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pace = Pace(crawler)
        self._binds = "robots" in not_fetched(crawler.settings, getattr(crawler.spider, "source", None))
        self._places: dict[str, _Place] = {}
        """Where each host's robots.txt is, as far as it could be had."""

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:
        """Let robots.txt be redirected anywhere (RFC 9309, 2.3.1.2); raises `Disallowed`."""
        if request.meta.get("dont_obey_robotstxt"):
            request.meta["allow_offsite"] = True
            if urlparse_cached(request).path == "/robots.txt":
                request.meta.setdefault("lead", Lead(kind="robots"))
        await super().process_request(request)

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Raises `Disallowed`."""
        place = self._places.get(urlparse_cached(request).netloc, _NOWHERE)
        value, said = "allowed", ""
        if isinstance(rp, _Unreachable):
            value, said = "unknown", rp.why
        elif rp is None:
            said = "there is no robots.txt that could be asked"
        elif place.status >= 400:
            said = f"there is none ({place.status})"
        try:
            super().process_request_2(rp if value == "allowed" else None, request)
        except IgnoreRequest:
            value = "forbidden"
        note(request, Statement("robots", value, "robots.txt", said, place.record, place.date))
        if value != "allowed" and self._binds:
            raise Disallowed(said or "robots.txt asks crawlers not to fetch it.")

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of the request's site, or None if it has none."""
        url = urlparse_cached(request)
        if url.netloc not in self._parsers and (stored := self._stored(f"{url.scheme}://{url.netloc}/robots.txt")):
            self._parsers[url.netloc] = Deferred()
            self._places[url.netloc] = _Place(stored.capture, stored.date, stored.status)
            await self._parse_robots(TextResponse(request.url, body=stored.body), url.netloc, request)
        parser = await super().robot_parser(request)
        known = self._parsers.get(url.netloc)
        parser = parser if isinstance(known, Deferred) else known
        agent = self._robotstxt_useragent or self._default_useragent
        if not self.crawler.settings.get("REPLAY") and (delay := asked_delay(parser, agent)):
            self._pace.slow_down(request, delay)
        return parser

    def _stored(self, url: str) -> StoredRobots | None:
        archiving = self.crawler.get_extension(Archiving)
        if archiving is None or getattr(self.crawler.spider, "is_fresh", False):
            return None
        return stored_robots(archiving.run, url)

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.request is not None and (capture := response.meta.get("capture")):
            self._places[netloc] = _Place(capture.id, capture.date, capture.status)
        if response.status >= 500:
            self._known(netloc, _Unreachable(f"robots.txt answers {response.status}."))
        else:
            await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        from crawler.handlers import explain

        if isinstance(exc, IgnoreRequest | NotSupported) and not isinstance(exc, LeftAlone):
            super()._robots_error(exc, netloc)
        else:
            self._known(netloc, _Unreachable(f"robots.txt could not be fetched: {explain(exc)}"))

    def _known(self, netloc: str, parser: RobotParser) -> None:
        waiting = self._parsers[netloc]
        self._parsers[netloc] = parser
        if isinstance(waiting, Deferred):
            waiting.callback(parser)


class _Unreachable(RobotParser):
    """Stands for the rules of a site whose robots.txt can't be had."""

    def __init__(self, why: str) -> None:
        self.why = why

    @classmethod
    def from_crawler(cls, crawler: Crawler, robotstxt_body: bytes) -> _Unreachable:
        return cls("robots.txt can't be had.")

    def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:
        return False


class Offsite(OffsiteMiddleware):
    """Scrapy's middleware; says so where a redirect leads off the site and so ends there."""

    def request_scheduled(self, request: Request, spider: Spider) -> None:
        """As Scrapy asks for it; raises IgnoreRequest."""
        try:
            super().request_scheduled(request, spider)
        except IgnoreRequest:
            if start := request.meta.get("redirect_urls"):
                self.stats.inc_value("newswarc/pages/off_site")
                logger.warning(
                    "%s leads off the site, to %s; the redirect is archived, but not followed.", start[0], request.url
                )
            raise


class Compression(HttpCompressionMiddleware):
    """Scrapy's middleware, for bodies that are encoded a few times over at most.

    Scrapy limits what each decoding gives, but not how many there are: one header can ask for thousands, and the
    crawl would stand still for as long as they take.
    """

    @staticmethod
    def _split_encodings(content_encoding: list[bytes]) -> tuple[list[bytes], list[bytes]]:
        to_decode, to_keep = HttpCompressionMiddleware._split_encodings(content_encoding)
        if len(to_decode) > MOST_CODINGS:
            raise IgnoreRequest(f"The body is encoded {len(to_decode)} times over; it is archived, but not read.")
        return to_decode, to_keep
