"""`Plan`: the captures that a package must hold so that its articles can be seen as they were."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urldefrag, urljoin

from w3lib.url import safe_url_string

from archive.catalogue.rows import Row
from archive.catalogue.schema import REQUISITES
from archive.errors import ArchiveError, StoreError
from archive.export.members import Members
from archive.export.selection import Selection
from archive.http import Message, parse_response
from archive.progress import Progress
from archive.reader import parse_member
from archive.requisites import page_requisites, style_requisites

__all__ = ["Plan"]

_REDIRECTS = "(301, 302, 303, 307, 308)"
_PAGES = ("text/html", "application/xhtml+xml")
_STYLES = ("text/css",)
_DEEPEST = 5
"""Stylesheets that import each other, and redirects between them."""
_LARGEST = 16 << 20
"""Bytes of a page or stylesheet that is looked into for what it loads."""
_CAPTURE = (
    "c.id, c.run, c.url, c.surt, c.date, c.kind, c.method, c.status, c.mime, c.payload_digest, c.refers_to, "
    "c.file, c.offset, c.length, c.record_digest"
)
_RECORDS = f"CREATE TEMP TABLE records AS SELECT 0 AS depth, {_CAPTURE} FROM captures c WHERE 0;"  # noqa: S608
_TABLES = """
    CREATE UNIQUE INDEX temp.records_by_id ON records (id);
    CREATE TEMP TABLE redirects (id TEXT PRIMARY KEY, run TEXT, date TEXT, target TEXT);
    CREATE INDEX temp.redirects_by_target ON redirects (target);
    CREATE TEMP TABLE read_runs (run TEXT PRIMARY KEY);
    CREATE TEMP TABLE members (file TEXT, offset INTEGER, length INTEGER, capture TEXT, PRIMARY KEY (file, offset));
"""


class Plan:
    """Chooses captures, and finds the gzip members that make them up.

    Of each version the capture it was read from; if all versions are wanted, its revisits as well, which say that
    the page had not changed. To these come the redirects that led there in the same crawl, what pages and their
    stylesheets load (the capture nearest in time, if the archive has any), and the original of every revisit.
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self.left_out = 0
        """Revisits that were left out because the archive lacks their originals."""

    def make(self, progress: Progress) -> None:
        """Fill the tables ``records`` and ``members``. Raises `StoreError` or `RecordError`."""
        selection = self._selection
        with selection.answering():
            selection.connection.executescript(_RECORDS + _TABLES)
        selection.change("BEGIN")
        self._add("JOIN versions v ON v.capture = c.id JOIN chosen ON chosen.version = v.id")
        if self.count != next(selection.rows(_NUMBER_OF_PAGES))["n"]:
            raise StoreError("The page of one of the articles is not in the archive; run scrapy verify.")
        if selection.query.versions == "all":
            self._add("WHERE c.refers_to IN (SELECT id FROM records)")
        if self._has_requisites():
            self._add_requisites(progress)
        self._add_redirects()
        self._add_originals()
        with Members(selection.store) as members:
            self._find_members(members, progress)
        selection.change("COMMIT")

    @property
    def count(self) -> int:
        """Captures that were chosen so far."""
        n: int = next(self._selection.rows("SELECT count(*) AS n FROM records"))["n"]
        return n

    def _add(self, condition: str, *values: Any, depth: int = 0) -> int:
        query = f"INSERT OR IGNORE INTO records SELECT {depth}, {_CAPTURE} FROM captures c {condition}"  # noqa: S608
        return self._selection.change(query, *values)

    # What pages load

    def _has_requisites(self) -> bool:
        return next(self._selection.rows(_REQUISITE), None) is not None

    def _add_requisites(self, progress: Progress) -> None:
        last = number = 0
        while rows := list(self._selection.rows(_NEXT_RECORDS, last)):
            for row in rows:
                number += 1
                progress("what pages load", number, max(number, self._selection.count))
                for url in self._loaded(row):
                    self._add(_NEAREST, url, row["date"], depth=row["depth"] + 1)
            last = rows[-1]["number"]

    def _loaded(self, row: Row) -> list[str]:
        """URLs that a page or stylesheet loads, or a redirect of one leads to."""
        depth = row["depth"]
        if depth >= _DEEPEST or row["length"] > _LARGEST:
            return []
        if depth and 300 <= row["status"] < 400 and (target := self._target(row)):
            return [target]
        if row["mime"] not in (_STYLES if depth else _PAGES) or not (message := self._message(row)):
            return []
        try:
            body = message.content(_LARGEST)
        except ArchiveError:
            return []
        find = style_requisites if depth else page_requisites
        return [requisite.url for requisite in find(body, row["url"], message.get("Content-Type"))]

    def _message(self, row: Row) -> Message | None:
        """The reply of a capture; of a revisit, its original's."""
        if row["kind"] == "revisit":
            row = next(self._selection.rows("SELECT * FROM captures WHERE id = ?", row["refers_to"]), {})
        if not row:
            return None
        return self._reply(row)

    def _reply(self, row: Row) -> Message | None:
        """What the record itself holds."""
        try:
            data = self._selection.store.read(row["file"], row["offset"], row["length"])
            return parse_response(parse_member(data, row["offset"]).block)
        except ArchiveError:  # a block-less revisit, or damage, which copying will name
            return None

    # Redirects

    def _add_redirects(self) -> None:
        """Those that led to a capture in its own crawl, at any number of steps."""
        while True:
            for row in list(self._selection.rows(_UNREAD_RUNS)):
                self._read_redirects(row["run"])
            if not self._add(_LED_TO):
                return

    def _read_redirects(self, run: str) -> None:
        for row in self._selection.rows(_REDIRECTS_OF, run):
            if target := self._target(row):
                self._selection.change(
                    "INSERT INTO redirects VALUES (?, ?, ?, ?)", row["id"], row["run"], row["date"], target
                )
        self._selection.change("INSERT INTO read_runs VALUES (?)", run)

    def _target(self, row: Row) -> str | None:
        message = self._reply(row)
        location = message.get("Location") if message else None
        if not location:
            return None
        try:
            target: str = urljoin(row["url"], safe_url_string(location.encode("latin-1", "replace")))
            return urldefrag(target)[0]
        except ValueError:
            return None

    # Revisits and members

    def _add_originals(self) -> None:
        while self._add("JOIN records r ON c.id = r.refers_to"):
            pass
        # What is left has no original anywhere; without it a replay tool would show another version.
        self.left_out = self._selection.change(_DANGLING)

    def _find_members(self, members: Members, progress: Progress) -> None:
        """Each capture's own member, and those of its request and facts, which follow it; and warcinfo records."""
        last_file, count = None, self.count
        for number, row in enumerate(self._selection.rows("SELECT * FROM records ORDER BY file, offset"), 1):
            progress("finding records", number, count)
            if row["file"] != last_file:
                last_file = row["file"]
                self._note(last_file, 0, members.measure(last_file, 0, _is_warcinfo), None)
            self._note(row["file"], row["offset"], row["length"], row["id"])
            end = row["offset"] + row["length"]
            belongs = partial(_belongs, capture=row["id"])
            while length := members.measure(row["file"], end, belongs):
                self._note(row["file"], end, length, None)
                end += length

    def _note(self, file: str, offset: int, length: int | None, capture: str | None) -> None:
        if length:
            self._selection.change("INSERT OR IGNORE INTO members VALUES (?, ?, ?, ?)", file, offset, length, capture)


def _belongs(headers: dict[str, str], capture: str) -> bool:
    """Whether a record is the request of a capture, or tells of it."""
    return headers.get("warc-type") in ("request", "metadata") and headers.get("warc-concurrent-to") == f"<{capture}>"


def _is_warcinfo(headers: dict[str, str]) -> bool:
    return headers.get("warc-type") == "warcinfo"


_REQUISITE = f"SELECT 1 FROM captures WHERE {REQUISITES} LIMIT 1"  # noqa: S608 - our own words
_NUMBER_OF_PAGES = "SELECT count(DISTINCT v.capture) AS n FROM versions v JOIN chosen ON chosen.version = v.id"
_NEXT_RECORDS = "SELECT rowid AS number, * FROM records WHERE rowid > ? ORDER BY rowid LIMIT 500"
_NEAREST = """
    WHERE c.id = (
        SELECT n.id FROM captures n WHERE n.url = ? AND n.method = 'GET' AND n.status < 400
        ORDER BY abs(julianday(n.date) - julianday(?)), n.date, n.id LIMIT 1
    )
"""
_UNREAD_RUNS = "SELECT DISTINCT run FROM records WHERE run NOT IN (SELECT run FROM read_runs) ORDER BY run"
_REDIRECTS_OF = f"SELECT * FROM captures WHERE run = ? AND method = 'GET' AND status IN {_REDIRECTS} ORDER BY id"  # noqa: S608
_LED_TO = """
    WHERE c.id IN (SELECT d.id FROM redirects d JOIN records r
                   ON r.url = d.target AND r.run = d.run AND d.date <= r.date)
"""
_DANGLING = "DELETE FROM records WHERE refers_to IS NOT NULL AND refers_to NOT IN (SELECT id FROM records)"
