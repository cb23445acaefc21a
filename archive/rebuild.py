"""Reading the catalogue's rows back from the WARC files."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from archive.article import Article
from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.database import settle_journal
from archive.catalogue.rows import (
    Row,
    capture_row,
    fetch_row,
    furniture_row,
    lead_rows,
    run_row,
    trouble_row,
    version_row,
)
from archive.catalogue.words import Words, words_of
from archive.durability import sync_folder
from archive.errors import RecordError, StoreError
from archive.furniture.furniture import pack, paragraphs
from archive.health.measures import measured
from archive.progress import Progress
from archive.reader import StoredRecord, read_records
from archive.storage import Recovered, Store
from archive.validators import validators_in
from archive.warc import OPEN_SUFFIX, sha256

__all__ = ["catch_up", "forget_lost", "rebuild", "settle"]


_BATCH = 1000


def catch_up(store: Store, catalogue: Catalogue, progress: Progress | None = None) -> list[str]:
    """Bring the catalogue up to date with the closed files of the store.

    This is how rows that a killed run had not written yet come back, and how a catalogue is built from
    nothing. Returns one sentence for each file that can't be read to its end.
    """
    problems = []
    names = [name for name in store.files() if not store.path(name).name.endswith(OPEN_SUFFIX)]
    indexed = catalogue.indexed()  # asked once: a store has many files, and every run begins with this
    for number, name in enumerate(names, 1):
        known, size = indexed.get(name, 0), store.path(name).stat().st_size
        if progress:
            progress(name, number, len(names))
        if known == size:
            continue
        if known > size:
            problems.append(f"{name}: has lost bytes {size} to {known}; run scrapy verify, then scrapy rebuild.")
            continue
        problems += [f"{name}: {problem}" for problem in _index(store, catalogue, name, known, size)]
    return problems + settle(store, catalogue)


def settle(store: Store, catalogue: Catalogue) -> list[str]:
    """Work out what follows from new rows together: what became of articles, and the numbers of each day.

    Returns one sentence for each article whose texts can't be read.
    """
    from archive.health.quarantine import settle_quarantine
    from archive.history.changes import settle_changes

    problems = settle_quarantine(store, catalogue)
    problems += settle_changes(store, catalogue)
    catalogue.settle()
    return problems


def rebuild(store: Store, progress: Progress | None = None) -> list[str]:
    """Make the catalogue anew from the WARC files alone; the old one is replaced when the new one is whole.

    Returns what `catch_up` returns. Raises `StoreError` while a crawl is running.
    """
    store.require()
    with store.lock("catalogue", "scrapy rebuild") as lock:
        store.recover()
        store.forget_catalogue_digest()
        new = store.catalogue_path.with_suffix(".rebuilt")
        _remove(new, "", "-wal", "-shm")
        catalogue = Catalogue(new, create=True)
        try:
            problems = catch_up(store, catalogue, progress)
        finally:
            catalogue.close()
        try:
            settle_journal(store.catalogue_path)  # the old one is whole without its journal, should a kill come now
            _remove(store.catalogue_path, "-wal", "-shm")
            sync_folder(store.root)  # after a power cut, too, no journal of the old one lies beside the new one
            new.replace(store.catalogue_path)  # whoever reads finds the old one or the new one
            sync_folder(store.root)
        except OSError as error:
            raise StoreError(f"{store.catalogue_path}: can't be replaced: {error.strerror}.") from error
        store.note_catalogue_digest(lock)
    return problems


def forget_lost(store: Store, recovered: list[Recovered]) -> list[str]:
    """Make the catalogue anew if it knows more of a `recovered` file than a power cut has left of it.

    What is lost must not be taken for stored: its next capture would become a revisit of nothing. Returns a sentence
    for each such file. Raises `StoreError` while another crawl is running.
    """
    if not recovered or not store.catalogue_path.exists():
        return []
    try:
        with Catalogue(store.catalogue_path, read_only=True) as catalogue:
            indexed = catalogue.indexed()
    except StoreError:  # whoever opens it to write says so
        return []
    known = [(file, indexed.get(file.file, 0)) for file in recovered]
    lost = [
        f"{file.file}: a power cut took what was not yet forced onto the disk (ARCHIVE_FSYNC), up to byte {size}; "
        "the catalogue was made again without it."
        for file, size in known
        if size > file.size
    ]
    return lost + rebuild(store) if lost else []


def _remove(database: Path, *suffixes: str) -> None:
    for suffix in suffixes:
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _index(store: Store, catalogue: Catalogue, name: str, start: int, size: int) -> list[str]:
    """Add what a file holds from byte `start` on; returns what is wrong with its records."""
    rows = _FileRows(store, name)
    problems: list[str] = []
    try:
        if start:
            rows.take(next(read_records(store.path(name))))
        for record in read_records(store.path(name), start=start):
            try:
                rows.take(record)
            except RecordError as error:
                problems.append(str(error))
            if rows.count >= _BATCH:
                catalogue.add(**rows.taken())
    except RecordError as error:  # nothing can be read behind it; it is tried again next time
        catalogue.add(**rows.taken())
        return [*problems, str(error)]
    if rows.run:
        catalogue.add(**rows.taken(), files=[{"name": name, "run": rows.run["id"], "indexed": size}])
    return problems


class _FileRows:
    """Gathers rows from the records of one file, in their order."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name
        self.run: Row = {}
        self._info: dict[str, str] = {}
        self._rows: dict[str, list[Any]] = {}
        self._exchange: StoredRecord | None = None
        self._text: StoredRecord | None = None
        self._details: tuple[StoredRecord, dict[str, Any]] | None = None
        self.count = 0

    def taken(self) -> dict[str, list[Any]]:
        """The rows gathered since the last call, as arguments of `Catalogue.add`."""
        rows, self._rows, self.count = self._rows, {}, 0
        return rows

    def _add(self, table: str, row: Any) -> None:
        for value in (row[0] if isinstance(row, tuple) else row).values():
            if not _can_be_stored(value):
                raise ValueError(f"{str(value)[:40]!r} can't be stored")
        self._rows.setdefault(table, []).append(row)
        self.count += 1

    def take(self, record: StoredRecord) -> None:
        """Look at one record. Raises `RecordError` if it isn't what newswarc writes."""
        if record.type == "warcinfo":
            self._info = record.fields()
            try:
                self.run = run_row(self._info)
            except KeyError as error:
                raise RecordError("is not of newswarc: its warcinfo names no run, or not when it began.") from error
            self._add("runs", self.run)
        elif not self.run:
            return  # not ours, as was said
        elif record.type in ("response", "revisit"):
            self._exchange = record
        elif record.type == "conversion":
            self._text = record
        elif record.type == "metadata":
            self._take_metadata(record)

    def _take_metadata(self, record: StoredRecord) -> None:
        kind = (record.url or "").removeprefix("urn:newswarc:").partition(":")[0]
        facts = (
            record.json() if kind in ("exchange", "failure", "leads", "article", "furniture", "trouble", "run") else {}
        )
        try:
            if kind == "exchange" and self._exchange and _speaks_of(record, self._exchange, "WARC-Concurrent-To"):
                capture = self._capture(self._exchange, facts)
                validators = validators_in(self._exchange.block, capture.date, facts)
                told = (validators.etag, validators.last_modified)
                row = capture_row(capture, facts["method"], self.run, *told, rights=facts.get("rights"))
                self._add("captures", row)
                self._add("fetches", fetch_row(record.id, facts, self.run, capture.id))
                self._exchange = None
            elif kind == "failure":
                self._add("fetches", fetch_row(record.id, facts, self.run, None))
            elif kind == "leads":
                for row in lead_rows(facts, self.run):
                    self._add("leads", row)
            elif kind == "article":
                self._details = record, facts
            elif (
                kind == "provenance" and self._text and self._details and _belong(self._text, self._details[0], record)
            ):
                self._add("versions", self._version(self._text, *self._details, record))
                self._text = self._details = None
            elif kind == "furniture":
                self._add("furniture", furniture_row(facts))
            elif kind == "trouble":
                self._add("troubles", trouble_row(facts))
            elif kind == "run":
                self.run = run_row(self._info, facts)
                self._add("runs", self.run)
        except (KeyError, TypeError, AttributeError, ValueError, msgspec.ValidationError) as error:
            raise RecordError(f"The record at byte {record.offset} is not as newswarc writes it: {error}.") from error

    def _capture(self, record: StoredRecord, facts: dict[str, Any]) -> Capture:
        return msgspec.convert(
            {
                "id": record.id,
                "kind": record.type,
                "url": record.url,
                "date": record.need("WARC-Date"),
                "status": facts["status"],
                "mime": facts["mime"],
                "payload_digest": record.get("WARC-Payload-Digest"),
                "refers_to": record.refers_to(),
                # Of a revisit only its own block is cut, not the payload that it stands for.
                "truncated": record.get("WARC-Truncated") if record.type == "response" else None,
                "file": self._name,
                "offset": record.offset,
                "length": record.length,
                "record_digest": sha256(self._store.read(self._name, record.offset, record.length)),
            },
            Capture,
        )

    def _version(
        self, conversion: StoredRecord, about: StoredRecord, details: dict[str, Any], proof: StoredRecord
    ) -> tuple[Row, Words]:
        places = [(r.offset, r.length) for r in (conversion, about, proof)]
        text = conversion.block.decode()
        article = msgspec.convert({**details["article"], "text": text}, Article)
        lines = pack(paragraphs(article))
        words = words_of(article)
        measures = details.get("measures") or msgspec.to_builtins(measured(article))  # version 0.1.0 measured nothing
        row = version_row(
            conversion.id,
            {**details, "measures": measures},
            self.run,
            file=self._name,
            places=places,
            lines=lines,
            signature=words.signature,
        )
        return row, words


def _speaks_of(record: StoredRecord, other: StoredRecord, header: str) -> bool:
    """Whether a record belongs to the one before it; of a damaged file what stood between them may be gone."""
    return record.refers_to(header) in (None, other.id)


def _belong(text: StoredRecord, *about: StoredRecord) -> bool:
    return all(_speaks_of(record, text, "WARC-Refers-To") for record in about)


def _can_be_stored(value: Any) -> bool:
    """Whether a database can hold a value that stood in a record."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, float):
        return isfinite(value)
    return value is None or isinstance(value, bytes) or (isinstance(value, int) and -(1 << 63) <= value < 1 << 63)
