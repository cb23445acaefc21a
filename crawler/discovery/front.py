"""`FrontPage`: what a site's home page says of it, and where it leads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
from lxml import html
from lxml.etree import ParserError
from scrapy.http import Response, TextResponse

from archive.errors import NotAPage
from archive.extraction.language import settled_language
from crawler.discovery.listing import absolute, plain
from crawler.source import host_of

__all__ = ["FrontPage", "Link", "read_front_page"]

_LARGEST = 8 << 20
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json")
_FEED_PATH = re.compile(
    r"(?i)(?:^|/)(?:feeds?|rss|atom)(?:/|$|\.|\?)|\.(?:rss|atom|rdf)$|[-_/](?:feed|rss|atom)[-_\w]*\.(?:xml|json)$"
)
_COMMENTS = re.compile(r"(?i)comment|kommentar|comentario|commentaire|yorum|коммент|oembed")
_ORGANIZATIONS = {"WebSite", "NewsMediaOrganization", "Organization", "Newspaper"}
_PARTED = re.compile(r"\s+[|–—·•»:-]+\s+|\s*\|\s*|:\s+")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-[A-Za-z]{2})?(?![A-Za-z])")
_FURNITURE = {"nav", "header", "footer"}
_LONGEST_NAME = 80


class Link(msgspec.Struct, frozen=True):
    """A link of the page, with the longest of the texts that it has there."""

    url: str
    text: str
    is_navigation: bool
    """It stands in the page's head, foot or navigation."""


class FrontPage(msgspec.Struct, frozen=True, kw_only=True):
    """What could be read of a home page."""

    url: str
    title: str | None
    language: str | None
    """BCP 47, as declared, unless the text plainly is in another one."""
    region: str | None
    """Country code of the declared language or locale (``GB`` in ``en-GB``)."""
    feeds: tuple[str, ...]
    """What it names as its feeds, those of comments left out."""
    feed_links: tuple[str, ...]
    """Where it links what looks like a feed."""
    links: tuple[Link, ...]
    """To pages of its own host and those below it."""


def read_front_page(response: Response) -> FrontPage:
    """Read a home page. Raises `NotAPage` if it is no HTML."""
    if not isinstance(response, TextResponse) or not response.body.strip() or not _is_html(response):
        kind = (response.headers.get("Content-Type") or b"no type").decode("latin-1").partition(";")[0]
        raise NotAPage(f"{response.url} is no HTML page ({kind}): give the address of the site's home page.")
    try:
        tree = html.document_fromstring(response.text[:_LARGEST].encode(), parser=html.HTMLParser(encoding="utf-8"))
    except (ParserError, ValueError) as error:
        raise NotAPage(f"{response.url} is an empty page: give the address of the site's home page.") from error
    base = response.urljoin(str(tree.xpath("string(//base/@href)")).strip() or response.url)
    declared = (tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "").strip()
    declared = declared or _meta(tree, "content-language") or _meta(tree, "og:locale").replace("_", "-")
    tag = found[0] if (found := _TAG.match(declared)) else None
    named, own = list(_named_feeds(tree, base)), host_of(response.url).removeprefix("www.")
    links = list(_links(tree, base, own))
    return FrontPage(
        url=response.url,
        title=_title(tree, own),
        language=settled_language(tag, _prose(tree)) or tag,
        region=_region(declared) or _region(_meta(tree, "og:locale")),
        feeds=tuple(dict.fromkeys(named)),
        feed_links=tuple(dict.fromkeys(url for url in _feed_links(tree, base) if url not in named)),
        links=tuple(links),
    )


def _is_html(response: TextResponse) -> bool:
    start = response.text[:4096].lower()
    return "<html" in start or "<!doctype html" in start or "<body" in start or "<head" in start or "<a " in start


def _named_feeds(tree: Any, base: str) -> Iterator[str]:
    for link in tree.iter("link"):
        rel, kind = (link.get("rel") or "").lower().split(), (link.get("type") or "").lower().strip()
        is_feed = kind in _FEED_TYPES or (kind == "application/json" and "feed" in (link.get("href") or ""))
        url = absolute(link.get("href") or "", base) if "alternate" in rel and is_feed else None
        if url and not _COMMENTS.search(f"{link.get('title')} {urlsplit(url).path}"):
            yield url


def _feed_links(tree: Any, base: str) -> Iterator[str]:
    for link in tree.iter("a"):
        if url := absolute(link.get("href") or "", base):
            parts = urlsplit(url)
            if _FEED_PATH.search(f"{parts.path}?{parts.query}" if parts.query else parts.path) and not _COMMENTS.search(
                url
            ):
                yield url


def _links(tree: Any, base: str, own: str) -> Iterator[Link]:
    texts: dict[str, str] = {}
    places: dict[str, bool] = {}
    for link in tree.iter("a"):
        if "href" not in link.attrib or not (url := absolute(link.get("href"), base)):
            continue
        host = host_of(url)
        if host.removeprefix("www.") != own and not host.endswith(f".{own}"):
            continue
        text = plain(link.text_content(), 300) or link.get("title") or ""
        texts[url] = max(texts.get(url, ""), text, key=len)
        inside = any(a.tag in _FURNITURE or a.get("role") == "navigation" for a in link.iterancestors())
        # A header may be a story's own.
        in_story = any(a.tag in ("article", "main", "h1", "h2", "h3") for a in (link, *link.iterancestors(), *link))
        places[url] = places.get(url, True) and inside and not in_story
    for url, text in texts.items():
        yield Link(url, text, places[url])


def _title(tree: Any, host: str) -> str | None:
    """The site's name."""
    for name in (_meta(tree, "og:site_name"), _organization(tree), _meta(tree, "application-name")):
        if name and len(name) <= _LONGEST_NAME:
            return name
    parts = [part for part in _PARTED.split(plain(tree.xpath("string(//title)"), 300) or "") if part.strip()]
    letters = re.sub(r"\W", "", host)
    for part in parts:  # the name, not the motto: it is what the host is called
        if (folded := re.sub(r"\W", "", part.lower())) and (folded in letters or letters.startswith(folded)):
            return part
    return parts[0][:_LONGEST_NAME] if parts else None


def _organization(tree: Any) -> str:
    for script in tree.xpath("//script[@type='application/ld+json']")[:20]:
        try:
            data = json.loads(script.text or "")
        except (ValueError, RecursionError):
            continue
        graph = data.get("@graph") if isinstance(data, dict) else data
        for thing in [data, *(graph if isinstance(graph, list) else ())]:
            kinds = thing.get("@type") if isinstance(thing, dict) else None
            if {*(kinds if isinstance(kinds, list) else [kinds])} & _ORGANIZATIONS and isinstance(
                thing.get("name"), str
            ):
                return plain(thing["name"], 300) or ""
    return ""


def _meta(tree: Any, name: str) -> str:
    found = tree.xpath("string(//meta[@property=$n or @name=$n or @http-equiv=$n]/@content)", n=name)
    return plain(str(found), 300) or ""


def _prose(tree: Any) -> str:
    texts = (e.text_content() for e in tree.iter("p", "h1", "h2", "h3", "li", "a"))
    prose = ""
    for text in texts:
        prose += f"{text.strip()} "
        if len(prose) > 20_000:
            break
    return prose


def _region(tag: str) -> str | None:
    found = re.search(r"[-_]([A-Za-z]{2})\b", tag)
    return found[1].upper() if found else None
