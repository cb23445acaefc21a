"""The latest runs, each with its tally."""

from __future__ import annotations

import json

import msgspec
from sqlalchemy import select

from archive.catalogue import schema
from archive.catalogue.database import Database
from archive.catalogue.rows import Row
from archive.tally import Tally

__all__ = ["latest"]


def latest(database: Database, source: str | None, limit: int) -> list[Row]:
    """Runs, the last one first; ``tally`` as `Tally`, ``stats`` as a dict (None where a run was killed)."""
    runs = schema.runs
    query = select(runs).order_by(runs.c.started.desc(), runs.c.id).limit(limit)
    if source is not None:
        query = query.where(runs.c.source == source)
    return [
        row
        | {
            "tally": msgspec.json.decode(row["tally"], type=Tally) if row["tally"] else None,
            "stats": json.loads(row["stats"]) if row["stats"] else None,
        }
        for row in database.rows(query)
    ]
