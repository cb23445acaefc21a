"""`Catalogue`: the database over the WARC files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Table, func, or_, select, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError

from archive.catalogue import changes, coverage, leads, likeness, pages, paragraphs, quarantine, runs, schema
from archive.catalogue.articles import refresh_article
from archive.catalogue.database import BROKEN, Database, Reader, unusable
from archive.catalogue.dump import dump, tables
from archive.catalogue.filters import Filters
from archive.catalogue.rows import Row, subtag, url_key
from archive.catalogue.search import each_article
from archive.catalogue.words import Words
from archive.rights.policy import NOTHING, Policy

__all__ = ["Catalogue"]

_ORIGINAL = """
    SELECT id, url, date, payload_digest FROM captures c
    WHERE url = ? AND payload_digest = ? AND status = ? AND kind = 'response' AND truncated IS NULL AND method = 'GET'
    -- Two of one second would make WARC-Refers-To-Date name both.
    AND NOT EXISTS (SELECT 1 FROM captures o WHERE o.url = c.url AND o.date = c.date AND o.kind = 'response'
                    AND o.id <> c.id)
    ORDER BY date LIMIT 1
"""


_LATEST_PAGE = """
    SELECT o.id, o.url, o.date, o.payload_digest
    FROM (SELECT id, refers_to FROM captures WHERE url = ? AND status = 200 AND truncated IS NULL AND method = 'GET'
          ORDER BY date DESC, kind LIMIT 1) l
    JOIN captures o ON o.id = ifnull(l.refers_to, l.id)
"""
_SEEN_LINES = text(
    "SELECT id, article, capture, date, lines, file, offset, length, details_offset, details_length FROM versions v"
    " WHERE site = :site AND NOT is_quarantined AND NOT EXISTS (SELECT 1 FROM versions n WHERE n.capture = v.capture"
    " AND +n.site = v.site AND NOT n.is_quarantined AND (n.extracted, n.id) > (v.extracted, v.id))"
    " ORDER BY date DESC, id LIMIT :limit"
)
_IS_READ = "SELECT 1 FROM versions WHERE capture = ? LIMIT 1"
_HAS_ENDED = (
    "SELECT 1 FROM captures c JOIN runs r ON r.id = c.run WHERE c.id = ? AND r.source = ? AND r.reason = 'finished'"
)


class Catalogue:
    """What the archive holds. Rows come in through `add`; questions are the other methods.

    Several processes may use one catalogue; a writer waits for another one's transaction. An object belongs to
    one thread. A context manager.
    """

    def __init__(self, path: Path, *, create: bool = False, read_only: bool = False) -> None:
        """Open the database at `path`; `create` it if there is none.

        `read_only` changes nothing and leaves no file behind, whoever else writes. Opening one costs well under a
        millisecond, but what it has read before, it need not read again: one that is `resting` may be kept.
        Raises `StoreError` when it is missing, no catalogue, damaged, or made by another version of newswarc.
        """
        self.path = path
        self._database = Reader(path) if read_only else Database(path, create=create)

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _connection(self) -> Connection:
        return self._database.connection

    @property
    def resting(self) -> object:
        """What identifies the state of a catalogue that was opened to be read and that nobody writes, else None.

        As long as it is the same, all answers are the same, and the open file is in nobody's way.
        """
        return self._database.resting

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def rows(self, query: Any, values: dict[str, Any] | None = None) -> list[Row]:
        """What a query of one's own answers (SQLAlchemy; tables are in `archive.catalogue.schema`)."""
        return self._database.rows(query, values)

    def stream(self, query: Any, values: dict[str, Any] | None = None) -> Iterator[Row]:
        """The same, row by row as they are asked for: a long answer is never held whole."""
        return self._database.stream(query, values)

    # Writing

    def add(
        self,
        *,
        runs: Sequence[Row] = (),
        fetches: Sequence[Row] = (),
        captures: Sequence[Row] = (),
        leads: Sequence[Row] = (),
        versions: Sequence[tuple[Row, Words]] = (),
        furniture: Sequence[Row] = (),
        troubles: Sequence[Row] = (),
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
                _insert(connection, schema.leads, leads)
                quarantine.take(connection, troubles)
                for row, words in versions:
                    placed = {**row, "is_quarantined": quarantine.is_held(connection, row)}
                    if _insert(connection, schema.versions, [placed]):
                        paragraphs.mark(connection, row)
                    refresh_article(connection, placed, words)
                for row in furniture:
                    self._take_list(connection, row)
                coverage.mark(connection, fetches, [row for row, _ in versions], leads)
                changes.mark(connection, captures, [row for row, _ in versions])
                pages.mark(connection, fetches, [row for row, _ in versions], leads)
                _upsert(connection, schema.files, files)
        except BROKEN as error:
            raise unusable(self.path, error) from error

    def _take_list(self, connection: Connection, row: Row) -> None:
        f = schema.furniture.c
        known = connection.execute(select(f.made).where(f.site == row["site"])).scalar()
        if known is None or row["made"] > known:
            _upsert(connection, schema.furniture, [row])

    def misplaced(self, limit: int) -> list[Row]:
        """Versions that are in quarantine and should not be, as far as new troubles tell, or the other way round."""
        return quarantine.misplaced(self._database, limit)

    def move(self, versions: Sequence[Row], words: Callable[[Row], Words]) -> None:
        """Put versions into quarantine, or those that are there out of it; `words` gives the words of any version."""
        try:
            with self._connection.begin():
                quarantine.move(self._connection, versions, words)
        except BROKEN as error:
            raise unusable(self.path, error) from error

    def settle_troubles(self) -> None:
        """Nothing is misplaced any more."""
        try:
            with self._connection.begin():
                quarantine.settle(self._connection)
        except BROKEN as error:
            raise unusable(self.path, error) from error

    def unsettled(self) -> list[str]:
        """Keys of the addresses whose changes are to be worked out again (`archive.history.changes`)."""
        return [row["url_key"] for row in self.rows(select(schema.unsettled).order_by(schema.unsettled.c.url_key))]

    def replace_changes(self, keys: Sequence[str], rows: Sequence[Row]) -> None:
        """Put the changes at some addresses in the place of those that were known; the addresses are settled."""
        c, u = schema.changes, schema.unsettled
        try:
            with self._connection.begin():
                known = self._connection.execute(select(c.c.source, c.c.date).where(c.c.url_key.in_(keys))).all()
                self._connection.execute(c.delete().where(c.c.url_key.in_(keys)))
                _upsert(self._connection, c, rows)
                self._connection.execute(u.delete().where(u.c.url_key.in_(keys)))
                days = {(source, date[:10]) for source, date in known}
                coverage.mark_days(self._connection, days | {(row["source"], row["date"][:10]) for row in rows})
        except BROKEN as error:
            raise unusable(self.path, error) from error

    def settle(self) -> None:
        """Do what was put off while rows came in: count the days and gather what the visits of pages have shown.

        The answers are the same without it, but slower.
        """
        try:
            with self._connection.begin():
                coverage.settle(self._connection)
                pages.settle(self._connection)
        except BROKEN as error:
            raise unusable(self.path, error) from error

    # Questions a crawl asks

    def original(self, url: str, payload_digest: str, status: int) -> Row | None:
        """The earliest whole response of `url` with that payload and status."""
        (rows,) = self._database.tuples(_ORIGINAL, [(url, payload_digest, status)])
        return dict(zip(("id", "url", "date", "payload_digest"), rows[0], strict=True)) if rows else None

    def latest_page(self, url: str) -> Row | None:
        """The whole response with status 200 that `url` showed last, if need be through a revisit."""
        (rows,) = self._database.tuples(_LATEST_PAGE, [(url,)])
        return dict(zip(("id", "url", "date", "payload_digest"), rows[0], strict=True)) if rows else None

    def is_read(self, capture: str) -> bool:
        """Whether an article was read from the capture with that record id."""
        return self._database.tuples(_IS_READ, [(capture,)]) != [[]]

    def has_ended(self, capture: str, source: str) -> bool:
        """Whether a run of `source` made the capture with that record id and was finished: it has read what it could.

        Runs of others (`scrapy clean`, `scrapy fetch`) may have read nothing.
        """
        return self._database.tuples(_HAS_ENDED, [(capture, source)]) != [[]]

    def is_dealt_with(self, capture: str, source: str) -> bool:
        """Whether an article was read from that capture, or a run of `source` found nothing to read in it."""
        return self.is_read(capture) or self.has_ended(capture, source)

    def is_answered(self, url: str, since: str) -> bool:
        """Whether the server has answered a GET of `url`, and not with an error of its own, since that WARC-Date."""
        c = schema.captures.c
        return bool(
            self.rows(
                select(c.id)
                .where(c.url == url, c.date >= since, c.status < 500, c.truncated.is_(None), c.method == "GET")
                .limit(1)
            )
        )

    def last_leads(self, via: str, urls: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
        """Date and title that the listing `via` announced last for each of the URLs that it has announced."""
        return leads.last(self._database, via, urls)

    def unanswered(self, source: str, since: str = "") -> list[Row]:
        """The articles that a source's listings announced and no server has given an answer to, newest first.

        Each row is the lead that announced it first; `since` is a WARC-Date or its beginning: none whose first lead
        is older. An answer is a whole reply to a GET, be it that there is no such page; not 429, nor an error of the
        server (5xx).
        """
        return leads.unanswered(self._database, source, since)

    def pages(self, source: str, urls: Sequence[str], now: str) -> dict[str, Row]:
        """What the visits of pages of a source have shown until `now` (WARC-Date), see `archive.catalogue.pages`.

        Pages that were never visited are left out.
        """
        return pages.of_urls(self._database, source, urls, now)

    def pages_where(self, source: str, where: str, values: dict[str, Any], now: str) -> Iterator[Row]:
        """The same of those pages of a source for which a condition on columns of `schema.pages` may hold."""
        return pages.of_source(self._database, source, where, values, now)

    def indexed(self) -> dict[str, int]:
        """Bytes that the catalogue knows of each WARC file, by name."""
        return {row["name"]: row["indexed"] for row in self.rows(select(schema.files.c.name, schema.files.c.indexed))}

    # Questions a reader asks

    def captures(self, url: str) -> list[Row]:
        """All captures of a URL, oldest first; http and https, with and without www. count as one."""
        c = schema.captures
        return self.rows(select(c).where(c.c.url_key == url_key(url)).order_by(c.c.date, c.c.id))

    def leads(self, source: str, since: str | None = None, until: str | None = None) -> Iterator[Row]:
        """What a source's listings announced anew, oldest first; `since` and `until` (exclusive) are WARC-Dates or
        their beginnings, of when it was seen.
        """
        return leads.of_source(self._database, source, since, until)

    def announcements(self, url: str) -> list[Row]:
        """Where and when a page was announced, by any address that its captures have; oldest first."""
        c = schema.captures.c
        known = self.rows(select(c.url).where(c.url_key == url_key(url)).distinct())
        return leads.of_urls(self._database, {url, *(row["url"] for row in known)})

    def summary(self, urls: Collection[str]) -> str | None:
        """What a feed said last of the page at any of these URLs."""
        return leads.summary(self._database, urls)

    def capture(self, record_id: str) -> Row | None:
        """The capture with that record id."""
        rows = self.rows(select(schema.captures).where(schema.captures.c.id == record_id))
        return rows[0] if rows else None

    def versions(self, url: str) -> list[Row]:
        """The article's versions, oldest first, by its own URL or that of any capture it was read from."""
        v = schema.versions
        captured = [row["id"] for row in self.captures(url)]
        keys = {row["article"] for row in self.rows(select(v.c.article).where(v.c.capture.in_(captured)))}
        return self.rows(
            select(v).where(or_(v.c.article == url, v.c.article.in_(keys))).order_by(v.c.date, v.c.extracted, v.c.id)
        )

    def seen_lines(self, site: str, limit: int = -1) -> list[Row]:
        """Of each capture of a site's articles what was read from it last, newest capture first."""
        return self.rows(_SEEN_LINES, {"site": site, "limit": limit})

    def holding(self, site: str, kept: Iterable[str], removed: Iterable[str]) -> Iterator[Row]:
        """Of a site's captures, newest first, those for which what was read last has one of these paragraphs.

        The paragraphs are given by their keys (`archive.furniture.furniture.Paragraph`): `kept` as lines of the text,
        `removed` as what was taken out of it as learned. Further captures are looked for as they are asked for. A
        row may, once in a blue moon, have none of them; its ``lines`` tell.
        """
        return paragraphs.holding(self._database, site, kept, removed)

    def version(self, record_id: str) -> Row | None:
        """The version whose conversion has that record id."""
        rows = self.rows(select(schema.versions).where(schema.versions.c.id == record_id))
        return rows[0] if rows else None

    def last_version(self, capture: str) -> Row | None:
        """What was read from a capture last."""
        v = schema.versions.c
        last = select(schema.versions).where(v.capture == capture).order_by(v.extracted.desc(), v.id.desc()).limit(1)
        return next(iter(self.rows(last)), None)

    def furniture(self, site: str) -> Row | None:
        """The list of a site's recurring paragraphs."""
        rows = self.rows(select(schema.furniture).where(schema.furniture.c.site == site))
        return rows[0] if rows else None

    def troubles(self, source: str | None = None) -> list[Row]:
        """What has fallen of the articles of a source, or of all, oldest first (`archive.health.troubles`)."""
        return quarantine.listed(self._database, source)

    def count_kind(self, source: str, kind: str) -> int:
        """How many captures gave an article of one kind."""
        v = schema.versions.c
        query = select(func.count(v.capture.distinct()).label("n")).where(v.source == source, v.kind == kind)
        return int(self.rows(query)[0]["n"])

    def quarantined(self, source: str) -> int:
        """How many texts of a source are in quarantine."""
        return quarantine.count(self._database, source)

    def is_held(self, version: Row) -> bool:
        """Whether the troubles of its source put a version in quarantine."""
        return quarantine.holds(self._database, version)

    def kinds(self, source: str) -> list[str]:
        """The kinds of articles that a source has."""
        v = schema.versions.c
        return [row["kind"] for row in self.rows(select(v.kind).where(v.source == source).distinct().order_by(v.kind))]

    def sites(self, source: str) -> list[str]:
        """The sites that a source's articles stand on."""
        v = schema.versions.c
        return [row["site"] for row in self.rows(select(v.site).where(v.source == source).distinct().order_by(v.site))]

    def articles(
        self,
        *,
        source: str | None = None,
        language: str | None = None,
        since: str | None = None,
        until: str | None = None,
        without: Policy = NOTHING,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Row]:
        """Articles, newest first. For the filters see `Filters`. Raises `DateError`."""
        filters = Filters(source=source, language=language, since=since, until=until, without=without)
        return self.rows(filters.articles().order_by(schema.articles.c.number.desc()).limit(limit).offset(offset))

    def each_article(
        self,
        words: str | None = None,
        *,
        source: str | None = None,
        language: str | None = None,
        since: str | None = None,
        until: str | None = None,
        without: Policy = NOTHING,
    ) -> Iterator[Row]:
        """All such articles, oldest first, those of one second by URL, however many they are.

        `words` as for `Search.find`. Raises `DateError` and `QueryError`.
        """
        filters = Filters(source=source, language=language, since=since, until=until, without=without)
        return each_article(self, words, filters)

    def alike(self, version_id: str, limit: int = 20) -> list[Row]:
        """The latest versions of other articles that tell the same story in much the same words.

        Other sources first, most alike first. Each row is the article's, and ``similarity`` (0 to 1, the larger of
        the next two), ``of_this``, the share of this version's text that stands in the other one, and ``of_other``,
        the share of the other's text that stands in this one.
        """
        version = self.version(version_id)
        return likeness.alike(self._database, version, limit) if version else []

    def changes(self, filters: changes.ChangeFilters | None = None, *, limit: int = 100, offset: int = 0) -> list[Row]:
        """What became of articles, newest first: edits, articles that are gone, articles that are back.

        The table's columns (`archive.catalogue.schema.changes`), ``kinds`` by name, and what `archive.history.changes`
        tells: ``edits``, ``left_out``, ``note``, ``modified``. They are worked out at the end of each run.
        """
        return changes.listed(self._database, filters or changes.ChangeFilters(), limit, offset)

    def coverage(self, source: str, since: str | None = None, until: str | None = None) -> list[Row]:
        """The ledger of a source: the days (UTC) on which something was fetched, announced or changed, oldest first.

        ``day``; ``announced``, articles that listings announced or dated anew; ``seen``, the URLs that were asked for,
        without listings, robots.txt and what pages are made of; of these ``captured``, that answered with a status
        under 400, and ``failed``, all others; ``extracted``, those whose page, itself or the earlier capture that has
        its bytes, an article was read from; ``revisited``, those that had not changed; ``changed``, edits that were
        found. Why something is missing: ``robots``, not asked for; ``error``, no answer or an error; ``paywall``,
        401, 402, or an article that says so (what it shows is captured); ``too_large``, cut off at the limit (what
        came is captured). ``captures``, all replies kept; ``visits``, all fetches. Each URL counts once a day. `since`
        and `until` (exclusive) are days.
        """
        return coverage.days(self._database, source, since, until)

    def runs(self, source: str | None = None, limit: int = 20) -> list[Row]:
        """The latest runs, of one source or of all: columns of `schema.runs`, see `runs.latest`."""
        return runs.latest(self._database, source, limit)

    def sources(self) -> list[Row]:
        """Each source: ``source``, ``articles``, ``captures``, ``first`` and ``last`` (day of a capture or None)."""
        return coverage.sources(self._database)

    def languages(self, source: str | None = None) -> list[Row]:
        """Primary subtags of the articles' ``language`` (empty: unknown), and ``articles``; the most first."""
        a = schema.articles.c
        query = select(a.language, func.count().label("n")).group_by(a.language)
        if source is not None:
            query = query.where(a.source == source)
        found: Counter[str] = Counter()
        for row in self.rows(query):
            found[subtag(row["language"])] += row["n"]
        return [{"language": name, "articles": n} for name, n in sorted(found.items(), key=lambda f: (-f[1], f[0]))]

    def counts(self) -> dict[str, int]:
        """Numbers of rows per table."""
        counts = {}
        for table in (schema.runs, schema.fetches, schema.captures, schema.versions, schema.articles):
            query = select(func.count().label("n")).select_from(table)
            counts[table.name] = int(self.rows(query)[0]["n"])
        return counts

    def dump(self) -> dict[str, list[Row]]:
        """Every row of every table, sorted, without the numbers that the database gave; to compare."""
        return dump(self._database)

    def tables(self) -> Iterator[tuple[str, Iterable[Row]]]:
        """The same, table by table and row by row: never more than a few rows are held."""
        return tables(self._database, self._database.stream)

    def check(self) -> list[str]:
        """What SQLite finds wrong with its file; empty when all is well."""
        try:
            with self._connection.begin():
                rows = self._connection.exec_driver_sql("PRAGMA integrity_check").all()
                self._connection.exec_driver_sql("INSERT INTO full_text (full_text) VALUES ('integrity-check')")
                self._connection.exec_driver_sql("INSERT INTO likeness (likeness) VALUES ('integrity-check')")
        except BROKEN as error:
            return [str(error.orig if isinstance(error, DatabaseError) else error)]
        return [row[0] for row in rows if row[0] != "ok"]


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Add the rows that are not known yet; tells how many those are."""
    return connection.execute(insert(table).on_conflict_do_nothing(), rows).rowcount if rows else 0


def _upsert(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    keys = [column.name for column in table.primary_key]
    for row in rows:
        changes = {name: value for name, value in row.items() if name not in keys}
        connection.execute(insert(table).values(row).on_conflict_do_update(index_elements=keys, set_=changes))
