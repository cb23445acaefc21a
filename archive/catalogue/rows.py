"""Rows of the catalogue, made from what the WARC records say.

A crawl makes them from the records it has just written, `scrapy rebuild` from the records it reads: one
set of functions, so that the two can't differ.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from archive.capture import Capture
from archive.furniture import site_of
from archive.surt import surt, url_key

__all__ = ["Row", "capture_from", "capture_row", "fetch_row", "furniture_row", "run_row", "url_key", "version_row"]

Row = dict[str, Any]


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
    }
    if end:
        row |= {
            "ended": end["ended"],
            "reason": end["reason"],
            "stats": json.dumps(end["stats"], sort_keys=True),
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


def capture_row(capture: Capture, method: str, run: Row) -> Row:
    """From a response or revisit record and where it lies."""
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
    }


def capture_from(row: Row) -> Capture:
    """The capture that a row of `capture_row` tells of."""
    return msgspec.convert({name: row[name] for name in Capture.__struct_fields__}, Capture)


def furniture_row(facts: dict[str, Any]) -> Row:
    """From the JSON of a list of furniture."""
    entries = json.dumps(facts["entries"], ensure_ascii=False, sort_keys=True)
    return {"site": facts["site"], "made": facts["made"], "entries": entries}


def version_row(
    conversion: str,
    details: dict[str, Any],
    run: Row,
    *,
    file: str,
    places: Sequence[tuple[int, int]],
    lines: bytes,
) -> Row:
    """From a conversion record and its JSON details.

    `lines` are those of the text, packed (`archive.furniture.pack`); `places` are offset and length of the
    conversion, the details and the provenance record.
    """
    fields = details["article"]
    row: Row = {
        "id": conversion,
        "article": fields.get("canonical_url") or fields["url"],
        "capture": fields["trace"]["capture"],
        "run": run["id"],
        "source": run["source"],
        "date": details["date"],
        "extracted": details["extracted"],
        **{f: fields.get(f) for f in ("headline", "published", "modified", "language", "section")},
        "site": site_of(fields["url"]),
        "lines": lines,
        "text_digest": details["text_digest"],
        "removed": len(fields["trace"].get("removed", ())),
        "file": file,
    }
    for prefix, (offset, length) in zip(("", "details_", "provenance_"), places, strict=True):
        row |= {f"{prefix}offset": offset, f"{prefix}length": length}
    return row
