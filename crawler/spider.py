"""`SourceSpider`: crawls one source as its definition says."""

from __future__ import annotations

import datetime as dt
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin

from scrapy import Request, Spider
from scrapy.spidermiddlewares.httperror import HttpError

from archive import clock
from archive.capture import Failure, Lead
from archive.errors import RecordError, SourceError, StoreError
from crawler.discovery import Found, Listing, read_feed, read_section, read_sitemap
from crawler.middlewares import Disallowed
from crawler.page import Page
from crawler.requisites import Requisites
from crawler.source import Source, check_url, host_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure as TwistedFailure

__all__ = ["SourceSpider"]


class SourceSpider(Spider):
    """A crawl of one source.

    Arguments (``-a``): ``url`` (pages to fetch, parted by spaces, instead of what the source announces),
    ``limit`` (number of articles), ``since`` (ISO date: leads announced before it are passed over), ``home`` (for
    sources without one).
    """

    source: ClassVar[Source]
    exclusive: ClassVar[bool] = True
    """No two crawls of one source into one archive at once."""

    @classmethod
    def of(cls, source: Source) -> type[SourceSpider]:
        """A spider class for one source."""
        return type(f"SourceSpider_{source.name}", (cls,), {"name": source.name, "source": source})

    def __init__(
        self,
        url: str = "",
        limit: str = "0",
        since: str = "",
        home: str = "",
        name: str | None = None,
        **extra: Any,
    ) -> None:
        """Raises `SourceError` with one sentence for an argument that makes no sense."""
        super().__init__(name)
        if unknown := [key for key in extra if not key.startswith("_")]:  # scrapyd gives _job
            raise SourceError(f"-a {unknown[0]}=: no such argument; there are url, limit, since and home.")
        self.site = type(self).source.at(home) if home else type(self).source
        self._given = url.split()
        for given in self._given:
            check_url(given, "url", f"-a url={given}")
        if not self._given and not self.site.home:
            raise SourceError(f"{self.name} needs a home page: -a home=https://...")
        try:
            self._left = int(limit)
            self._since = dt.date.fromisoformat(since) if since else None
        except ValueError as error:
            raise SourceError(f"-a limit is a number and -a since a date such as 2026-11-01: {error}.") from error
        if self._left < 0:
            raise SourceError(f"-a limit={limit}: is a number of articles, 0 for no limit.")
        self._limited = self._left > 0
        self._waiting: deque[Found] = deque()
        """What the limit leaves aside; each takes the place of an article that could not be fetched."""
        self._seen: set[str] = set()
        # Redirects don't lead off these either.
        announced = (*self.site.feeds, *self.site.sitemaps, *self.site.sections, *self._given)
        self.allowed_domains = [*self.site.own_hosts, *filter(None, map(host_of, announced))]

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> SourceSpider:
        """As Scrapy asks for it."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        if not crawler.settings.get("CONTACT"):
            spider.logger.warning("CONTACT is not set: say in settings/local.py how a site's owner reaches you.")
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """The given pages, or the feeds, sitemaps and section pages of the source."""
        if self._given:
            for url in self._given:
                yield self._article(Found(url, Lead(kind="given")))
            return
        kinds: list[tuple[tuple[str, ...], Callable[..., Any]]] = [
            (self.site.feeds, self.parse_feed),
            (self.site.sitemaps, self.parse_sitemap),
            (self.site.sections, self.parse_section),
        ]
        if not any(urls for urls, _ in kinds):
            kinds = [((self.site.home,), self.parse_section)]
        for urls, callback in kinds:
            for url in urls:
                yield self._request(urljoin(self.site.home, url), callback, Lead(kind="source"), priority=10)

    def parse_feed(self, response: Response) -> Iterator[Request]:
        """Follow the entries of a feed."""
        yield from self._follow(response, read_feed)

    def parse_sitemap(self, response: Response) -> Iterator[Request]:
        """Follow the rows of a sitemap, or the sitemaps of an index."""
        yield from self._follow(response, read_sitemap)

    def parse_section(self, response: Response) -> Iterator[Request]:
        """Follow the article links of a section page."""
        yield from self._follow(response, read_section)

    def parse_article(self, response: Response) -> Iterator[Page | Request]:
        """Hand the captured page on to the pipeline; follow what it needs to look as it does, if the source asks."""
        self._count("fetched")
        if capture := response.meta.get("capture"):
            yield Page(capture, self.site)
        if self.site.requisites and not self.settings.get("REPLAY"):
            yield from Requisites(self).of_page(response)

    def parse_requisite(self, response: Response, page: str, depth: int) -> Iterator[Request]:
        """Follow what a stylesheet of `page` loads."""
        yield from Requisites(self).fetched(response, page, depth)

    def requisite_failed(self, failure: TwistedFailure) -> None:
        """Count an image, stylesheet or font that could not be had; the archive has the details."""
        Requisites(self).count("failed")
        if isinstance(failure.value, Disallowed):
            self._refused(failure.request, str(failure.value), logging.DEBUG)  # type: ignore[attr-defined]

    def _follow(self, response: Response, read: Callable[[Response], Listing]) -> Iterator[Request]:
        try:
            listing = read(response)
        except RecordError as error:
            self.logger.warning("%s It is archived, but nothing can be followed from it.", error)
            self._count("unreadable_leads")
            return
        for problem in listing.problems:
            self.logger.warning("%s", problem)
        articles = {found.url for found in listing.found if self.site.is_article(found.url)}
        self._keep_leads(response, listing, articles)
        for found in listing.found:
            if self._since and found.announced_before(self._since):
                continue
            if found.is_sitemap:
                if self.site.owns(found.url):
                    yield self._request(found.url, self.parse_sitemap, found.lead, priority=10)
            elif found.url in articles and found.url not in self._seen:
                self._seen.add(found.url)
                if self._limited and self._left <= 0:
                    self._waiting.append(found)
                else:
                    self._left -= 1
                    yield self._article(found)

    def _keep_leads(self, response: Response, listing: Listing, articles: Collection[str]) -> None:
        """Archive what a listing announces; of a page's links only those to articles."""
        from crawler.archiving import Archiving

        archiving = self.crawler.get_extension(Archiving)
        capture = response.meta.get("capture")
        if archiving is None or capture is None:
            return
        with suppress(StoreError):  # the crawl ends, and has said so
            archiving.keep_leads(capture, listing.kind, listing.announcements(articles))

    def _article(self, found: Found) -> Request:
        return self._request(found.url, self.parse_article, found.lead)

    def _request(self, url: str, callback: Callable[..., Any], lead: Lead, priority: int = 0) -> Request:
        return Request(url, callback, errback=self.failed, meta={"lead": lead}, priority=priority)

    def failed(self, failure: TwistedFailure) -> Iterator[Request]:
        """Count a fetch that gave no usable page, say why in one line, and fetch another in its place."""
        self._say(failure)
        if failure.request.callback == self.parse_article and self._waiting:  # type: ignore[attr-defined]
            yield self._article(self._waiting.popleft())

    def _say(self, failure: TwistedFailure) -> None:
        from crawler.handlers import explain
        from crawler.replaying import Missed

        error: Any = failure.value
        request: Request = failure.request  # type: ignore[attr-defined]
        if isinstance(error, HttpError):
            self._count("http_error")
            self.logger.warning("%s answers %d; it is archived.", request.url, error.response.status)
        elif isinstance(error, Disallowed):
            self._count("refused")
            self._refused(request, str(error))
        elif isinstance(error, Missed):
            self.logger.warning("%s", error)
        elif not isinstance(error, StoreError):
            self._count("unreachable")
            self.logger.warning("%s could not be fetched: %s", request.url, explain(error))

    def _refused(self, request: Request, sentence: str, level: int = logging.WARNING) -> None:
        from crawler.archiving import Archiving

        now = clock.now()
        archiving = self.crawler.get_extension(Archiving)
        self.logger.log(level, "%s is not fetched: %s", request.url, sentence)
        if archiving:
            archiving.keep_failure(
                Failure(
                    url=request.url,
                    method=request.method,
                    started=now,
                    ended=now,
                    kind="robots",
                    error=sentence,
                    lead=request.meta.get("lead"),
                )
            )

    def _count(self, what: str) -> None:
        assert self.crawler.stats is not None
        self.crawler.stats.inc_value(f"newswarc/pages/{what}")
