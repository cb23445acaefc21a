"""`Candidate`: a capture to be read again, beside what the archive has of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import text

from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row, capture_from, url_key
from archive.collection.adoption import own_id
from archive.rerun.reading import Baseline

__all__ = ["Candidate", "Selection", "baseline_of", "candidates", "count_candidates"]

_PAGE = 500
"""Rows that are read at once."""
_LATEST = """
    LEFT JOIN versions v ON v.capture = c.id AND NOT EXISTS (
        SELECT 1 FROM versions n WHERE n.capture = v.capture AND (n.extracted, n.id) > (v.extracted, v.id))
"""
# A page that gave an article, or a whole HTML page that could give one and does not repeat another capture's payload.
# What was fetched as robots.txt, to show a page, or as a place where articles are announced is none, whatever it gives.
_IS_PAGE = """
    c.kind = 'response' AND (v.id IS NOT NULL OR (
        c.status = 200 AND c.method = 'GET' AND c.truncated IS NULL
        AND (c.mime IS NULL OR c.mime IN ('text/html', 'application/xhtml+xml'))
        AND NOT EXISTS (SELECT 1 FROM fetches f WHERE f.url = c.url AND f.capture = c.id
                        AND f.lead_kind IN ('robots', 'requisite', 'source'))
        AND NOT EXISTS (SELECT 1 FROM captures o WHERE o.url = c.url AND o.payload_digest = c.payload_digest
                        AND o.kind = 'response' AND o.status = 200 AND o.method = 'GET' AND o.truncated IS NULL
                        AND o.id <> c.id AND ((o.date, o.id) < (c.date, c.id)
                                              OR EXISTS (SELECT 1 FROM versions w WHERE w.capture = o.id)))))
"""
_TEXT_COLUMNS = (
    "c.id AS capture, v.id AS version, v.extracted, v.file AS text_file, v.offset AS text_offset,"
    " v.length AS text_length, v.details_offset, v.details_length"
)
_SAME_MOMENT = text(
    f"SELECT {_TEXT_COLUMNS} FROM captures c {_LATEST} WHERE v.id IS NOT NULL"  # noqa: S608
    " AND (c.id = :id OR (c.url = :url AND c.date = :date)) ORDER BY c.id <> :id, c.id LIMIT 1"
)


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which captures are meant; what is None does not matter."""

    source: str | None = None
    since: str | None = None
    """WARC-Date or its beginning; captures of that moment and later."""
    until: str | None = None
    """The same; captures before that moment."""
    url: str | None = None
    """http and https, with and without www., are one."""

    without: tuple[str, ...] = ()
    """Sources that are left out."""

    def conditions(self, *, paged: bool = False) -> tuple[str, dict[str, Any]]:
        """SQL about captures ``c``, and its values; `paged` if another condition says where a page of them begins.

        A sign before a column keeps SQLite from the wrong index: a URL has few captures, a page begins where it does.
        """
        by_url = "+" if self.url is not None else ""
        asked = {
            "source": (f"{by_url}c.source = :source", self.source),
            "since": (f"{'+' if paged else by_url}c.date >= :since", self.since),
            "until": (f"{by_url}c.date < :until", self.until),
            "url_key": ("c.url_key = :url_key", None if self.url is None else url_key(self.url)),
            "without": (
                f"{by_url}c.source NOT IN (SELECT value FROM json_each(:without))",  # noqa: S608 - a sign of ours
                msgspec.json.encode(self.without).decode() if self.without else None,
            ),
        }
        given = {name: condition for name, condition in asked.items() if condition[1] is not None}
        values = {name: value for name, (_, value) in given.items()}
        return " AND ".join(condition for condition, _ in given.values()) or "1", values


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A capture that gave an article or could give one."""

    capture: Capture
    source: str
    baseline: Baseline | None
    """What was read from it last."""


def candidates(catalogue: Catalogue, selection: Selection) -> Iterator[Candidate]:
    """The captures to read, by source and date; texts may be added while they are given."""
    conditions, values = selection.conditions(paged=True)
    key = ("source", "date", "id") if selection.source is None else ("date", "id")
    column = "+c." if selection.url is not None else "c."
    query = text(  # a part of the statement is ours, none is the user's
        f"SELECT c.*, {_TEXT_COLUMNS} FROM captures c {_LATEST} WHERE {conditions} AND {_IS_PAGE}"  # noqa: S608
        f" AND ({', '.join(column + name for name in key)}) > ({', '.join(':after_' + name for name in key)})"
        " ORDER BY c.source, c.date, c.id LIMIT :limit"
    )
    place = {f"after_{name}": "" for name in key}
    if selection.source is not None:
        place["after_date"] = selection.since or ""
    while rows := catalogue.rows(query, {**values, **place, "limit": _PAGE}):
        for row in rows:
            yield Candidate(capture=capture_from(row), source=row["source"], baseline=_baseline(row))
        place = {f"after_{name}": rows[-1][name] for name in key}


def baseline_of(catalogue: Catalogue, capture: Capture) -> Baseline | None:
    """What the archive has of a capture that is not in it: read from its copy, or from one of that URL and moment."""
    values = {"id": own_id(capture.id), "url": capture.url, "date": capture.date}
    return next(map(_baseline, catalogue.rows(_SAME_MOMENT, values)), None)


def count_candidates(catalogue: Catalogue, selection: Selection) -> int:
    """How many `candidates` gives."""
    conditions, values = selection.conditions()
    query = f"SELECT count(*) AS n FROM captures c {_LATEST} WHERE {conditions} AND {_IS_PAGE}"  # noqa: S608
    return int(catalogue.rows(text(query), values)[0]["n"])


def _baseline(row: Row) -> Baseline | None:
    if row["version"] is None:
        return None
    return Baseline(
        version=row["version"],
        capture=row["capture"],
        extracted=row["extracted"],
        file=row["text_file"],
        offset=row["text_offset"],
        length=row["text_length"],
        details_offset=row["details_offset"],
        details_length=row["details_length"],
    )
