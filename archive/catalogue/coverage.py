"""What was fetched of a source, day by day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select, text

from archive.catalogue import schema
from archive.catalogue.rows import Row

if TYPE_CHECKING:
    from archive.catalogue.catalogue import Catalogue

__all__ = ["days", "mark", "settle", "sources"]

_COUNT = """
    SELECT :source AS source, day, sum(captures) AS captures, count(*) AS seen,
           sum(captured) AS captured, sum(extracted) AS extracted, sum(NOT captured) AS failed
    FROM (
        SELECT substr(f.started, 1, 10) AS day, count(c.id) AS captures, max(ifnull(c.status < 400, 0)) AS captured,
               max(EXISTS (SELECT 1 FROM versions v WHERE v.capture = ifnull(c.refers_to, c.id))) AS extracted
        FROM fetches f LEFT JOIN captures c ON c.id = f.capture
        WHERE f.source = :source AND f.started >= :since AND f.started < :until
              AND ifnull(f.lead_kind, '') <> 'robots'
        GROUP BY day, f.url
    ) GROUP BY day
"""
"""The days' numbers, counted from the fetches: URLs, each once a day."""


def mark(connection: Connection, fetches: Iterable[Row], versions: Iterable[Row]) -> None:
    """Note the days whose numbers must be counted again for these new rows."""
    days = {(row["source"], row["started"][:10]) for row in fetches}
    for row in versions:
        days.add((row["source"], row["date"][:10]))
        again = connection.exec_driver_sql("SELECT source, date FROM captures WHERE refers_to = ?", (row["capture"],))
        days |= {(source, date[:10]) for source, date in again}
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


def days(catalogue: Catalogue, source: str, since: str | None, until: str | None) -> list[Row]:
    """The days on which something of a source was fetched."""
    values = {"source": source, "since": (since or "")[:10], "until": until[:10] if until else "U"}
    rows = catalogue.rows(text(_DAYS), values)
    for at, row in enumerate(rows):
        if row.pop("is_stale"):
            counted = catalogue.rows(text(_COUNT), values | {"since": row["day"], "until": row["day"] + "U"})
            rows[at] = {name: counted[0][name] for name in row} if counted else {}
    return [row for row in rows if row]


_DAYS = """
    SELECT day, captures, seen, captured, extracted, failed, is_stale FROM days
    WHERE source = :source AND day >= :since AND day < :until ORDER BY day
"""


def sources(catalogue: Catalogue) -> list[Row]:
    """Each source, and how much there is of it."""
    c, a = schema.captures.c, schema.articles.c
    articles = {
        r["source"]: r["n"] for r in catalogue.rows(select(a.source, func.count().label("n")).group_by(a.source))
    }
    query = select(
        c.source, func.count().label("n"), func.min(c.date).label("first"), func.max(c.date).label("last")
    ).group_by(c.source)
    captures = {row["source"]: row for row in catalogue.rows(query)}
    runs = {row["source"] for row in catalogue.rows(select(schema.runs.c.source).distinct())}
    none = {"n": 0, "first": None, "last": None}
    found = []
    for source in sorted(runs | articles.keys() | captures.keys()):
        row = captures.get(source, none)
        found.append({"source": source, "articles": articles.get(source, 0), "captures": row["n"]})
        found[-1] |= {"first": row["first"] and row["first"][:10], "last": row["last"] and row["last"][:10]}
    return found
