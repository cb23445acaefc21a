"""Where the records lie that belong together: an exchange's, and a text's."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from archive.catalogue.rows import Row
from archive.errors import RecordError
from archive.reader import StoredRecord, parse_member, read_gzip
from archive.storage import Store

__all__ = ["Place", "exchange_places", "member_content", "text_places"]

_LARGEST_RECORD = 256 << 20
_BESIDE = 2
"""Records that stand behind a response: its request, and what is known of both."""


class Place(NamedTuple):
    """One gzip member of a file."""

    file: str
    offset: int
    length: int


def exchange_places(store: Store, capture: Row) -> Iterator[tuple[Place, StoredRecord]]:
    """A response or revisit, and behind it its request, if there is one, and the facts.

    Raises `StoreError` or `RecordError` if they can't be read.
    """
    first = Place(capture["file"], capture["offset"], capture["length"])
    yield first, parse_member(store.read(*first), first.offset)
    try:
        with store.path(first.file).open("rb") as opened:
            for offset, length, _ in islice(read_gzip(opened, first.offset + first.length), _BESIDE):
                place = Place(first.file, offset, length)
                record = parse_member(store.read(*place), offset)
                if record.refers_to("WARC-Concurrent-To") != capture["id"]:
                    return
                yield place, record
    except OSError as error:
        raise RecordError(f"{first.file}: can't be read: {error.strerror}.") from error


def text_places(version: Row) -> tuple[Place, Place, Place]:
    """A text, its details and its provenance."""
    text, details, proof = (
        Place(version["file"], version[f"{prefix}offset"], version[f"{prefix}length"])
        for prefix in ("", "details_", "provenance_")
    )
    return text, details, proof


def member_content(member: bytes) -> bytes:
    """What is in a gzip member, which must be one and no more. Raises `RecordError`."""
    z = zlib.decompressobj(31)
    try:
        content = z.decompress(member, _LARGEST_RECORD)
    except zlib.error as error:
        raise RecordError(f"is no gzip member: {error}") from error
    if not z.eof or z.unused_data:
        raise RecordError("is not one whole gzip member")
    return content
