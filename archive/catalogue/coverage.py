"""What was fetched of a source, day by day."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from archive.catalogue.database import Database
from archive.catalogue.rows import Row

__all__ = ["days", "mark", "settle", "sources"]

_COUNT = """
    SELECT :source AS source, day, sum(captures) AS captures, count(*) AS seen,
           sum(captured) AS captured, sum(extracted) AS extracted, sum(NOT captured) AS failed
    FROM (
        SELECT substr(f.started, 1, 10) AS day, count(c.id) AS captures, max(ifnull(c.status < 400, 0)) AS captured,
               max(EXISTS (SELECT 1 FROM versions v WHERE v.capture = ifnull(c.refers_to, c.id))) AS extracted
        FROM fetches f LEFT JOIN captures c ON c.id = f.capture
        WHERE f.source = :source AND f.started >= :since AND f.started < :until
              AND ifnull(f.lead_kind, '') NOT IN ('robots', 'requisite')
        GROUP BY day, f.url
    ) GROUP BY day
"""
"""The days' numbers, counted from the fetches of pages: URLs, each once a day."""


def mark(connection: Connection, fetches: Iterable[Row], versions: Iterable[Row]) -> None:
    """Note the days whose numbers must be counted again for these new rows.

    A fetch comes with its capture or after it.
    """
    days = {(row["source"], row["started"][:10]) for row in fetches}
    for row in versions:
        pages = connection.exec_driver_sql(
            "SELECT source, date FROM captures WHERE id = :id OR refers_to = :id", {"id": row["capture"]}
        )
        days |= {(source, date[:10]) for source, date in pages}
    for day in sorted(days):
        connection.exec_driver_sql(
            "INSERT INTO days (source, day, is_stale, captures, seen, captured, extracted, failed)"
            " VALUES (?, ?, 1, 0, 0, 0, 0, 0) ON CONFLICT DO UPDATE SET is_stale = 1",
            day,
        )


def settle(connection: Connection) -> None:
    """Count the noted days."""
    stale = connection.exec_driver_sql("SELECT source, day FROM days WHERE is_stale").all()
    for source, day in stale:
        connection.exec_driver_sql("DELETE FROM days WHERE source = ? AND day = ?", (source, day))
        connection.execute(
            text(
                f"INSERT INTO days (source, day, captures, seen, captured, extracted, failed, is_stale)"  # noqa: S608
                f" SELECT source, day, captures, seen, captured, extracted, failed, 0 FROM ({_COUNT})"
            ),
            {"source": source, "since": day, "until": day + "U"},
        )


def days(database: Database, source: str, since: str | None, until: str | None) -> list[Row]:
    """See `Catalogue.coverage`."""
    values = {"source": source, "since": (since or "")[:10], "until": until[:10] if until else "U"}
    rows = database.rows(text(_DAYS), values)
    for at, row in enumerate(rows):
        if row.pop("is_stale"):
            counted = database.rows(text(_COUNT), values | {"since": row["day"], "until": row["day"] + "U"})
            rows[at] = {name: counted[0][name] for name in row} if counted else {}
    return [row for row in rows if row]


_DAYS = """
    SELECT day, captures, seen, captured, extracted, failed, is_stale FROM days
    WHERE source = :source AND day >= :since AND day < :until ORDER BY day
"""


_SOURCES = """
    WITH RECURSIVE captured (source) AS (  -- leaps from source to source in the index
        SELECT min(source) FROM captures
        UNION ALL SELECT (SELECT min(source) FROM captures WHERE source > c.source) FROM captured c WHERE source NOTNULL
    )
    SELECT source,
           (SELECT count(*) FROM articles WHERE source = s.source) AS articles,
           (SELECT sum(captures) FROM days WHERE source = s.source) AS captures,
           (SELECT substr(min(date), 1, 10) FROM captures WHERE source = s.source) AS first,
           (SELECT substr(max(date), 1, 10) FROM captures WHERE source = s.source) AS last,
           EXISTS (SELECT 1 FROM days WHERE source = s.source AND is_stale) AS stale
    FROM (SELECT source FROM runs UNION SELECT source FROM days UNION SELECT source FROM articles
          UNION SELECT source FROM captured WHERE source NOTNULL) s
    ORDER BY source
"""


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
