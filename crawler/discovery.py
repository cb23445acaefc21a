"""Leads: URLs worth fetching, read from feeds, sitemaps and section pages."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from lxml import etree
from scrapy.http import Response, TextResponse
from scrapy.linkextractors import LinkExtractor

from archive.capture import Lead
from archive.codings import decode
from archive.errors import RecordError

__all__ = ["Found", "feed_leads", "page_leads", "sitemap_leads"]

_MAX_SIZE = 64 << 20
_DATE = re.compile(r"\d{4}(?:-\d\d){0,2}(?=$|[T ])")


class Found(msgspec.Struct, frozen=True):
    """A URL and how it was found."""

    url: str
    lead: Lead
    is_sitemap: bool = False
    """It is a further sitemap, to be read in turn."""

    def announced_before(self, day: dt.date) -> bool:
        """Whether it came with a date (ISO 8601, perhaps only a month), and all of that is before `day`."""
        announced = _DATE.match(self.lead.announced or "")
        return announced is not None and announced[0] < day.isoformat()[: len(announced[0])]


def feed_leads(response: Response) -> Iterator[Found]:
    """The entries of an RSS or Atom feed. Raises `RecordError` if it is none."""
    import feedparser

    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    headers = {"content-location": response.url, "content-type": content_type or "application/xml"}
    # As a file: of bytes, feedparser would take a path in them for a file to read.
    try:
        feed = feedparser.parse(io.BytesIO(response.body), response_headers=headers)
    except (ValueError, LookupError) as error:
        raise RecordError(f"{response.url} is no RSS or Atom feed that can be read: {error}.") from error
    if not feed.entries and not feed.get("version"):
        raise RecordError(f"{response.url} is no RSS or Atom feed.")
    for entry in feed.entries:
        url = entry.get("feedburner_origlink") or entry.get("link")
        when = dict.get(entry, "updated_parsed") or dict.get(entry, "published_parsed")
        if url and (absolute := _absolute(response, url)):
            yield Found(absolute, Lead(kind="feed", via=response.url, announced=_iso(when)))


def sitemap_leads(response: Response) -> Iterator[Found]:
    """The rows of a sitemap (sitemaps.org, news extension too) or a sitemap index.

    Raises `RecordError` if it is neither. A gzipped file (.xml.gz) is read as well.
    """
    body = response.body
    try:
        if body[:2] == b"\x1f\x8b":
            body = decode("gzip", body, _MAX_SIZE)
        parser = etree.XMLParser(recover=True, remove_comments=True, resolve_entities=False, no_network=True)
        root = etree.fromstring(body.strip(), parser=parser)
    except (RecordError, etree.XMLSyntaxError, ValueError) as error:
        raise RecordError(f"{response.url} is no sitemap: {error}") from error
    kind = _name(root) if root is not None else ""
    if kind not in ("urlset", "sitemapindex"):
        raise RecordError(f"{response.url} is no sitemap.")
    for row in root:
        fields = {_name(element): (element.text or "").strip() for element in reversed(row)}
        for element in row.iter(etree.Element):
            if _name(element) == "publication_date":
                fields.setdefault("publication_date", (element.text or "").strip())
        url = _absolute(response, fields.get("loc") or "")
        if url:
            announced = fields.get("lastmod") or fields.get("publication_date") or None
            lead = Lead(kind="sitemap", via=response.url, announced=announced)
            yield Found(url, lead, is_sitemap=kind == "sitemapindex")


def page_leads(response: Response) -> Iterator[Found]:
    """The links of a section page, in page order. Raises `RecordError` if they can't be read."""
    if not isinstance(response, TextResponse):
        return
    try:
        links = LinkExtractor(deny_extensions=[], unique=True).extract_links(response)
    except (ValueError, LookupError) as error:
        raise RecordError(f"{response.url} has links that can't be read: {error}.") from error
    for link in links:
        yield Found(link.url, Lead(kind="section", via=response.url))


def _name(element: Any) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _absolute(response: Response, url: str) -> str | None:
    """A link made absolute; None for what can't be one."""
    try:
        return response.urljoin(url) if url else None
    except (ValueError, LookupError):
        return None


def _iso(when: Any) -> str | None:
    try:
        return dt.datetime(*when[:6]).replace(tzinfo=dt.UTC).isoformat() if when else None
    except (TypeError, ValueError):
        return None
