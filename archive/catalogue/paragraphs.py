"""Which pages have which paragraphs in what was read from them last, as an index over the lines of versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from archive.catalogue.database import Database
from archive.catalogue.rows import Row
from archive.furniture.furniture import paragraph_number, paragraph_numbers

__all__ = ["holding", "mark"]

_PAGE = 500
"""Texts whose lines are looked at at once."""
_OTHER = (
    "SELECT extracted, id, site, lines FROM versions WHERE capture = ? AND id <> ?"
    " ORDER BY extracted DESC, id DESC LIMIT 1"
)
_REMOVE = "DELETE FROM paragraphs WHERE paragraph = ? AND capture = ?"
_ADD = "INSERT OR IGNORE INTO paragraphs (paragraph, capture) VALUES (?, ?)"
_HOLDING = text(
    "SELECT v.capture, v.date, v.lines, v.file, v.details_offset, v.details_length FROM"
    " (SELECT DISTINCT capture FROM paragraphs WHERE paragraph IN (SELECT value FROM json_each(:numbers))) p"
    # SQLite keeps the order of a cross join, and finds nothing by what has a plus: few pages have what is asked for.
    " CROSS JOIN versions v ON v.capture = p.capture"
    " WHERE +v.site = :site AND (+v.date, +v.capture) < (:date, :capture) AND NOT EXISTS ("
    " SELECT 1 FROM versions n WHERE n.capture = v.capture AND (n.extracted, n.id) > (v.extracted, v.id))"
    " ORDER BY v.date DESC, v.capture DESC LIMIT :limit"
)


def mark(connection: Connection, version: Row) -> None:
    """Note the paragraphs of a version that was just added, unless its page was read again since.

    Whatever comes first, those of the last reading are noted in the end.
    """
    driver: Any = connection.connection.driver_connection
    capture, numbers, known = version["capture"], paragraph_numbers(version["site"], version["lines"]), set[int]()
    other = driver.execute(_OTHER, (capture, version["id"])).fetchone()
    if other is not None:
        extracted, record_id, site, lines = other
        if (extracted, record_id) > (version["extracted"], version["id"]):
            return
        known = paragraph_numbers(site, lines)
    driver.executemany(_REMOVE, [(number, capture) for number in known - numbers])
    driver.executemany(_ADD, [(number, capture) for number in numbers - known])


def holding(database: Database, site: str, kept: Iterable[str], removed: Iterable[str]) -> Iterator[Row]:
    """See `Catalogue.holding`."""
    numbers = [paragraph_number(site, bytes.fromhex(key), is_learned=False) for key in kept]
    numbers += [paragraph_number(site, bytes.fromhex(key), is_learned=True) for key in removed]
    values = {"site": site, "numbers": msgspec.json.encode(numbers).decode(), "limit": _PAGE}
    place = {"date": "~", "capture": ""}  # behind all dates
    while rows := database.rows(_HOLDING, {**values, **place}):
        yield from rows
        place = {name: rows[-1][name] for name in place}
