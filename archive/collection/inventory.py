"""`Inventory`: the exchanges of a collection by source, and where their requests lie; on the disk, however many."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from sqlalchemy import select

from archive.catalogue.rows import Row
from archive.catalogue.schema import captures
from archive.collection.collection import Collection
from archive.collection.foreign import whole_seconds
from archive.collection.scan import Scanned
from archive.errors import StoreError

__all__ = ["Inventory", "Place"]

_TABLES = """
    CREATE TABLE exchanges (source TEXT, late INTEGER, date TEXT, id TEXT);
    CREATE TABLE requests (id TEXT, file TEXT, at INTEGER, length INTEGER, url TEXT, date TEXT, alone INTEGER);
    CREATE TABLE together (one TEXT, other TEXT);
"""
_INDEXES = """
    CREATE INDEX exchanges_in_order ON exchanges (source, late, date, id);
    CREATE INDEX requests_by_id ON requests (id);
    CREATE INDEX requests_by_place ON requests (url, date) WHERE alone;
    CREATE INDEX together_one ON together (one);
    CREATE INDEX together_other ON together (other);
"""
_REQUEST = """
    SELECT file, at, length FROM requests WHERE id IN (
        SELECT one FROM together WHERE other = :id UNION SELECT other FROM together WHERE one = :id)
    UNION ALL
    SELECT file, at, length FROM requests WHERE alone AND url = :url AND date = :date
        AND NOT EXISTS (SELECT 1 FROM together WHERE one = :id OR other = :id)
    LIMIT 1
"""


class Place(msgspec.Struct, frozen=True):
    """Where a record lies in a collection."""

    file: str
    offset: int
    length: int


class Inventory:
    """A context manager. `source_of` names the source of a capture's row."""

    def __init__(self, collection: Collection, source_of: Callable[[Row], str]) -> None:
        """Look through the whole collection. Raises `StoreError` if a file can't be read any more."""
        self._collection = collection
        self._folder = tempfile.TemporaryDirectory(prefix="newswarc-")
        try:
            self._database = sqlite3.connect(Path(self._folder.name) / "inventory.sqlite", isolation_level=None)
            self._fill(source_of)
        except sqlite3.Error as error:
            self._folder.cleanup()
            raise StoreError(f"{self._folder.name}: there is no room to look through a file: {error}.") from error
        except BaseException:
            self._folder.cleanup()
            raise

    def _fill(self, source_of: Callable[[Row], str]) -> None:
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_TABLES)
        files: dict[str, None] = {}  # in the order of their first captures
        self._database.execute("BEGIN")
        for row in self._collection.catalogue.stream(select(captures)):
            files[row["file"]] = None
            # Revisits come last: what they refer to is to be there already.
            exchange = (source_of(row), row["kind"] == "revisit", row["date"], row["id"])
            self._database.execute("INSERT INTO exchanges VALUES (?, ?, ?, ?)", exchange)
        for file in files:
            for record in self._collection.scan(file):
                self._take(file, record)
        self._database.execute("COMMIT")
        self._database.executescript(_INDEXES)

    def _take(self, file: str, record: Scanned) -> None:
        if record.type not in ("request", "response", "revisit"):
            return
        own, others = record.id() or "", record.every("WARC-Concurrent-To")
        for other in others:
            self._database.execute("INSERT INTO together VALUES (?, ?)", (own, other))
        if record.type == "request":
            about = (record.get("WARC-Target-URI") or "").strip("<>"), _seconds(record.get("WARC-Date")), not others
            place = own, file, record.offset, record.length
            self._database.execute("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?)", (*place, *about))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    @property
    def sources(self) -> list[str]:
        """Names of all sources."""
        return [name for (name,) in self._database.execute("SELECT DISTINCT source FROM exchanges ORDER BY source")]

    def count(self, source: str) -> int:
        """How many exchanges a source has."""
        query = "SELECT count(*) FROM exchanges WHERE source = ?"
        return int(self._database.execute(query, (source,)).fetchone()[0])

    def of(self, source: str) -> Iterator[Row]:
        """The rows of a source's captures by date, responses first and then revisits."""
        query = "SELECT id FROM exchanges WHERE source = ? ORDER BY late, date, id"
        for (record_id,) in self._database.execute(query, (source,)):
            row = self._collection.catalogue.capture(record_id)
            if row is not None:
                yield row

    def request_of(self, row: Row) -> Place | None:
        """Where the request of a capture lies, if there is one."""
        found = self._database.execute(_REQUEST, {name: row[name] for name in ("id", "url", "date")}).fetchone()
        return Place(*found) if found else None


def _seconds(date: str | None) -> str:
    try:
        return whole_seconds(date or "")
    except (ValueError, OverflowError):
        return ""
