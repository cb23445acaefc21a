"""`WorkFile`: what a re-run has found out, so that the next one need not read the same pages again.

It lies in the archive's folder but is no part of the archive: it may be deleted at any time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from archive.capture import Capture
from archive.errors import StoreError
from archive.rerun.change import Change

__all__ = ["BEGUN", "FOUND", "WRITTEN", "Remembered", "WorkFile"]

_VERSION = 1
FOUND, BEGUN, WRITTEN = 0, 1, 2
"""Stages of a result: it is known; it is about to be written into the archive; it is, but its site is not settled."""
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
        stage INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX pages_written ON pages (source, site, date, capture) WHERE stage = 2;
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


class WorkFile:
    """A small database. `software` names what reads pages: what another one has found out is dropped.

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
                same = database.execute("PRAGMA user_version").fetchone() == (_VERSION,)
                if same and database.execute("SELECT software FROM about").fetchone() == (software,):
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
        """Remember this of a capture, and nothing else."""
        values = (*msgspec.structs.astuple(found)[:7], msgspec.json.encode(found.change), found.extracted, found.result)
        self._run("REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *values, found.stage)

    def hand_on(self, capture: str, record: str, to: Capture) -> None:
        """What is remembered of those bytes is true of a capture, which is a copy of them."""
        self._run(
            "UPDATE OR REPLACE pages SET capture = ?, record = ? WHERE capture = ? AND record = ?",
            to.id, to.record_digest, capture, record,
        )  # fmt: skip

    # An accept in work

    def begin(self, capture: str) -> None:
        """The result of a capture is about to be written."""
        self._run("UPDATE pages SET stage = ? WHERE capture = ?", BEGUN, capture)

    def accepted(self, capture: str, version: str) -> None:
        """It is written, as that version."""
        self._run("UPDATE pages SET baseline = ?, stage = ? WHERE capture = ?", version, WRITTEN, capture)

    def sites(self, source: str) -> list[str]:
        """The sites of a source with results that were written, and were not settled yet."""
        rows = self._run("SELECT DISTINCT site FROM pages WHERE source = ? AND stage = 2 ORDER BY site", source)
        return [site for (site,) in rows]

    def sources(self) -> list[str]:
        """The sources with such sites."""
        return [source for (source,) in self._run("SELECT DISTINCT source FROM pages WHERE stage = 2 ORDER BY source")]

    def newest(self, source: str, site: str, limit: int) -> Iterator[Remembered]:
        """Of a site's written results the `limit` newest, oldest first."""
        where = "FROM pages WHERE source = ? AND site = ? AND stage = 2"
        rows = self._run(
            f"SELECT capture FROM (SELECT capture, date {where} ORDER BY date DESC, capture DESC LIMIT ?)"  # noqa: S608
            " ORDER BY date, capture",
            source, site, limit,
        )  # fmt: skip
        for (capture,) in rows:
            if found := self.find(capture):
                yield found

    def settle(self, source: str, site: str) -> None:
        """All that came of a site's written results is written too: they are what the archive has."""
        same = msgspec.json.encode(Change(kind="same"))
        self._run(
            "UPDATE pages SET stage = 0, change = ?, extracted = NULL, result = NULL"
            " WHERE source = ? AND site = ? AND stage = 2",
            same, source, site,
        )  # fmt: skip

    def _run(self, statement: str, *values: Any) -> list[Any]:
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: sqlite3.Error) -> StoreError:
        return StoreError(f"{self.path}: can't be used: {error}; it only remembers work, and may be deleted.")


def _remembered(row: tuple[Any, ...]) -> Remembered:
    capture, record, key, baseline, source, site, date, change, extracted, result, stage = row
    return Remembered(
        capture=capture,
        record=record,
        key=key,
        baseline=baseline,
        source=source,
        site=site,
        date=date,
        change=msgspec.json.decode(change, type=Change),
        extracted=extracted,
        result=result,
        stage=stage,
    )
