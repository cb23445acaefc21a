"""A WARC file as a row of streams of plain bytes: one a gzip member, or one for a file that isn't compressed.

Memory does not grow with the size of file, member or record.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

from archive.errors import RecordError

__all__ = ["Damage", "Plain", "find_member", "read_members", "read_plain"]

MAGIC = b"\x1f\x8b"
LARGEST_HEAD = 1 << 20
EXPANSION = 100
"""A file may hold so many times its compressed bytes once it passes `EXPANSION_FROM` plain ones."""
EXPANSION_FROM = 1 << 30

_RAW = 1 << 16
_PLAIN = 1 << 20
_PEEK = 8
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_RECORD = re.compile(rb"\nWARC/1\.")
_MEMBER = re.compile(rb"\x1f\x8b\x08")
_TRIES = 10_000


class Damage(RecordError):
    """A gzip member can't be read; its text is a sentence without the subject."""

    def __init__(self, text: str, offset: int, *, final: bool = False) -> None:
        super().__init__(text)
        self.offset = offset
        """Where the member begins, or should."""
        self.final = final
        """Whether there is no use in looking for the next member."""


class Plain:
    """A stream of plain bytes that can be looked at before they are taken."""

    def __init__(self, pull: Callable[[], bytes], offset: int) -> None:
        self._pull = pull
        self._data = b""
        self._at = 0
        self._ended = False
        self.offset = offset
        """Where it begins in the file."""
        self.taken = 0
        """Plain bytes that were taken."""
        self.length = 0
        """Bytes in the file; known when it has ended."""
        self.digest = ""
        """``sha256:`` of those bytes; known when it has ended, if it was asked for."""

    def peek(self) -> bytes:
        """The next bytes: eight at least, but at the end."""
        while len(self._data) - self._at < _PEEK and not self._ended:
            more = self._pull()
            self._data, self._at = self._data[self._at :] + more, 0
            self._ended = not more
        return self._data[self._at : self._at + _PEEK]

    def take(self, most: int) -> bytes:
        """The next bytes, at most so many; none at the end only."""
        self.peek()
        if self._at == 0 and len(self._data) <= most:
            data, self._at = self._data, len(self._data)
        else:
            data = self._data[self._at : self._at + most]
            self._at += len(data)
        self.taken += len(data)
        return data

    def take_head(self) -> bytes | None:
        """Everything to the next blank line, and with it; None if there is none within a megabyte."""
        head = b""
        while len(head) <= LARGEST_HEAD and self.peek():
            start = max(0, len(head) - 3)
            joined = head + self._data[self._at :]
            if match := _BLANK_LINE.search(joined, start):
                self._at += match.end() - len(head)
                self.taken += match.end()
                return joined[: match.end()]
            head, self._at = joined, len(self._data)
        self.taken += len(head)
        return None

    def drain(self) -> None:
        """Take all that is left."""
        while self.take(_PLAIN):
            pass

    def skip_to_record(self) -> None:
        """Pass over everything to the next line that begins like a record, or to the end."""
        kept = b""
        while self.peek():
            data = kept + self._data[self._at :]
            if match := _RECORD.search(data):
                self.taken += match.end() - 7 - len(kept)
                self._data, self._at = data, match.end() - 7
                return
            self.taken += len(self._data) - self._at
            kept, self._at = data[-7:], len(self._data)


def read_plain(file: IO[bytes], start: int = 0) -> Plain:
    """A file that isn't compressed, from byte `start` on (for one that can't be sought in: from where it is)."""
    if start:
        file.seek(start)
    return Plain(lambda: file.read(_PLAIN), start)


def read_members(file: IO[bytes], start: int = 0, *, digests: bool = False) -> Iterator[Plain]:
    """The gzip members of a file from byte `start` (for a file that can't be sought in: where it is).

    What a caller leaves of one is passed over. Raises `Damage` where a member can't be read: at its own bytes, so
    while it is taken or when the next one is asked for.
    """
    if start:
        file.seek(start)
    reader = _Members(file, start, digests=digests)
    while plain := reader.next():
        yield plain
        plain.drain()


class _Members:
    def __init__(self, file: IO[bytes], start: int, *, digests: bool) -> None:
        self._file = file
        self._raw = b""
        self._start = self._at = start
        self._given = 0
        self._digests = digests
        self._z: Any = None
        self._sha: Any = None
        self._plain: Any = None

    def next(self) -> Plain | None:
        self._raw = self._raw or self._file.read(_RAW)
        if not self._raw:
            return None
        if not self._raw.startswith(MAGIC[: len(self._raw)]):
            what = "zero bytes" if not self._raw.strip(b"\0") else "bytes that are no gzip member"
            raise Damage(f"has {what} where a record should begin", self._at)
        self._z = zlib.decompressobj(31)
        self._sha = hashlib.sha256() if self._digests else None
        plain = self._plain = Plain(self._pull, self._at)
        return plain

    def _pull(self) -> bytes:
        start = self._plain.offset
        while not self._z.eof:
            self._raw = self._raw or self._file.read(_RAW)
            if not self._raw:
                raise Damage("is cut short, or so damaged that it has no end", start)
            try:
                data: bytes = self._z.decompress(self._raw, _PLAIN)
            except zlib.error as error:
                raise Damage(f"is damaged ({_reason(error)})", start) from error
            rest = self._z.unused_data if self._z.eof else self._z.unconsumed_tail
            used = len(self._raw) - len(rest)
            if self._sha:
                self._sha.update(memoryview(self._raw)[:used])
            self._at += used
            self._raw = rest
            self._given += len(data)
            if self._given > EXPANSION_FROM and self._given > EXPANSION * (self._at - self._start):
                raise Damage(f"expands more than {EXPANSION} times, as no crawl does", start, final=True)
            if data:
                return data
        self._plain.length = self._at - start
        self._plain.digest = "sha256:" + self._sha.hexdigest() if self._sha else ""
        return b""


def _reason(error: zlib.error) -> str:
    """What zlib says, without its number."""
    return str(error).rpartition(": ")[2]


def find_member(file: IO[bytes], start: int) -> int | None:
    """Where the first gzip member from byte `start` on lies that begins a WARC record; a few thousand are tried."""
    at, data, tries = start, b"", 0
    while tries < _TRIES:
        file.seek(at + len(data))
        more = file.read(_PLAIN)
        if not more:
            return None
        data += more
        for match in _MEMBER.finditer(data):
            if _begins_record(file, at + match.start()):
                return at + match.start()
            tries += 1
            if tries == _TRIES:
                return None
        kept = min(2, len(data))
        at, data = at + len(data) - kept, data[-kept:]
    return None


def _begins_record(file: IO[bytes], at: int) -> bool:
    file.seek(at)
    try:
        return zlib.decompressobj(31).decompress(file.read(1 << 12), 5) == b"WARC/"
    except zlib.error:
        return False
