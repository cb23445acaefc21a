"""`Scout`: a spider that looks at a site step by step, archived and as polite as a crawl."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

from archive.capture import Lead
from archive.errors import ArchiveError, SourceError, StoreError
from crawler.command import Crawls
from crawler.discovery.listing import Listing
from crawler.source import Source

if TYPE_CHECKING:
    from scrapy.http import Response
    from scrapy.settings import BaseSettings, Settings

__all__ = ["Errand", "Scout", "Visit", "send_out"]

Errand = Callable[["Scout"], Awaitable[None]]


class Visit(msgspec.Struct, frozen=True):
    """What came of fetching a URL."""

    url: str
    response: Response | None
    problem: str
    """Why there is no page, one sentence; empty if there is one."""


class Scout(Spider):
    """Does one errand: what is fetched is archived as a run of the source."""

    exclusive = True
    reads = False
    """Its pages are left for the crawls to read."""

    def __init__(self, name: str, errand: Errand, ended: list[ArchiveError], **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._errand, self._ended = errand, ended

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Answers of every status are looked at."""
        settings.set("HTTPERROR_ALLOW_ALL", True, priority="spider")
        settings.set("TDMREP", False, priority="spider")  # no article is fetched
        super().update_settings(settings)

    async def start(self) -> AsyncIterator[Any]:
        """Do the errand; what it could not do is said by whoever sent it out."""
        try:
            await self._errand(self)
        except ArchiveError as error:
            self._ended.append(error)
        items: tuple[Any, ...] = ()
        for item in items:  # it hands on nothing
            yield item

    async def fetch(self, url: str, lead: Lead) -> Visit:
        """Fetch a URL as a crawl would; robots.txt is obeyed, redirects are followed."""
        from crawler.handlers import explain

        engine = self.crawler.engine
        assert engine is not None
        try:
            response = await engine.download_async(Request(url, meta={"lead": lead}, dont_filter=True))
        except StoreError:
            raise
        except ArchiveError as error:
            return Visit(url, None, f"{url} can't be fetched: {error}")
        except Exception as error:  # noqa: BLE001 - Twisted has dozens; each becomes a sentence
            return Visit(url, None, f"{url} is not fetched: {explain(error)}")
        if response.status != 200:
            return Visit(url, None, f"{url} answers {response.status}; that is archived.")
        return Visit(url, response, "")

    async def announced_sitemaps(self, home: str) -> list[str]:
        """What the site's robots.txt names as its sitemaps."""
        from crawler.middlewares import RobotsTxt

        robots = self.crawler.get_downloader_middleware(RobotsTxt)
        if robots is None:
            return []
        parser = await robots.robot_parser(Request(home))
        rules = getattr(parser, "rp", None)
        return [str(url) for url in rules.sitemaps] if rules is not None else []

    def keep_leads(self, response: Response, listing: Listing, source: Source) -> None:
        """Archive what a listing announces, so that the first crawl knows it."""
        from crawler.archiving import Archiving

        archiving = self.crawler.get_extension(Archiving)
        capture = response.meta.get("capture")
        if archiving is not None and capture is not None:
            articles = {found.url for found in listing.found if source.is_article(found.url)}
            with suppress(StoreError):  # the crawl ends, and has said so
                archiving.keep_leads(capture, listing.kind, listing.announcements(articles))


def send_out(name: str, errand: Errand, settings: Settings) -> None:
    """Run a scout until its errand is done. Raises what the errand raises, and `SourceError` if it could not begin."""
    ended: list[ArchiveError] = []
    crawls = Crawls(AsyncCrawlerProcess(settings))
    crawls.add(Scout, {"name": name, "errand": errand, "ended": ended})
    code = crawls.run()
    if ended:
        raise ended[0]
    if code:
        raise SourceError(f"{name} could not be looked at; what was wrong is said above.")
