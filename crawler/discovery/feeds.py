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

_LARGEST = 8 << 20
"""Bytes of a feed that are parsed: feedparser takes half a second for each million."""
_END = re.compile(rb"</(?:item|entry)\s*>", re.IGNORECASE)
_CLOSING = re.compile(rb"(?:</[\w:]+\s*>\s*)+\Z")


def read_feed(response: Response) -> Listing:
    """The entries of a feed. Raises `RecordError` if it is none."""
    if looks_like_json(response.body):
        return read_json_feed(response)
    import feedparser

    url = response.url
    body, problem = _bounded(response.body)
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


def _bounded(body: bytes) -> tuple[bytes, str]:
    """A feed, or its first whole entries with its end if it is too large; and what to say of that."""
    if len(body) <= _LARGEST:
        return body, ""
    last = 0
    for match in _END.finditer(body, 0, _LARGEST):
        last = match.end()
    closing = _CLOSING.search(body[-1000:])
    cut = body[: last or _LARGEST] + (_END.sub(b"", closing[0]) if closing else b"")
    return cut, f"has {len(body):,} bytes; only the entries in the first {_LARGEST:,} are read."
