"""The ledger of a source: what was announced, captured, read and refused, day by day."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from archive.catalogue.database import Database
from archive.catalogue.rows import Row

__all__ = ["NUMBERS", "days", "mark", "mark_days", "settle", "sources", "sources_in"]

NUMBERS = (
    "announced", "seen", "captured", "extracted", "revisited", "changed", "failed", "robots", "paywall", "error",
    "too_large", "captures", "visits",
)  # fmt: skip
"""Of each day; `Catalogue.coverage` says what they are."""

_COUNT = """
    SELECT sum(captures) AS captures, count(NULLIF(listing, 1)) AS seen, sum(NOT listing AND captured) AS captured,
           sum(NOT listing AND extracted) AS extracted, sum(NOT listing AND captured AND revisited) AS revisited,
           sum(NOT listing AND NOT captured) AS failed, sum(NOT listing AND NOT captured AND robots) AS robots,
           sum(NOT listing AND paywall) AS paywall, sum(NOT listing AND too_large) AS too_large,
           sum(NOT listing AND NOT captured AND NOT robots AND NOT paywall) AS error,
           sum(visits) + (SELECT count(*) FROM fetches WHERE source = :source AND started >= :since AND started < :until
                          AND lead_kind IN ('robots', 'requisite')) AS visits,
           (SELECT count(DISTINCT url) FROM leads WHERE source = :source AND seen >= :since AND seen < :until
            AND is_article) AS announced,
           (SELECT count(*) FROM changes WHERE source = :source AND date >= :since AND date < :until
            AND what = 'edited') AS changed
    FROM (
        SELECT count(*) AS visits, count(c.id) AS captures, min(ifnull(f.lead_kind, '') = 'source') AS listing,
               max(ifnull(c.status < 400, 0)) AS captured, max(f.outcome = 'robots') AS robots,
               max(ifnull(c.kind = 'revisit', 0)) AS revisited, max(ifnull(c.truncated = 'length', 0)) AS too_large,
               max(EXISTS (SELECT 1 FROM versions v WHERE v.capture = ifnull(c.refers_to, c.id))) AS extracted,
               max(ifnull(c.status IN (401, 402), 0) OR EXISTS (
                   SELECT 1 FROM versions v WHERE v.capture = ifnull(c.refers_to, c.id) AND v.paywalled)) AS paywall
        FROM fetches f LEFT JOIN captures c ON c.id = f.capture
        WHERE f.source = :source AND f.started >= :since AND f.started < :until
              AND ifnull(f.lead_kind, '') NOT IN ('robots', 'requisite')
        GROUP BY f.url
    )
"""
"""A day's numbers, counted from the fetches of pages: URLs, each once."""


def mark(connection: Connection, fetches: Iterable[Row], versions: Iterable[Row], leads: Iterable[Row] = ()) -> None:
    """Note the days whose numbers must be counted again for these new rows.

    A fetch comes with its capture or after it.
    """
    days = {(row["source"], row["started"][:10]) for row in fetches}
    days |= {(row["source"], row["seen"][:10]) for row in leads}
    for row in versions:
        pages = connection.exec_driver_sql(
            "SELECT source, date FROM captures WHERE id = :id OR refers_to = :id", {"id": row["capture"]}
        )
        days |= {(source, date[:10]) for source, date in pages}
    mark_days(connection, days)


def mark_days(connection: Connection, days: Iterable[tuple[str, str]]) -> None:
    """Note days of sources."""
    zeros = ", ".join("0" for _ in NUMBERS)
    for day in sorted(days):
        connection.exec_driver_sql(
            f"INSERT INTO days (source, day, is_stale, {', '.join(NUMBERS)}) VALUES (?, ?, 1, {zeros})"  # noqa: S608
            " ON CONFLICT DO UPDATE SET is_stale = 1",
            day,
        )


def settle(connection: Connection) -> None:
    """Count the noted days."""
    stale = connection.exec_driver_sql("SELECT source, day FROM days WHERE is_stale").all()
    for source, day in stale:
        values = {"source": source, "since": day, "until": day + "U"}
        counted = connection.execute(text(_COUNT), values).one()._asdict()
        connection.exec_driver_sql("DELETE FROM days WHERE source = ? AND day = ?", (source, day))
        if _is_something(counted):
            row = {"source": source, "day": day, "is_stale": 0} | _numbers(counted)
            names = ", ".join(row)
            connection.execute(
                text(f"INSERT INTO days ({names}) VALUES ({', '.join(f':{n}' for n in row)})"),  # noqa: S608
                row,
            )


def days(database: Database, source: str, since: str | None, until: str | None) -> list[Row]:
    """See `Catalogue.coverage`."""
    values = {"source": source, "since": (since or "")[:10], "until": until[:10] if until else "U"}
    rows = database.rows(text(_DAYS), values)
    for at, row in enumerate(rows):
        if row.pop("is_stale"):
            counted = database.rows(text(_COUNT), values | {"since": row["day"], "until": row["day"] + "U"})[0]
            rows[at] = {"day": row["day"]} | _numbers(counted) if _is_something(counted) else {}
    return [row for row in rows if row]


def _numbers(counted: Row) -> Row:
    """In their order; a sum of nothing is none."""
    return {name: counted[name] or 0 for name in NUMBERS}


def _is_something(counted: Row) -> bool:
    return any(counted[name] for name in ("visits", "announced", "changed"))


_DAYS = f"""
    SELECT day, {", ".join(NUMBERS)}, is_stale FROM days
    WHERE source = :source AND day >= :since AND day < :until ORDER BY day
"""  # noqa: S608


def sources_in(table: str) -> str:
    """The beginning of a query that knows ``found (source)``, the sources in a large table with an index over them.

    It leaps from source to source in the index; the last row is NULL.
    """
    return f"""
        WITH RECURSIVE found (source) AS (
            SELECT min(source) FROM {table}
            UNION ALL SELECT (SELECT min(source) FROM {table} WHERE source > f.source) FROM found f WHERE source NOTNULL
        )
    """  # noqa: S608 - a table of ours


_SOURCES = f"""
    {sources_in("captures")}
    SELECT source,
           (SELECT count(*) FROM articles WHERE source = s.source) AS articles,
           (SELECT sum(captures) FROM days WHERE source = s.source) AS captures,
           (SELECT substr(min(date), 1, 10) FROM captures WHERE source = s.source) AS first,
           (SELECT substr(max(date), 1, 10) FROM captures WHERE source = s.source) AS last,
           EXISTS (SELECT 1 FROM days WHERE source = s.source AND is_stale) AS stale
    FROM (SELECT source FROM runs UNION SELECT source FROM days UNION SELECT source FROM articles
          UNION SELECT source FROM found WHERE source NOTNULL) s
    ORDER BY source
"""  # noqa: S608 - tables of ours


def sources(database: Database) -> list[Row]:
    """See `Catalogue.sources`."""
    found = database.rows(text(_SOURCES))
    for row in found:
        stale = row.pop("stale")
        if row["captures"] is None:  # files of others: there are captures, but nobody knows how they were fetched
            query = text("SELECT count(*) AS n FROM captures WHERE source = :source")
            row["captures"] = database.rows(query, {"source": row["source"]})[0]["n"]
        elif stale:
            row["captures"] = sum(day["captures"] for day in days(database, row["source"], None, None))
    return found
