"""Tombstones: what stands in a file where records were taken out."""

from __future__ import annotations

import json

__all__ = ["leaves_under"]

_MARK = b"urn:newswarc:tombstone:"
_HEAD = 1000


def leaves_under(record: bytes) -> list[bytes]:
    """The leaves of the records that a tombstone (a whole WARC record) stands for; none if it is no tombstone."""
    if _MARK not in record[:_HEAD]:
        return []
    try:
        facts = json.loads(record.partition(b"\r\n\r\n")[2])
        return [bytes.fromhex(one["leaf"]) for one in facts["removed"]]
    except (ValueError, KeyError, TypeError):
        return []
