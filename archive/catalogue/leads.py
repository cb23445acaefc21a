"""Leads: what the listings of a source announced, and which of it is still to be had."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import select, text

from archive.catalogue import schema
from archive.catalogue.database import Database
from archive.catalogue.rows import Row

__all__ = ["last", "of_source", "of_urls", "summary", "unanswered"]

_L = schema.leads.c
_LAST = "SELECT announced, title FROM leads WHERE url = ? AND via = ? ORDER BY seen DESC, capture DESC LIMIT 1"
_UNANSWERED = """
    SELECT l.*, min(l.seen) FROM leads l
    WHERE l.source = :source AND l.seen >= :since AND l.is_article
          AND NOT EXISTS (SELECT 1 FROM captures c
                          WHERE c.url = l.url AND +c.source = l.source AND c.method = 'GET'
                                AND c.status < 500 AND c.status <> 429
                                AND (c.truncated IS NULL OR c.truncated = 'length'))
    GROUP BY l.url ORDER BY min(l.seen) DESC, l.announced DESC, l.url
"""
"""SQLite takes the columns from the row that has the minimum. What is too large is so every time."""


def last(database: Database, via: str, urls: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
    """Date and title that the listing `via` announced last for each of the URLs that it has announced."""
    answers = database.tuples(_LAST, [(url, via) for url in urls])
    return {url: (rows[0][0], rows[0][1]) for url, rows in zip(urls, answers, strict=True) if rows}


def of_source(database: Database, source: str, since: str | None, until: str | None) -> Iterator[Row]:
    """A source's leads, oldest first, seen between two dates."""
    query = select(schema.leads).where(_L.source == source)
    if since is not None:
        query = query.where(_L.seen >= since)
    if until is not None:
        query = query.where(_L.seen < until)
    return database.stream(query.order_by(_L.seen, _L.via, _L.url))


def of_urls(database: Database, urls: Collection[str]) -> list[Row]:
    """The leads of any of these URLs, oldest first."""
    return database.rows(select(schema.leads).where(_L.url.in_(urls)).order_by(_L.seen, _L.via, _L.url))


def summary(database: Database, urls: Collection[str]) -> str | None:
    """What a feed said last of the page at any of these URLs."""
    query = select(_L.summary).where(_L.url.in_(urls), _L.summary.is_not(None))
    rows = database.rows(query.order_by(_L.seen.desc(), _L.via, _L.url).limit(1))
    return rows[0]["summary"] if rows else None


def unanswered(database: Database, source: str, since: str) -> list[Row]:
    """The first lead of each article for which no run of the source has had an answer, newest first."""
    rows = database.rows(text(_UNANSWERED), {"source": source, "since": since})
    return [{column.name: row[column.name] for column in schema.leads.c} for row in rows]
