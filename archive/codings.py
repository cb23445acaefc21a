"""Content and transfer codings undone: chunked, gzip, deflate, br, zstd (RFC 9110, 8.4; RFC 9112, 7.1)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import brotli
import zstandard

from archive.errors import RecordError

__all__ = ["dechunk", "decode", "is_chunked", "is_undone", "too_big"]

_SLICE = {"zstd": 64}
"""Compressed bytes handed over at once: zstandard gives all that they hold in one piece."""
_DEFAULT_SLICE = 1 << 13
_OUTPUT = 1 << 16
_MAX_WINDOW = 1 << 27
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]+)[ \t]*(?:;[^\n]*)?\r?\n")

_BARE_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}\r?")
_MAGIC = {"gzip": b"\x1f\x8b", "x-gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
_NOT_IN_TEXT = set(range(32)) - set(b"\t\n\r\f")
_CERTAIN = 256
"""Bytes: among so many compressed ones there is always one that no text has."""
_NO_CODING = {"identity", "none", "utf-8"}

Step = Callable[[bytes], Iterator[bytes]]
"""Gives the output for a piece of input; raises one of `_BROKEN`."""

_BROKEN = (zlib.error, brotli.error, zstandard.ZstdError)


class _Done(Exception):
    """A stream has ended; `unused` bytes of the last piece were not part of it."""

    def __init__(self, unused: int) -> None:
        self.unused = unused


def decode(coding: str, data: bytes, max_size: int) -> bytes:
    """`data` with one coding undone. Of a truncated or damaged stream, what it gives up to there.

    Raises `RecordError` for an unknown coding, a stream that is broken from its start, or a result of more
    than `max_size` bytes.
    """
    if coding == "chunked":
        return dechunk(data)
    if coding == "deflate":
        coding = "zlib" if _is_zlib(data) else "raw-deflate"  # some servers send it raw
    if coding not in _STARTS:
        raise RecordError(f"The content coding {coding!r} is unknown; its bytes are kept as they came.")
    if not data:
        return b""
    return _run(coding, data, max_size)


def _run(coding: str, data: bytes, max_size: int, fine_from: int | None = None) -> bytes:
    """Feed `data` piece by piece, from byte `fine_from` on one by one."""
    out: list[bytes] = []
    size = at = streams = 0
    step = _STARTS[coding]()
    while at < len(data):
        fine = fine_from is not None and at >= fine_from
        piece = data[at : at + (1 if fine else _SLICE.get(coding, _DEFAULT_SLICE))]
        try:
            for part in step(piece):
                out.append(part)
                size += len(part)
                if size > max_size:
                    raise too_big(max_size)
            at += len(piece)
        except _Done as done:
            streams += 1
            at += len(piece) - done.unused
            if coding not in _REPEATED:
                break
            step = _STARTS[coding]()
        except _BROKEN as error:
            if fine_from is None:  # once more, to get what stands before the damage to the byte
                return _run(coding, data[: at + len(piece)], max_size, fine_from=at)
            if not size and not streams:
                raise RecordError(f"The compressed body is broken: {error}.") from error
            break
    return b"".join(out)


def too_big(max_size: int) -> RecordError:
    """The error for a body that grows beyond a limit."""
    return RecordError(f"The decoded body passes {max_size} bytes; raise the limit if that is meant.")


def dechunk(data: bytes) -> bytes:
    """The body in chunks (RFC 9112, 7.1); ends quietly where a truncated or broken one ends."""
    parts, at = [], 0
    while match := _CHUNK_SIZE.match(data, at):
        size = int(match[1], 16)
        if not size:
            break
        parts.append(data[match.end() : match.end() + size])
        at = data.find(b"\n", match.end() + size) + 1
        if not at:
            break
    return b"".join(parts)


def is_chunked(data: bytes) -> bool:
    """Whether a body is in chunks: it begins with a chunk's size, and where that chunk ends there is a line end.

    A body that ends before that was cut short, and is taken for one if the size stands in a line as RFC 9112 has it.
    """
    match = _CHUNK_SIZE.match(data)
    if not match:
        return _BARE_SIZE.fullmatch(data) is not None
    end = match.end() + int(match[1], 16)
    if end > len(data):
        return match[0].endswith(b"\r\n")
    return int(match[1], 16) == 0 or data[end : end + 2] in (b"", b"\r", b"\r\n") or data[end : end + 1] == b"\n"


def is_undone(coding: str, data: bytes) -> bool:
    """Whether a body that is said to be compressed is plain text: the coding has been undone.

    Compressed bytes are never taken for text; other bytes that are not compressed either are left to `decode`.
    """
    start = data[:1024]
    if coding in _NO_CODING or not data or start.startswith(_MAGIC.get(coding, b"\0")):
        return False
    if set(start) & _NOT_IN_TEXT:
        return False
    if len(data) >= _CERTAIN:
        return True
    try:
        decode(coding, data, 1 << 30)
    except RecordError:
        return True
    return False


def _is_zlib(data: bytes) -> bool:
    """Whether it begins with a zlib header (RFC 1950, 2.2)."""
    return len(data) > 1 and data[0] & 15 == zlib.DEFLATED and (data[0] << 8 | data[1]) % 31 == 0


def _inflate(wbits: int) -> Callable[[], Step]:
    def start() -> Step:
        decoder = zlib.decompressobj(wbits)

        def step(piece: bytes) -> Iterator[bytes]:
            while True:
                part = decoder.decompress(piece, _OUTPUT)
                yield part
                piece = decoder.unconsumed_tail
                if decoder.eof:
                    raise _Done(len(decoder.unused_data))
                if len(part) < _OUTPUT and not piece:
                    return

        return step

    return start


def _brotli() -> Step:
    decoder = brotli.Decompressor()

    def step(piece: bytes) -> Iterator[bytes]:
        part: bytes = decoder.process(piece, output_buffer_limit=_OUTPUT)
        yield part
        while not decoder.is_finished() and (len(part) >= _OUTPUT or not decoder.can_accept_more_data()):
            part = decoder.process(b"", output_buffer_limit=_OUTPUT)
            yield part
        if decoder.is_finished():
            raise _Done(0)

    return step


def _zstd() -> Step:
    decoder: Any = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()

    def step(piece: bytes) -> Iterator[bytes]:
        yield decoder.decompress(piece)
        if decoder.eof:
            raise _Done(len(decoder.unused_data))

    return step


_REPEATED = {"gzip", "x-gzip", "zstd"}
"""Codings whose streams may follow each other."""
_STARTS: dict[str, Callable[[], Step]] = {
    "gzip": _inflate(zlib.MAX_WBITS | 16),
    "x-gzip": _inflate(zlib.MAX_WBITS | 16),
    "zlib": _inflate(zlib.MAX_WBITS),
    "raw-deflate": _inflate(-zlib.MAX_WBITS),
    "br": _brotli,
    "zstd": _zstd,
}
