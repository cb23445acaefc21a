"""The table of changes: what is to be worked out again, and the questions that readers ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import Connection, or_, select, text

from archive.catalogue import schema
from archive.catalogue.database import Database
from archive.catalogue.rows import Row, url_key

__all__ = ["KINDS", "ChangeFilters", "Kind", "What", "kinds_in", "listed", "mark", "mask"]

Kind = Literal["headline", "standfirst", "number", "quote", "name", "added", "removed", "moved", "wording", "typo"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Kinds of edits, what weighs most first; in the table each is a bit, the first one the lowest."""
What = Literal["edited", "gone", "back"]

# A look is worth another thought if anything else was ever seen at the address; a revisit of what was there at the
# look before only if something is not certain yet. Articles with one version cost two look-ups in an index.
_MARK_CAPTURE = """
    INSERT OR IGNORE INTO unsettled SELECT :key
    WHERE EXISTS (SELECT 1 FROM captures o WHERE o.url_key = :key AND o.id <> :id)
    AND NOT (
        :same NOTNULL
        AND NOT EXISTS (SELECT 1 FROM captures o WHERE o.url_key = :key AND o.date > :date)
        AND :same = (SELECT ifnull(o.refers_to, o.id) FROM captures o WHERE o.url_key = :key AND o.id <> :id
                     ORDER BY o.date DESC, o.file DESC, o.offset DESC LIMIT 1)
        AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.url_key = :key AND NOT c.is_confirmed)
    )
"""
_MARK_VERSION = """
    INSERT OR IGNORE INTO unsettled SELECT c.url_key FROM captures c
    WHERE c.id = :capture AND (
        EXISTS (SELECT 1 FROM captures o WHERE o.url_key = c.url_key AND o.id <> c.id AND o.refers_to IS NOT c.id)
        OR EXISTS (SELECT 1 FROM changes g WHERE g.article = :article AND g.what = 'gone')
    )
"""


class ChangeFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which changes a question is about; all conditions hold at once."""

    source: str | None = None
    url: str | None = None
    """An article's own address, or one that it was seen at."""
    since: str | None = None
    until: str | None = None
    """Beginnings of WARC-Dates; `until` is exclusive."""
    kinds: tuple[Kind, ...] = ()
    """Any of these."""
    silent: bool = False
    """Only edits of which the page says nothing."""
    gone: bool = False
    """Only articles that went, and those that came back."""
    typos: bool = True
    """Also edits of nothing but spelling, punctuation and spaces."""
    certain: bool = False
    """Without articles that were missing once so far."""


def mask(kinds: Iterable[str]) -> int:
    """Kinds as a number."""
    return sum(1 << KINDS.index(kind) for kind in set(kinds))


def kinds_in(number: int) -> tuple[Kind, ...]:
    """The kinds that a number stands for."""
    return tuple(kind for place, kind in enumerate(KINDS) if number >> place & 1)


def mark(connection: Connection, captures: Iterable[Row], versions: Iterable[Row]) -> None:
    """Note the addresses whose changes must be worked out again for these new rows, which stand in their tables."""
    looks = [
        {"key": row["url_key"], "id": row["id"], "date": row["date"], "same": _same(row)}
        for row in captures
        if row["method"] == "GET" and row["truncated"] is None
    ]
    if looks:
        connection.exec_driver_sql(_MARK_CAPTURE, looks)
    texts = [{"capture": row["capture"], "article": row["article"]} for row in versions]
    if texts:
        connection.exec_driver_sql(_MARK_VERSION, texts)


def _same(row: Row) -> str | None:
    """The page that a revisit found unchanged."""
    return row["refers_to"] if row["status"] in (200, 304) else None


def listed(database: Database, filters: ChangeFilters, limit: int, offset: int = 0) -> list[Row]:
    """See `Catalogue.changes`."""
    c = schema.changes.c
    query = select(schema.changes)
    if filters.source is not None:
        query = query.where(c.source == filters.source)
    if filters.url is not None:
        key, v, k = url_key(filters.url), schema.versions.c, schema.captures.c
        there = select(v.article).where(v.capture == k.id, k.url_key == key)
        query = query.where(or_(c.article == filters.url, c.url_key == key, c.article.in_(there)))
    if filters.since is not None:
        query = query.where(c.date >= filters.since)
    if filters.until is not None:
        query = query.where(c.date < filters.until)
    if filters.kinds:
        query = query.where(c.kinds.op("&")(mask(filters.kinds)) != 0)
    if filters.silent:
        query = query.where(text("is_silent = 1"))
    if filters.gone:
        query = query.where(text("what <> 'edited'"))
    if not filters.typos:
        query = query.where(~c.is_minor)
    if filters.certain:
        query = query.where(c.is_confirmed)
    # As they stand in an index: nothing is sorted, and what is left out is never read.
    order = [c.date] if filters.silent or filters.gone else [c.date, c.kinds, c.is_minor, c.is_confirmed]
    newest_first = query.order_by(*(column.desc() for column in order), text("changes.rowid DESC"))
    return [_told(row) for row in database.rows(newest_first.limit(limit).offset(offset))]


def _told(row: Row) -> Row:
    """A row with its values as readers of the table want them."""
    details: dict[str, Any] = msgspec.json.decode(row["details"])
    kinds: Sequence[Kind] = kinds_in(row["kinds"])
    return {**{n: v for n, v in row.items() if n != "details"}, "kinds": kinds, **details}
