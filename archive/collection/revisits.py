"""`Revisits`: which response each revisit of foreign files means, when all files have been read."""

from __future__ import annotations

import sqlite3
from typing import Any

__all__ = ["Revisits"]

_SAID = 10
"""Sentences on revisits without an original; the rest are counted."""
_BY_PLACE = """
    SELECT id, payload_digest FROM captures c WHERE c.url = ? AND c.date = ? AND c.id <> ? AND method = 'GET'
    ORDER BY payload_digest IS NOT ?, kind LIMIT 1
"""
_BY_DIGEST = """
    SELECT id FROM captures c WHERE payload_digest = ? AND kind = 'response' AND truncated IS NULL AND method = 'GET'
    ORDER BY c.url <> ?, c.date, c.file, c."offset" LIMIT 1
"""
_LAST_PAGE = """
    SELECT id FROM captures c WHERE url = ? AND date <= ? AND kind = 'response' AND status = 200
    AND truncated IS NULL AND method = 'GET' ORDER BY c.date DESC LIMIT 1
"""


class Revisits:
    """Remembers what revisits refer to, and looks for it in the end: it may be in a later file."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._database.execute("CREATE TEMP TABLE revisits (id TEXT PRIMARY KEY, url TEXT, date TEXT, bare INTEGER)")
        self._noted: list[tuple[Any, ...]] = []

    def note(self, record_id: str, referred: tuple[str, str] | None, *, bare: bool) -> None:
        """A revisit, the URL and date of what it refers to, if they are given, and whether it has no HTTP head."""
        self._noted.append((record_id, *(referred or (None, None)), bare))

    def write(self) -> None:
        """Put what was noted into the database."""
        self._database.executemany("INSERT OR IGNORE INTO revisits VALUES (?, ?, ?, ?)", self._noted)
        self._noted = []

    def settle(self) -> list[str]:
        """Set WARC-Refers-To of all revisits; returns one sentence for each that has no original."""
        query = """
            SELECT c.id, c.url, c.date, c.status, c.payload_digest, c.file, c."offset", r.url, r.date
            FROM revisits r JOIN captures c ON c.id = r.id
            WHERE c.refers_to IS NULL OR NOT EXISTS (SELECT 1 FROM captures o WHERE o.id = c.refers_to)
            ORDER BY c.file, c."offset"
        """
        self._database.execute("CREATE TEMP TABLE found (id TEXT PRIMARY KEY, original TEXT)")
        problems: list[str] = []
        untold = 0
        for row in self._database.execute(query):
            original = self._original(row)
            if original:
                self._database.execute("INSERT INTO found VALUES (?, ?)", (row[0], original))
            elif len(problems) < _SAID:
                problems.append(f"{row[5]}: The original of the revisit record at byte {row[6]} is missing: {row[1]}.")
            else:
                untold += 1
        self._database.execute("UPDATE captures SET refers_to = f.original FROM found f WHERE f.id = captures.id")
        self._database.execute(  # what has no head of its own is like its original
            "UPDATE captures SET status = o.status, mime = o.mime FROM revisits r, captures o"
            " WHERE r.id = captures.id AND r.bare AND captures.status = 200 AND o.id = captures.refers_to"
        )
        return [*problems, f"The originals of {untold} more revisit records are missing."] if untold else problems

    def _original(self, row: tuple[Any, ...]) -> str | None:
        """By Refers-To-Target-URI and Refers-To-Date, else by payload; of a 304 the last page before it."""
        own, url, date, status, digest, _, _, at_url, at_date = row
        if at_url:
            found = self._database.execute(_BY_PLACE, (at_url, at_date, own, digest)).fetchone()
            if found and _can_be_same(found[1], digest):
                return str(found[0])
        found = None
        if digest:
            found = self._database.execute(_BY_DIGEST, (digest, url)).fetchone()
        if found is None and status == 304:
            found = self._database.execute(_LAST_PAGE, (url, date)).fetchone()
        return str(found[0]) if found else None


def _can_be_same(one: str | None, other: str | None) -> bool:
    """Whether two digests may be of the same bytes: they are equal, of different kinds, or one is not known."""
    if not one or not other or one.partition(":")[0] != other.partition(":")[0]:
        return True
    return one == other
