"""WET: texts as `conversion` records, as Common Crawl publishes them.

A record's block is the headline, the standfirst, the body and a live blog's posts, one paragraph a line. Its id
follows from the version's, so that it is always the same. What the site says of the page's use stands in the header
``Newswarc-Rights-Marks`` (`archive.rights.statement.MARKS`, between spaces); readers pass over headers they don't know.
"""

from __future__ import annotations

from typing import IO

from archive.article import Article
from archive.export.gzipping import packed, stored
from archive.export.lines import dump
from archive.export.recording import record_bytes, record_id
from archive.export.selection import Entry, Selection
from archive.progress import Progress
from archive.rights.statement import named
from archive.version import VERSION
from archive.warc import WARC_FIELDS, sha256, warc_fields

__all__ = ["whole_text", "write_wet"]

_FORMAT = "WARC File Format 1.0"
_CONFORMS_TO = "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.0/"


def write_wet(selection: Selection, file: IO[bytes], progress: Progress) -> None:
    """Write the versions that were chosen. Raises `StoreError` or `RecordError`."""
    newest = selection.newest
    fields = {
        "software": f"newswarc/{VERSION}",
        "format": _FORMAT,
        "conformsTo": _CONFORMS_TO,
        "description": f"Clean text of {selection.count} versions of news articles",
        "newswarc-query": dump(selection.query.facts()),
    }
    block = warc_fields(fields)
    head = [("WARC-Type", "warcinfo"), ("WARC-Record-ID", record_id("warcinfo", newest, block)), ("WARC-Date", newest)]
    file.write(stored(record_bytes("1.0", [*head, ("Content-Type", WARC_FIELDS)], block)))
    for entry in selection.entries(progress):
        file.write(packed(_conversion(entry, head[1][1])))


def _conversion(entry: Entry, warcinfo: str) -> bytes:
    capture, block = entry.capture, whole_text(entry.article).encode()
    headers = [
        ("WARC-Type", "conversion"),
        ("WARC-Target-URI", capture.url),
        ("WARC-Date", capture.date),
        ("WARC-Record-ID", record_id("wet", entry.row["id"], block)),
        ("WARC-Warcinfo-ID", warcinfo),
        ("WARC-Refers-To", f"<{capture.id}>"),
        ("WARC-Block-Digest", sha256(block)),
        ("Content-Type", "text/plain"),
    ]
    if marks := named(entry.row["rights"]):
        headers.append(("Newswarc-Rights-Marks", " ".join(marks)))
    return record_bytes("1.0", headers, block)


def whole_text(article: Article) -> str:
    """All that an article says, one paragraph a line."""
    parts = [article.headline, article.standfirst, article.text]
    for update in article.updates:
        parts += [update.headline, update.text]
    return "\n".join(part for part in parts if part)
