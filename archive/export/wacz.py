"""WACZ 1.1.1: a package that replay tools open, with the texts and their provenance beside the captures.

::

    archive/NAME-originals.warc.gz    captures, member by member as they are in the store
    indexes/index.cdx.gz, index.idx   of these alone
    pages/pages.jsonl                 the articles: URL, time, headline, clean text
    provenance/NAME-derived.wet.gz    texts, details, furniture lists, provenance, as they are in the store
    provenance/index.jsonl            from each text to its records in both files
    provenance/coverage.jsonl         what was announced, captured, read and refused, by source and day
    datapackage.json, datapackage-digest.json

The derived records stand outside archive/ and under a name that no replay tool takes for a WARC file of captures.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

import msgspec

from archive.catalogue.rows import Row
from archive.export.cdx import cdx_line, write_index
from archive.export.gzipping import stored
from archive.export.ledger import NAME as LEDGER
from archive.export.ledger import ledger_bytes
from archive.export.lines import dump, line
from archive.export.members import Members
from archive.export.plan import Plan
from archive.export.recording import record_bytes, record_id
from archive.export.selection import Entry, Selection
from archive.export.texts import Texts
from archive.export.wet import whole_text
from archive.export.zipping import StoredEntry, StoredZip
from archive.progress import Progress
from archive.signing import SigningKey
from archive.version import VERSION
from archive.warc import CONFORMS_TO, WARC_FIELDS, sha256, warc_fields

__all__ = ["Package", "write_wacz"]

_COPY = 64 << 10
_TABLES = """
    CREATE TEMP TABLE placed (id TEXT PRIMARY KEY, offset INTEGER, length INTEGER, digest TEXT);
    CREATE TEMP TABLE index_lines (line TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TEMP TABLE placed_texts (version TEXT, part TEXT, offset INTEGER, length INTEGER,
                                    PRIMARY KEY (version, part)) WITHOUT ROWID;
"""


class Package(msgspec.Struct, frozen=True):
    """What was written."""

    captures: int
    left_out: int
    """Revisits whose originals the archive lacks."""


def write_wacz(
    selection: Selection, file: IO[bytes], progress: Progress, *, key: SigningKey | None = None, title: str = ""
) -> Package:
    """Write the package of the versions that were chosen, signed if there is a `key`.

    Raises `StoreError` or `RecordError` if the archive is not what its catalogue says.
    """
    plan = Plan(selection)
    plan.make(progress)
    Texts(selection).make(progress)
    folder = Path(file.name).parent
    with StoredZip(file, folder) as zip_:
        _Writer(selection, zip_, folder, progress).write(title or _title(selection), key)
    return Package(plan.count, plan.left_out)


class _Writer:
    def __init__(self, selection: Selection, zip_: StoredZip, folder: Path, progress: Progress) -> None:
        self._selection, self._zip, self._folder, self._progress = selection, zip_, folder, progress
        self._entries: list[StoredEntry] = []

    def write(self, title: str, key: SigningKey | None) -> None:
        selection = self._selection
        with selection.answering():
            selection.connection.executescript(_TABLES)
        selection.change("BEGIN")
        self._created = max(selection.newest, self._row("SELECT max(date) AS date FROM records")["date"])
        digits = "".join(c for c in self._created if c.isdigit())
        self._stem = f"newswarc-{digits}-{self._identity()[:8]}"
        self._originals, self._derived = f"{self._stem}-originals.warc.gz", f"{self._stem}-derived.wet.gz"
        with Members(selection.store) as members:
            self._add_originals(members)
            self._add_index()
            self._add_derived(members)
        self._add_pages()
        data = ledger_bytes(selection)
        self._add(f"provenance/{LEDGER}", len(data), iter([data]))
        self._add_description(title, key)
        selection.change("COMMIT")

    def _row(self, query: str) -> Row:
        return next(self._selection.rows(query))

    def _identity(self) -> str:
        """A digest of what the package holds."""
        digest = hashlib.sha256()
        for row in self._selection.rows("SELECT record_digest AS name FROM records ORDER BY file, offset"):
            digest.update(row["name"].encode())
        for row in self._selection.rows("SELECT version AS name FROM chosen ORDER BY number"):
            digest.update(row["name"].encode())
        return digest.hexdigest()

    # Records

    def _add_originals(self, members: Members) -> None:
        size = self._row("SELECT count(*) AS n, sum(length) AS size FROM members")
        info = self._warcinfo(self._originals, "Captures of news articles, and what they need to be seen as they were")
        pieces = self._original_pieces(members, info, size["n"])
        self._add(f"archive/{self._originals}", len(info) + size["size"], pieces)

    def _original_pieces(self, members: Members, info: bytes, count: int) -> Iterator[bytes]:
        yield info
        offset = len(info)
        query = """
            SELECT m.file AS in_file, m.offset AS at, m.length AS size, r.* FROM members m
            LEFT JOIN records r ON r.id = m.capture ORDER BY m.file, m.offset
        """
        for number, row in enumerate(self._selection.rows(query), 1):
            self._progress("copying records", number, count)
            yield from members.copy(row["in_file"], row["at"], row["size"], row["record_digest"])
            if row["id"]:
                placed = (row["id"], offset, row["size"], row["record_digest"])
                self._selection.change("INSERT INTO placed VALUES (?, ?, ?, ?)", *placed)
                cdx = cdx_line(row, self._originals, offset)
                self._selection.change("INSERT INTO index_lines VALUES (?)", cdx)
            offset += row["size"]

    def _add_index(self) -> None:
        lines = (row["line"] for row in self._selection.rows("SELECT line FROM index_lines ORDER BY line"))
        with self._temporary() as cdx, self._temporary() as idx:
            write_index(lines, cdx, idx)
            self._add_file("indexes/index.cdx.gz", cdx)
            self._add_file("indexes/index.idx", idx)

    def _add_derived(self, members: Members) -> None:
        size = self._row("SELECT sum(length) AS size FROM texts")["size"]
        info = self._warcinfo(self._derived, "Texts read from the captures, all their fields, and their provenance")
        self._add(f"provenance/{self._derived}", len(info) + size, self._derived_pieces(members, info))

    def _derived_pieces(self, members: Members, info: bytes) -> Iterator[bytes]:
        yield info
        offset = len(info)
        for row in self._selection.rows("SELECT * FROM texts ORDER BY file, offset"):
            yield from members.copy(row["file"], row["offset"], row["length"])
            if row["version"]:
                placed = (row["version"], row["part"], offset, row["length"])
                self._selection.change("INSERT INTO placed_texts VALUES (?, ?, ?, ?)", *placed)
            offset += row["length"]

    def _warcinfo(self, name: str, description: str) -> bytes:
        fields = {
            "software": f"newswarc/{VERSION}",
            "format": "WARC File Format 1.1",
            "conformsTo": CONFORMS_TO,
            "description": f"{description}, copied from an archive; further warcinfo records tell of their crawls",
            "newswarc-query": dump(self._selection.query.facts()),
        }
        block = warc_fields(fields)
        headers = [
            ("WARC-Type", "warcinfo"),
            ("WARC-Record-ID", record_id("warcinfo", name, block)),
            ("WARC-Date", self._created),
            ("WARC-Filename", name),
            ("WARC-Block-Digest", sha256(block)),
            ("Content-Type", WARC_FIELDS),
        ]
        return stored(record_bytes("1.1", headers, block))

    # Pages

    def _add_pages(self) -> None:
        with self._temporary() as pages, self._temporary() as chain:
            pages.write(line({"format": "json-pages-1.0", "id": "pages", "title": "Articles", "hasText": True}))
            for entry in self._selection.entries(self._progress):
                pages.write(line(_page(entry)))
                chain.write(line(self._chain(entry)))
            self._add_file("pages/pages.jsonl", pages)
            self._add_file("provenance/index.jsonl", chain)

    def _chain(self, entry: Entry) -> dict[str, Any]:
        """Where in the package a version's records lie."""
        row, capture = entry.row, entry.capture
        file = f"provenance/{self._derived}"
        query = "SELECT part, offset, length FROM placed_texts WHERE version = ?"
        placed = {
            part["part"]: {"path": file, "offset": part["offset"], "length": part["length"]}
            for part in self._selection.rows(query, row["id"])
        }
        page = next(self._selection.rows("SELECT offset, length, digest FROM placed WHERE id = ?", capture.id))
        return {
            "version": row["id"],
            "article": row["article"],
            "text_digest": row["text_digest"],
            **entry.told_rights,
            **{part: placed[part] for part in ("text", "details", "provenance")},
            "capture": {
                "id": capture.id,
                "url": capture.url,
                "date": capture.date,
                "payload_digest": capture.payload_digest,
                "path": f"archive/{self._originals}",
                "offset": page["offset"],
                "length": page["length"],
                "record_digest": page["digest"],
            },
        }

    # The package

    def _temporary(self) -> IO[bytes]:
        return tempfile.TemporaryFile(dir=self._folder)

    def _add(self, path: str, size: int, pieces: Iterator[bytes]) -> None:
        self._entries.append(self._zip.add(path, size, pieces))

    def _add_file(self, path: str, file: IO[bytes]) -> None:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        self._add(path, size, iter(lambda: file.read(_COPY), b""))

    def _add_description(self, title: str, key: SigningKey | None) -> None:
        package = {
            "profile": "data-package",
            "wacz_version": "1.1.1",
            "title": title,
            "description": "News articles as they were captured, with clean text and its provenance.",
            "created": self._created,
            "software": f"newswarc {VERSION}",
            "query": self._selection.query.facts(),
            "resources": [
                {"name": PurePosixPath(e.path).name, "path": e.path, "hash": e.digest, "bytes": e.size}
                for e in self._entries
            ],
        }
        data = _json(package)
        digest: dict[str, Any] = {"path": "datapackage.json", "hash": sha256(data)}
        if key:
            digest["signedData"] = key.signed_data(digest["hash"], self._created)
        self._zip.add("datapackage.json", len(data), [data])
        data = _json(digest)
        self._zip.add("datapackage-digest.json", len(data), [data])


def _title(selection: Selection) -> str:
    count = selection.count
    chosen = str(selection.query)
    return f"{count} news article{'s' * (count > 1)}" + (f" {chosen}" if chosen else "")


def _page(entry: Entry) -> dict[str, Any]:
    """An article as replay tools list and search it."""
    article = msgspec.structs.replace(entry.article, headline=None)
    return {
        "id": entry.row["id"].removeprefix("urn:uuid:"),
        "url": entry.capture.url,
        "ts": entry.capture.date,
        "title": entry.article.headline or entry.capture.url,
        "text": whole_text(article),
    }


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"
