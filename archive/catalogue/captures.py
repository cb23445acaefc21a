"""Captures, one after the other: what a collection asks of a catalogue of any size."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from archive.catalogue import schema
from archive.catalogue.catalogue import Catalogue
from archive.catalogue.rows import Row, url_key

__all__ = ["first_date", "in_order", "of_url"]

_C = schema.captures.c


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
    return catalogue.stream(query)


def of_url(catalogue: Catalogue, url: str, until: str | None, *, exact: bool, truncated: bool) -> Iterator[Row]:
    """Captures of a URL by GET, newest first, up to the date `until`, it included.

    Not `exact` are those of other URLs with the same key, redirects left out.
    """
    query = select(schema.captures).where(_C.url_key == url_key(url), _C.method == "GET")
    query = query.where(_C.truncated.is_not(None) if truncated else _C.truncated.is_(None))
    if exact:
        query = query.where(_C.url == url)
    else:
        query = query.where(_C.url != url, (_C.status < 300) | (_C.status > 399) | (_C.status == 304))
    if until is not None:
        query = query.where(_C.date <= until)
    return catalogue.stream(query.order_by(_C.date.desc(), _C.file.desc(), _C.offset.desc()))


def first_date(catalogue: Catalogue) -> str | None:
    """WARC-Date of the earliest capture."""
    row = next(catalogue.stream(select(func.min(_C.date).label("date"))))
    return None if row["date"] is None else str(row["date"])
