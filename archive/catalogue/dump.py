"""All that a catalogue holds, to compare it with another."""

from __future__ import annotations

from sqlalchemy import select, text

from archive.catalogue import pages, schema
from archive.catalogue.coverage import days, sources
from archive.catalogue.database import Database
from archive.catalogue.quarantine import listed
from archive.catalogue.rows import Row

__all__ = ["dump"]

_PLAIN = (
    schema.files,
    schema.runs,
    schema.fetches,
    schema.captures,
    schema.leads,
    schema.versions,
    schema.furniture,
)


def dump(database: Database) -> dict[str, list[Row]]:
    """See `Catalogue.dump`."""
    dumped = {
        table.name: database.rows(select(*(c for c in table.c if c.name != "number")).order_by(*table.primary_key))
        for table in _PLAIN
    }
    columns = [c for c in schema.articles.c if c.name != "number"]
    dumped["articles"] = database.rows(select(*columns).order_by(schema.articles.c.url))
    dumped["full_text"] = database.rows(
        text(
            "SELECT a.url, f.headline, f.text, f.facets FROM full_text f LEFT JOIN articles a ON a.number = f.rowid"
            " ORDER BY a.url, f.rowid"
        )
    )
    dumped["days"] = [
        {"source": source["source"], **day}
        for source in sources(database)
        for day in days(database, source["source"], None, None)
    ]
    dumped["troubles"] = listed(database, None)
    dumped["changes"] = database.rows(select(schema.changes).order_by(schema.changes.c.id))
    dumped["unsettled"] = database.rows(select(schema.unsettled))
    dumped["pages"] = pages.each(database)
    dumped["likeness"] = database.rows(
        text("SELECT a.url, f.marks FROM likeness f LEFT JOIN articles a ON a.number = f.rowid ORDER BY a.url, f.rowid")
    )
    return dumped
