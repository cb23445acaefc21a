"""`Conditional`: the downloader middleware that asks for known pages only if they have changed (RFC 9110, 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.validators import Validators

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["Conditional", "conditionally"]

_NAMES = ("If-None-Match", "If-Modified-Since")


def conditionally(request: Request, validators: Validators) -> Request:
    """The request, to be made with these validators; a 304 then comes to its callback."""
    if validators:
        request.meta["validators"] = request.url, validators
        request.meta["handle_httpstatus_list"] = [304]
    return request


class Conditional:
    """Adds the validators of ``meta["validators"]`` to requests, to those alone for the URL that they belong to.

    A redirect's target would else be asked for with what another page gave.
    """

    def __init__(self, crawler: Crawler) -> None:
        assert crawler.stats is not None
        self._stats = crawler.stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Conditional:
        """As Scrapy asks for it."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """As Scrapy asks for it."""
        url, validators = request.meta.get("validators") or ("", Validators())
        if not validators:
            return
        for name in _NAMES:
            request.headers.pop(name, None)
        if url == request.url:
            for name, value in validators.headers().items():
                request.headers[name] = value
            self._stats.inc_value("newswarc/conditional/asked")

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Count the answers. Who can't answer such a request (412) is asked without."""
        if request.headers.get("If-None-Match") or request.headers.get("If-Modified-Since"):
            if response.status == 304:
                self._stats.inc_value("newswarc/conditional/unchanged")
            elif response.status == 412:
                again = request.replace(meta={**request.meta, "validators": None}, dont_filter=True)
                for name in _NAMES:
                    again.headers.pop(name, None)
                return again
        return response
