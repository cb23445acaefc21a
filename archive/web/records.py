"""The records of a version."""

from __future__ import annotations

from archive.catalogue.rows import Row
from archive.reader import StoredRecord, parse_member
from archive.storage import Store

__all__ = ["record_of"]


def record_of(store: Store, version: Row, part: str) -> StoredRecord:
    """A record of a version: its text, or what ``details_`` or ``provenance_`` names.

    Raises `RecordError` or `StoreError`.
    """
    offset, length = version[f"{part}offset"], version[f"{part}length"]
    return parse_member(store.read(version["file"], offset, length), offset)
