"""Rows for a catalogue."""

from __future__ import annotations

from typing import Any

from archive.article import Article
from archive.catalogue.rows import Row, url_key
from archive.catalogue.words import Words, words_of
from archive.furniture.furniture import pack, paragraphs
from archive.surt import surt

URL = "https://www.ellery.test/2026/11/storm"


def capture(number: int, url: str = URL, **fields: Any) -> Row:
    row: Row = {"id": f"urn:uuid:{number:04}", "run": "r", "source": "ellery", "url": url, "url_key": url_key(url)}
    row["surt"] = surt(url)
    row |= {"date": f"2026-11-20T09:00:{number:02}Z", "kind": "response", "method": "GET", "status": 200}
    row |= {"mime": "text/html", "payload_digest": f"sha256:{number}", "refers_to": None, "truncated": None}
    row |= {"file": "f", "offset": number, "length": 1, "record_digest": "d", "rights": None}
    return row | {"etag": None, "last_modified": None} | fields


def fetch(number: int, url: str = URL, **fields: Any) -> Row:
    """Of the capture with that number, if the outcome is not another one."""
    row: Row = {"id": f"urn:uuid:f{number:03}", "run": "r", "source": "ellery", "url": url, "method": "GET"}
    row |= {"started": "2026-11-20T09:00:00.123Z", "ended": "2026-11-20T09:00:01.123Z", "outcome": "complete"}
    row |= {"error": None, "status": 200, "size": 1, "capture": f"urn:uuid:{number:04}", "lead_kind": "feed"}
    row |= {"lead_via": None} | fields
    return row if row["outcome"] == "complete" else row | {"status": None, "capture": None}


def version(number: int, headline: str, text: str = "", *, article: str = URL, **fields: Any) -> tuple[Row, Words]:
    row: Row = {"id": f"urn:uuid:v{number:03}", "article": article, "capture": f"urn:uuid:{number:04}", "run": "r"}
    row |= {"source": "ellery", "date": f"2026-11-20T09:00:{number:02}Z", "extracted": "x", "headline": headline}
    row |= dict.fromkeys(("published", "modified", "coverage_end", "language", "section", "paywalled"))
    row |= {
        "site": "ellery.test",
        "lines": b"",
        "text_digest": f"sha256:{text}",
        "content_digest": f"sha256:{headline} {text}",
        "rights": 0,
        "removed": 0,
        "is_quarantined": False,
        "kind": "article",
        "fields": "headline",
        "text_length": len(text),
        "agreement": None,
        "second": None,
        "file": "f",
    }
    for prefix in ("", "details_", "provenance_"):
        row |= {f"{prefix}offset": number, f"{prefix}length": 1}
    row |= fields
    read = Article(url=article, headline=headline, text=text, language=row["language"])
    words = words_of(read)
    return row | {"signature": words.signature, "lines": pack(paragraphs(read))}, words
