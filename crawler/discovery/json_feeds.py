"""JSON Feed, versions 1 and 1.1 (jsonfeed.org)."""

from __future__ import annotations

import json
from typing import Any

from scrapy.http import Response

from archive.errors import RecordError
from crawler.discovery.entries import LONGEST_TITLE, Entries, text_of
from crawler.discovery.listing import Listing, plain

__all__ = ["looks_like_json", "read_json_feed"]

_LARGEST, _MOST_ITEMS = 32 << 20, 10_000
_VERSION = "jsonfeed.org/version/1"


def looks_like_json(body: bytes) -> bool:
    """Whether a feed's bytes are JSON rather than XML."""
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def read_json_feed(response: Response) -> Listing:
    """The items of a JSON feed. Raises `RecordError` if it is none."""
    url = response.url
    if len(response.body) > _LARGEST:
        raise RecordError(f"{url} has {len(response.body):,} bytes; a JSON feed of more than {_LARGEST:,} is not read.")
    try:
        feed: Any = json.loads(response.body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{url} is JSON that can't be read: {error}.") from error
    if (
        not isinstance(feed, dict)
        or _VERSION not in str(feed.get("version"))
        or not isinstance(feed.get("items"), list)
    ):
        raise RecordError(f"{url} is JSON, but no JSON Feed.")
    entries = Entries(url, text_of(feed.get("language")))
    problems = []
    if len(feed["items"]) > _MOST_ITEMS:
        problems.append(f"{url} has {len(feed['items']):,} items; only the first {_MOST_ITEMS:,} are read.")
    for item in feed["items"][:_MOST_ITEMS]:
        one = item if isinstance(item, dict) else {}
        link = next((one[name] for name in ("url", "external_url", "id") if _is_link(one.get(name))), None)
        summary = next(filter(None, (text_of(one.get(n)) for n in ("summary", "content_text", "content_html"))), None)
        date = text_of(one.get("date_modified")) or text_of(one.get("date_published"))
        entries.add(link, date, one.get("title"), summary, one.get("language"))
    return Listing(
        kind="feed",
        found=entries.found,
        problems=[*problems, *entries.problems],
        title=plain(text_of(feed.get("title")), LONGEST_TITLE),
        language=text_of(feed.get("language")),
    )


def _is_link(value: Any) -> bool:
    """Whether it can be an address; an `id` need not be one."""
    return isinstance(value, str) and ("/" in value or value.startswith("?"))
