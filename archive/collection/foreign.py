"""Catalogue rows for WARC files that are not in a store, whoever wrote them."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row, capture_row, fetch_row
from archive.collection.files import Files
from archive.collection.revisits import Revisits
from archive.collection.scan import ManyRecords, Scanned, scan
from archive.collection.wacz import Refused
from archive.errors import ArchiveError, RecordError
from archive.furniture.furniture import site_of
from archive.http import Message, parse_stored
from archive.progress import Progress
from archive.reader import FACTS
from archive.records import iso
from archive.warc import PROFILE_NOT_MODIFIED

__all__ = ["build_catalogue", "whole_seconds"]


_BATCH = 1000
_SAID = 10
"""Sentences on one file; the rest are counted."""
_TABLES = """
    CREATE TEMP TABLE requests (id TEXT, url TEXT, date TEXT, method TEXT, alone INTEGER);
    CREATE TEMP TABLE together (one TEXT, other TEXT);
"""
_INDEXES = """
    CREATE INDEX captures_by_digest ON captures (payload_digest);
    CREATE INDEX temp.together_one ON together (one);
    CREATE INDEX temp.together_other ON together (other);
"""
_METHODS = (  # WARC-Concurrent-To may stand on either of the two; without any, URL and date tell
    "UPDATE captures SET method = r.method FROM requests r JOIN together t ON t.one = r.id WHERE captures.id = t.other",
    "UPDATE captures SET method = r.method FROM requests r JOIN together t ON t.other = r.id WHERE captures.id = t.one",
    "UPDATE captures SET method = r.method FROM requests r WHERE r.alone AND captures.url = r.url"
    " AND captures.date = r.date AND captures.id NOT IN (SELECT one FROM together UNION SELECT other FROM together)",
)
_TRUNCATIONS = ("length", "time", "disconnect")


def build_catalogue(path: Path, files: Files, progress: Progress | None = None) -> list[str]:
    """Make a catalogue of all captures in `files`; returns one sentence for each thing that can't be read.

    Raises `Refused` if `files` is one file that means harm.
    """
    Catalogue(path, create=True).close()
    problems = []
    names = list(files.names())
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.executescript(_TABLES)
        revisits = Revisits(database)
        for number, name in enumerate(names, 1):
            if progress:
                progress(name, number, len(names))
            index = _Index(database, revisits, name)
            try:
                index.read(files)
            except Refused as error:
                if not files.path.is_dir():
                    raise
                index.tell(str(error))
            except ArchiveError as error:
                index.tell(str(error))
            problems += index.problems
        database.executescript(_INDEXES)
        for statement in _METHODS:
            database.execute(statement)
        missing = revisits.settle()
    return [*files.problems, *problems, *missing]


class _Index:
    """Gathers the rows of one file."""

    def __init__(self, database: sqlite3.Connection, revisits: Revisits, name: str) -> None:
        self._database, self._revisits, self._name = database, revisits, name
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
        more = f"{self._name}: {self._untold} more things can't be read."
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
            if len(self._captures) + len(self._fetches) + len(self._requests) + len(self._together) > _BATCH:
                self._write()
        self._write()

    def _take(self, record: Scanned) -> None:
        if record.type == "warcinfo":
            self._take_info(record)
        elif record.type in ("response", "revisit", "resource"):
            self._take_capture(record)
        elif record.type == "request":
            self._take_request(record)
        elif record.type == "metadata" and (record.get("WARC-Target-URI") or "").startswith("urn:newswarc:exchange:"):
            self._take_exchange(record)

    def _take_info(self, record: Scanned) -> None:
        fields = _fields(record)
        self._source = fields.get("isPartOf", "") if "newswarc-run" in fields else ""
        if len(self._sources) < _BATCH:
            self._sources[record.id() or ""] = self._source

    def _take_request(self, record: Scanned) -> None:
        method = record.start[:20].partition(b" ")[0].decode("latin-1").upper()
        if method != "GET" and method.isascii() and method.isalpha():
            others = record.every("WARC-Concurrent-To")
            own = record.id() or ""
            self._together += [(own, other) for other in others]
            self._requests.append((own, _url(record), _date(record), method, not others))

    def _take_exchange(self, record: Scanned) -> None:
        """Of newswarc's own files: how a fetch ended."""
        try:
            facts = json.loads(_fields(record)[FACTS])
            run = {"id": "", "source": self._source_of(record)}
            row = fetch_row(record.id() or "", facts, run, record.id("WARC-Concurrent-To"))
        except (KeyError, ValueError, AttributeError, TypeError, RecursionError):
            return  # only its times and leads are lost
        if all(value is None or isinstance(value, int) or _is_text(value) for value in row.values()):
            self._fetches.append(row)

    def _source_of(self, record: Scanned) -> str:
        return self._sources.get(record.id("WARC-Warcinfo-ID") or "", self._source)

    def _take_capture(self, record: Scanned) -> None:
        url = _url(record)
        if not url.lower().startswith(("http://", "https://")):
            return  # dns:, urn:, ftp: and the like
        message = _message(record)
        if message is None:
            return
        # Of a revisit only its own block is cut (WARC 1.1, 6.7.2), not the payload that it stands for.
        truncated = record.get("WARC-Truncated") if record.type != "revisit" else None
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
        if capture.kind == "revisit":
            self._revisits.note(capture.id, _referred(record), bare=not message.head)
        self._captures.append(
            capture_row(capture, "GET", {"id": "", "source": self._source_of(record) or site_of(url)})
        )

    def _write(self) -> None:
        """Put what was gathered into the catalogue."""
        self._complain_of_doubles()
        self._database.execute("BEGIN")
        for table, rows in (("captures", self._captures), ("fetches", self._fetches)):
            if rows:
                columns = ", ".join(f'"{name}"' for name in rows[0])
                marks = ", ".join("?" * len(rows[0]))
                statement = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - our own names
                self._database.executemany(statement, (tuple(row.values()) for row in rows))
        self._database.executemany("INSERT INTO requests VALUES (?, ?, ?, ?, ?)", self._requests)
        self._database.executemany("INSERT INTO together VALUES (?, ?)", self._together)
        self._revisits.write()
        self._database.execute("COMMIT")
        self._captures, self._fetches, self._requests, self._together = [], [], [], []

    def _complain_of_doubles(self) -> None:
        """Copies of one record count as one; of two different records with one id the second is left out."""
        known: dict[str, tuple[Any, ...]] = {}
        for row in self._captures:
            query = "SELECT url, date, payload_digest FROM captures WHERE id = ?"
            seen = known.get(row["id"]) or self._database.execute(query, (row["id"],)).fetchone()
            what = (row["url"], row["date"], row["payload_digest"])
            if seen and seen != what:
                self.tell(f"The record at byte {row['offset']} has the id of another one, {row['id']}; it is left out.")
            known.setdefault(row["id"], what)


# What the headers say


def _url(record: Scanned) -> str:
    """The Target-URI, without the angle brackets and blanks that some writers put in. Raises `RecordError`."""
    value = record.get("WARC-Target-URI")
    if not value:
        raise RecordError("has no WARC-Target-URI")
    return _bare(value)


def _bare(url: str) -> str:
    return (url[1:-1] if url[:1] == "<" and url[-1:] == ">" else url).replace(" ", "%20")


def whole_seconds(date: str) -> str:
    """A WARC-Date in whole seconds of UTC; fourteen digits are taken for one. Raises ValueError or OverflowError."""
    date = date.strip()
    if len(date) == 14 and date.isascii() and date.isdigit():
        return iso(dt.datetime.strptime(date, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC))
    moment = dt.datetime.fromisoformat(date)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return iso(moment.replace(microsecond=0))


def _date(record: Scanned) -> str:
    value = record.get("WARC-Date") or ""
    try:
        return whole_seconds(value)
    except (ValueError, OverflowError) as error:
        raise RecordError(f"has no WARC-Date that can be read, but {value[:40]!r}") from error


def _referred(record: Scanned) -> tuple[str, str] | None:
    """The Refers-To-Target-URI and the Refers-To-Date of a revisit."""
    url, date = record.get("WARC-Refers-To-Target-URI"), record.get("WARC-Refers-To-Date")
    try:
        return (_bare(url), whole_seconds(date)) if url and date else None
    except (ValueError, OverflowError):
        return None


def _message(record: Scanned) -> Message | None:
    """The head of what was answered; None if the record holds no HTTP. Raises `RecordError`."""
    if record.type == "resource":
        content_type = record.get("Content-Type")
        return Message("1.1", 200, "OK", (("Content-Type", content_type),), b"", b"") if content_type else None
    http = record.content_type == "application/http" or (not record.content_type and record.start[:5] == b"HTTP/")
    if record.start and http:
        try:
            return parse_stored(record.start)
        except RecordError as error:
            raise RecordError("holds no HTTP response") from error
    if record.type == "revisit":
        not_modified = record.get("WARC-Profile", "").rpartition("/")[2] == PROFILE_NOT_MODIFIED.rpartition("/")[2]
        return Message("1.1", 304 if not_modified else 200, "", (), b"", b"")
    return None


def _payload_digest(record: Scanned) -> str | None:
    """As the record has it, for revisits to be found by; of a response that has none it is made."""
    value = record.get("WARC-Payload-Digest", "").strip()
    if not value:
        return record.payload_digest if record.type != "revisit" else None
    algorithm, colon, digest = value.partition(":")
    return f"{algorithm.lower()}{colon}{digest}"


def _fields(record: Scanned) -> dict[str, str]:
    """The block as application/warc-fields."""
    text = record.start.decode("utf-8", "replace")
    lines: Iterator[tuple[str, str, str]] = (line.partition(":") for line in text.split("\n"))
    return {name.strip(): value.strip() for name, colon, value in lines if colon}


def _is_text(value: Any) -> bool:
    """Whether it is a string that a database can hold."""
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value))
