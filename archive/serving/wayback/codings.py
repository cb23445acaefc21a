"""Content codings that warcio doesn't undo by itself."""

from __future__ import annotations

import re
from typing import Any

from warcio.bufferedreaders import BufferedReader

__all__ = ["is_known_coding", "teach_warcio"]

_CODING = re.compile("[a-z][a-z0-9-]*")
"""One coding. Servers write much else there, and then mean none."""
_WINDOW = 8 << 20
"""Largest window of a zstd frame, bytes (RFC 9659)."""
_SLICE, _OUTPUT = 64, 64 << 20
"""A few bytes may hold very many: so many are undone at once, and so many may come of one piece."""


def teach_warcio() -> None:
    """Let it read zstd and, under its older name, gzip."""
    BufferedReader.DECOMPRESSORS["x-gzip"] = BufferedReader.DECOMPRESSORS["gzip"]
    try:
        import zstandard  # noqa: F401 - not in every environment
    except ImportError:
        return
    BufferedReader.DECOMPRESSORS["zstd"] = _Zstd


def is_known_coding(head: bytes) -> bool:
    """Whether warcio can undo the coding that a response's head names, if it names one."""
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        coding = value.strip().decode("latin-1")
        if name == b"content-encoding" and _CODING.fullmatch(coding) and coding != "identity":
            return coding in BufferedReader.DECOMPRESSORS
    return True


class _Zstd:
    """As warcio wants a decompressor."""

    def __init__(self) -> None:
        import zstandard

        self._undo: Any = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
        self.unused_data = b""

    def decompress(self, data: bytes) -> bytes:
        """Raises ValueError if that would be too much."""
        pieces, size = [], 0
        for at in range(0, len(data), _SLICE):
            if self._undo.eof:
                self.unused_data = data[at:]
                break
            pieces.append(self._undo.decompress(data[at : at + _SLICE]))
            size += len(pieces[-1])
            if size > _OUTPUT:
                raise ValueError("expands too far")
        return b"".join(pieces)

    def flush(self) -> bytes:
        """Nothing is held back."""
        return b""
