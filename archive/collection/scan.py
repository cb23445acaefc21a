"""Scanning a WARC file of any size for its records: block by block, never a record as a whole.

Compressed by record, uncompressed, damaged or cut short: what can be read is given, and each thing that
can't is told of in one sentence.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from typing import IO, overload

import msgspec

from archive.errors import ArchiveError
from archive.http import head_length, split_interim

__all__ = ["ManyRecords", "Scanned", "grows_without_end", "scan"]

GZIP = b"\x1f\x8b\x08"
LARGEST_RECORD = 2 << 30
"""Bytes of a block; as in `archive.reader`, which could not read a larger one back."""

_PIECE = 1 << 18
_HEAD = 1 << 18
"""Bytes of a record's head, and of the beginning of its block that is given."""
_DAMAGES = 10_000
"""Damaged records in one file, after which it is not read on."""
_TRIES = 100_000
"""Places that may be the beginning of a gzip member."""
_STEP, _LOOKED_AT = 1 << 16, 1 << 12
_FREELY = 64 << 20
_RATIO = 100
_VERSION = re.compile(rb"WARC/\d\.\d+[ \t]*\r?\n")
_BLANK = re.compile(rb"\r?\n\r?\n")
_CAPTURES = {"response", "revisit", "resource"}

Problem = Callable[[str], None]


class ManyRecords(ArchiveError):
    """A gzip member holds more than one record: the file must be unpacked to reach each of them."""


class _Damage(ArchiveError):
    """Bytes that are no record; the scan goes on behind them."""


class Scanned(msgspec.Struct, frozen=True):
    """A record, without most of its block."""

    type: str
    headers: tuple[tuple[str, str], ...]
    offset: int
    length: int
    """Bytes in the file: of the gzip member, or of head and block."""
    start: bytes
    """The beginning of the block: an HTTP head (interim replies before it), or up to 256 KiB."""
    payload_digest: str | None
    """``sha256:<hex>`` of what follows the block's head; of captures whose headers don't say it."""
    record_digest: str | None
    """``sha256:<hex>`` of the `length` bytes; of captures only."""

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """The first header of that name (any case)."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), default)

    def every(self, name: str) -> list[str]:
        """All headers of that name (any case), without angle brackets."""
        return [v.strip("<>") for n, v in self.headers if n.lower() == name.lower()]

    def id(self, name: str = "WARC-Record-ID") -> str | None:
        """A record id in a header, without angle brackets."""
        value = self.get(name)
        return value.strip("<>") if value else None

    @property
    def content_type(self) -> str:
        """Content-Type without parameters, lower case."""
        return self.get("Content-Type", "").split(";")[0].strip().lower()


def grows_without_end(packed: int, unpacked: int) -> bool:
    """Whether so many bytes grew out of so few that no archive of pages does that."""
    return unpacked > max(_FREELY, _RATIO * packed)


def scan(file: IO[bytes], problem: Problem) -> Iterator[Scanned]:
    """All records of a seekable WARC file, in order; `problem` is told of what can't be read.

    Raises `ManyRecords` if a gzip member holds more than one.
    """
    size = file.seek(0, 2)
    file.seek(0)
    magic = file.read(4)
    if not size:
        problem("The file is empty.")
    elif magic[:3] == GZIP:
        yield from _scan_gzip(file, size, problem)
    elif magic == b"\x28\xb5\x2f\xfd":
        problem("The file is compressed with zstd; unpack it first.")
    else:
        yield from _scan_plain(file, size, problem)


# Compressed by record


def _scan_gzip(file: IO[bytes], size: int, problem: Problem) -> Iterator[Scanned]:
    at = damages = 0
    while at < size and damages < _DAMAGES:
        member = _Member(file, at)
        try:
            record = _only_record(member, at)
        except _Damage as error:
            problem(str(error))
            damages += 1
            at = _next_member(file, at + 1, size) if member.end is None else member.end
            continue
        assert member.end is not None
        length = member.end - at
        if record:
            digest = _digest(file, at, length) if record.type in _CAPTURES else None
            yield msgspec.structs.replace(record, length=length, record_digest=digest)
        at = member.end
    if at < size:
        problem(_given_up(at))


def _only_record(member: _Member, at: int) -> Scanned | None:
    """The record in a gzip member, read to its end. Raises `_Damage` or `ManyRecords`."""
    record = _record(member, at)
    rest = member.peek(64).lstrip() or member.peek(_HEAD).lstrip()
    if record and _VERSION.match(rest):
        raise ManyRecords(f"The gzip member at byte {at} holds more than one record.")
    if rest:
        raise _Damage(f"The gzip member at byte {at} holds more than its record's Content-Length says.")
    while member.read(_PIECE):
        pass
    return record


class _Stream:
    """Bytes that are read forward; `_more` gives the next piece, empty at the end."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._damage: _Damage | None = None
        """What is said when all that can be read before it has been read."""

    def _more(self) -> bytes:
        raise NotImplementedError

    def peek(self, size: int) -> bytes:
        """The next bytes, fewer than `size` only at the end or before damage."""
        while len(self._buffer) < size and self._damage is None:
            try:
                piece = self._more()
            except _Damage as damage:
                self._damage = damage
                break
            if not piece:
                break
            self._buffer += piece
        return bytes(self._buffer[:size])

    def read(self, size: int) -> bytes:
        """Take bytes, at most `size`; none at the end. Raises `_Damage`."""
        data = self.peek(min(size, _PIECE))
        if not data and self._damage:
            raise self._damage
        del self._buffer[: len(data)]
        return data


class _Member(_Stream):
    """What a gzip member holds; `end` is known when it has been read to its end."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        super().__init__()
        self._file, self._start, self._at = file, start, start
        self._z = zlib.decompressobj(31)
        self._given = 0
        self.end: int | None = None

    def _more(self) -> bytes:
        while self.end is None:
            data = self._z.unconsumed_tail
            if not data:
                self._file.seek(self._at)
                data = self._file.read(1 << 16)
                self._at += len(data)
            if not data:
                raise _Damage(f"The gzip member at byte {self._start} is cut short.")
            try:
                piece = self._z.decompress(data, _PIECE)
            except zlib.error as error:
                raise _Damage(f"The gzip member at byte {self._start} is damaged: {error}.") from error
            if self._z.eof:
                self.end = self._at - len(self._z.unused_data)
            self._given += len(piece)
            if self._given > LARGEST_RECORD or grows_without_end(self._at - self._start, self._given):
                self.end = None
                raise _Damage(f"The gzip member at byte {self._start} expands without end and is passed over.")
            if piece:
                return piece
        return b""


def _next_member(file: IO[bytes], start: int, size: int) -> int:
    """Where, from byte `start` on, the next gzip member with a record begins; the file's end if none does."""
    for tried, (at, window) in enumerate(_each(file, GZIP, start)):
        try:
            if zlib.decompressobj(31).decompress(window, 5) == b"WARC/":
                return at
        except zlib.error:
            pass
        if tried > _TRIES:
            break
    return size


# Uncompressed


class _Plain(_Stream):
    """An uncompressed file from a byte on."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        super().__init__()
        self._file, self._at = file, start

    def _more(self) -> bytes:
        self._file.seek(self._at)
        data = self._file.read(1 << 16)
        self._at += len(data)
        return data


def _scan_plain(file: IO[bytes], size: int, problem: Problem) -> Iterator[Scanned]:
    at, damages = _past_blanks(file, 0), 0
    while at < size and damages < _DAMAGES:
        try:
            end, length = _extent(file, at, size)
            record = _record(_Plain(file, at), at)
            assert record is not None
            digest = _digest(file, at, length) if record.type in _CAPTURES else None
            yield msgspec.structs.replace(record, length=length, record_digest=digest)
            at = _past_blanks(file, end)
        except _Damage as error:
            problem(str(error))
            damages += 1
            at = next((found + 1 for found, _ in _each(file, b"\nWARC/", at)), size)
    if at < size:
        problem(_given_up(at))


def _extent(file: IO[bytes], at: int, size: int) -> tuple[int, int]:
    """Where the block of the record at byte `at` ends, and the record's length. Raises `_Damage`."""
    head = _head(_Plain(file, at), at)
    end = at + len(head) + _content_length(_headers(head), at)
    if end > size:
        raise _Damage(f"The record at byte {at} is cut short.")
    file.seek(end)
    behind = file.read(4)
    if behind[:2] != b"\r\n" and behind[:1] != b"\n" and end < size:
        raise _Damage(f"The record at byte {at} does not end where its Content-Length says.")
    return end, end - at


def _past_blanks(file: IO[bytes], at: int) -> int:
    """The first byte from `at` on that is no line end."""
    while True:
        file.seek(at)
        data = file.read(1 << 12)
        if not data or data.lstrip(b"\r\n"):
            return at + len(data) - len(data.lstrip(b"\r\n"))
        at += len(data)


# Records


def _record(stream: _Stream, at: int) -> Scanned | None:
    """Read a record and let its block pass; None if there is nothing but blanks. Raises `_Damage`."""
    while (start := stream.peek(64)) and start[:1].isspace():
        stream.read(len(start) - len(start.lstrip()))
    if not start:
        stream.read(1)  # says what is damaged, if that is why there is nothing
        return None
    head = _head(stream, at)
    stream.read(len(head))
    headers = _headers(head)
    kind = next((v for n, v in headers if n.lower() == "warc-type"), "").lower()
    left = _content_length(headers, at)
    if not kind:
        raise _Damage(f"The record at byte {at} has no WARC-Type.")
    has_digest = any(n.lower() == "warc-payload-digest" for n, _ in headers)
    sha = hashlib.sha256() if kind in _CAPTURES and not has_digest else None
    start = stream.peek(min(left, _HEAD))
    is_http = next((v for n, v in headers if n.lower() == "content-type"), "").lower().startswith("application/http")
    behind = before = _http_head(start) if is_http or start[:5] == b"HTTP/" else 0
    while left:
        data = stream.read(left)
        if not data:
            raise _Damage(f"The record at byte {at} is cut short.")
        if sha:
            sha.update(memoryview(data)[before:])
            before = max(0, before - len(data))
        left -= len(data)
    return Scanned(kind, headers, at, 0, start[:behind] or start, "sha256:" + sha.hexdigest() if sha else None, None)


def _http_head(start: bytes) -> int:
    """Bytes of a block's HTTP head, and of the interim replies before it."""
    _, final = split_interim(start)
    return len(start) - len(final) + head_length(final)


def _head(stream: _Stream, at: int) -> bytes:
    """The head of a record with its blank line."""
    data = stream.peek(1 << 12)
    if not _VERSION.match(data):
        raise _Damage(f"There is no WARC record at byte {at}.")
    match = _BLANK.search(data) or _BLANK.search(data := stream.peek(_HEAD))
    if not match:
        raise _Damage(f"The head of the record at byte {at} does not end.")
    return data[: match.end()]


def _headers(head: bytes) -> tuple[tuple[str, str], ...]:
    headers: list[tuple[str, str]] = []
    for line in head.split(b"\n")[1:]:
        try:
            text = line.decode().rstrip("\r")
        except UnicodeDecodeError:
            text = line.decode("latin-1").rstrip("\r")
        name, colon, value = text.partition(":")
        if text[:1] in (" ", "\t") and headers:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {text.strip()}")
        elif colon:
            headers.append((name.strip(), value.strip()))
    return tuple(headers)


def _content_length(headers: tuple[tuple[str, str], ...], at: int) -> int:
    value = next((v for n, v in headers if n.lower() == "content-length"), "")
    if not value.isascii() or not value.isdigit():
        raise _Damage(f"The record at byte {at} has no Content-Length.")
    if len(value) > 18 or int(value) > LARGEST_RECORD:
        raise _Damage(f"The record at byte {at} is larger than {LARGEST_RECORD} bytes and is passed over.")
    return int(value)


def _digest(file: IO[bytes], at: int, length: int) -> str:
    file.seek(at)
    sha = hashlib.sha256()
    while length and (data := file.read(min(length, _PIECE))):
        sha.update(data)
        length -= len(data)
    return "sha256:" + sha.hexdigest()


def _each(file: IO[bytes], what: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Where, from byte `start` on, those bytes stand, and the bytes from there on, some thousands."""
    step = _STEP
    while True:
        file.seek(start)
        window = file.read(step + _LOOKED_AT)
        at = window.find(what)
        while 0 <= at < step:
            yield start + at, window[at : at + _LOOKED_AT]
            at = window.find(what, at + 1)
        if len(window) <= step:
            return
        start, step = start + step, 1 << 20


def _given_up(at: int) -> str:
    return f"The file is damaged in too many places; it is not read beyond byte {at}."
