"""`WorkFile`: what a re-run has found out, so that the next one need not read the same pages again.

It lies in the archive's folder but is no part of the archive: it may be deleted at any time.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from archive.capture import Capture
from archive.errors import StoreError
from archive.rerun.change import Change

__all__ = ["BEGUN", "FOUND", "WRITTEN", "Remembered", "WorkFile"]

_VERSION = 2
FOUND, BEGUN, WRITTEN = 0, 1, 2
"""Stages of a result: it is known; it is about to be written into the archive; it is written."""
_TABLES = """
    CREATE TABLE about (software TEXT NOT NULL);
    CREATE TABLE pages (
        capture TEXT PRIMARY KEY,
        record TEXT NOT NULL,       -- digest of the bytes that were read
        key BLOB NOT NULL,          -- what the page was read with
        baseline TEXT NOT NULL,     -- the version it was compared with, or ''
        source TEXT NOT NULL,
        site TEXT NOT NULL,
        date TEXT NOT NULL,
        change BLOB NOT NULL,
        extracted TEXT,
        result BLOB,
        stage INTEGER NOT NULL DEFAULT 0,
        copied TEXT                 -- digest of the foreign record that it is a copy of
    );
    CREATE TABLE unsettled (        -- what was written, or may have been, and its site has not learned from
        capture TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        site TEXT NOT NULL,
        date TEXT NOT NULL
    );
    CREATE INDEX unsettled_sites ON unsettled (source, site, date, capture);
"""


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out of one capture."""

    capture: str
    record: str
    """``sha256:`` of the record that was read."""
    key: bytes
    baseline: str
    source: str
    site: str
    date: str
    change: Change
    extracted: str | None
    result: bytes | None
    stage: int = FOUND
    copied: str | None = None
    """``sha256:`` of the record of another's file that it is a copy of."""


class WorkFile:
    """A small database. `software` names what reads pages: what another one has found out is dropped, but what was
    written and is not settled yet.

    Each method raises `StoreError` if the disk refuses or the file can't be used.
    """

    def __init__(self, path: Path, software: str) -> None:
        """Open the file, or begin it anew if it is not there, not ours, or made by other software."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = self._open(software)
        except OSError as error:
            raise StoreError(f"{path}: can't be made: {error.strerror}.") from error

    def _open(self, software: str) -> sqlite3.Connection:
        for _ in range(2):
            database = None
            try:
                database = self._connect()
                if database.execute("PRAGMA user_version").fetchone() == (0,):
                    database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
                    database.execute("INSERT INTO about VALUES (?)", (software,))
                if database.execute("PRAGMA user_version").fetchone() == (_VERSION,):
                    if database.execute("SELECT software FROM about").fetchone() != (software,):
                        database.execute("DELETE FROM pages")
                        database.execute("UPDATE about SET software = ?", (software,))
                    return database
            except sqlite3.OperationalError as error:
                raise self._unusable(error) from error
            except sqlite3.DatabaseError:  # no database, or a damaged one: nothing in it is worth anything
                pass
            if database is not None:
                database.close()
            self._remove()
        raise StoreError(f"{self.path}: can't be used; delete it.")

    def _connect(self) -> sqlite3.Connection:
        # Each statement is a transaction. After a power cut the file may be damaged, and is then begun anew.
        database = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = OFF")
        return database

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        with suppress(sqlite3.Error):
            self._database.close()

    def find(self, capture: str) -> Remembered | None:
        """What is remembered of a capture."""
        rows = self._run("SELECT * FROM pages WHERE capture = ?", capture)
        return _remembered(rows[0]) if rows else None

    def put(self, found: Remembered) -> None:
        """Remember this of a capture, and nothing else; what its site has not learned yet, it still has to."""
        values = msgspec.structs.astuple(msgspec.structs.replace(found, change=msgspec.json.encode(found.change)))
        self._run("REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *values)

    def hand_on(self, record: str, to: Capture) -> None:
        """What is remembered of a foreign record is true of a capture, which is a copy of it."""
        self._run(
            "UPDATE pages SET record = ?, copied = ? WHERE capture = ? AND record = ?",
            to.record_digest, record, to.id, record,
        )  # fmt: skip

    # An accept in work

    def begin(self, capture: str) -> None:
        """The result of a capture is about to be written; its site will have to learn from it."""
        columns = "capture, source, site, date"
        self._run(f"REPLACE INTO unsettled SELECT {columns} FROM pages WHERE capture = ?", capture)  # noqa: S608
        self._run("UPDATE pages SET stage = ? WHERE capture = ?", BEGUN, capture)

    def accepted(self, capture: str, version: str) -> None:
        """It is written, as that version."""
        self._run("UPDATE pages SET baseline = ?, stage = ? WHERE capture = ?", version, WRITTEN, capture)

    def sites(self, source: str) -> list[str]:
        """The sites of a source that are not settled."""
        return [
            site for (site,) in self._run("SELECT DISTINCT site FROM unsettled WHERE source = ? ORDER BY 1", source)
        ]

    def sources(self) -> list[str]:
        """The sources with such sites."""
        return [source for (source,) in self._run("SELECT DISTINCT source FROM unsettled ORDER BY 1")]

    def unsettled(self, source: str, site: str, limit: int) -> list[str]:
        """Of the captures that a site has to learn from the `limit` newest, oldest first."""
        rows = self._run(
            "SELECT capture FROM unsettled WHERE source = ? AND site = ? ORDER BY date DESC, capture DESC LIMIT ?",
            source, site, limit,
        )  # fmt: skip
        return [capture for (capture,) in reversed(rows)]

    def settle(self, source: str, site: str) -> None:
        """All that came of a site's written results is written too: they are what the archive has."""
        same = msgspec.json.encode(Change(kind="same"))
        self._run(
            "UPDATE pages SET stage = 0, change = ?, extracted = NULL, result = NULL"
            " WHERE source = ? AND site = ? AND stage = 2",
            same, source, site,
        )  # fmt: skip
        self._run("DELETE FROM unsettled WHERE source = ? AND site = ?", source, site)

    def _run(self, statement: str, *values: Any) -> list[Any]:
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: sqlite3.Error) -> StoreError:
        return StoreError(f"{self.path}: can't be used: {error}; it only remembers work, and may be deleted.")


def _remembered(row: tuple[Any, ...]) -> Remembered:
    found = dict(zip(Remembered.__struct_fields__, row, strict=True))
    return Remembered(**{**found, "change": msgspec.json.decode(found["change"], type=Change)})
