"""All that a catalogue holds, to compare it with another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import select, text

from archive.catalogue import pages, schema
from archive.catalogue.coverage import days, sources
from archive.catalogue.database import Database
from archive.catalogue.quarantine import listed
from archive.catalogue.rows import Row

__all__ = ["dump", "tables"]

_PLAIN = (
    schema.files,
    schema.runs,
    schema.fetches,
    schema.captures,
    schema.leads,
    schema.versions,
    schema.paragraphs,
    schema.furniture,
)


_FULL_TEXT = (
    "SELECT a.url, f.headline, f.text, f.facets FROM full_text f LEFT JOIN articles a ON a.number = f.rowid"
    " ORDER BY a.url, f.rowid"
)
_LIKENESS = "SELECT a.url, f.marks FROM likeness f LEFT JOIN articles a ON a.number = f.rowid ORDER BY a.url, f.rowid"

Ask = Callable[[Any], Iterable[Row]]


def dump(database: Database) -> dict[str, list[Row]]:
    """See `Catalogue.dump`."""
    return {name: list(rows) for name, rows in tables(database, database.rows)}


def tables(database: Database, ask: Ask) -> Iterator[tuple[str, Iterable[Row]]]:
    """Each table's name and rows; `ask` is how the database is asked for many rows."""
    for table in _PLAIN:
        columns = [c for c in table.c if c.name != "number"]
        yield table.name, ask(select(*columns).order_by(*table.primary_key))
    columns = [c for c in schema.articles.c if c.name != "number"]
    yield "articles", ask(select(*columns).order_by(schema.articles.c.url))
    yield "full_text", ask(text(_FULL_TEXT))
    yield "days", _days(database)
    yield "troubles", listed(database, None)
    yield "changes", ask(select(schema.changes).order_by(schema.changes.c.id))
    yield "unsettled", ask(select(schema.unsettled).order_by(schema.unsettled.c.url_key))
    yield "pages", pages.each(database, ask)
    yield "likeness", ask(text(_LIKENESS))


def _days(database: Database) -> Iterator[Row]:
    for source in sources(database):
        for day in days(database, source["source"], None, None):
            yield {"source": source["source"], **day}
