"""`Document`: a version of an article as its records tell it."""

from __future__ import annotations

from typing import Any

import msgspec

from archive.article import Article
from archive.catalogue.rows import Row
from archive.errors import RecordError
from archive.reader import StoredRecord, parse_member
from archive.storage import Store

__all__ = ["Document", "read_document"]


class Document(msgspec.Struct, frozen=True):
    """A version of an article."""

    row: Row
    """Of the catalogue."""
    article: Article
    details: dict[str, Any]
    """The JSON beside the text."""


def read_document(store: Store, row: Row) -> Document:
    """Read a version from its two records. Raises `RecordError` or `StoreError` if they can't be read."""
    details = read_part(store, row, "details_").json()
    text = read_part(store, row, "").block
    try:
        article = msgspec.convert({**details["article"], "text": text.decode()}, Article)
    except (KeyError, TypeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise RecordError(f"The details of version {row['id']} can't be read: {error}; run scrapy verify.") from error
    return Document(row, article, details)


def read_part(store: Store, row: Row, part: str) -> StoredRecord:
    """A record of a version: its text, or what ``details_`` or ``provenance_`` names."""
    offset, length = row[f"{part}offset"], row[f"{part}length"]
    return parse_member(store.read(row["file"], offset, length), offset)
