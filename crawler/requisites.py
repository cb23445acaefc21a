"""`Requisites`: fetches the images, stylesheets and fonts of captured pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from scrapy import Request

from archive import clock
from archive.capture import Lead
from archive.records import iso
from archive.requisites import Requisite, page_requisites, style_requisites

if TYPE_CHECKING:
    from scrapy.http import Response

    from crawler.spider import SourceSpider

__all__ = ["Requisites"]

_ACCEPT = {
    "image": "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8",
    "style": "text/css,*/*;q=0.1",
    "font": "*/*",
}
"""As browsers ask for them."""
_BEHIND_ARTICLES = -10
_DEEPEST = 4
"""Stylesheets that import each other."""
_LARGEST_SHEET = 4 << 20


class Requisites:
    """Makes the requests; the archive keeps the answers like any other, each with the page it belongs to as its lead.

    They go to any host, as a browser's would, but robots.txt, delays and limits hold for them too. What the
    archive got within ``REQUISITES_DAYS`` is not asked for again.
    """

    def __init__(self, spider: SourceSpider) -> None:
        self._spider = spider
        settings = spider.crawler.settings
        self._most = settings.getint("REQUISITES_A_PAGE", 200)
        age = dt.timedelta(days=settings.getfloat("REQUISITES_DAYS", 7))
        self._since = iso(clock.now() - age)

    def of_page(self, response: Response) -> Iterator[Request]:
        """Requests for what a page loads."""
        found = page_requisites(response.body, response.url, _content_type(response))
        yield from self._requests(found, urldefrag(response.url)[0], 1)

    def fetched(self, response: Response, page: str, depth: int) -> Iterator[Request]:
        """Count an answer; a stylesheet loads more."""
        self.count("fetched")
        content_type = _content_type(response)
        if depth < _DEEPEST and content_type.startswith("text/css") and len(response.body) <= _LARGEST_SHEET:
            found = style_requisites(response.body, response.url, content_type)
            yield from self._requests(found, page, depth + 1)

    def _requests(self, found: list[Requisite], page: str, depth: int) -> Iterator[Request]:
        for requisite in found[: self._most]:
            if self._is_known(requisite.url):
                self.count("known")
                continue
            try:
                yield Request(
                    requisite.url,
                    self._spider.parse_requisite,
                    errback=self._spider.requisite_failed,
                    headers={"Accept": _ACCEPT[requisite.kind]},
                    meta={"lead": Lead(kind="requisite", via=page), "allow_offsite": True},
                    cb_kwargs={"page": page, "depth": depth},
                    priority=_BEHIND_ARTICLES,
                )
            except ValueError:  # no URL that can be asked for
                self.count("failed")
        if len(found) > self._most:
            self.count("left", len(found) - self._most)

    def _is_known(self, url: str) -> bool:
        from crawler.archiving import Archiving

        archiving = self._spider.crawler.get_extension(Archiving)
        return archiving is not None and archiving.run.catalogue.is_answered(url, self._since)

    def count(self, what: str, number: int = 1) -> None:
        """Count in the crawl's statistics."""
        assert self._spider.crawler.stats is not None
        self._spider.crawler.stats.inc_value(f"newswarc/requisites/{what}", number)


def _content_type(response: Response) -> str:
    return (response.headers.get("Content-Type") or b"").decode("latin-1").lower()
