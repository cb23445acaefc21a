"""`Checkup`: whether a source brings articles, by trying its listings and a few of its pages."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urljoin

import msgspec
from scrapy.http import Response

from archive.article import Article
from archive.capture import Lead
from archive.cleaning import PageBytes, extract_page
from archive.errors import RecordError
from archive.workers import ExtractorPool
from crawler.discovery.feeds import read_feed
from crawler.discovery.listing import Found, Listing
from crawler.discovery.scout import Scout
from crawler.discovery.sections import read_section
from crawler.discovery.sitemaps import read_sitemap
from crawler.source import Source, known_reading

__all__ = ["Checkup", "Looked", "check", "read_pages"]

_READERS = {"feeds": read_feed, "sitemaps": read_sitemap, "sections": read_section}
_MOST_PARTS = 3
_FIELDS = ("headline", "text", "authors", "published", "language", "standfirst", "section", "image")
_NEEDED = ("headline", "text", "published")


class Looked(msgspec.Struct, frozen=True):
    """A listing that was tried."""

    key: str
    """The source's key that names it: feeds, sitemaps or sections."""
    url: str
    leads: int = 0
    articles: int = 0
    """Of these, those that have an article's form."""
    newest: str | None = None
    parts: int = 0
    """Further sitemaps that it names."""
    problems: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What came of it."""
        if not self.leads and not self.parts:
            return "nothing"
        told = f"{self.leads} leads, {self.articles} of them articles"
        if self.parts:
            told += f", in {min(self.parts, _MOST_PARTS)} of {self.parts} sitemaps"
        return told + (f", the newest of {self.newest}" if self.newest else "")


class Read(msgspec.Struct, frozen=True):
    """An article that was tried."""

    url: str
    article: Article | None = None
    problem: str = ""

    @property
    def fields(self) -> list[str]:
        """What could be read of it."""
        return [name for name in _FIELDS if self.article is not None and getattr(self.article, name)]

    @property
    def lacking(self) -> list[str]:
        """What an article should have."""
        return [name for name in _NEEDED if name not in self.fields]


class Checkup(msgspec.Struct):
    """What came of trying a source."""

    listings: list[Looked] = msgspec.field(default_factory=list)
    pages: dict[str, PageBytes | str] = msgspec.field(default_factory=dict)
    """Articles that were fetched, or why they could not be."""
    found: dict[str, Found] = msgspec.field(default_factory=dict)

    @property
    def articles(self) -> int:
        """How many articles the listings announce."""
        return len(self.found)


async def check(scout: Scout, source: Source, limit: int) -> Checkup:
    """Try each listing, and fetch `limit` articles, the newest of each listing in turn."""
    checkup = Checkup()
    queues: list[list[Found]] = []
    places = [(key, urljoin(source.home, url)) for key in _READERS for url in getattr(source, key)]
    for key, url in places or [("sections", source.home)]:
        queues.append(await _try(scout, source, key, url, checkup))
    chosen = [queue[place].url for place in range(limit) for queue in queues if place < len(queue)]
    for url in list(dict.fromkeys(chosen))[:limit]:
        visit = await scout.fetch(url, checkup.found[url].lead)
        checkup.pages[url] = _bytes(visit.response) if visit.response is not None else visit.problem
    return checkup


async def _try(scout: Scout, source: Source, key: str, url: str, checkup: Checkup) -> list[Found]:
    """The articles of a listing, newest first."""
    waiting, parts = [url], 0
    looked = Looked(key, url)
    articles: list[Found] = []
    while waiting:
        listing, problems = await _listing(scout, source, key, waiting.pop(0), checkup)
        found = [one for one in listing.found if not one.is_sitemap] if listing else []
        new = [one for one in found if source.is_article(one.url)]
        if listing and (inner := [one.url for one in listing.found if one.is_sitemap and source.owns(one.url)]):
            waiting, parts = [*waiting, *inner[-_MOST_PARTS:]][:_MOST_PARTS], parts + len(inner)
        if key == "sections":  # its other links announce nothing
            found = new
        articles += new
        looked = msgspec.structs.replace(
            looked,
            leads=looked.leads + len(found),
            articles=looked.articles + len(new),
            parts=parts,
            problems=(*looked.problems, *problems),
        )
    dates = [one.lead.announced for one in articles if one.lead.announced]
    checkup.listings.append(msgspec.structs.replace(looked, newest=max(dates, default=None)))
    checkup.found |= {one.url: one for one in articles if one.url not in checkup.found}
    return sorted(articles, key=lambda one: one.lead.announced or "", reverse=True)


async def _listing(
    scout: Scout, source: Source, key: str, url: str, checkup: Checkup
) -> tuple[Listing | None, Sequence[str]]:
    visit = await scout.fetch(url, Lead(kind="source"))
    if visit.response is None:
        return None, [visit.problem]
    try:
        listing = _READERS[key](visit.response)
    except RecordError as error:
        return None, [str(error)]
    scout.keep_leads(visit.response, listing, source)
    return listing, listing.problems


def _bytes(response: Response) -> PageBytes:
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return PageBytes(response.body, response.url, content_type)


def read_pages(checkup: Checkup, settings: object) -> list[Read]:
    """Read the fetched articles as a crawl would, in a process of their own."""
    from scrapy.settings import BaseSettings

    assert isinstance(settings, BaseSettings)
    pool = ExtractorPool(
        1, timeout=settings.getfloat("EXTRACT_TIMEOUT", 20), memory=settings.getint("EXTRACT_MEMORY", 2 << 30)
    )
    read = []
    try:
        for url, page in checkup.pages.items():
            if isinstance(page, str):
                read.append(Read(url, problem=page))
                continue
            try:
                article = pool.submit_call(extract_page, page, known_reading(settings, page.url)).result()
                read.append(Read(url, article))
            except Exception as error:  # noqa: BLE001 - a worker can fail in any way; each becomes a line
                read.append(Read(url, problem=f"{url}: {pool.explain(error, url)}"))
    finally:
        pool.close(abandon=True)
    return read
