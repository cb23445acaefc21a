"""`Selection`: the versions that a query chooses, counted and in order, and read one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import msgspec

from archive.article import Article
from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row, capture_from
from archive.errors import ExportError, RecordError, StoreError
from archive.export.query import Query
from archive.history.history import read_article
from archive.progress import Progress
from archive.rights.statement import Statement, named
from archive.rights.telling import told
from archive.storage import Store

__all__ = ["ChangedCatalogue", "Entry", "Selection"]


_BUSY = 30
"""Seconds to wait for a writer."""
_TABLES = "CREATE TEMP TABLE chosen (number INTEGER PRIMARY KEY, version TEXT NOT NULL)"
_HISTORY = """
    SELECT id AS version, capture, date, headline, text_digest FROM versions WHERE article = ? AND NOT is_quarantined
    ORDER BY date, capture, extracted, id
"""
_CHOSEN = """
    SELECT v.* FROM chosen JOIN versions v ON v.id = chosen.version ORDER BY chosen.number
"""


class ChangedCatalogue(StoreError):
    """The catalogue was written while it was read."""


class Entry(msgspec.Struct, frozen=True):
    """One version of an article, with where all of it lies."""

    row: Row
    """Of the catalogue's table of versions."""
    capture: Capture
    """What it was read from."""
    article: Article
    rights: list[Statement]
    """What the site says of its use, each statement with the capture where it stands."""
    revisions: list[Row]
    """The versions of the article whose text or headline differs from the one before, oldest first."""

    @property
    def told_rights(self) -> dict[str, Any]:
        """``rights``, and ``rights_marks``, what they come to: the same words in every format."""
        return {
            "rights": [msgspec.structs.asdict(statement) for statement in self.rights],
            "rights_marks": list(named(self.row["rights"])),
        }


class Selection:
    """What a query chooses of a store.

    The choice stands in a temporary table beside the catalogue, so that memory does not grow with it; `connection`
    is for what else an export wants to keep there.
    """

    def __init__(self, store: Store, query: Query) -> None:
        """Choose. Raises `ExportError` if no article fits, and `ArchiveError` for a query that makes no sense."""
        store.require()
        self.store, self.query = store, query
        self.catalogue = Catalogue(store.catalogue_path, read_only=True)
        path = store.catalogue_path
        is_written = path.with_name(path.name + "-wal").exists()
        self._state = None if is_written else _state(path)
        try:
            with self.answering():
                self.connection = _connect(path, "mode=ro" if is_written else "mode=ro&immutable=1")
                self.connection.execute(_TABLES)
            self.count = self._choose()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the catalogue."""
        self.catalogue.close()
        if hasattr(self, "connection"):
            self.connection.close()

    def check(self) -> None:
        """Raise `ChangedCatalogue` if the file was written under our eyes, so that what it answered may be nonsense."""
        if self._state and _state(self.store.catalogue_path) != self._state:
            raise ChangedCatalogue(f"{self.store.catalogue_path}: changed while it was read; try again.")

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Turn what SQLite raises into a `StoreError`."""
        try:
            yield
        except sqlite3.Error as error:
            self.check()
            raise StoreError(
                f"{self.store.catalogue_path}: can't be asked: {error}; scrapy rebuild makes a damaged catalogue "
                "again, SQLITE_TMPDIR may name a folder with more room."
            ) from error

    def rows(self, query: str, *values: Any) -> Iterator[Row]:
        """What SQL answers, row by row. Raises `StoreError`."""
        with self.answering():
            cursor = self.connection.execute(query, values)
            try:
                for row in cursor:
                    yield dict(row)
            finally:
                with suppress(sqlite3.ProgrammingError):  # an export that failed has closed the connection already
                    cursor.close()

    def change(self, query: str, *values: Any) -> int:
        """Change temporary tables; tells how many rows were. Raises `StoreError`."""
        with self.answering():
            return self.connection.execute(query, values).rowcount

    def _choose(self) -> int:
        self.change("BEGIN")
        for article in self.query.articles(self.catalogue):
            for row in self._versions(article):
                self.change("INSERT INTO chosen (version) VALUES (?)", row["version"])
        self.change("COMMIT")
        count: int = next(self.rows("SELECT count(*) AS n FROM chosen"))["n"]
        if not count:
            raise ExportError(f"No article of {self.store.root} fits; nothing was written.")
        return count

    def _versions(self, article: Row) -> list[Row]:
        query = self.query
        if query.versions == "latest" and not query.captured_since and not query.captured_until:
            return [article]
        reserved = self._reserved(article) if query.without else set()
        history = [row for row in self._history(article["url"]) if query.holds(row["date"])]
        history = [row for row in history if row["version"] not in reserved]
        return changed(history) if query.versions == "all" else history[-1:]

    def _reserved(self, article: Row) -> set[str]:
        """The versions of an article whose marks of rights leave them out."""
        rows = self.rows("SELECT id, source, rights FROM versions WHERE article = ?", article["url"])
        return {row["id"] for row in rows if not self.query.permits(row["source"], row["rights"])}

    def _history(self, article: str) -> list[Row]:
        """Of each capture of an article what was read from it last, oldest first."""
        return list({row["capture"]: row for row in self.rows(_HISTORY, article)}.values())

    @property
    def newest(self) -> str:
        """When the newest record of the versions was made, as a WARC-Date."""
        query = "SELECT max(max(v.date, substr(v.extracted, 1, 19) || 'Z')) AS newest"
        date: str = next(self.rows(f"{query} FROM chosen JOIN versions v ON v.id = chosen.version"))["newest"]
        return date

    def __iter__(self) -> Iterator[Row]:
        """The rows of the versions, in order; each may be handed to `entry`."""
        return self.rows(_CHOSEN)

    def entries(self, progress: Progress) -> Iterator[Entry]:
        """The versions, in order, read from their records. Raises `StoreError` or `RecordError`."""
        for number, row in enumerate(self, 1):
            progress(row["headline"] or row["article"], number, self.count)
            yield self.entry(row)

    def entry(self, row: Row) -> Entry:
        """Read a version. Raises `StoreError` or `RecordError` if it is not what the catalogue says."""
        article = read_article(self.store, row)
        if article.text_digest != row["text_digest"]:
            raise RecordError(f"{row['file']}, byte {row['offset']}: is another text; run scrapy verify.")
        capture = next(self.rows("SELECT * FROM captures WHERE id = ?", row["capture"]), None)
        if capture is None:
            raise StoreError(
                f"The page of {row['article']} ({row['capture']}) is not in the archive; run scrapy verify."
            )
        revisions = changed(self._history(row["article"]))
        rights = told(article.rights, capture["rights"], capture["id"], capture["date"])
        return Entry(row, capture_from(capture), article, rights, revisions)


def _connect(path: Path, options: str) -> sqlite3.Connection:
    """Open a catalogue to read it; as `archive.catalogue.database.Reader` does, nothing is written beside it."""
    uri = f"{path.absolute().as_uri()}?{options}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY)
    connection.row_factory = sqlite3.Row
    return connection


def _state(path: Path) -> tuple[int, ...]:
    """What tells that a file was replaced or written."""
    about = path.stat()
    return about.st_ino, about.st_mtime_ns, about.st_size


def changed(history: list[Row]) -> list[Row]:
    """The versions whose text or headline differs from the one before."""
    said = [(row["text_digest"], row["headline"]) for row in history]
    return [row for i, row in enumerate(history) if i == 0 or said[i] != said[i - 1]]
