"""Tombstones: one gzip member in the place of bytes that are gone, of exactly their length, that says what stood there.

Every other record of the file keeps its offset, so that provenance, indexes and proofs that name places still hold.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any

from archive.errors import RecordError
from archive.reader import StoredRecord, read_records
from archive.records import facts_record
from archive.warc import plain_record

__all__ = ["TOMBSTONE", "filled_member", "ids_under", "is_tombstone", "leaves_under", "told", "tombstone_member"]

TOMBSTONE = "tombstone"
"""In the record's URN: ``urn:newswarc:tombstone:...``."""

_HEAD = b"\x1f\x8b\x08%c\0\0\0\0\0\xff"
_COMMENT = 16
_FILLER = b"\0\0\0\xff\xff"
"""An empty stored block (RFC 1951, 3.2.4): says nothing, and can't hold anything."""
_AT_ONCE = 1 << 17
_LAST = b"\x01\0\0\xff\xff"


def tombstone_member(length: int, facts: dict[str, Any], *, date: str, info_id: str | None = None) -> bytes:
    """A gzip member of exactly `length` bytes: a metadata record of `facts`, as application/warc-fields.

    `date` is its WARC-Date (UTC, whole seconds), `info_id` the id of the file's warcinfo record. It is filled up with
    empty deflate blocks, and up to four bytes of gzip comment. Raises `RecordError` if `facts` take more room.
    """
    return b"".join(filled_member(length, plain_record(facts_record(facts, TOMBSTONE, date), info_id)))


def filled_member(length: int, plain: bytes) -> Iterator[bytes]:
    """A record as a gzip member of exactly `length` bytes, piece by piece. Raises `RecordError` if it takes more."""
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = z.compress(plain) + z.flush(zlib.Z_SYNC_FLUSH)
    end = zlib.crc32(plain).to_bytes(4, "little") + (len(plain) % (1 << 32)).to_bytes(4, "little")
    room = length - len(_HEAD % 0) - len(deflated) - len(_LAST) - len(end)
    if room < 0:
        raise RecordError(f"{length} bytes are too few for a tombstone that says all this; it takes {length - room}.")
    fillers, rest = divmod(room, len(_FILLER))
    yield _HEAD % (_COMMENT if rest else 0) + (b" " * (rest - 1) + b"\0" if rest else b"") + deflated
    for at in range(0, fillers, _AT_ONCE):
        yield _FILLER * min(_AT_ONCE, fillers - at)
    yield _LAST + end


def is_tombstone(record: StoredRecord) -> bool:
    """Whether a record stands in the place of others."""
    return record.type == "metadata" and (record.url or "").startswith(f"urn:newswarc:{TOMBSTONE}:")


def leaves_under(content: bytes) -> list[bytes]:
    """The Merkle leaves of the sealed records that a tombstone stands for: ``removed[].leaf``, in their order.

    `content` is that of its gzip member. Nothing if it is no tombstone, or of records that nobody removed.
    """
    try:
        (record,) = read_records(io.BytesIO(content))
        if len({name.lower() for name, _ in record.headers}) != len(record.headers):
            return []  # others could take it for a record that it is not
        return [bytes.fromhex(one["leaf"]) for one in record.json()["removed"]] if is_tombstone(record) else []
    except (RecordError, ValueError, KeyError, TypeError):
        return []


def ids_under(record: StoredRecord) -> list[str]:
    """The ids that a tombstone knows of the records it stands for, and of those that these spoke of."""
    try:
        removed = record.json()["removed"]
        return [str(one[name]) for one in removed for name in ("id", "about") if one.get(name)]
    except (RecordError, KeyError, TypeError, AttributeError):
        return []


def told(record: StoredRecord) -> str:
    """One sentence on what a tombstone stands for."""
    try:
        facts = record.json()
        removed = [
            " ".join(str(one[n]) for n in ("type", "id", "url", "date") if one.get(n)) for one in facts["removed"]
        ]
    except (RecordError, KeyError, TypeError, AttributeError):
        facts, removed = {}, []
    what = "; ".join(removed) or "what is not known"
    return f"{record.length} bytes are gone ({facts.get('why') or facts.get('reason') or 'why is not told'}): {what}"
