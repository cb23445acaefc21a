"""`CatalogueIndex`: the catalogue's captures, as pywb asks for them.

Each question reads the database as it is now, so a capture is found as soon as the catalogue knows it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from pywb.warcserver.index.aggregator import BaseAggregator
from pywb.warcserver.index.cdxobject import CDXObject

from .keys import url_key
from .problems import Problem

__all__ = ["CatalogueIndex"]

_NEAR = 40
"""Captures on either side of the wanted time that are looked at: many redirects in a row may lead to themselves."""

_SELECT = """
    SELECT c.surt, c.date, c.url, c.kind, c.mime, c.status, c.payload_digest, c.refers_to,
           c.file, c.offset, c.length, c.record_digest,
           o.mime, o.status, o.file, o.offset, o.length, o.record_digest
    FROM captures c LEFT JOIN captures o ON o.id = c.refers_to
    WHERE c.method = 'GET' AND (c.status <> 304 OR c.kind = 'revisit') AND
"""


class CatalogueIndex(BaseAggregator):
    """Answers exact and prefix questions, near a time or of all times.

    http and https, with and without www. are one page. Addresses that differ in case, in the order of their
    parameters or in a session's number are another page's: they stand in only where the page has no capture.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def load_index(self, params: dict[str, Any]) -> tuple[Iterator[CDXObject], list[tuple[str, str]]]:
        """Rows for a question that pywb's `CDXQuery` has made, in the order of key and time."""
        key, end = params["key"].decode(), params["end_key"].decode()
        if params.get("matchType", "exact") != "exact":
            limit = int(params.get("limit") or 100)
            return iter(self._rows("c.surt >= ? AND c.surt < ? ORDER BY c.surt, c.date LIMIT ?", key, end, limit)), []
        at = _iso(params["closest"]) if params.get("closest") else None
        same = "c.surt = ? AND c.url_key = ?"
        rows = self._near(same, at, key, url_key(params["url"])) or self._near("c.surt = ?", at, key)
        # What was asked for in so many words comes first within a second.
        rows.sort(key=lambda cdx: (cdx["timestamp"], cdx["url"] != params["url"]))
        return iter(rows), []

    def _near(self, where: str, at: str | None, *values: object) -> list[CDXObject]:
        if at is None:
            return self._rows(f"{where} ORDER BY c.date", *values)
        before = self._rows(f"{where} AND c.date <= ? ORDER BY c.date DESC LIMIT {_NEAR}", *values, at)
        return before + self._rows(f"{where} AND c.date > ? ORDER BY c.date LIMIT {_NEAR}", *values, at)

    def _rows(self, where: str, *values: object) -> list[CDXObject]:
        try:
            with closing(self._database().execute(_SELECT + where, values)) as cursor:
                return [_cdx(row) for row in cursor]
        except (sqlite3.Error, UnicodeDecodeError, OSError) as error:  # SQLite may repeat damage in its message
            self._forget()
            raise Problem(
                "503 Service Unavailable",
                "The catalogue can't be read",
                f"{self._path.name}: {error}. If it is being rebuilt, try again in a while.",
            ) from error

    def _database(self) -> sqlite3.Connection:
        found = self._path.stat()
        if self._connection is None or self._file != (found.st_dev, found.st_ino):
            self._forget()  # scrapy rebuild put a new one there
            # A writer never waits for a reader, but the first reader after a crash may wait for the recovery.
            self._connection = sqlite3.connect(self._path.absolute().as_uri() + "?mode=ro", uri=True, timeout=5)
            self._connection.execute("PRAGMA query_only = 1")
            self._file = found.st_dev, found.st_ino
        return self._connection

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._file = None


def _iso(timestamp: str) -> str:
    """The date of a WARC record for up to 14 digits; missing ones are those of the period's beginning."""
    padded = timestamp[:14] + "00000101000000"[len(timestamp) :]
    y, mo, d, h, mi, s = padded[:4], padded[4:6], padded[6:8], padded[8:10], padded[10:12], padded[12:14]
    return f"{y}-{mo}-{d}T{h}:{mi}:{s}Z"


def _cdx(row: tuple[Any, ...]) -> CDXObject:
    """One row as pywb's index entry; of a revisit with what carries its payload."""
    key, date, url, kind, mime, status, digest, refers_to, file, offset, length, record_digest, *original = row
    cdx = CDXObject()
    cdx["urlkey"], cdx["timestamp"], cdx["url"] = key, "".join(c for c in date if c.isdigit())[:14], url
    if kind == "revisit" and original[2] is not None:
        mime, status = original[0] or mime, original[1]
        cdx["orig.filename"], cdx["orig.offset"], cdx["orig.length"] = original[2], original[3], original[4]
        cdx["_orig.digest"] = original[5]
    elif kind == "revisit":
        cdx["_missing"] = refers_to or "unnamed"
    cdx["mime"], cdx["status"] = mime or "unk", str(status)
    cdx["digest"] = digest or "-"
    cdx["filename"], cdx["offset"], cdx["length"], cdx["_digest"] = file, offset, length, record_digest
    return cdx
