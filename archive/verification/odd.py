"""Members of a file that read well and yet are not as they were written: bits of the gzip format that hold nothing."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from archive.errors import RecordError
from archive.tombstone import filled_member, is_tombstone
from archive.verification.reading import Gap, read_on

__all__ = ["odd_members"]

_HEAD = 10
_END = 8
_LARGEST = 16 << 20


def odd_members(path: Path) -> Iterator[tuple[int, str | None]]:
    """Offset and record id of each member whose head is not like those of the others, or whose stream ends in bits that
    are not zero.

    One process writes a file, with one compressor: it gives all members the same head.
    """
    heads: Counter[bytes] = Counter()
    odd: list[tuple[int, str | None, bytes]] = []
    try:
        with path.open("rb") as raw:
            for found in read_on(path):
                if isinstance(found, Gap):
                    continue
                record, _ = found
                raw.seek(record.offset)
                head = raw.read(_HEAD)
                if not is_tombstone(record):
                    heads[head] += 1
                    odd.append((record.offset, record.get("WARC-Record-ID"), head))
                raw.seek(record.offset)
                member = raw.read(record.length) if record.length <= _LARGEST else b""
                if member and (_is_odd_tombstone(member) if is_tombstone(record) else _ends_oddly(member)):
                    yield record.offset, record.get("WARC-Record-ID")
    except (OSError, RecordError):
        return
    usual = heads.most_common(1)[0][0] if heads else b""
    yield from ((offset, name) for offset, name, head in odd if head != usual)


def _is_odd_tombstone(member: bytes) -> bool:
    """Whether a tombstone is not as it would be made again."""
    return b"".join(filled_member(len(member), _content(member) or b"")) != member


def _ends_oddly(member: bytes) -> bool:
    """Whether the bits that fill up the last byte of a deflate stream are not zero."""
    at = len(member) - _END - 1
    whole = _content(member)
    for bit in range(7, 0, -1):
        other = member[:at] + bytes([member[at] ^ 1 << bit]) + member[at + 1 :]
        if _content(other) != whole:
            return False
        if member[at] >> bit & 1:
            return True
    return False


def _content(member: bytes) -> bytes | None:
    z = zlib.decompressobj(31)
    try:
        data = z.decompress(member)
    except zlib.error:
        return None
    return data if z.eof and not z.unused_data else None
