"""Catalogue rows for WARC files that are not in a store, whoever wrote them."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row, capture_row, fetch_row
from archive.errors import ArchiveError, RecordError
from archive.files import Files
from archive.furniture import site_of
from archive.http import Message, parse_response, split_interim
from archive.reader import FACTS
from archive.records import iso
from archive.scan import ManyRecords, Scanned, scan

__all__ = ["build_catalogue", "whole_seconds"]

Progress = Callable[[str, int, int], None]
"""Called with a file's name, its number from 1, and how many there are."""

_BATCH = 1000
_SAID = 10
"""Sentences on one file; the rest are counted."""
_TABLES = """
    CREATE TEMP TABLE requests (id TEXT, url TEXT, date TEXT, method TEXT, alone INTEGER);
    CREATE TEMP TABLE together (one TEXT, other TEXT);
"""
_METHODS = (
    "UPDATE captures SET method = r.method FROM requests r JOIN together t ON t.one = r.id WHERE captures.id = t.other",
    "UPDATE captures SET method = r.method FROM requests r JOIN together t ON t.other = r.id WHERE captures.id = t.one",
    "UPDATE captures SET method = r.method FROM requests r WHERE r.alone AND captures.url = r.url"
    " AND captures.date = r.date AND captures.id NOT IN (SELECT one FROM together UNION SELECT other FROM together)",
)
_TRUNCATIONS = ("length", "time", "disconnect")


def build_catalogue(path: Path, files: Files, progress: Progress | None = None) -> list[str]:
    """Make a catalogue of all captures in `files`; returns one sentence for each thing that can't be read."""
    Catalogue(path, create=True).close()
    problems = []
    names = list(files.names())
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.executescript(_TABLES)
        for number, name in enumerate(names, 1):
            if progress:
                progress(name, number, len(names))
            index = _Index(database, name)
            try:
                index.read(files)
            except ArchiveError as error:
                index.tell(str(error))
            problems += index.problems
        database.execute("CREATE INDEX captures_by_digest ON captures (payload_digest)")
        for statement in _METHODS:
            database.execute(statement)
    return [*files.problems, *problems]


class _Index:
    """Gathers the rows of one file."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        self._database, self._name = database, name
        self._untold = 0
        self._told: list[str] = []
        self._clear()

    def _clear(self) -> None:
        self._sources: dict[str, str] = {}
        self._source = ""
        self._captures: list[Row] = []
        self._fetches: list[Row] = []
        self._requests: list[tuple[Any, ...]] = []
        self._together: list[tuple[str, str]] = []

    def tell(self, sentence: str) -> None:
        """Note what can't be read."""
        if len(self._told) < _SAID:
            self._told.append(f"{self._name}: {sentence}")
        else:
            self._untold += 1

    @property
    def problems(self) -> list[str]:
        """What could not be read."""
        more = f"{self._name}: {self._untold} more records can't be read."
        return [*self._told, more] if self._untold else self._told

    def read(self, files: Files) -> None:
        """Take every record. Raises `ArchiveError` if the file can't be opened."""
        try:
            self._name.encode()
        except UnicodeEncodeError:
            self._name = ascii(self._name)
            self.tell("Its name is no Unicode; rename it.")
            return
        try:
            self._scan(files)
        except ManyRecords:  # compressed as a whole: begin again with what is inside
            self._database.execute("DELETE FROM captures WHERE file = ?", (self._name,))
            self._clear()
            self._told, self._untold = [], 0
            self._name = files.inner(self._name)
            self._scan(files)

    def _scan(self, files: Files) -> None:
        for record in scan(files.open(self._name), self.tell):
            try:
                self._take(record)
            except RecordError as error:
                self.tell(f"The {record.type} record at byte {record.offset} {error}.")
            if len(self._captures) + len(self._requests) + len(self._together) > _BATCH:
                self._write()
        self._write()

    def _take(self, record: Scanned) -> None:
        if record.type == "warcinfo":
            self._take_info(record)
        elif record.type in ("response", "revisit", "resource"):
            if capture := self._capture(record):
                self._captures.append(capture)
        elif record.type == "request":
            self._take_request(record)
        elif record.type == "metadata" and (record.get("WARC-Target-URI") or "").startswith("urn:newswarc:exchange:"):
            self._take_exchange(record)

    def _take_info(self, record: Scanned) -> None:
        fields = _fields(record)
        self._source = fields.get("isPartOf", "") if "newswarc-run" in fields else ""
        if self._source and len(self._sources) < _BATCH:
            self._sources[record.id() or ""] = self._source

    def _take_request(self, record: Scanned) -> None:
        method = record.start[:20].partition(b" ")[0].decode("latin-1").upper()
        if method != "GET" and method.isascii() and method.isalpha():
            others = record.every("WARC-Concurrent-To")
            own = record.id() or ""
            self._together += [(own, other) for other in others]
            self._requests.append((own, _url(record), _date(record), method, not others))

    def _take_exchange(self, record: Scanned) -> None:
        """Of our own files: how a fetch ended."""
        try:
            facts = json.loads(_fields(record)[FACTS])
            run = {"id": "", "source": self._source}
            self._fetches.append(fetch_row(record.id() or "", facts, run, record.id("WARC-Concurrent-To")))
        except (KeyError, ValueError, AttributeError, TypeError, RecursionError):
            return  # only its times and leads are lost

    def _capture(self, record: Scanned) -> Row | None:
        url = _url(record)
        if not url.lower().startswith(("http://", "https://")):
            return None  # dns:, urn:, ftp: and the like
        message = _message(record)
        if message is None:
            return None
        truncated = record.get("WARC-Truncated")
        if record.get("WARC-Segment-Number"):  # the rest is in `continuation` records
            truncated = "length"
        capture = Capture(
            id=record.id() or f"urn:newswarc:unnamed:{self._name}:{record.offset}",
            kind="revisit" if record.type == "revisit" else "response",
            url=url,
            date=_date(record),
            status=message.status,
            mime=message.mime,
            payload_digest=_payload_digest(record),
            refers_to=record.id("WARC-Refers-To") if record.type == "revisit" else None,
            truncated=None if not truncated else truncated if truncated in _TRUNCATIONS else "unspecified",  # type: ignore[arg-type]
            file=self._name,
            offset=record.offset,
            length=record.length,
            record_digest=record.record_digest or "",
        )
        self._together += [(capture.id, other) for other in record.every("WARC-Concurrent-To")]
        source = self._sources.get(record.id("WARC-Warcinfo-ID") or "", self._source)
        row = capture_row(capture, "GET", {"id": "", "source": source or site_of(url)})
        for value in row.values():
            if isinstance(value, str) and not _is_unicode(value):
                raise RecordError("has text in its head that is no Unicode")
        return row

    def _write(self) -> None:
        """Put what was gathered into the catalogue."""
        self._complain_of_doubles()
        self._database.execute("BEGIN")
        for table, rows in (("captures", self._captures), ("fetches", self._fetches)):
            if rows:
                names = list(rows[0])
                marks = ", ".join("?" * len(names))
                columns = ", ".join(f'"{name}"' for name in names)
                statement = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - our own names
                self._database.executemany(statement, [tuple(row.values()) for row in rows])
        self._database.executemany("INSERT INTO requests VALUES (?, ?, ?, ?, ?)", self._requests)
        self._database.executemany("INSERT INTO together VALUES (?, ?)", self._together)
        self._database.execute("COMMIT")
        self._captures, self._fetches, self._requests, self._together = [], [], [], []

    def _complain_of_doubles(self) -> None:
        """Copies of one record are one; of two different records with one id, the first."""
        known: dict[str, Row | tuple[Any, ...]] = {}
        for row in self._captures:
            query = "SELECT url, date, payload_digest FROM captures WHERE id = ?"
            seen = known.get(row["id"]) or self._database.execute(query, (row["id"],)).fetchone()
            what = (row["url"], row["date"], row["payload_digest"])
            if seen and seen != what:
                self.tell(f"The record at byte {row['offset']} has the id of another one, {row['id']}; it is left out.")
            known.setdefault(row["id"], what)


def _url(record: Scanned) -> str:
    """The Target-URI, without the angle brackets and blanks that some writers put in. Raises `RecordError`."""
    value = record.get("WARC-Target-URI")
    if not value:
        if record.type == "request":
            return ""
        raise RecordError("has no WARC-Target-URI")
    return (value[1:-1] if value[0] == "<" and value[-1] == ">" else value).replace(" ", "%20")


def whole_seconds(date: str) -> str:
    """A WARC-Date in whole seconds of UTC; fourteen digits are taken for one. Raises ValueError."""
    date = date.strip()
    if len(date) == 14 and date.isascii() and date.isdigit():
        return iso(dt.datetime.strptime(date, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC))
    if len(date) == 20 and date[-1] == "Z":
        dt.datetime.fromisoformat(date)
        return date
    moment = dt.datetime.fromisoformat(date)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return iso(moment.replace(microsecond=0))


def _date(record: Scanned) -> str:
    value = record.get("WARC-Date") or ""
    try:
        return whole_seconds(value)
    except (ValueError, OverflowError) as error:
        raise RecordError(f"has no WARC-Date that can be read, but {value[:40]!r}") from error


def _message(record: Scanned) -> Message | None:
    """The head of what was answered; None if the record holds no HTTP. Raises `RecordError`."""
    if record.type == "resource":
        content_type = record.get("Content-Type")
        return Message("1.1", 200, "OK", (("Content-Type", content_type),), b"", b"") if content_type else None
    http = record.content_type == "application/http" or (not record.content_type and record.start[:5] == b"HTTP/")
    if record.start and http:
        try:
            return parse_response(split_interim(record.start)[1])
        except RecordError as error:
            raise RecordError("holds no HTTP response") from error
    if record.type == "revisit":
        not_modified = "server-not-modified" in (record.get("WARC-Profile") or "")
        return Message("1.1", 304 if not_modified else 200, "", (), b"", b"")
    return None


def _payload_digest(record: Scanned) -> str | None:
    """As the record has it, for revisits to be found by; made here if it has none."""
    value = record.get("WARC-Payload-Digest")
    if not value:
        return record.payload_digest if record.type != "revisit" else None
    algorithm, colon, digest = value.strip().partition(":")
    return f"{algorithm.lower()}{colon}{digest}"


def _fields(record: Scanned) -> dict[str, str]:
    lines: Iterable[tuple[str, str, str]] = (
        line.partition(":") for line in record.start.decode("utf-8", "replace").split("\n")
    )
    return {name.strip(): value.strip() for name, colon, value in lines if colon}


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
