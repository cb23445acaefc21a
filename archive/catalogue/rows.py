"""Rows of the catalogue, made from what the WARC records say.

A crawl makes them from the records it has just written, `scrapy rebuild` from the records it reads: one
set of functions, so that the two can't differ.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from archive.capture import Capture
from archive.catalogue import schema
from archive.furniture.furniture import site_of
from archive.health.measures import fields_of
from archive.rights.statement import UNREAD, Statement, bits, marks, named
from archive.surt import surt, url_key

__all__ = [
    "Row",
    "article_number",
    "capture_from",
    "capture_row",
    "facets",
    "fetch_row",
    "first_number",
    "furniture_row",
    "lead_rows",
    "number_second",
    "run_row",
    "subtag",
    "trouble_row",
    "url_key",
    "version_row",
]

Row = dict[str, Any]

_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_FIRST_YEAR, _LAST_YEAR = 1600, 2500
_BEGINNING = dt.datetime(_FIRST_YEAR, 1, 1)
_TIE_BITS = 20


def first_number(date: str) -> int | None:
    """The lowest number an article of that date can have; None if it is no date.

    `date` is ISO 8601 or its beginning, from year to second. The clock of the place counts, as it stands there:
    a day is the day that the paper printed.
    """
    match = _DATE.fullmatch(date)
    if match is None or not _FIRST_YEAR <= int(match[1]) <= _LAST_YEAR:
        return None
    year, month, day, hour, minute, second = match.groups(default="0")
    try:
        when = dt.datetime(
            int(year), int(month if match[2] else 1), int(day if match[3] else 1), int(hour), int(minute)
        )
    except ValueError:
        return None
    return (int((when - _BEGINNING).total_seconds()) + min(int(second), 59)) << _TIE_BITS


def article_number(date: str, url: str) -> int:
    """An article's number: they are in order of date, so that the full-text index is, too."""
    tie = int.from_bytes(hashlib.sha256(url.encode("utf-8", "surrogatepass")).digest()[:4]) >> (33 - _TIE_BITS)
    return (first_number(date) or 0) | tie  # the upper half is left for those who find theirs taken


def number_second(number: int) -> int:
    """What the numbers of articles of one second have in common."""
    return number >> _TIE_BITS


def subtag(language: str | None) -> str:
    """The primary subtag of a BCP 47 tag, lower case."""
    return re.split("[-_]", language or "", maxsplit=1)[0].lower()


def facets(source: str, language: str | None, rights: int = 0) -> list[str]:
    """Words of the full-text index that stand for an article's source, language and marks of rights, in this order;
    no text holds their like.
    """
    told = [("s", source), ("l", subtag(language)), *(("r", name) for name in named(rights))]
    return [f"\ue000{kind}{value.encode('utf-8', 'surrogatepass').hex()}" for kind, value in told]


def run_row(info: dict[str, str], end: dict[str, Any] | None = None) -> Row:
    """From a file's warcinfo fields, and from the run's closing record when there is one."""
    row: Row = {
        "id": info["newswarc-run"],
        "source": info.get("isPartOf", ""),
        "software": info.get("software", ""),
        "settings_digest": info.get("newswarc-settings") or None,
        "started": info["newswarc-started"],
        "ended": None,
        "reason": None,
        "stats": None,
        "tally": None,
    }
    if end:
        row |= {
            "ended": end["ended"],
            "reason": end["reason"],
            "stats": json.dumps(end["stats"], sort_keys=True),
            "tally": json.dumps(end["tally"], sort_keys=True) if "tally" in end else None,
        }
    return row


def fetch_row(record_id: str, facts: dict[str, Any], run: Row, capture: str | None) -> Row:
    """From the JSON metadata record of an exchange or a failure."""
    lead = facts.get("lead") or {}
    return {
        "id": record_id,
        "run": run["id"],
        "source": run["source"],
        "url": facts["url"],
        "method": facts["method"],
        "started": facts["started"],
        "ended": facts["ended"],
        "outcome": facts["outcome"],
        "error": facts.get("error"),
        "status": facts.get("status"),
        "size": facts["size"],
        "capture": capture,
        "lead_kind": lead.get("kind"),
        "lead_via": lead.get("via"),
    }


def capture_row(
    capture: Capture,
    method: str,
    run: Row,
    etag: str | None = None,
    last_modified: str | None = None,
    *,
    rights: list[Any] | None = None,
) -> Row:
    """From a response or revisit record and where it lies; its `archive.validators.Validators`, and the statements in
    the JSON beside it."""
    return {
        "id": capture.id,
        "run": run["id"],
        "source": run["source"],
        "url": capture.url,
        "url_key": url_key(capture.url),
        "surt": surt(capture.url),
        "date": capture.date,
        "kind": capture.kind,
        "method": method,
        "status": capture.status,
        "mime": capture.mime,
        "payload_digest": capture.payload_digest,
        "refers_to": capture.refers_to,
        "truncated": capture.truncated,
        "file": capture.file,
        "offset": capture.offset,
        "length": capture.length,
        "record_digest": capture.record_digest,
        "etag": etag,
        "last_modified": last_modified,
        "rights": json.dumps(rights, ensure_ascii=False, sort_keys=True) if rights else None,
    }


def capture_from(row: Row) -> Capture:
    """The capture that a row of `capture_row` tells of."""
    return msgspec.convert({name: row[name] for name in Capture.__struct_fields__}, Capture)


def furniture_row(facts: dict[str, Any]) -> Row:
    """From the JSON of a list of furniture."""
    entries = json.dumps(facts["entries"], ensure_ascii=False, sort_keys=True)
    return {"site": facts["site"], "made": facts["made"], "entries": entries}


def lead_rows(facts: dict[str, Any], run: Row) -> list[Row]:
    """From the JSON of what a listing announced anew."""
    listing = {name: facts[name] for name in ("via", "kind", "capture", "seen")}
    return [
        {
            "url": lead["url"],
            **{name: lead.get(name) for name in ("announced", "title", "summary")},
            "is_article": bool(lead.get("is_article", True)),
            **listing,
            "run": run["id"],
            "source": run["source"],
        }
        for lead in facts["leads"]
    ]


def trouble_row(facts: dict[str, Any]) -> Row:
    """From the JSON of what a trouble has come to (`archive.health.troubles.Trouble`)."""
    return {column.name: facts[column.name] for column in schema.troubles.c if column.name != "is_settled"}


def version_row(
    conversion: str,
    details: dict[str, Any],
    run: Row,
    *,
    file: str,
    places: Sequence[tuple[int, int]],
    lines: bytes,
    signature: bytes,
) -> Row:
    """From a conversion record and its JSON details.

    `lines` are those of the text, packed (`archive.furniture.furniture.pack`), `signature` is its
    `archive.catalogue.words.Words.signature`; `places` are offset and length of the
    conversion, the details and the provenance record.
    """
    fields, measures = details["article"], details["measures"]
    agreement = measures.get("agreement")
    row: Row = {
        "id": conversion,
        "article": fields.get("canonical_url") or fields["url"],
        "capture": fields["trace"]["capture"],
        "run": run["id"],
        "source": run["source"],
        "date": details["date"],
        "extracted": details["extracted"],
        **{f: fields.get(f) for f in ("headline", "published", "modified", "coverage_end", "language", "section")},
        "paywalled": fields.get("paywalled"),
        "kind": fields.get("kind", "article"),
        "fields": fields_of(fields),
        "text_length": measures["length"],
        "agreement": None if agreement is None else round(1000 * agreement),
        "second": measures.get("second"),
        "site": site_of(fields["url"]),
        "lines": lines,
        "signature": signature,
        "text_digest": details["text_digest"],
        "content_digest": _content_digest(fields, details["text_digest"]),
        "rights": _marks(fields.get("rights"), details.get("rights")),
        "removed": len(fields["trace"].get("removed", ())),
        "is_quarantined": False,  # the catalogue knows
        "file": file,
    }
    for prefix, (offset, length) in zip(("", "details_", "provenance_"), places, strict=True):
        row |= {f"{prefix}offset": offset, f"{prefix}length": length}
    return row


def _marks(page: list[Any] | None, exchange: list[Any] | None) -> int:
    """The marks that the statements of a page and of its exchange come to."""
    statements = msgspec.convert([*(page or ()), *(exchange or ())], list[Statement])
    return bits(marks(statements) | (frozenset() if page is not None else {UNREAD}))


def _content_digest(fields: dict[str, Any], text_digest: str) -> str:
    """Of what an article says; the same however it is kept otherwise."""
    said = [fields.get("headline"), fields.get("standfirst"), text_digest, fields.get("updates") or []]
    data = json.dumps(said, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    return "sha256:" + hashlib.sha256(data).hexdigest()
