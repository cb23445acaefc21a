"""The database file: opening it, also only to read, making an empty one, copying it."""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from archive.catalogue import schema
from archive.catalogue.rows import Row
from archive.errors import StoreError

__all__ = ["BROKEN", "Database", "Reader", "copy_database", "settle_journal", "unusable"]

T = TypeVar("T")

_BUSY = 30
"""Seconds that a writer waits for another one."""
_SETTLING = 2
"""Seconds that a closing writer waits for readers, to leave a whole file behind."""
_TRIES, _PAUSE = 5, 0.02
_BATCH = 500
"""Rows that are fetched at once from a long answer."""
_UNUSABLE = (
    "{path}: the catalogue can't be used: {error}. The WARC files are not touched; "
    "scrapy rebuild makes a damaged catalogue again."
)


BROKEN = (DatabaseError, sqlite3.Error, UnicodeDecodeError)
"""What using a damaged file can raise: where SQLite repeats damage in its message, the driver can't decode that."""


def unusable(path: Path, error: Exception) -> StoreError:
    """The user's sentence for an error of the database, one of `BROKEN`."""
    if isinstance(error, UnicodeDecodeError):
        error = sqlite3.DatabaseError(error.object.decode("utf-8", "replace"))
    return StoreError(_UNUSABLE.format(path=path, error=error.orig if isinstance(error, DatabaseError) else error))


class Database:
    """A catalogue's file, open for writing and reading, by one thread."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the file at `path`; `create` it if there is none.

        Raises `StoreError` when it is missing, no catalogue, damaged, or made by another version of newswarc.
        """
        self.path = path
        if not create and not path.exists():
            raise StoreError(f"{path}: there is no catalogue; scrapy rebuild makes it from the WARC files.")
        try:
            if not path.exists():
                _create(path)
            self.engine = self._engine()
            self.connection = self._connect()
        except BROKEN as error:
            raise unusable(path, error) from error

    def _engine(self) -> Engine:
        return _engine(self.path)

    def _connect(self) -> Connection:
        connection = self.engine.connect()
        with connection.begin():
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version != schema.VERSION:
            connection.close()
            raise StoreError(
                f"{self.path}: is a catalogue of version {version}, but {schema.VERSION} is needed; run scrapy rebuild."
            )
        return connection

    def rows(self, query: Any, values: dict[str, Any] | None = None) -> list[Row]:
        """What a query answers. Raises `StoreError`."""

        def ask() -> list[Row]:
            with self.connection.begin():
                try:
                    return [row._asdict() for row in self.connection.execute(query, values or {})]
                except UnicodeEncodeError:  # nothing of the kind can have been kept
                    return []

        return self._asked(ask)

    def tuples(self, query: str, several: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """What a query answers, asked several times: straight from the driver, which costs a tenth."""

        def ask() -> list[list[Any]]:
            driver = self.connection.connection.driver_connection
            assert driver is not None
            try:
                return [driver.execute(query, values).fetchall() for values in several]
            except UnicodeEncodeError:
                return [[] for _ in several]

        return self._asked(ask)

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except BROKEN as error:
            raise unusable(self.path, error) from error

    def stream(self, query: Any, values: dict[str, Any] | None = None) -> Iterator[Row]:
        """The same, over a connection of its own and row by row. Raises `StoreError`."""
        try:
            with self.engine.connect() as connection:
                for row in connection.execution_options(yield_per=_BATCH).execute(query, values or {}):
                    yield row._asdict()
        except BROKEN as error:
            raise unusable(self.path, error) from error

    @property
    def resting(self) -> object:
        """Only a `Reader` can tell."""
        return None

    def close(self) -> None:
        """Let go of the file; what was written is then in it alone, as far as others let it be."""
        if self.connection.closed:
            return
        with suppress(DatabaseError):
            self.connection.exec_driver_sql(f"PRAGMA busy_timeout = {_SETTLING * 1000}")
            self.connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()
        self.engine.dispose()


class Reader(Database):
    """A catalogue's file, open only to be read, while others may write it.

    Nothing is written, and no file is made beside one that nobody writes. Opening costs well under a
    millisecond: let each thread and each request have its own.
    """

    def _engine(self) -> Engine:
        # A database that nobody writes is opened as immutable: SQLite then puts no files beside it. It must be
        # opened again as soon as somebody does.
        self._state = _State.of(self.path)
        options = "mode=ro" if self._state.is_written else "mode=ro&immutable=1"
        return _reading_engine(f"{self.path.absolute().as_uri()}?{options}")

    def _asked(self, ask: Callable[[], T]) -> T:
        for _ in range(_TRIES):
            try:
                self._renew()
                answer = super()._asked(ask)
            except StoreError:
                if not self._is_outdated:
                    raise
                time.sleep(_PAUSE)  # a rebuild is putting a new one in its place
                continue
            if not self._is_outdated:
                return answer
        raise StoreError(f"{self.path}: the catalogue changes all the time; try again.")

    @property
    def resting(self) -> object:
        """What identifies the state of a file that nobody writes; None while somebody does, or it is another one."""
        return None if self._state.is_written or self._is_outdated else self._state

    @property
    def _is_outdated(self) -> bool:
        """Whether the file was replaced since it was opened, or is no longer one that nobody writes."""
        now = _State.of(self.path)
        return now.file != self._state.file or (not self._state.is_written and now != self._state)

    def stream(self, query: Any, values: dict[str, Any] | None = None) -> Iterator[Row]:
        """As `Database.stream`; raises `StoreError` also when somebody begins to write a file that nobody wrote."""
        self._renew()
        for number, row in enumerate(super().stream(query, values)):
            if number % _BATCH == 0 and not self._state.is_written and self._is_outdated:
                raise StoreError(f"{self.path}: a crawl began to write the catalogue; try again.")
            yield row

    def _renew(self) -> None:
        """Open the file again if need be."""
        if not self._is_outdated:
            return
        self.close()
        try:
            self.engine = self._engine()
            self.connection = self._connect()
        except (*BROKEN, StoreError) as error:
            self._state = _NO_STATE
            raise error if isinstance(error, StoreError) else unusable(self.path, error) from error

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


@lru_cache(maxsize=8)
def _reading_engine(uri: str) -> Engine:
    """It knows the queries that were asked, and keeps nothing open; making one takes as long as many answers."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=_BUSY, check_same_thread=False)

    return create_engine("sqlite://", creator=connect, poolclass=NullPool)


class _State(NamedTuple):
    """What tells whether a database is another one, or has changed."""

    file: int | None
    changed: int
    size: int
    is_written: bool
    """Something stands in the journal."""

    @classmethod
    def of(cls, path: Path) -> _State:
        """The state of the database at `path`."""
        try:
            file = path.stat()
        except OSError:
            return _NO_STATE
        return cls(file.st_ino, file.st_mtime_ns, file.st_size, _journal_size(path) > 0)


_NO_STATE = _State(None, 0, 0, False)


def _journal_size(path: Path) -> int:
    try:
        return path.with_name(path.name + "-wal").stat().st_size
    except OSError:
        return 0


def copy_database(path: Path, to: Path) -> None:
    """Copy a catalogue, also one that is being written, without changing it. Raises `StoreError`."""
    options = "mode=ro" if _journal_size(path) else "mode=ro&immutable=1"
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True)) as source,
            closing(sqlite3.connect(to)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the catalogue can't be read: {error}; scrapy rebuild makes it again.") from error


def settle_journal(path: Path) -> None:
    """Write what stands in a catalogue's journal into the file itself, as far as the file can be used at all."""
    if path.is_file():
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _create(path: Path) -> None:
    """Make an empty database; it gets its name when it is whole, and several processes may do so at once."""
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    engine = _engine.__wrapped__(new)  # it is never opened again under this name
    try:
        with engine.begin() as connection:
            # Readers then don't wait for a writer. The file remembers it.
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            schema.metadata.create_all(connection)
            for table in schema.VIRTUAL:
                connection.exec_driver_sql(table)
            connection.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION}")
        engine.dispose()
        with suppress(FileExistsError):
            os.link(new, path)
    except OSError as error:
        raise StoreError(f"{path}: can't be made: {error.strerror}.") from error
    finally:
        for suffix in ("", "-wal", "-shm"):
            new.with_name(new.name + suffix).unlink(missing_ok=True)


@lru_cache(maxsize=8)
def _engine(path: Path) -> Engine:
    """It knows the queries that were asked, as `_reading_engine` does; a process may have many runs."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY}, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def settings(connection: Any, _: object) -> None:
        # A power cut may lose the last rows, which the files give back.
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine
