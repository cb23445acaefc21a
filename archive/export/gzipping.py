"""Gzip members that come out the same: no time, no name, no system in their heads (RFC 1952, 2.3)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

__all__ = ["packed", "stored"]

_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LARGEST_BLOCK = 0xFFFF
_LEVEL = 6


def stored(data: bytes) -> bytes:
    """One member that holds `data` as it is: no compressor's version can make a difference (RFC 1951, 3.2.4)."""
    return b"".join([_HEAD, *_blocks(data), _tail(data)])


def packed(data: bytes) -> bytes:
    """One member, compressed by zlib."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"".join([_HEAD, compressor.compress(data), compressor.flush(), _tail(data)])


def _blocks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data) or 1, _LARGEST_BLOCK):
        block = data[start : start + _LARGEST_BLOCK]
        is_last = start + _LARGEST_BLOCK >= len(data)
        yield struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF)
        yield block


def _tail(data: bytes) -> bytes:
    return struct.pack("<LL", zlib.crc32(data), len(data) & 0xFFFFFFFF)
