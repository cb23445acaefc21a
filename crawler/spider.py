"""`SourceSpider`: crawls one source as its definition says."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import msgspec
from scrapy import Request, Spider, signals

from archive.capture import Capture, Lead
from archive.errors import RecordError, SourceError, StoreError
from crawler.agenda import READ_LEFT, Agenda, Due
from crawler.allowance import Allowance
from crawler.conditional import conditionally
from crawler.discovery import Found, Listing, read_feed, read_section, read_sitemap
from crawler.failures import Failures
from crawler.middlewares import Disallowed
from crawler.page import Page
from crawler.requisites import Requisites
from crawler.source import Source, check_url, host_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure as TwistedFailure

    from crawler.archiving import Archiving

__all__ = ["SourceSpider"]

_DEEPEST, _MOST_SITEMAPS = 4, 50_000
"""Indexes above a sitemap (sitemaps.org has one), and sitemaps that are followed out of indexes in one crawl."""


class SourceSpider(Spider):
    """A crawl of one source: its listings that are due, what they announce anew, what was announced and never
    answered, and the articles that are due for another look.

    Arguments (``-a``): ``url`` (pages to fetch, parted by spaces, instead of what the source announces),
    ``limit`` (number of articles), ``since`` (ISO date: leads announced before it are passed over), ``home`` (for
    sources without one), ``fresh`` (``1``: everything that is announced now, whatever is known of it).
    """

    source: ClassVar[Source]
    custom_settings: dict[str, Any] | None = {  # noqa: RUF012 - as Scrapy has it
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        "SCHEDULER_DISK_QUEUE": "scrapy.squeues.PickleFifoDiskQueue",
    }
    """What is most urgent comes first."""
    exclusive: ClassVar[bool] = True
    """No two crawls of one source into one archive at once."""

    @classmethod
    def of(cls, source: Source) -> type[SourceSpider]:
        """A spider class for one source."""
        return type(f"SourceSpider_{source.name}", (cls,), {"name": source.name, "source": source})

    def __init__(  # noqa: PLR0917 - Scrapy gives them by name
        self,
        url: str = "",
        limit: str = "0",
        since: str = "",
        home: str = "",
        fresh: str = "",
        name: str | None = None,
        **extra: Any,
    ) -> None:
        """Raises `SourceError` with one sentence for an argument that makes no sense."""
        super().__init__(name)
        if unknown := [key for key in extra if not key.startswith("_")]:  # scrapyd gives _job
            raise SourceError(f"-a {unknown[0]}=: no such argument; there are url, limit, since, home and fresh.")
        self.site = type(self).source.at(home) if home else type(self).source
        self._given = url.split()
        for given in self._given:
            check_url(given, "url", f"-a url={given}")
        if not self._given and not self.site.home:
            raise SourceError(f"{self.name} needs a home page: -a home=https://...")
        try:
            self._limit = int(limit)
            self._since = dt.date.fromisoformat(since) if since else None
        except ValueError as error:
            raise SourceError(f"-a limit is a number and -a since a date such as 2026-11-01: {error}.") from error
        if self._limit < 0:
            raise SourceError(f"-a limit={limit}: is a number of articles, 0 for no limit.")
        if fresh not in ("", "0", "1"):
            raise SourceError(f"-a fresh={fresh}: is 1 to fetch everything, whatever is known of it, or left out.")
        self.is_fresh = fresh == "1"
        self._agenda: Agenda | None = None
        self._allowance = Allowance(None if self._given else self._limit or None)
        self._open_listings = self._sitemaps = 0
        self._listed: set[bytes] = set()
        """Fingerprints of the listings that this run asks for."""
        self._has_said_so = False
        # Redirects don't lead off these either.
        announced = (*self.site.feeds, *self.site.sitemaps, *self.site.sections, *self._given)
        self.allowed_domains = [*self.site.own_hosts, *filter(None, map(host_of, announced))]

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> SourceSpider:
        """As Scrapy asks for it."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        if not crawler.settings.get("CONTACT"):
            spider.logger.warning("CONTACT is not set: say in settings/local.py how a site's owner reaches you.")
        crawler.signals.connect(spider._ended, signals.spider_closed)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """The given pages, or the feeds, sitemaps and section pages of the source."""
        for url in self._given:
            yield self._article(Due(url, Lead(kind="given")))
        if self._given:
            return
        if archiving := self.archiving:
            agenda = Agenda(archiving.run.catalogue, self.site)
            if not self.is_fresh:
                self._agenda, self._allowance = agenda, Allowance(self._limit or None, agenda.left)
            for capture in self._left(agenda):
                yield Page(capture, self.site)
        requests = list(self._listings())
        for request in requests:
            yield request
        if not requests:
            for request in self._known():
                requests.append(request)
                yield request
        if not requests and self._agenda is not None:
            when = self._agenda.next().astimezone(ZoneInfo(self.site.timezone)).isoformat(" ", "minutes")
            self.logger.info("Nothing of %s is due before %s; -a fresh=1 fetches everything now.", self.name, when)

    def _left(self, agenda: Agenda) -> list[Capture]:
        """What runs before this one have captured and not read."""
        left = agenda.unread()
        assert self.crawler.stats is not None
        self.crawler.stats.set_value(READ_LEFT, len(left))
        if left:
            self.logger.info("Captured before and never read, now read from the archive: %d.", len(left))
        return left

    def _listings(self) -> Iterator[Request]:
        """Requests for the listings that are due."""
        kinds: list[tuple[tuple[str, ...], Callable[..., Any]]] = [
            (self.site.feeds, self.parse_feed),
            (self.site.sitemaps, self.parse_sitemap),
            (self.site.sections, self.parse_section),
        ]
        if not any(urls for urls, _ in kinds):
            kinds = [((self.site.home,), self.parse_section)]
        for urls, callback in kinds:
            for url in urls:
                absolute = urljoin(self.site.home, url)
                if self._agenda is None or self._agenda.is_due(absolute):
                    yield from self._listing(absolute, callback, Lead(kind="source"))

    def _listing(self, url: str, callback: Callable[..., Any], lead: Lead) -> Iterator[Request]:
        """A request for a listing, once in a run, also if a job of before (JOBDIR) has asked for it."""
        due = self._agenda.listing(url, lead) if self._agenda else Due(url, lead)
        request = self._request(due, callback, self.listing_failed, priority=10).replace(dont_filter=True)
        assert self.crawler.request_fingerprinter is not None
        if (fingerprint := self.crawler.request_fingerprinter.fingerprint(request)) not in self._listed:
            self._listed.add(fingerprint)
            self._open_listings += 1
            yield request

    def _known(self) -> Iterator[Request]:
        """Requests for what was announced before and not answered, and for what is due for another look."""
        if self._agenda is not None:
            waiting = (due for due in self._agenda.unanswered() if not self._is_old(Found(due.url, due.lead)))
            for due in self._allowance.through(chain(waiting, self._agenda.again())):
                yield self._article(due)

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
        self.count("fetched")
        if response.status == 304:
            self.count("unchanged")
            return
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
            Failures(self).refused(failure.request, str(failure.value), logging.DEBUG)  # type: ignore[attr-defined]

    def _follow(self, response: Response, read: Callable[[Response], Listing]) -> Iterator[Request]:
        capture: Capture | None = response.meta.get("capture")
        if response.status != 304 and not (self._agenda and capture and self._agenda.is_read(capture)):
            try:
                listing = read(response)
            except RecordError as error:
                self.logger.warning("%s It is archived, but nothing can be followed from it.", error)
                self.count("unreadable_leads")
            else:
                for problem in listing.problems:
                    self.logger.warning("%s", problem)
                yield from self._announced(capture, listing, response.meta.get("depth", 0))
        yield from self._after_listing()

    def _announced(self, capture: Capture | None, listing: Listing, depth: int) -> Iterator[Request]:
        """Archive what a listing announces, and follow what of it is new; without an agenda everything."""
        articles = {found.url: found for found in listing.found if self.site.is_article(found.url)}
        new: Iterable[str] = articles
        if (archiving := self.archiving) and capture:
            with suppress(StoreError):  # the crawl ends, and has said so
                kept = archiving.keep_leads(capture, listing.kind, listing.announcements(articles))
                new = [lead.url for lead in kept if lead.is_article] if self._agenda else articles
        for found in listing.found:
            if found.is_sitemap and self.site.owns(found.url) and not self._is_old(found):
                yield from self._sitemap(found, depth)
        young = [articles[url] for url in new if not self._is_old(articles[url])]
        known = self._agenda.known(found.url for found in young) if self._agenda else set()
        due = (Due(found.url, found.lead) for found in young if found.url not in known)
        again = self._agenda.again(known) if self._agenda and known else ()
        yield from map(self._article, self._allowance.through(chain(due, again)))

    def _sitemap(self, found: Found, depth: int) -> Iterator[Request]:
        """A request for a sitemap of an index, if it is due; `depth` indexes lie above that one."""
        if depth >= _DEEPEST or self._sitemaps >= _MOST_SITEMAPS:
            if not self._has_said_so:
                self._has_said_so = True
                self.logger.warning(
                    "%s: this site's sitemaps have no end; those deeper than %d and beyond %d are left.",
                    found.url,
                    _DEEPEST,
                    _MOST_SITEMAPS,
                )
            return
        self._sitemaps += 1
        if self._agenda is None or self._agenda.is_due(found.url, found.lead.announced):
            lead = msgspec.structs.replace(found.lead, kind="source")
            yield from self._listing(found.url, self.parse_sitemap, lead)

    def _after_listing(self) -> Iterator[Request]:
        """When the last listing has been read: what is due besides."""
        self._open_listings -= 1
        if not self._open_listings:
            yield from self._known()

    def _is_old(self, found: Found) -> bool:
        return self._since is not None and found.announced_before(self._since)

    def _article(self, due: Due) -> Request:
        return self._request(due, self.parse_article, self.failed)

    def _request(
        self, due: Due, callback: Callable[..., Any], errback: Callable[..., Any], priority: int = 0
    ) -> Request:
        request = Request(due.url, callback, errback=errback, meta={"lead": due.lead}, priority=priority)
        return conditionally(request, due.validators)

    def listing_failed(self, failure: TwistedFailure) -> Iterator[Request]:
        """Say why a listing could not be read; go on with the rest when it was the last one."""
        Failures(self).say(failure)
        yield from self._after_listing()

    def failed(self, failure: TwistedFailure) -> Iterator[Request]:
        """Count a fetch that gave no usable page, say why in one line, and fetch another in its place."""
        Failures(self).say(failure)
        if instead := self._allowance.instead():
            yield self._article(instead)

    @property
    def archiving(self) -> Archiving | None:
        """Where everything is kept; None in a replay."""
        from crawler.archiving import Archiving

        return self.crawler.get_extension(Archiving)

    def _ended(self) -> None:
        if self._allowance.put_off:
            sentence = "%d articles are left for another run: [cadence] of the source allows no more at once."
            self.logger.info(sentence, self._allowance.put_off)

    def count(self, what: str) -> None:
        """Count a page in the crawl's statistics."""
        assert self.crawler.stats is not None
        self.crawler.stats.inc_value(f"newswarc/pages/{what}")
