"""`ledger`: the coverage of the sources that an export is of, over the days of its versions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from archive.export.lines import line
from archive.export.selection import Selection

__all__ = ["NAME", "ledger", "ledger_bytes"]

NAME = "coverage.jsonl"

_SPANS = """
    SELECT v.source, min(v.date) AS first, max(v.date) AS last FROM chosen JOIN versions v ON v.id = chosen.version
    GROUP BY v.source ORDER BY v.source
"""


def ledger(selection: Selection) -> Iterator[dict[str, Any]]:
    """Rows of `Catalogue.coverage`, each with its ``source``: from the day of the first chosen version's capture to
    that of the last one, so that what is crawled later changes nothing. Raises `StoreError`."""
    for span in list(selection.rows(_SPANS)):
        last = dt.date.fromisoformat(span["last"][:10])
        until = None if last == dt.date.max else str(last + dt.timedelta(days=1))
        for row in selection.catalogue.coverage(span["source"], span["first"], until):
            yield {"source": span["source"], **row}


def ledger_bytes(selection: Selection) -> bytes:
    """The same as JSON Lines."""
    return b"".join(map(line, ledger(selection)))
