"""`Catalogue`: the database over the WARC files."""

from __future__ import annotations

import os
import re
import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, or_, select, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from archive.catalogue import schema
from archive.catalogue.rows import Row, url_key
from archive.catalogue.tokens import query_tokens, tokens
from archive.errors import StoreError

__all__ = ["Catalogue", "Text"]

Text = tuple[str, str]
"""Tokens of a version's headline and text."""

_UNUSABLE = (
    "{path}: the catalogue can't be used: {error}. The WARC files are not touched; "
    "scrapy rebuild makes a damaged catalogue again."
)
_ORIGINAL = """
    SELECT id, url, date, payload_digest FROM captures c
    WHERE url = ? AND payload_digest = ? AND status = ? AND kind = 'response' AND truncated IS NULL AND method = 'GET'
    -- Two of one second would make WARC-Refers-To-Date name both.
    AND NOT EXISTS (SELECT 1 FROM captures o WHERE o.url = c.url AND o.date = c.date AND o.kind = 'response'
                    AND o.id <> c.id)
    ORDER BY date LIMIT 1
"""
_OPERATORS = re.compile(r'"[^"]*"|\S+')


class Catalogue:
    """What the archive holds. Rows come in through `add`; questions are the other methods.

    Several processes may use one catalogue; a writer waits for another one's transaction.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the database at `path`; `create` it if there is none.

        Raises `StoreError` when it is missing, no catalogue, damaged, or made by another version of newswarc.
        """
        if not create and not path.exists():
            raise StoreError(f"{path}: there is no catalogue; scrapy rebuild makes it from the WARC files.")
        self.path = path
        try:
            if not path.exists():
                _create(path)
            self._engine = _engine(path)
            with self._engine.connect() as connection:
                version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        except DatabaseError as error:
            raise _unusable(path, error) from error
        if version != schema.VERSION:
            raise StoreError(
                f"{path}: is a catalogue of version {version}, but {schema.VERSION} is needed; run scrapy rebuild."
            )
        self._connection = self._engine.connect()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()
        self._engine.dispose()

    def rows(self, query: Any, values: dict[str, Any] | None = None) -> list[Row]:
        """What a query of one's own answers (SQLAlchemy; tables are in `archive.catalogue.schema`)."""
        return self._rows(query, values)

    # Writing

    def add(
        self,
        *,
        runs: Sequence[Row] = (),
        fetches: Sequence[Row] = (),
        captures: Sequence[Row] = (),
        versions: Sequence[tuple[Row, Text]] = (),
        furniture: Sequence[Row] = (),
        files: Sequence[Row] = (),
    ) -> None:
        """Add rows in one transaction; rows that are known already change nothing."""
        connection = self._connection
        try:
            with connection.begin():
                for run in runs:  # a run's beginning must not undo its end
                    (_upsert if run["ended"] else _insert)(connection, schema.runs, [run])
                _insert(connection, schema.fetches, fetches)
                _insert(connection, schema.captures, captures)
                for row, words in versions:
                    _insert(connection, schema.versions, [row])
                    self._refresh_article(connection, row, words)
                for row in furniture:
                    self._take_list(connection, row)
                _upsert(connection, schema.files, files)
        except DatabaseError as error:
            raise _unusable(self.path, error) from error

    def _refresh_article(self, connection: Connection, added: Row, words: Text) -> None:
        """Make the article's row and full text anew from its versions."""
        v = schema.versions.c
        every = connection.execute(
            select(v.id, v.date, v.capture, v.text_digest)
            .where(v.article == added["article"])
            .order_by(v.date, v.capture, v.extracted, v.id)
        ).all()
        history = list({one.capture: one for one in every}.values())  # of each capture what was read from it last
        changes = [a.text_digest != b.text_digest for a, b in pairwise(history)]
        latest = history[-1]
        row: Row = {
            "url": added["article"],
            "first_seen": history[0].date,
            "last_seen": latest.date,
            "texts": 1 + sum(changes),
            "version": latest.id,
        }
        is_latest = latest.id == added["id"]
        fields = ("source", "headline", "published", "modified", "language", "section")
        if is_latest:
            row |= {f: added[f] for f in fields}
        else:
            kept = connection.execute(select(*(v[f] for f in fields)).where(v.id == latest.id)).one()
            row |= kept._asdict()
        _upsert(connection, schema.articles, [row], key="url")
        if is_latest:
            number = connection.execute(
                select(schema.articles.c.number).where(schema.articles.c.url == row["url"])
            ).scalar_one()
            connection.exec_driver_sql("DELETE FROM full_text WHERE rowid = ?", (number,))
            connection.exec_driver_sql(
                "INSERT INTO full_text (rowid, headline, text) VALUES (?, ?, ?)", (number, *words)
            )

    def _take_list(self, connection: Connection, row: Row) -> None:
        f = schema.furniture.c
        known = connection.execute(select(f.made).where(f.site == row["site"])).scalar()
        if known is None or row["made"] > known:
            _upsert(connection, schema.furniture, [row])

    # Questions a crawl asks

    def original(self, url: str, payload_digest: str, status: int) -> Row | None:
        """The earliest whole response of `url` with that payload and status.

        Asked for every page: straight from the driver it costs a tenth.
        """
        driver = self._connection.connection.driver_connection
        assert driver is not None
        try:
            row = driver.execute(_ORIGINAL, (url, payload_digest, status)).fetchone()
        except UnicodeEncodeError:  # no such URL can have been kept
            return None
        except sqlite3.Error as error:
            raise StoreError(_UNUSABLE.format(path=self.path, error=error)) from error
        return dict(zip(("id", "url", "date", "payload_digest"), row, strict=True)) if row else None

    def latest_page(self, url: str) -> Row | None:
        """The whole response with status 200 that `url` showed last, if need be through a revisit."""
        c = schema.captures.c
        with self._connection.begin():
            last = self._connection.execute(
                select(c.id, c.refers_to)
                .where(c.url == url, c.status == 200, c.truncated.is_(None), c.method == "GET")
                .order_by(c.date.desc(), c.kind)
                .limit(1)
            ).first()
            row = (
                last
                and self._connection.execute(
                    select(c.id, c.url, c.date, c.payload_digest).where(c.id == (last.refers_to or last.id))
                ).first()
            )
        return row._asdict() if row else None

    def is_read(self, capture: str) -> bool:
        """Whether an article was read from the capture with that record id."""
        return bool(self._rows(select(schema.versions.c.id).where(schema.versions.c.capture == capture).limit(1)))

    def is_answered(self, url: str, since: str) -> bool:
        """Whether the server has answered a GET of `url`, and not with an error of its own, since that WARC-Date."""
        c = schema.captures.c
        return bool(
            self._rows(
                select(c.id)
                .where(c.url == url, c.date >= since, c.status < 500, c.truncated.is_(None), c.method == "GET")
                .limit(1)
            )
        )

    def indexed(self, file: str) -> int:
        """Bytes of a WARC file that the catalogue knows."""
        rows = self._rows(select(schema.files.c.indexed).where(schema.files.c.name == file))
        return int(rows[0]["indexed"]) if rows else 0

    # Questions a reader asks

    def captures(self, url: str) -> list[Row]:
        """All captures of a URL, oldest first; http and https, with and without www. count as one."""
        c = schema.captures
        return self._rows(select(c).where(c.c.url_key == url_key(url)).order_by(c.c.date, c.c.id))

    def capture(self, record_id: str) -> Row | None:
        """The capture with that record id."""
        rows = self._rows(select(schema.captures).where(schema.captures.c.id == record_id))
        return rows[0] if rows else None

    def versions(self, url: str) -> list[Row]:
        """The article's versions, oldest first, by its own URL or that of any capture it was read from."""
        v = schema.versions
        captured = [row["id"] for row in self.captures(url)]
        keys = {row["article"] for row in self._rows(select(v.c.article).where(v.c.capture.in_(captured)))}
        return self._rows(
            select(v).where(or_(v.c.article == url, v.c.article.in_(keys))).order_by(v.c.date, v.c.extracted, v.c.id)
        )

    def seen_lines(self, site: str, limit: int = -1) -> list[Row]:
        """Of each capture of a site's articles what was read from it last, newest capture first."""
        query = text(
            "SELECT id, article, capture, date, lines, file, offset, length, details_offset, details_length FROM ("
            " SELECT *, row_number() OVER (PARTITION BY capture ORDER BY extracted DESC, id DESC) AS place"
            " FROM versions WHERE site = :site) WHERE place = 1 ORDER BY date DESC, id LIMIT :limit"
        )
        return self._rows(query, {"site": site, "limit": limit})

    def version(self, record_id: str) -> Row | None:
        """The version whose conversion has that record id."""
        rows = self._rows(select(schema.versions).where(schema.versions.c.id == record_id))
        return rows[0] if rows else None

    def furniture(self, site: str) -> Row | None:
        """The list of a site's recurring paragraphs."""
        rows = self._rows(select(schema.furniture).where(schema.furniture.c.site == site))
        return rows[0] if rows else None

    def sites(self, source: str) -> list[str]:
        """The sites that a source's articles stand on."""
        v = schema.versions.c
        return [row["site"] for row in self._rows(select(v.site).where(v.source == source).distinct().order_by(v.site))]

    def articles(
        self,
        *,
        source: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int = 100,
    ) -> list[Row]:
        """Articles by source and date of publication (ISO 8601 prefixes, `until` exclusive), newest first."""
        a = schema.articles
        query = select(a).order_by(a.c.published.desc(), a.c.url).limit(limit)
        if source is not None:
            query = query.where(a.c.source == source)
        if since is not None:
            query = query.where(a.c.published >= since)
        if until is not None:
            query = query.where(a.c.published < until)
        return self._rows(query)

    def search(self, words: str, *, source: str | None = None, limit: int = 20, offset: int = 0) -> list[Row]:
        """Articles that hold all the words, best first; words in double quotes stand together.

        Raises `StoreError` if there is no word to look for.
        """
        parts = []
        for part in _OPERATORS.findall(words):
            forms = query_tokens(part.strip('"'))
            if forms:
                parts.append("(" + " OR ".join(forms) + ")")
        if not parts:
            raise StoreError(f"{words!r} has no word to search for.")
        query = text(
            "SELECT a.*, bm25(full_text, 5.0, 1.0) AS rank FROM full_text JOIN articles a ON a.number = full_text.rowid"
            " WHERE full_text MATCH :match AND (:source IS NULL OR a.source = :source)"
            " ORDER BY rank, a.url LIMIT :limit OFFSET :offset"
        )
        values = {"match": " AND ".join(parts), "source": source, "limit": limit, "offset": offset}
        return self._rows(query, values)

    def counts(self, run: str | None = None) -> dict[str, int]:
        """Numbers of rows per table, of one run or of all."""
        counts = {}
        for table in (schema.runs, schema.fetches, schema.captures, schema.versions, schema.articles):
            query = select(func.count().label("n")).select_from(table)
            if run and "run" in table.c:
                query = query.where(table.c.run == run)
            counts[table.name] = int(self._rows(query)[0]["n"])
        return counts

    def dump(self) -> dict[str, list[Row]]:
        """Every row of every table, sorted, without the numbers that the database gave; to compare."""
        dumped = {
            table.name: self._rows(select(*(c for c in table.c if c.name != "number")).order_by(*table.primary_key))
            for table in (schema.files, schema.runs, schema.fetches, schema.captures, schema.versions, schema.furniture)
        }
        columns = [c for c in schema.articles.c if c.name != "number"]
        dumped["articles"] = self._rows(select(*columns).order_by(schema.articles.c.url))
        dumped["full_text"] = self._rows(
            text(
                "SELECT a.url, f.headline, f.text FROM full_text f LEFT JOIN articles a ON a.number = f.rowid"
                " ORDER BY a.url, f.rowid"
            )
        )
        return dumped

    def check(self) -> list[str]:
        """What SQLite finds wrong with its file; empty when all is well."""
        try:
            with self._connection.begin():
                rows = self._connection.exec_driver_sql("PRAGMA integrity_check").all()
                self._connection.exec_driver_sql("INSERT INTO full_text (full_text) VALUES ('integrity-check')")
        except DatabaseError as error:
            return [str(error.orig)]
        return [row[0] for row in rows if row[0] != "ok"]

    def _rows(self, query: Any, values: dict[str, Any] | None = None) -> list[Row]:
        try:
            with self._connection.begin():
                return [row._asdict() for row in self._connection.execute(query, values or {})]
        except DatabaseError as error:
            raise _unusable(self.path, error) from error


def _insert(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    if rows := list(rows):
        connection.execute(insert(table).on_conflict_do_nothing(), rows)


def _upsert(connection: Connection, table: Table, rows: Iterable[Row], key: str | None = None) -> None:
    for row in rows:
        keys = [key] if key else [c.name for c in table.primary_key]
        changes = {name: value for name, value in row.items() if name not in keys}
        connection.execute(insert(table).values(row).on_conflict_do_update(index_elements=keys, set_=changes))


def text_words(headline: str | None, standfirst: str | None, body: str, language: str | None) -> Text:
    """The tokens of a version, to be handed to `Catalogue.add`."""
    return tokens(headline or "", language), tokens(f"{standfirst or ''}\n{body}", language)


def copy_database(path: Path, to: Path) -> None:
    """Copy a catalogue, also one that is being written, without changing it. Raises `StoreError`."""
    # A database that nobody writes is opened as immutable: SQLite then puts no files beside it.
    written = path.with_name(path.name + "-wal").exists()
    options = "mode=ro" if written else "mode=ro&immutable=1"
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True)) as source,
            closing(sqlite3.connect(to)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the catalogue can't be read: {error}; scrapy rebuild makes it again.") from error


def _create(path: Path) -> None:
    """Make an empty database; it gets its name when it is whole, and several processes may do so at once."""
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    engine = _engine(new)
    try:
        with engine.begin() as connection:
            # Readers then don't wait for a writer. The file remembers it.
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            schema.metadata.create_all(connection)
            connection.exec_driver_sql(schema.FULL_TEXT)
            connection.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION}")
        engine.dispose()
        with suppress(FileExistsError):
            os.link(new, path)
    except OSError as error:
        raise StoreError(f"{path}: can't be made: {error.strerror}.") from error
    finally:
        for suffix in ("", "-wal", "-shm"):
            new.with_name(new.name + suffix).unlink(missing_ok=True)


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30}, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def settings(connection: Any, _: object) -> None:
        # A power cut may lose the last rows, which the files give back.
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine


def _unusable(path: Path, error: DatabaseError) -> StoreError:
    return StoreError(_UNUSABLE.format(path=path, error=error.orig))
