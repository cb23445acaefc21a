"""`Texts`: the derived records of the chosen versions, and where they come to lie in a package."""

from __future__ import annotations

from archive.catalogue.rows import Row
from archive.errors import RecordError
from archive.export.members import Members
from archive.export.selection import Selection
from archive.progress import Progress
from archive.reader import parse_member

__all__ = ["Texts"]

_TABLES = """
    CREATE TEMP TABLE texts (file TEXT, offset INTEGER, length INTEGER, version TEXT, part TEXT,
                             PRIMARY KEY (file, offset));
    CREATE TEMP TABLE lists (file TEXT, digest TEXT, found INTEGER, PRIMARY KEY (file, digest));
"""
_PARTS = (("text", ""), ("details", "details_"), ("provenance", "provenance_"))
_BETWEEN = """
    SELECT file, offset, provenance_offset + provenance_length AS end FROM versions
    WHERE file IN (SELECT file FROM lists) ORDER BY file, offset
"""


class Texts:
    """Gathers text, details and provenance of each version, and the furniture lists they were cleaned with."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection

    def make(self, progress: Progress) -> None:
        """Fill the table ``texts``. Raises `StoreError` or `RecordError`."""
        selection = self._selection
        with selection.answering():
            selection.connection.executescript(_TABLES)
        selection.change("BEGIN")
        for number, row in enumerate(selection, 1):
            progress("finding texts", number, selection.count)
            for part, prefix in _PARTS:
                self._note(row["file"], row[f"{prefix}offset"], row[f"{prefix}length"], row["id"], part)
            if digest := self._list_of(row):
                selection.change("INSERT OR IGNORE INTO lists VALUES (?, ?, 0)", row["file"], digest)
        with Members(selection.store) as members:
            for row in selection.rows("SELECT DISTINCT file FROM texts ORDER BY file"):
                length = members.measure(row["file"], 0, lambda headers: headers.get("warc-type") == "warcinfo")
                self._note(row["file"], 0, length, None, "warcinfo")
            self._find_lists(members)
        selection.change("COMMIT")

    def _list_of(self, row: Row) -> str | None:
        """The digest of the furniture list that a text was cleaned with."""
        data = self._selection.store.read(row["file"], row["details_offset"], row["details_length"])
        try:
            digest: str | None = parse_member(data, row["details_offset"]).json()["article"]["trace"].get("furniture")
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"The details of version {row['id']} can't be read; run scrapy verify.") from error
        return digest

    def _find_lists(self, members: Members) -> None:
        """The lists stand between the versions' records, before the first text that was cleaned with them."""
        file, end = "", 0
        for row in self._selection.rows(_BETWEEN):
            start = end if row["file"] == file else 0
            if start < row["offset"]:
                self._look_between(members, row["file"], start, row["offset"])
            file, end = row["file"], row["end"]
        missing = next(self._selection.rows("SELECT * FROM lists WHERE NOT found"), None)
        if missing:
            raise RecordError(f"{missing['file']}: lacks the furniture list {missing['digest']}; run scrapy verify.")

    def _look_between(self, members: Members, file: str, start: int, end: int) -> None:
        while start < end:
            facts: dict[str, str] = {}
            length = members.measure(file, start, lambda headers: not facts.update(headers))  # noqa: B023
            if not length:
                return
            if facts.get("warc-target-uri", "").startswith("urn:newswarc:furniture:"):
                self._note_list(file, start, length)
            start += length

    def _note_list(self, file: str, offset: int, length: int) -> None:
        record = parse_member(self._selection.store.read(file, offset, length), offset)
        query = "UPDATE lists SET found = 1 WHERE file = ? AND digest = ? AND NOT found"
        if self._selection.change(query, file, record.json().get("digest")):
            self._note(file, offset, length, None, "furniture")

    def _note(self, file: str, offset: int, length: int | None, version: str | None, part: str) -> None:
        if length:
            query = "INSERT OR IGNORE INTO texts VALUES (?, ?, ?, ?, ?)"
            self._selection.change(query, file, offset, length, version, part)
