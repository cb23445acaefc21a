"""`RobotsTxt`: robots.txt as RFC 9309 has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser

__all__ = ["RobotsTxt"]

_NOTHING = b"User-agent: *\nDisallow: /\n"


class RobotsTxt(RobotsTxtMiddleware):
    """Scrapy's middleware, with two of its ways mended.

    Of several requests that wait for one robots.txt, Scrapy 2.19 shows it to the first alone and lets the
    others pass. And where a server fails (5xx), nothing may be fetched (RFC 9309, 2.3.1.4).
    """

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:
        """Let robots.txt be redirected anywhere (RFC 9309, 2.3.1.2)."""
        if request.meta.get("dont_obey_robotstxt"):
            request.meta["allow_offsite"] = True
        await super().process_request(request)

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of the request's site, or None if it has none."""
        parser = await super().robot_parser(request)
        known = self._parsers.get(urlparse_cached(request).netloc)
        return parser if isinstance(known, Deferred) else known

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500:
            response = response.replace(body=_NOTHING)
        await super()._parse_robots(response, netloc, request)
