"""JSON Lines: one version of an article a line."""

from __future__ import annotations

from typing import IO, Any

import msgspec

from archive.cleaning import article_dict
from archive.export.lines import line
from archive.export.selection import Entry, Selection
from archive.progress import Progress

__all__ = ["fields", "write_jsonl"]


def write_jsonl(selection: Selection, file: IO[bytes], progress: Progress) -> None:
    """Write the versions that were chosen. Raises `StoreError` or `RecordError`."""
    for entry in selection.entries(progress):
        file.write(line(fields(entry)))


def fields(entry: Entry) -> dict[str, Any]:
    """What is handed over of a version: what `scrapy clean` prints, and where each part of it lies in the archive.

    ``text_record`` and ``provenance`` are the gzip members of the text and of the provenance record, ``capture``
    that of the page. ``rights`` are all statements about the page, ``rights_marks`` what they come to
    (`archive.rights.statement.marks`).
    """
    row, capture, trace = entry.row, entry.capture, entry.article.trace
    return {
        **article_dict(entry.article, capture.file),
        **entry.told_rights,
        "source": row["source"],
        "article": row["article"],
        "version": row["id"],
        "text_digest": row["text_digest"],
        "extracted": row["extracted"],
        "extractor": trace.extractor,
        "rules": trace.rules,
        "furniture": trace.furniture,
        "capture": msgspec.to_builtins(capture),
        "text_record": {"file": row["file"], "offset": row["offset"], "length": row["length"]},
        "provenance": {
            "file": row["file"],
            "offset": row["provenance_offset"],
            "length": row["provenance_length"],
        },
        "revisions": entry.revisions,
    }
