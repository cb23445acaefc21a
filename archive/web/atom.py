"""`atom`: changes as an Atom feed (RFC 4287)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from urllib.parse import urlsplit

from lxml import etree

from archive.catalogue.rows import Row
from archive.history.telling import Telling
from archive.web.room import Room
from archive.web.template import harmless, link

__all__ = ["MEDIA_TYPE", "atom", "entry_id", "page_of"]

MEDIA_TYPE = "application/atom+xml"

_ATOM = "http://www.w3.org/2005/Atom"
_SPACE = uuid.UUID("5e8c5f2a-6c9c-5d5e-9a43-6b0c1d7f2f10")
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NEVER = "1970-01-01T00:00:00Z"


def entry_id(change: str) -> str:
    """The id of the entry for a change, always the same for the same one."""
    return f"urn:uuid:{uuid.uuid5(_SPACE, change)}"


def atom(rows: Sequence[Row], room: Room, *, title: str, origin: str, path: str, page: str) -> bytes:
    """The feed of some rows of `Catalogue.changes`, newest first.

    `path` is its own address below `origin`, `page` that of the page that shows the same.
    """
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})  # type: ignore[dict-item]
    _add(feed, "id", f"urn:uuid:{uuid.uuid5(_SPACE, path)}")
    _add(feed, "title", title)
    _add(feed, "updated", rows[0]["date"] if rows else _NEVER)
    _add(feed, "link", rel="self", type=MEDIA_TYPE, href=origin + path)
    _add(feed, "link", rel="alternate", type="text/html", href=origin + page)
    _add(feed, "generator", "newswarc")
    author = _add(feed, "author")
    _add(author, "name", "newswarc")
    for row in rows:
        _entry(feed, row, room, origin)
    data: bytes = etree.tostring(feed, xml_declaration=True, encoding="utf-8")
    return data


def _entry(feed: etree._Element, row: Row, room: Room, origin: str) -> None:
    told = Telling.of(row)
    entry = _add(feed, "entry")
    _add(entry, "id", entry_id(row["id"]))
    _add(entry, "title", f"{told.title.capitalize()}: {row['headline'] or row['url']}")
    _add(entry, "updated", row["date"])
    _add(entry, "published", row["since"])
    author = _add(entry, "author")
    _add(author, "name", room.title(row["source"]))
    _add(entry, "link", rel="alternate", type="text/html", href=origin + page_of(row))
    if urlsplit(row["url"]).scheme in ("http", "https") and _is_plain(row["url"]):
        _add(entry, "link", rel="related", href=row["url"])
    for term in (row["what"], *(("silent",) if row["is_silent"] else ()), *row["kinds"]):
        _add(entry, "category", term=term)
    _add(entry, "content", "\n".join(told.lines), type="text")


def page_of(row: Row) -> str:
    """The page that shows a change: both versions side by side, or the article's history."""
    if row["after"]:
        return link("/compare", a=row["before"], b=row["after"])
    return link("/history", url=row["article"])


def _is_plain(url: str) -> bool:
    """Whether an address is a URI as RFC 3986 has it."""
    return bool(re.fullmatch(r"(?:[A-Za-z0-9:/?#\[\]@!$&'()*+,;=._~-]|%[0-9A-Fa-f]{2})+", url))


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{_ATOM}}}{name}", {n: _clean(v) for n, v in attributes.items()})
    if text is not None:
        element.text = _clean(text)
    return element


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", str(harmless(text)))
