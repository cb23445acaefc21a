"""`Detection`: what a look at a site's home page tells of it as a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urljoin, urlsplit

import msgspec
from scrapy.http import Response

from archive.capture import Lead
from archive.errors import NotAPage, RecordError, SourceError
from crawler.discovery.feeds import read_feed
from crawler.discovery.front import FrontPage, read_front_page
from crawler.discovery.listing import Found, Listing
from crawler.discovery.patterns import Pattern, infer_patterns, is_aside, looks_like_article
from crawler.discovery.scout import Scout, Visit
from crawler.discovery.sections import read_section
from crawler.discovery.sitemaps import read_sitemap
from crawler.discovery.zones import Zone, zone_of
from crawler.source import Source, host_of

__all__ = ["Detection", "Place", "detect"]

Test = Callable[[str], bool]
"""Whether a URL is an article of the source."""

_GIVEN = Lead(kind="given")
_FEED_PATHS = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/feeds/posts/default", "/feed.json")
_SITEMAP_PATHS = ("/sitemap.xml", "/news-sitemap.xml", "/sitemap-news.xml", "/sitemap_index.xml")
_MOST_FEEDS, _MOST_SITEMAPS, _MOST_PARTS, _MOST_SECTIONS = 6, 5, 3, 6
_LARGE_INDEX = 30
"""Sitemaps in an index; one with more is for a look into the past, not for every day."""
_FEW_LINKS = 3
_SAMPLE = 300


class Place(msgspec.Struct, frozen=True):
    """A listing that was found, with the answer it was read from."""

    url: str
    listing: Listing
    response: Response
    is_news: bool = False
    """A sitemap of the last days, with titles."""
    parts: tuple[Place, ...] = ()
    """What was looked at of a sitemap index."""

    @property
    def leads(self) -> list[Found]:
        """What it announces, be it through its parts."""
        own = [found for found in self.listing.found if not found.is_sitemap]
        return [*own, *(found for part in self.parts for found in part.leads)]


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, ready to become a source."""

    home: str
    hosts: tuple[str, ...]
    """Empty if the host of `home` is all."""
    title: str
    language: str | None
    zone: Zone
    feeds: tuple[Place, ...]
    sitemaps: tuple[Place, ...]
    sections: tuple[Place, ...]
    aside: tuple[Place, ...]
    """Sitemaps that are for a look into the past."""
    patterns: tuple[Pattern, ...]
    leads: int
    """URLs that the patterns were inferred from."""
    unlike: tuple[str, ...]
    """Those that fit none."""
    unannounced: int
    """Articles that the front page links and no feed or sitemap announces."""
    notes: tuple[str, ...]
    """What else is to be said, a sentence each."""

    def source(self, name: str) -> Source:
        """The source it describes."""
        return Source(
            name=name,
            title=self.title,
            home=self.home,
            hosts=self.hosts,
            language=self.language,
            timezone=self.zone.name,
            feeds=tuple(place.url for place in self.feeds),
            sitemaps=tuple(place.url for place in self.sitemaps),
            sections=tuple(place.url for place in self.sections),
            article_urls=tuple(pattern.regex for pattern in self.patterns),
        )


async def detect(scout: Scout, url: str) -> Detection:
    """Look at a site. Raises `SourceError` with one sentence if it can't become a source."""
    look = _Look(scout)
    home = await look.home(url)
    feeds = await look.feeds(home)
    sitemaps = await look.sitemaps(home)
    hosts = _hosts(home.url, [found for place in (*feeds, *sitemaps) for found in place.leads])
    told = _told(home.url, feeds, sitemaps, hosts)
    told = told if len(told) > 1 else []  # of one address nobody knows what is its form
    front = [link.url for link in home.links if not link.is_navigation and looks_like_article(link.url, link.text)]
    others = [link.url for link in home.links if link.url not in front and link.url not in told]
    leads = told or front
    patterns, unlike = infer_patterns(leads, others, fewest=2 if told else _FEW_LINKS, is_told=bool(told))
    if told:  # another form that the front page alone links
        more, _ = infer_patterns(
            [u for u in front if not _fits(home.url, hosts, patterns, u)], others, fewest=5, is_told=False
        )
        patterns += [pattern for pattern in more if r"\d" in pattern.regex]
    if not patterns:
        raise SourceError(_nothing_found(home.url, len(leads)))
    is_article = Source(
        name="x", title="x", home=home.url, hosts=hosts, article_urls=tuple(p.regex for p in patterns)
    ).is_article
    feeds, repeated = _without_repeats(feeds, is_article)
    look.notes += [f"{place.url} announces nothing that other feeds do not; it is left out." for place in repeated]
    chosen, aside = _daily(sitemaps, is_article, has_feed=bool(feeds))
    known = {found.url for place in (*feeds, *chosen) for found in place.leads}
    unannounced = [link.url for link in home.links if link.url not in known and is_article(link.url)]
    sections: list[Place] = []
    if not feeds and not chosen:
        sections = await look.sections(home, is_article)
    elif len(unannounced) >= _FEW_LINKS:
        sections = [look.front]
    dates = [found.lead.announced for place in (*feeds, *sitemaps) for found in place.leads if found.lead.announced]
    language = home.language or next((p.listing.language for p in feeds if p.listing.language), None)
    return Detection(
        home=home.url,
        hosts=hosts if len(hosts) > 1 else (),
        title=home.title or next((p.listing.title for p in feeds if p.listing.title), None) or host_of(home.url),
        language=language,
        zone=zone_of(dates, domain=host_of(home.url).rpartition(".")[2], region=home.region, language=language),
        feeds=tuple(feeds),
        sitemaps=tuple(chosen),
        sections=tuple(sections),
        aside=tuple(aside),
        patterns=tuple(patterns),
        leads=len(leads),
        unlike=tuple(unlike),
        unannounced=len(unannounced),
        notes=tuple(look.notes),
    )


class _Look:
    """The fetches of one look, and what is to be said of them."""

    def __init__(self, scout: Scout) -> None:
        self._scout = scout
        self._tried: set[str] = set()
        self.notes: list[str] = []
        self.front: Place

    async def home(self, url: str) -> FrontPage:
        """The home page: of the given address, or of the one that it leads to."""
        if looks_like_article(url, ""):
            root = urljoin(url, "/")
            self.notes.append(f"{url} looks like the address of an article; the site's front page {root} is used.")
            url = root
        visit = await self._scout.fetch(url, _GIVEN)
        if visit.response is None:
            forbidden = "robots.txt asks" in visit.problem
            raise SourceError(visit.problem if forbidden else f"{visit.problem.rstrip('.')}. Is the address right?")
        response = visit.response
        given, found = host_of(url).removeprefix("www."), host_of(response.url).removeprefix("www.")
        if given != found:
            self.notes.append(f"{url} leads to {response.url}; that is used as the home page.")
        try:
            front = read_front_page(response)
            self.front = Place(response.url, read_section(response), response)
        except (NotAPage, RecordError) as error:
            raise SourceError(str(error)) from error
        return front

    async def feeds(self, home: FrontPage) -> list[Place]:
        """Feeds that the page names, or links, or that lie where feeds often do."""
        for candidates in (home.feeds, home.feed_links, tuple(urljoin(home.url, path) for path in _FEED_PATHS)):
            found: list[Place] = []
            for url in candidates[: _MOST_FEEDS + 2]:
                found += await self._feeds_at(url)
                if len(found) >= _MOST_FEEDS or (found and candidates not in (home.feeds, home.feed_links)):
                    break
            if found:
                return found[:_MOST_FEEDS]
        return []

    async def _feeds_at(self, url: str) -> list[Place]:
        """A feed, or those that a page about feeds links."""
        visit = await self._visit(url)
        if visit.response is None:
            return []
        try:
            listing = read_feed(visit.response)
        except RecordError:
            return [place for link in _feeds_of(visit.response) for place in await self._feed(link)]
        return [Place(visit.response.url, listing, visit.response)] if listing.found else []

    async def _feed(self, url: str) -> list[Place]:
        visit = await self._visit(url)
        try:
            listing = read_feed(visit.response) if visit.response is not None else None
        except RecordError:
            return []
        return (
            [Place(visit.response.url, listing, visit.response)] if visit.response and listing and listing.found else []
        )

    async def sitemaps(self, home: FrontPage) -> list[Place]:
        """Sitemaps that robots.txt names, or that lie where sitemaps often do; of an index some parts."""
        named = await self._scout.announced_sitemaps(home.url)
        named = sorted(dict.fromkeys(named), key=lambda url: "news" not in url.lower())
        candidates = named[:_MOST_SITEMAPS] or [urljoin(home.url, path) for path in _SITEMAP_PATHS]
        return [place for url in candidates if (place := await self._sitemap(url)) is not None]

    async def _sitemap(self, url: str, *, is_part: bool = False) -> Place | None:
        visit = await self._visit(url)
        if visit.response is None:
            return None
        try:
            listing = read_sitemap(visit.response)
        except RecordError:
            return None
        inner = [found for found in listing.found if found.is_sitemap]
        parts: list[Place] = []
        for found in [] if is_part else _freshest(inner)[:_MOST_PARTS]:
            if (part := await self._sitemap(found.url, is_part=True)) is not None:
                parts.append(part)
        is_news = any(found.title for found in listing.found)
        return Place(visit.response.url, listing, visit.response, is_news, tuple(parts)) if listing.found else None

    async def sections(self, home: FrontPage, is_article: Test) -> list[Place]:
        """The front page and those pages of its navigation that link articles."""
        found = [self.front]
        for link in _section_links(home, is_article):
            visit = await self._visit(link)
            if visit.response is None:
                continue
            try:
                listing = read_section(visit.response)
            except RecordError:
                continue
            if sum(1 for one in listing.found if is_article(one.url)) >= _FEW_LINKS:
                found.append(Place(visit.response.url, listing, visit.response))
            if len(found) > _MOST_SECTIONS:
                break
        return found

    async def _visit(self, url: str) -> Visit:
        if url in self._tried:
            return Visit(url, None, "was looked at")
        self._tried.add(url)
        return await self._scout.fetch(url, Lead(kind="link", via=self.front.url))


def _feeds_of(response: Response) -> tuple[str, ...]:
    try:
        page = read_front_page(response)
    except NotAPage:
        return ()
    return (page.feeds or page.feed_links)[:_MOST_FEEDS]


def _freshest(sitemaps: Sequence[Found]) -> list[Found]:
    """Those of news first, then those of posts, the newest first."""

    def rank(numbered: tuple[int, Found]) -> tuple[bool, bool, str, int]:
        number, found = numbered
        name = urlsplit(found.url).path.lower()
        is_other = any(
            word in name for word in ("tag", "categor", "author", "image", "video", "page", "user", "static")
        )
        return "news" in name, not is_other, found.lead.announced or "", number

    return [found for _, found in sorted(enumerate(sitemaps), key=rank, reverse=True)]


def _hosts(home: str, leads: Sequence[Found]) -> tuple[str, ...]:
    """The hosts of the site: another one too if most of what is announced lies there."""
    own = host_of(home).removeprefix("www.")
    hosts = Counter(host_of(found.url).removeprefix("www.") for found in leads)
    away = [
        host for host, count in hosts.items() if host != own and not host.endswith(f".{own}") and count > len(leads) / 2
    ]
    return (own, *away)


def _is_own(url: str, hosts: Sequence[str]) -> bool:
    host = host_of(url)
    return any(host == own or host.endswith(f".{own}") for own in hosts)


def _told(home: str, feeds: Sequence[Place], sitemaps: Sequence[Place], hosts: Sequence[str]) -> list[str]:
    """URLs that patterns are inferred from: of feeds and news sitemaps, or else the newest of other sitemaps."""
    front = {home.rstrip("/"), urljoin(home, "/").rstrip("/")}

    def own(places: Sequence[Place]) -> Iterator[Found]:
        for place in places:
            yield from (
                found for found in place.leads if _is_own(found.url, hosts) and found.url.rstrip("/") not in front
            )

    news = [part for place in sitemaps for part in (place, *place.parts) if part.is_news]
    if urls := list(dict.fromkeys(found.url for found in own([*feeds, *news]))):
        return urls
    rows = [found for found in own(sitemaps) if looks_like_article(found.url, "")]
    rows.sort(key=lambda found: found.lead.announced or "", reverse=True)
    return list(dict.fromkeys(found.url for found in rows[:_SAMPLE]))


def _fits(home: str, hosts: tuple[str, ...], patterns: Sequence[Pattern], url: str) -> bool:
    source = Source(name="x", title="x", home=home, hosts=hosts, article_urls=tuple(p.regex for p in patterns))
    return source.is_article(url)


def _without_repeats(feeds: Sequence[Place], is_article: Test) -> tuple[list[Place], list[Place]]:
    """The feeds that announce articles which those before them do not, and the others."""
    known: set[str] = set()
    kept: list[Place] = []
    repeated: list[Place] = []
    for place in sorted(feeds, key=lambda place: len(place.leads), reverse=True):
        urls = {found.url for found in place.leads if is_article(found.url)}
        (kept if urls - known else repeated).append(place)
        known |= urls
    return kept, repeated


def _daily(sitemaps: Sequence[Place], is_article: Test, *, has_feed: bool) -> tuple[list[Place], list[Place]]:
    """Sitemaps to be read at every crawl, and those that are too much for that."""
    useful = [place for place in sitemaps if any(is_article(found.url) for found in place.leads)]
    news = [part for place in useful for part in (place, *place.parts) if part.is_news]
    if news:
        return news, [place for place in useful if not place.is_news]
    if has_feed:
        return [], useful
    small = [place for place in useful if len(place.listing.found) <= _LARGE_INDEX or not place.parts]
    return small, [place for place in useful if place not in small]


def _section_links(home: FrontPage, is_article: Test) -> list[str]:
    """Links of the navigation, those under whose paths articles lie first."""
    articles = [urlsplit(link.url).path for link in home.links if is_article(link.url)]
    links = [
        link.url for link in home.links if link.is_navigation and not is_article(link.url) and not is_aside(link.url)
    ]
    paths = {url: urlsplit(url).path.rstrip("/") for url in links}
    links = [url for url in links if 0 < paths[url].count("/") <= 2 and not urlsplit(url).query]
    return sorted(links, key=lambda url: not any(path.startswith(f"{paths[url]}/") for path in articles))[:8]


def _nothing_found(home: str, count: int) -> str:
    if count:
        return (
            f"{home}: its {count} links to articles have no form in common; "
            "write article_urls by hand (docs/sources.md)."
        )
    return (
        f"{home} has no feed, no sitemap and no links that look like articles; if it is made by scripts or asks for "
        "consent first, give a section page or write the source by hand (docs/sources.md)."
    )
