"""`Ledger`: what the records of a set of files say of each other, in a temporary database.

Ten million records need no more memory than ten.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import msgspec

__all__ = ["Ledger", "Noted"]

_BATCH = 500
_TABLES = """
CREATE TABLE files (number INTEGER PRIMARY KEY, label TEXT, name TEXT, replayed INTEGER);
CREATE TABLE records (
    number INTEGER PRIMARY KEY, file INTEGER, offset INTEGER, nth INTEGER, length INTEGER, digest TEXT, type TEXT,
    id TEXT, url TEXT, date TEXT, payload TEXT, refers TEXT, refers_url TEXT, refers_date TEXT, profile TEXT,
    info TEXT, content_type TEXT
);
CREATE TABLE links (record INTEGER, target TEXT);
CREATE TABLE lines (
    place TEXT, file TEXT, offset INTEGER, length INTEGER, url TEXT, key TEXT, time TEXT, payload TEXT, digest TEXT,
    method TEXT
);
CREATE TABLE pages (place TEXT, url TEXT, key TEXT);
"""
_INDEXES = """
CREATE INDEX by_id ON records (id);
CREATE INDEX by_url ON records (url, date);
CREATE INDEX by_payload ON records (payload) WHERE type IN ('response', 'resource');
CREATE INDEX by_place ON records (file, offset);
CREATE INDEX by_page ON records (file, url, type);
CREATE INDEX file_by_name ON files (name);
CREATE INDEX line_by_place ON lines (file, offset);
CREATE INDEX line_by_key ON lines (key);
"""


class Noted(msgspec.Struct, kw_only=True):
    """What others may say of a record, and it of others. Ids and URLs are without angle brackets."""

    file: int
    offset: int
    nth: int = 0
    """Its number among the records of its gzip member, from 0."""
    length: int = 0
    digest: str = ""
    type: str
    id: str | None = None
    url: str | None = None
    date: str | None = None
    payload: str | None = None
    """The payload digest in one form, see `digests.Digest`."""
    refers: str | None = None
    refers_url: str | None = None
    refers_date: str | None = None
    profile: str | None = None
    info: str | None = None
    content_type: str = ""

    @property
    def place(self) -> str:
        """Where it lies in its file."""
        return f"byte {self.offset}" + (f", record {self.nth + 1}" if self.nth else "")


_FIELDS = Noted.__struct_fields__
_INSERT = f"INSERT INTO records ({', '.join(_FIELDS)}) VALUES ({', '.join('?' * len(_FIELDS))})"  # noqa: S608
_SELECT = ", ".join(f"r.{name}" for name in _FIELDS)


class Ledger:
    """A context manager; one for each set of files that shall be whole in itself."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="newswarc-")
        self._database = sqlite3.connect(Path(self._folder.name) / "ledger.sqlite", isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16000", "temp_store = FILE"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_TABLES)
        self._database.execute("BEGIN")
        self._records: list[tuple[Any, ...]] = []
        self._links: list[tuple[int, str]] = []
        self._number = 0
        self.files: list[tuple[str, str]] = []
        """What is said of each file, and its name as an index has it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._folder.cleanup()

    def add_file(self, label: str, name: str, *, replayed: bool = True) -> int:
        """Take in a file; returns its number. `replayed` if an index is to name its captures."""
        self.files.append((label, name))
        row = (len(self.files) - 1, label, name, replayed)
        self._database.execute("INSERT INTO files VALUES (?, ?, ?, ?)", row)
        return len(self.files) - 1

    def note(self, record: Noted, concurrent: Iterable[str] = ()) -> None:
        """Take in a record and the ids that its WARC-Concurrent-To fields have."""
        self._number += 1
        self._records.append(tuple(getattr(record, name) for name in _FIELDS))
        self._links += ((self._number, target) for target in concurrent)
        if len(self._records) >= _BATCH:
            self._flush()

    def add_lines(self, rows: list[tuple[Any, ...]]) -> None:
        """Take in lines of an index, as the table has them."""
        self._database.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def add_pages(self, rows: list[tuple[str, str, str]]) -> None:
        """Take in rows of a list of pages."""
        self._database.executemany("INSERT INTO pages VALUES (?, ?, ?)", rows)

    def _flush(self) -> None:
        self._database.executemany(_INSERT, self._records)
        self._database.executemany("INSERT INTO links VALUES (?, ?)", self._links)
        self._records, self._links = [], []

    def close_intake(self) -> None:
        """Everything has been noted; now questions are answered."""
        self._flush()
        for statement in _INDEXES.strip().split(";\n"):
            self._database.execute(statement)

    def ask(self, where: str, values: tuple[Any, ...] = ()) -> Iterator[Noted]:
        """Records as ``r``, by what follows ``FROM records AS r`` in SQL."""
        for row in self._database.execute(f"SELECT {_SELECT} FROM records AS r {where}", values):  # noqa: S608
            yield Noted(**dict(zip(_FIELDS, row, strict=True)))

    def first(self, where: str, values: tuple[Any, ...] = ()) -> Noted | None:
        """The first of them."""
        return next(self.ask(f"{where} LIMIT 1", values), None)

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of a query."""
        yield from self._database.execute(sql, values)
