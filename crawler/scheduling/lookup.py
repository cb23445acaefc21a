"""`last_run`, `outcome_of`: what the archive's catalogue knows of the runs of a source."""

from __future__ import annotations

import datetime as dt
import json

from sqlalchemy import select

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.catalogue.schema import runs
from archive.errors import ArchiveError
from archive.records import iso
from archive.run import CHECKED
from archive.storage import Store
from crawler.scheduling.plan import Outcome

__all__ = ["last_run", "outcome_of"]

# Counters of a crawl, and their words for one and for many.
_COUNTS = (
    ("captures/response", "response", "responses"),
    ("captures/revisit", "unchanged", "unchanged"),
    ("articles", "article", "articles"),
    ("pages/unreachable", "not fetched", "not fetched"),
    ("pages/http_error", "error answer", "error answers"),
    ("pages/refused", "refused by robots.txt", "refused by robots.txt"),
)


def last_run(store: Store, source: str) -> dt.datetime | None:
    """When the last crawl of a source began; None if the archive knows of none. `scrapy source check` is no crawl."""
    is_crawl = runs.c.reason.is_distinct_from(CHECKED)
    query = select(runs).where(runs.c.source == source, is_crawl).order_by(runs.c.started.desc()).limit(1)
    row = _row(store, query)
    return dt.datetime.fromisoformat(row["started"]) if row else None


def outcome_of(store: Store, source: str, since: dt.datetime) -> Outcome:
    """How the first run of a source that began at `since` or later ended: `interrupted` if nothing is known of it."""
    query = select(runs).where(runs.c.source == source, runs.c.started >= iso(since)).order_by(runs.c.started).limit(1)
    row = _row(store, query)
    if not row:
        return Outcome("interrupted", summary="it left nothing")
    if not row["ended"]:
        return Outcome("interrupted", summary="it was killed")
    stats = json.loads(row["stats"] or "{}")
    found = [(stats.get(f"newswarc/{key}", 0), one, many) for key, one, many in _COUNTS]
    summary = ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in found if n) or "0 responses"
    if row["reason"] == "shutdown":
        return Outcome("stopped", summary=summary)
    answered = any(key.startswith("newswarc/captures/") for key in stats)
    failures = any(key.startswith("newswarc/failures/") for key in stats)
    if row["reason"] != "finished" or (failures and not answered):
        return Outcome("failed", summary=summary if row["reason"] == "finished" else f"{summary} ({row['reason']})")
    return Outcome("done", summary=summary)


def _row(store: Store, query: object) -> Row | None:
    """The first row, or None, also where the catalogue can't tell: it can be rebuilt, and crawls go on without it."""
    if not store.catalogue_path.exists():
        return None
    try:
        with Catalogue(store.catalogue_path, read_only=True) as catalogue:
            rows = catalogue.rows(query)
    except ArchiveError:
        return None
    return rows[0] if rows else None
