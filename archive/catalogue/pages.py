"""What the visits of each page have shown: gathered from fetches, captures, versions and leads.

A row of `schema.pages` is a function of these alone, however they came in, so that a rebuild gives the same.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, select, text

from archive.catalogue import schema
from archive.catalogue.database import Database
from archive.catalogue.rows import Row
from archive.validators import Validators

__all__ = ["Outcome", "Signal", "Visit", "date_of", "each", "gather", "mark", "of_source", "of_urls", "settle"]

Outcome = Literal["ok", "moved", "gone", "refused", "failed"]
"""``gone``: there is no such page (404, 410); ``refused``: by robots.txt or the server; ``failed``: no whole answer."""

# +source: of a URL there are a few rows, of a source all; SQLite, without statistics, can't know.
_MOST = 100
"""Visits of a page that are looked at, the last ones."""
_AT_ONCE = 500
_HOUR = 3600
_FIRST_YEAR = 1990
_LATE = dt.timedelta(seconds=5)
_NO_PAGE = {"robots", "requisite"}

_IS_OVER = """
    ifnull(julianday(v.coverage_end) + (length(v.coverage_end) = 10) <= julianday(f.started), 0)
"""
"""Whether a live blog's coverage had ended; where only the day is stated, at its end."""
_VISITS = f"""
    SELECT f.started, f.outcome, f.status, f.lead_kind, c.id, c.refers_to, c.truncated, c.etag, c.last_modified,
           group_concat(DISTINCT v.content_digest), min(v.published), max(v.kind = 'live-blog' AND NOT {_IS_OVER}),
           (SELECT count(*) FROM leads l WHERE l.source = f.source AND l.seen = c.date AND l.capture = c.id)
    FROM (SELECT * FROM fetches WHERE url = ? AND +source = ? AND method = 'GET' AND started <= ?
                 AND ifnull(lead_kind, '') NOT IN ('robots', 'requisite')
          ORDER BY started DESC, id DESC LIMIT {_MOST}) f
    LEFT JOIN captures c ON c.id = f.capture
    LEFT JOIN versions v ON v.capture = ifnull(c.refers_to, c.id)
    GROUP BY f.id ORDER BY f.started, f.id
"""  # noqa: S608 - of ours only
_SIGNALS = "SELECT via, seen, announced FROM leads WHERE url = ? AND +source = ? AND seen <= ? ORDER BY via, seen"
_LATEST = "~"  # behind every date


class Visit(NamedTuple):
    """One fetch of a page, as the catalogue tells of it; times are ISO 8601 in UTC."""

    at: str
    fetch: str
    """``complete``, ``truncated`` or the kind of failure."""
    status: int | None = None
    lead: str | None = None
    capture: str | None = None
    refers_to: str | None = None
    truncated: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    texts: str | None = None
    """Digests of the texts that were read from what it showed, parted by commas."""
    published: str | None = None
    is_live: int | None = None
    leads: int | None = 0
    """How many a listing announced anew."""

    @property
    def outcome(self) -> Outcome:
        """What became of it."""
        status = self.status
        if status is None:
            return "refused" if self.fetch == "robots" else "failed"
        if status == 304 or 200 <= status < 300:
            return "failed" if self.truncated not in (None, "length") else "ok"
        if 300 <= status < 400:
            return "moved"
        if status in (404, 410):
            return "gone"
        return "refused" if 400 <= status < 500 and status not in (408, 429) else "failed"


class Signal(NamedTuple):
    """What a listing said of a page."""

    via: str
    seen: str
    announced: str | None


def gather(visits: Sequence[Visit], leads: Sequence[Signal]) -> Row:
    """What visits of a page, oldest first and at least one, and the leads to it (by listing, oldest first) show.

    ``exposure`` is how long the page was watched, in steps of age: the sum of the logarithms of how much older it
    was at each visit than at the one before, counted from when it was published or changed last. In news, edits come
    about equally often in each such step (an hour after the first, a day after the first day).
    """
    page = _Page(visits[0], _born(visits, leads), any(visit.lead == "source" for visit in visits))
    signals = _redated(leads)
    for visit in visits:
        page.take(visit, any(page.last < seen <= _second(visit.at) for seen in signals))
    return page.row()


class _Page:
    """What is known of a page after some of its visits."""

    def __init__(self, first: Visit, born: dt.datetime, is_listing: bool) -> None:
        self.is_listing = is_listing
        self.born = self.changed = born
        self.last, self.at = _second(first.at), first.at
        self.outcome: Outcome = first.outcome
        self.visits = self.streak = self.changes = self.signals = self.signals_changed = 0
        self.exposure = 0.0
        self.seen: dt.datetime | None = None
        """When it was last seen."""
        self.texts: frozenset[str] = frozenset()
        self.body: str | None = None
        self.full: str | None = None
        self.lied: str | None = None
        self.is_live = False
        self.validators = Validators()
        self.told_unmodified: dt.datetime | None = None
        """When a 304 came, since the body did."""

    def take(self, visit: Visit, is_signalled: bool) -> None:
        outcome = visit.outcome
        self.streak = self.streak + 1 if outcome == self.outcome else 1
        self.visits += 1
        self.outcome, self.last, self.at = outcome, _second(visit.at), visit.at
        if outcome != "ok":
            return
        now = _time(visit.at)
        if self.seen is not None:
            has_changed = self._has_changed(visit)
            self._watch(now)
            self.signals += is_signalled
            if has_changed:
                self.changed, self.changes = now, self.changes + 1
                self.signals_changed += is_signalled
                if self._is_lie(visit):
                    self.lied = visit.at
        self.seen = now
        self._see(visit, now)

    def _has_changed(self, visit: Visit) -> bool:
        if visit.status == 304:
            return False
        if self.is_listing:
            return bool(visit.leads)
        texts = _texts(visit)
        return not texts & self.texts if texts or self.texts else False

    def _watch(self, now: dt.datetime) -> None:
        assert self.seen is not None
        before, after = ((at - self.changed).total_seconds() for at in (self.seen, now))
        if after > before >= 0:
            self.exposure += math.log((after + _HOUR) / (before + _HOUR))

    def _is_lie(self, visit: Visit) -> bool:
        """Whether a server that was asked if the page has changed would have said or has said no."""
        mine, its = self.validators, Validators(visit.etag, visit.last_modified)
        if mine.etag and its.etag:
            if mine.etag == its.etag:
                return True
        elif mine.last_modified and mine.last_modified == its.last_modified:
            return True
        modified = _http_date(visit.last_modified)
        return bool(modified and self.told_unmodified and modified + _LATE < self.told_unmodified)

    def _see(self, visit: Visit, now: dt.datetime) -> None:
        its = Validators(visit.etag, visit.last_modified)
        if visit.status == 304:
            self.validators, self.told_unmodified = self.validators.renewed(its), now
        else:
            self.validators, self.told_unmodified = its, None
            self.full, self.texts = visit.at, _texts(visit)
        if visit.status in (200, 304):
            self.body = visit.refers_to or (visit.capture if visit.status == 200 else self.body)
        if visit.is_live is not None:
            self.is_live = bool(visit.is_live)

    def row(self) -> Row:
        return {
            "is_stale": False,
            "is_listing": self.is_listing,
            "visits": self.visits,
            "born": _iso(self.born),
            "last": self.at,
            "outcome": self.outcome,
            "streak": self.streak,
            "changed": _iso(self.changed),
            "changes": self.changes,
            "exposure": round(self.exposure, 6),
            "is_live": self.is_live,
            "body": self.body,
            "full": self.full,
            "etag": self.validators.etag,
            "last_modified": self.validators.last_modified,
            "lied": self.lied,
            "signals": self.signals,
            "signals_changed": self.signals_changed,
        }


def _redated(leads: Sequence[Signal]) -> list[str]:
    """When a listing gave a page another date than before."""
    found = []
    before: dict[str, str] = {}
    for via, seen, announced in leads:
        if announced is None:
            continue
        if before.get(via, announced) != announced:
            found.append(seen)
        before[via] = announced
    return found


def _born(visits: Sequence[Visit], leads: Sequence[Signal]) -> dt.datetime:
    """When a page was published, as far as that is known and likely."""
    first = _time(visits[0].at)
    published = next((visit.published for visit in visits if visit.published), None)
    announced = next((lead.announced for lead in sorted(leads, key=lambda lead: lead.seen) if lead.announced), None)
    for said in (published, announced):
        if said and (when := date_of(said)) and when.year >= _FIRST_YEAR and when <= first:
            return when
    return first


def _texts(visit: Visit) -> frozenset[str]:
    return frozenset(visit.texts.split(",")) if visit.texts else frozenset()


def _second(at: str) -> str:
    """A time as WARC-Date has it, which leads bear."""
    return at[:19] + "Z"


def _time(at: str) -> dt.datetime:
    return dt.datetime.fromisoformat(at)


def _iso(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def date_of(said: str) -> dt.datetime | None:
    """A date as pages and listings write it, UTC where it has no zone; None if it is none."""
    try:
        when = dt.datetime.fromisoformat(said if len(said) != 7 else f"{said}-01")
        return (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _http_date(said: str | None) -> dt.datetime | None:
    try:
        return email.utils.parsedate_to_datetime(said).astimezone(dt.UTC) if said else None
    except (ValueError, TypeError, OverflowError):
        return None


# The table


def mark(connection: Connection, fetches: Iterable[Row], versions: Iterable[Row], leads: Iterable[Row] = ()) -> None:
    """Note the pages that must be gathered again for these new rows. A fetch comes with its capture or after it."""
    visited = {(row["source"], row["url"]) for row in fetches if row["lead_kind"] not in _NO_PAGE}
    for row in versions:
        visited |= {
            tuple(of)
            for of in connection.exec_driver_sql(
                "SELECT source, url FROM captures WHERE id = :id OR refers_to = :id", {"id": row["capture"]}
            )
        }
    pages = [(*page, page[1], page[0]) for page in sorted(visited)]
    if pages:
        connection.exec_driver_sql(_MARK, pages)
    if redated := sorted({(row["source"], row["url"]) for row in leads}):
        connection.exec_driver_sql("UPDATE pages SET is_stale = 1 WHERE source = ? AND url = ?", redated)


_EMPTY: dict[str, Any] = {
    "is_stale": 1, "is_listing": 0, "visits": 0, "born": "", "last": "", "outcome": "", "streak": 0, "changed": "",
    "changes": 0, "exposure": 0, "is_live": 0, "signals": 0, "signals_changed": 0,
}  # fmt: skip
_MARK = (
    f"INSERT INTO pages (source, url, {', '.join(_EMPTY)})"  # noqa: S608 - our own names
    f" SELECT ?, ?, {', '.join(repr(value) for value in _EMPTY.values())}"
    " WHERE EXISTS (SELECT 1 FROM fetches WHERE url = ? AND +source = ? AND method = 'GET'"
    " AND ifnull(lead_kind, '') NOT IN ('robots', 'requisite'))"
    " ON CONFLICT DO UPDATE SET is_stale = 1"
)


def settle(connection: Connection) -> None:
    """Gather the noted pages."""
    columns = ", ".join(f"{name} = :{name}" for name in gather([Visit("2000-01-01T00:00:00Z", "dns")], []))
    update = text(f"UPDATE pages SET {columns} WHERE source = :source AND url = :url")  # noqa: S608 - our own names
    while stale := connection.exec_driver_sql(
        f"SELECT source, url FROM pages WHERE is_stale LIMIT {_AT_ONCE}"  # noqa: S608 - a number
    ).all():
        driver = connection.connection.driver_connection
        assert driver is not None
        rows = [
            {"source": source, "url": url, **(_gathered(driver.execute, source, url, _LATEST) or {})}
            for source, url in stale
        ]
        connection.execute(update, rows)


def _gathered(ask: Any, source: str, url: str, until: str) -> Row | None:
    """`gather` of what the database has of a page up to a time; None without any visit."""
    visits = [Visit(*row) for row in ask(_VISITS, (url, source, until))]
    leads = [Signal(*row) for row in ask(_SIGNALS, (url, source, until))]
    return gather(visits, leads) if visits else None


def of_source(database: Database, source: str, where: str, values: dict[str, Any], now: str) -> Iterator[Row]:
    """Pages of a source, as they were known at `now`; `where` is a condition in SQL on columns of the table."""
    condition = f"source = :source AND (is_stale OR last > :now OR ({where}))"
    query = select(schema.pages).where(text(condition))
    for row in database.rows(query, {"source": source, "now": now, **values}):
        if known := _at(database, row, now):
            yield known


def of_urls(database: Database, source: str, urls: Sequence[str], now: str) -> dict[str, Row]:
    """Those of these pages of a source that have been visited, as they were known at `now`."""
    names = [column.name for column in schema.pages.c]
    query = f"SELECT {', '.join(names)} FROM pages WHERE source = ? AND url = ?"  # noqa: S608 - our own names
    found = database.tuples(query, [(source, url) for url in urls])
    rows = [dict(zip(names, rows[0], strict=True)) for rows in found if rows]
    return {row["url"]: known for row in rows if (known := _at(database, row, now))}


def each(database: Database, ask: Callable[[Any], Iterable[Row]]) -> Iterator[Row]:
    """All pages, each as it is known; `ask` is how the database is asked for many rows."""
    for row in ask(select(schema.pages).order_by(*schema.pages.primary_key)):
        if known := _at(database, row, _LATEST):
            yield known


def _at(database: Database, row: Row, now: str) -> Row | None:
    """A row of the table, gathered again if it is stale or tells of visits later than `now`; None without any."""
    if not row["is_stale"] and row["last"] <= now:
        return row

    def ask(query: str, values: Sequence[Any]) -> list[Any]:
        return database.tuples(query, [values])[0]

    gathered = _gathered(ask, row["source"], row["url"], now)
    return {**row, **gathered} if gathered else None
