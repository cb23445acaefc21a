"""Captures, one after the other: what a collection asks of a catalogue of any size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from sqlalchemy import Select, func, select, tuple_

from archive.catalogue import schema
from archive.catalogue.catalogue import Catalogue
from archive.catalogue.rows import Row, url_key
from archive.surt import surt

__all__ = ["fetch_error", "first_date", "first_version", "in_order", "of_url"]

_C = schema.captures.c
_PLACE = tuple_(_C.date, _C.file, _C.offset)
_AT_ONCE = 500


def in_order(
    catalogue: Catalogue,
    *,
    url: str | None = None,
    source: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Iterator[Row]:
    """Captures by GET, by date; `since` and `until` are prefixes of dates, `until` exclusive."""
    query = select(schema.captures).where(_C.method == "GET").order_by(_C.date, _C.file, _C.offset)
    if url is not None:
        query = query.where(_C.url_key == url_key(url))
    if source is not None:
        query = query.where(_C.source == source)
    if since is not None:
        query = query.where(_C.date >= since)
    if until is not None:
        query = query.where(_C.date < until)
    return _pages(catalogue, query, _AT_ONCE, newest_first=False)


def of_url(
    catalogue: Catalogue, url: str, until: str | None, *, kin: Literal["own", "key", "surt"], truncated: bool
) -> Iterator[Row]:
    """Captures of a URL by GET, newest first, up to the date `until`, it included.

    `kin` are those of that very URL, or else of other URLs with the same key, or with another key, but the same
    SURT; of these redirects are left out.
    """
    query = select(schema.captures).where(_C.method == "GET")
    query = query.where(_C.truncated.is_not(None) if truncated else _C.truncated.is_(None))
    if kin == "surt":
        query = query.where(_C.surt == surt(url), _C.url_key != url_key(url))
    else:
        query = query.where(_C.url_key == url_key(url), _C.url == url if kin == "own" else _C.url != url)
    if kin != "own":
        query = query.where((_C.status < 300) | (_C.status > 399) | (_C.status == 304))
    if until is not None:
        query = query.where(_C.date <= until)
    query = query.order_by(_C.date.desc(), _C.file.desc(), _C.offset.desc())
    return _pages(catalogue, query, 10, newest_first=True)


def first_date(catalogue: Catalogue) -> str | None:
    """WARC-Date of the earliest capture."""
    date = catalogue.rows(select(func.min(_C.date).label("date")))[0]["date"]
    return None if date is None else str(date)


def first_version(catalogue: Catalogue, capture: str) -> Row | None:
    """What was read first from the capture with that record id."""
    v = schema.versions
    query = select(v).where(v.c.capture == capture).order_by(v.c.extracted, v.c.id).limit(1)
    return next(iter(catalogue.rows(query)), None)


def fetch_error(catalogue: Catalogue, url: str, capture: str) -> str | None:
    """Why a fetch failed that left a capture all the same; None if it did not fail."""
    f = schema.fetches.c
    rows = catalogue.rows(select(f.error).where(f.url == url, f.capture == capture).limit(1))
    return rows[0]["error"] if rows else None


def _pages(catalogue: Catalogue, query: Select[Any], size: int, *, newest_first: bool) -> Iterator[Row]:
    """The rows of a query in the order of `_PLACE`, some at a time: a long question does not hold all of them."""
    page = query
    while rows := catalogue.rows(page.limit(size)):
        yield from rows
        if len(rows) < size:
            return
        last = tuple_(*(rows[-1][name] for name in ("date", "file", "offset")))
        page = query.where(last > _PLACE if newest_first else last < _PLACE)
