"""`Holdings`: what must be known of all records of a store to compare each with the others, kept on disk."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from archive.errors import StoreError
from archive.furniture.furniture import Furniture
from archive.reader import StoredRecord, parse_member
from archive.storage import Store
from archive.tombstone import TOMBSTONE, ids_under
from archive.verification.chain import Details, Held, list_of
from archive.version import EXTRACTOR
from archive.warc import sha256

__all__ = ["Holdings", "Link", "Note", "Place", "note_of"]

_TABLES = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -16000;
    CREATE TABLE pages (number INTEGER PRIMARY KEY, id TEXT UNIQUE, is_revisit, refers_to TEXT, held BLOB);
    CREATE TABLE texts (number INTEGER PRIMARY KEY, id TEXT UNIQUE, refers_to TEXT, held BLOB);
    CREATE TABLE details (id TEXT PRIMARY KEY, file TEXT, offset, length, digest TEXT, is_ours) WITHOUT ROWID;
    CREATE TABLE proofs (id TEXT PRIMARY KEY, file TEXT, offset, length) WITHOUT ROWID;
    CREATE TABLE gone (file TEXT, offset, length, ids TEXT);
    CREATE TABLE lists (digest TEXT PRIMARY KEY, file TEXT, offset, length) WITHOUT ROWID;
"""
# Of several records with one id the last one counts, in the place of the first.
_PAGE = (
    "INSERT INTO pages (id, is_revisit, refers_to, held) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
    " SET is_revisit = excluded.is_revisit, refers_to = excluded.refers_to, held = excluded.held"
)
_TEXT = (
    "INSERT INTO texts (id, refers_to, held) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE"
    " SET refers_to = excluded.refers_to, held = excluded.held"
)
_STATEMENTS = {
    "page": _PAGE,
    "text": _TEXT,
    "details": "INSERT OR REPLACE INTO details VALUES (?, ?, ?, ?, ?, ?)",
    "proof": "INSERT OR REPLACE INTO proofs VALUES (?, ?, ?, ?)",
    "list": "INSERT OR REPLACE INTO lists VALUES (?, ?, ?, ?)",
    "gone": "INSERT OR REPLACE INTO gone VALUES (?, ?, ?, ?)",
}
_REVISITS = """
    SELECT r.held, o.held FROM pages r LEFT JOIN pages o ON o.id = r.refers_to WHERE r.is_revisit ORDER BY r.number
"""
_LINKS = """
    SELECT t.held, p.held, d.file, d.offset, d.length, d.digest, d.is_ours, f.file, f.offset, f.length
    FROM texts t LEFT JOIN pages p ON p.id = t.refers_to LEFT JOIN details d ON d.id = t.id
                 LEFT JOIN proofs f ON f.id = t.id
    ORDER BY t.number
"""
_COUNT = """
    SELECT count(*) FROM texts t JOIN pages p ON p.id = t.refers_to JOIN details d ON d.id = t.id
    WHERE d.is_ours
"""
_LIST = "SELECT file, offset, length FROM lists WHERE digest = ?"
_GONE = """
    SELECT EXISTS (SELECT 1 FROM gone WHERE file = :file AND :offset >= offset AND :offset < offset + length)
        OR EXISTS (SELECT 1 FROM gone, json_each(gone.ids) WHERE value = :id)
"""
_REFERRED = """
    SELECT refers_to FROM (SELECT refers_to FROM pages WHERE is_revisit UNION SELECT refers_to FROM texts)
    WHERE refers_to NOT IN (SELECT id FROM pages)
"""
_REMEMBERED = 32
"""Lists that are held in memory."""

_PACKED = msgspec.msgpack.Encoder()
_HELD = msgspec.msgpack.Decoder(Held)


class Place(NamedTuple):
    """Where a record lies."""

    file: str
    offset: int
    length: int


class Note(NamedTuple):
    """What is kept of one record."""

    kind: str
    values: tuple[Any, ...]


class Link(msgspec.Struct, frozen=True):
    """A text with what the store has of its page and about it."""

    text: Held
    page: Held | None
    digest: str | None
    """Of its details; None if it has none."""
    is_ours: bool | None
    """Its details say that it was read by this version; None if they are not as newswarc writes them."""
    details: Place | None
    proof: Place | None


class Holdings:
    """The records of a store that others refer to: where they lie and what their headers say.

    They are in a temporary database, so that a store of any size takes no more memory than a small one; blocks are
    read again from the store when they are needed.
    """

    def __init__(self, store: Store, connection: sqlite3.Connection) -> None:
        self._store, self._connection = store, connection
        self.furniture = lru_cache(_REMEMBERED)(self._furniture)
        """The list of recurring paragraphs with that digest. Raises KeyError if the store has none, `ArchiveError`."""

    @classmethod
    @contextmanager
    def of(cls, store: Store) -> Iterator[Holdings]:
        """None yet; they are gone at the end. Raises `StoreError` if the folder for temporary files refuses."""
        try:
            with (
                tempfile.TemporaryDirectory() as folder,
                closing(sqlite3.connect(Path(folder) / "holdings.sqlite", isolation_level=None)) as connection,
            ):
                connection.executescript(_TABLES)
                connection.execute("BEGIN")
                yield cls(store, connection)
        except sqlite3.OperationalError as error:
            place = tempfile.gettempdir()
            raise StoreError(
                f"{place}: can't hold what is compared: {error}; set TMPDIR to a folder with more room."
            ) from error

    def note(self, file: str, record: StoredRecord, member: str) -> str | None:
        """Keep what others may refer to; `member` is the digest of its gzip member.

        Returns what is wrong with the record as such, if anything. Raises `RecordError` if it can't be read.
        """
        note = note_of(file, record, member)
        if isinstance(note, Note):
            self.keep(note)
            return None
        return note

    def keep(self, note: Note) -> None:
        """Keep what was noted of a record."""
        self._connection.execute(_STATEMENTS[note.kind], note.values)

    def revisits(self) -> Iterator[tuple[Held, Held | None]]:
        """Each revisit, and the response or revisit that it refers to."""
        for revisit, original in self._connection.execute(_REVISITS):
            yield _HELD.decode(revisit), _HELD.decode(original) if original else None

    def links(self) -> Iterator[Link]:
        """Each text, in the order of files and bytes."""
        for text, page, *rest in self._connection.execute(_LINKS):
            file, offset, length, digest, is_ours, *proof = rest
            yield Link(
                text=_HELD.decode(text),
                page=_HELD.decode(page) if page else None,
                digest=digest,
                is_ours=None if is_ours is None else bool(is_ours),
                details=Place(file, offset, length) if file is not None else None,
                proof=Place(*proof) if proof[0] is not None else None,
            )

    def is_gone(self, record_id: str, file: str = "", offset: int = -1) -> bool:
        """Whether a tombstone stands for a record, or for one that spoke of it."""
        found = self._connection.execute(_GONE, {"id": record_id, "file": file, "offset": offset}).fetchone()
        return bool(found[0])

    def missing(self) -> list[str]:
        """Ids that revisits and texts refer to, of pages that were not noted."""
        return [row[0] for row in self._connection.execute(_REFERRED)]

    def present(self, ids: Iterable[str]) -> Iterator[str]:
        """Those of these record ids that are pages or texts of the store."""
        for one in ids:
            query = "SELECT 1 FROM pages WHERE id = :id UNION ALL SELECT 1 FROM texts WHERE id = :id"
            if self._connection.execute(query, {"id": one}).fetchone():
                yield one

    def count_ours(self) -> int:
        """How many texts with a page and details were read by this version."""
        n: int = self._connection.execute(_COUNT).fetchone()[0]
        return n

    def details(self, link: Link) -> Details:
        """The details of a text that has some. Raises `ArchiveError` if they can't be read any more."""
        assert link.details is not None
        assert link.digest is not None
        return Details(link.digest, self.json(link.details))

    def json(self, place: Place) -> dict[str, Any]:
        """The JSON object of a record that was noted. Raises `ArchiveError` if it can't be read any more."""
        return self._record(place).json()

    def _record(self, place: Place) -> StoredRecord:
        return parse_member(self._store.read(*place), place.offset)

    def _furniture(self, digest: str) -> Furniture:
        # What others wrote may be no text that a database can hold.
        row = self._connection.execute(_LIST, (digest.encode("utf-8", "replace").decode(),)).fetchone()
        if row is None or (found := list_of(self._record(Place(*row)))) is None:
            raise KeyError(digest)
        return found


def note_of(file: str, record: StoredRecord, member: str) -> Note | str | None:
    """What is to be kept of a record, `member` being the digest of its gzip member; or what is wrong with it.

    None if nobody refers to it. Raises `RecordError` if it can't be read.
    """
    place = (file, record.offset, record.length)
    name = (record.url or "").removeprefix("urn:newswarc:").partition(":")[0]
    kind = name if record.type == "metadata" else record.type
    if kind in ("response", "revisit"):
        held = _PACKED.encode(Held.of(record, file, member))
        return Note("page", (record.id, kind == "revisit", record.refers_to() or "", held))
    if kind == "conversion":
        held = _PACKED.encode(Held.of(record, file, member))
        return Note("text", (record.id, record.refers_to() or "", held))
    if kind == "article":
        about = Details(sha256(record.block), record.json())
        return Note("details", (_about(record), *place, about.digest, _is_ours(about)))
    if kind == "provenance":
        record.json()
        return Note("proof", (_about(record), *place))
    if kind == "furniture":
        if (furniture := list_of(record)) is None:
            return "is a furniture list that is not as newswarc writes it"
        return Note("list", (furniture.digest, *place))
    if kind == TOMBSTONE:
        ids = msgspec.json.encode(ids_under(record)).decode()
        return Note("gone", (file, record.offset, record.length, ids))
    return None


def _about(record: StoredRecord) -> str:
    return record.need("WARC-Refers-To").strip("<>")


def _is_ours(details: Details) -> bool | None:
    try:
        return details.extractor == EXTRACTOR
    except (KeyError, TypeError):
        return None
