"""`Member`: one record of a WARC file read as a stream, however large it is."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from archive.errors import RecordError
from archive.http import head_length

__all__ = ["Member", "blocks", "stored_bytes"]

_READ = 1 << 18
_LARGEST = 2 << 30
_LONGEST_HEAD = 1 << 20


class Member(msgspec.Struct, frozen=True):
    """A record as it stands in a compressed WARC file, with the beginning of its block."""

    offset: int
    length: int
    """Bytes in the file."""
    headers: tuple[tuple[str, str], ...]
    block: bytes
    """As much of it as was asked for."""
    size: int
    """Bytes of the whole block."""

    def get(self, name: str) -> str:
        """The first header of that name, without angle brackets; empty if there is none."""
        value = next((v for n, v in self.headers if n.lower() == name.lower()), "")
        return value[1:-1] if value[:1] == "<" and value[-1:] == ">" else value

    @property
    def type(self) -> str:
        """WARC-Type."""
        return self.get("WARC-Type")

    @property
    def is_whole(self) -> bool:
        """Whether `block` is all of it."""
        return len(self.block) == self.size

    @property
    def http_head(self) -> int:
        """Bytes of the block that are an HTTP head."""
        is_http = self.get("Content-Type").startswith("application/http")
        return head_length(self.block) if is_http else 0

    @classmethod
    def read(cls, path: Path, offset: int, most: int) -> Member:
        """The record that begins at byte `offset`, with at most so many bytes of its block.

        Raises `RecordError` if none begins there or it is damaged.
        """
        stream = _Stream(path, offset)
        data = b""
        size = 0
        head = -1
        for chunk in stream:
            size += len(chunk)
            if head < 0:
                data += chunk
                head = data.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else -1
                if head < 0 and len(data) > _LONGEST_HEAD:
                    break
            elif len(data) < head + most:
                data += chunk
        if head < 0 or not data.startswith(b"WARC/"):
            raise RecordError(f"No WARC record begins at byte {offset}.")
        headers = tuple(_headers(data[:head]))
        size = _length(headers, size - head, offset)
        return cls(offset, stream.length, headers, data[head : head + min(most, size)], size)


def blocks(path: Path, member: Member, start: int = 0) -> Iterator[bytes]:
    """The block of a record from its byte `start`, piece by piece."""
    skip, left = start, member.size - start
    for chunk in _after_head(_Stream(path, member.offset)):
        used = chunk[skip : skip + left]
        skip = max(0, skip - len(chunk))
        left -= len(used)
        if used:
            yield used
        if left <= 0:
            return


def _after_head(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What follows a record's headers."""
    held: bytes | None = b""
    for chunk in chunks:
        if held is None:
            yield chunk
            continue
        held += chunk
        end = held.find(b"\r\n\r\n")
        if end >= 0:
            yield held[end + 4 :]
            held = None


def stored_bytes(path: Path, member: Member) -> Iterator[bytes]:
    """The record as it lies in the file, compressed."""
    with path.open("rb") as file:
        file.seek(member.offset)
        left = member.length
        while left and (data := file.read(min(left, _READ))):
            left -= len(data)
            yield data


class _Stream:
    """What a gzip member holds, piece by piece; `length` is known at its end."""

    def __init__(self, path: Path, offset: int) -> None:
        self._path, self._offset = path, offset
        self.length = 0

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        z = zlib.decompressobj(31)
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                while not z.eof:
                    data = z.unconsumed_tail or file.read(_READ)
                    if not data:
                        raise RecordError(f"No whole record begins at byte {self._offset}.")
                    chunk = z.decompress(data, _READ)
                    size += len(chunk)
                    if size > _LARGEST:
                        raise RecordError(f"The record at byte {self._offset} holds more than {_LARGEST} bytes.")
                    if chunk:
                        yield chunk
                self.length = file.tell() - len(z.unused_data) - self._offset
        except zlib.error as error:
            raise RecordError(f"No record begins at byte {self._offset}, or it is damaged: {error}.") from error
        except OSError as error:
            raise RecordError(f"The file can't be read: {error.strerror or error}.") from error


def _headers(head: bytes) -> Iterator[tuple[str, str]]:
    for line in head.decode("utf-8", "replace").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), value.strip()


def _length(headers: tuple[tuple[str, str], ...], there: int, offset: int) -> int:
    value = next((v for n, v in headers if n.lower() == "content-length"), "")
    if not value.isascii() or not value.isdigit() or int(value) > there:
        raise RecordError(f"The record at byte {offset} is not as long as it says.")
    return int(value)
