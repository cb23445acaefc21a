"""Troubles of sources, and the texts that are in quarantine because of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, select, text

from archive.catalogue import changes, schema
from archive.catalogue.articles import renew_article
from archive.catalogue.database import Database
from archive.catalogue.rows import Row
from archive.catalogue.words import Words

__all__ = ["count", "holds", "is_held", "listed", "misplaced", "move", "settle", "take"]

_HELD = (
    "EXISTS (SELECT 1 FROM troubles t WHERE t.source = {v}source AND t.kind IN ('', {v}kind) AND t.holds"
    " AND t.since <= {v}date AND (t.until IS NULL OR {v}date < t.until))"
)
_IS_HELD = text("SELECT " + _HELD.format(v=":") + " AS is_held")
_MISPLACED = text(
    "SELECT v.* FROM troubles u CROSS JOIN versions v"  # noqa: S608 - all is ours
    " ON v.source = u.source AND u.kind IN ('', v.kind) AND v.date >= u.since"
    f" WHERE NOT u.is_settled AND v.is_quarantined <> {_HELD.format(v='v.')}"
    " GROUP BY v.id ORDER BY v.article, v.id LIMIT :limit"
)

_COUNT = text(
    "SELECT count(DISTINCT v.id) AS n FROM troubles u CROSS JOIN versions v"
    " ON v.source = u.source AND u.kind IN ('', v.kind) AND v.date >= u.since"
    " WHERE u.source = :source AND u.holds AND v.is_quarantined AND NOT EXISTS ("
    " SELECT 1 FROM versions n WHERE n.capture = v.capture AND (n.extracted, n.id) > (v.extracted, v.id))"
)


def take(connection: Connection, rows: Iterable[Row]) -> None:
    """Add what troubles have come to; the latest counts."""
    t = schema.troubles
    for row in rows:
        known = connection.execute(select(t.c.made).where(t.c.id == row["id"])).scalar()
        if known is None:
            connection.execute(t.insert().values(**row, is_settled=False))
        elif row["made"] >= known:
            connection.execute(t.update().where(t.c.id == row["id"]).values(**row, is_settled=False))


def is_held(connection: Connection, version: Row) -> bool:
    """Whether a text is in quarantine as far as is known."""
    return bool(connection.execute(_IS_HELD, _values(version)).scalar())


def holds(database: Database, version: Row) -> bool:
    """The same, of a database."""
    return bool(database.rows(_IS_HELD, _values(version))[0]["is_held"])


def _values(version: Row) -> Row:
    return {name: version[name] for name in ("source", "kind", "date")}


def misplaced(database: Database, limit: int) -> list[Row]:
    """Texts that are in quarantine and should not be, or the other way round."""
    return database.rows(_MISPLACED, {"limit": limit})


def move(connection: Connection, versions: Sequence[Row], words: Callable[[Row], Words]) -> None:
    """Put texts into quarantine, or those that are there out of it, and publish what is left of their articles."""
    v = schema.versions.c
    for row in versions:
        values = {"is_quarantined": not row["is_quarantined"]}
        connection.execute(schema.versions.update().where(v.id == row["id"]).values(values))
    changes.mark(connection, [], versions)
    for article in sorted({row["article"] for row in versions}):
        renew_article(connection, article, words)


def settle(connection: Connection) -> None:
    """All texts are where the troubles want them."""
    connection.execute(schema.troubles.update().values(is_settled=True))


def count(database: Database, source: str) -> int:
    """See `Catalogue.quarantined`; of a capture that was read again only what was read last counts."""
    return int(database.rows(_COUNT, {"source": source})[0]["n"])


def listed(database: Database, source: str | None) -> list[Row]:
    """See `Catalogue.troubles`."""
    t = schema.troubles
    query = select(*(c for c in t.c if c.name != "is_settled")).order_by(t.c.since, t.c.kind, t.c.what, t.c.id)
    return database.rows(query if source is None else query.where(t.c.source == source))
