"""Feeds: RSS 0.9x, 1.0 and 2.0, Atom (read by feedparser), and JSON Feed."""

from __future__ import annotations

import io
import re
from typing import Any

from scrapy.http import Response

from archive.errors import RecordError
from crawler.discovery.entries import LONGEST_TITLE, Entries, text_of
from crawler.discovery.json_feeds import looks_like_json, read_json_feed
from crawler.discovery.listing import Listing, looks_like_html, plain

__all__ = ["read_feed"]

_LARGEST, _MOST_ENTRIES = 4 << 20, 2000
"""What is parsed of a feed: feedparser takes half a second and more for a million bytes, a second for 1,000 entries."""
_END = re.compile(rb"</(?:item|entry)\s*>", re.IGNORECASE)
_CLOSING = re.compile(rb"(?:</(?:channel|rss|feed|rdf:RDF)\s*>\s*)+\Z", re.IGNORECASE)
_ROOT = re.compile(
    rb"<(?:\w+:)?(?:rss|feed|rdf|channel)\b|<\0(?:r\0s\0s|f\0e\0e\0d)|\0<\0(?:r\0s\0s|f\0e\0e\0d)", re.IGNORECASE
)
_ROOT_WITHIN = 64 << 10
_MOST_UNCLOSED = 5000
_CDATA = re.compile(rb"<!\[CDATA\[.*?\]\]>", re.DOTALL)
_LARGEST_WITHOUT = 256 << 10
"""Bytes of a feed that has no whole entry; more are not tried."""


def read_feed(response: Response) -> Listing:
    """The entries of a feed. Raises `RecordError` if it is none."""
    if looks_like_json(response.body):
        return read_json_feed(response)
    import feedparser

    url = response.url
    if not _ROOT.search(response.body, 0, _ROOT_WITHIN):
        what = "is an HTML page, no feed" if looks_like_html(response.body) else "is no RSS, Atom or JSON feed"
        raise RecordError(f"{url} {what}.")
    body, problem = _bounded(response.body)
    if (unclosed := _unclosed(body)) > _MOST_UNCLOSED:
        raise RecordError(f"{url} is no feed that can be read: {unclosed:,} of its elements never end.")
    problems = [f"{url} {problem}"] if problem else []
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    headers = {"content-location": url, "content-type": content_type or "application/xml"}
    # As a file: of bytes, feedparser would take a path in them for a file to read.
    try:
        feed = feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except (ValueError, LookupError, RecursionError) as error:
        raise RecordError(f"{url} is no feed that can be read: {error}.") from error
    if not feed.entries and not feed.get("version"):
        what = "is an HTML page, no feed" if looks_like_html(body) else "is no RSS, Atom or JSON feed"
        raise RecordError(f"{url} {what}.")
    if feed.bozo and isinstance(feed.get("bozo_exception"), Exception) and not _is_charset(feed.bozo_exception):
        problems.append(f"{url} is not well-formed XML; {len(feed.entries)} entries could be read.")
    entries = Entries(url, text_of(feed.feed.get("language")))
    for entry in feed.entries:
        link = entry.get("feedburner_origlink") or entry.get("link")
        entries.add(link, _date_of(entry), entry.get("title"), _summary_of(entry), entry.get("language"))
    return Listing(
        kind="feed",
        found=entries.found,
        problems=[*problems, *entries.problems],
        title=plain(feed.feed.get("title"), LONGEST_TITLE),
        language=text_of(feed.feed.get("language")),
    )


def _date_of(entry: Any) -> Any:
    # Else feedparser takes one for the other, and warns that it won't for ever.
    return dict.get(entry, "updated") or dict.get(entry, "published") or dict.get(entry, "created")


def _summary_of(entry: Any) -> Any:
    contents = [part.get("value") for part in entry.get("content") or () if isinstance(part, dict)]
    return dict.get(entry, "summary") or next(filter(None, contents), None)


def _is_charset(error: Exception) -> bool:
    """Whether feedparser only complains of what a server says of the feed, and not of the feed."""
    import feedparser

    return isinstance(error, feedparser.CharacterEncodingOverride | feedparser.NonXMLContentType)


def _unclosed(body: bytes) -> int:
    """How many elements are begun, but not ended: with their square grows what feedparser's time is."""
    closed = body.rfind(b"]]>") + 3  # behind it an opening has no end, and each would be looked for in vain
    plain = _CDATA.sub(b"", body[:closed]) + body[closed:]
    return len(re.findall(rb"<[A-Za-z]", plain)) - plain.count(b"</") - plain.count(b"/>")


def _bounded(body: bytes) -> tuple[bytes, str]:
    """A feed, or its first whole entries with its end if it is too large; and what to say of that."""
    last, count = 0, 0
    for match in _END.finditer(body, 0, _LARGEST):
        last, count = match.end(), count + 1
        if count == _MOST_ENTRIES:
            break
    if len(body) <= (_LARGEST if count else _LARGEST_WITHOUT) and count < _MOST_ENTRIES:
        return body, ""
    closing = _CLOSING.search(body[-1000:])
    cut = body[: last or _LARGEST_WITHOUT] + (closing[0] if closing else b"")
    return cut, f"has {len(body):,} bytes; only its first {count:,} entries are read."
