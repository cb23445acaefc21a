"""`Listing`: what a feed, a sitemap or a section page announces."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator
from urllib.parse import urldefrag, urljoin

import msgspec
from w3lib.url import safe_url_string

from archive.capture import Announcement, Lead
from archive.leads import Kind

__all__ = ["Found", "Listing", "absolute", "looks_like_html", "plain"]

_DATE = re.compile(r"\d{4}(?:-\d\d){0,2}(?=$|[T ])")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/(?:[A-Za-z0-9._~:/?&=+,;@-]|%[0-9A-Fa-f]{2})*)?")
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_MARKUP = re.compile(
    r"<(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->|<[a-z!/?][^>]*>", re.IGNORECASE | re.DOTALL
)
_ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-f]+|\w+);", re.IGNORECASE)


class Found(msgspec.Struct, frozen=True):
    """A URL and how it was found."""

    url: str
    """As it is fetched: absolute, escaped, without a fragment."""
    lead: Lead
    is_sitemap: bool = False
    """It is a further sitemap, to be read in turn."""
    title: str | None = None
    summary: str | None = None

    def announced_before(self, day: dt.date) -> bool:
        """Whether it came with a date (ISO 8601, perhaps only a month), and all of that is before `day`."""
        announced = _DATE.match(self.lead.announced or "")
        return announced is not None and announced[0] < day.isoformat()[: len(announced[0])]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What could be read, and what was wrong with the rest."""

    kind: Kind
    found: list[Found]
    problems: list[str]
    """A sentence each, which names the listing."""
    title: str | None = None
    language: str | None = None
    """BCP 47, as a feed states it."""

    def announcements(self, articles: Collection[str]) -> Iterator[Announcement]:
        """As the archive keeps them; `articles` are the URLs that have an article's form.

        Further sitemaps announce nothing by themselves, nor do a page's other links.
        """
        for found in self.found:
            is_article = found.url in articles
            if is_article or (self.kind != "section" and not found.is_sitemap):
                yield Announcement(found.url, found.lead.announced, found.title, found.summary, is_article)


def absolute(url: str, base: str) -> str | None:
    """A link as it would be fetched; None for what can't be one."""
    url = url.strip()
    if _PLAIN_URL.fullmatch(url):
        return url
    try:
        url = urldefrag(safe_url_string(urljoin(base, url)))[0] if url else ""
    except (ValueError, LookupError):
        return None
    # What is left of other characters stands in the host, and is no name of one.
    return url if url.startswith(("http://", "https://")) and url.isascii() and url.isprintable() else None


def plain(markup: str | None, longest: int) -> str | None:
    """HTML as plain text in one line, cut at a word; None if nothing is left."""
    import html

    text = markup or ""
    if "<" in text or "&" in text:
        text = _MARKUP.sub(" ", text[: 20 * longest])
        text = html.unescape(text) if _ENTITY.search(text) else text
    text = " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())
    if len(text) > longest:
        text = text[:longest].rpartition(" ")[0] + " …" if " " in text[:longest] else text[:longest]
    return text or None


def looks_like_html(body: bytes) -> bool:
    """Whether a server answered with a page where it should have a feed or sitemap."""
    return _HTML.search(body[:2048]) is not None
