"""Reading a damaged file to its end: every whole record of it, and where there is none."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from archive.errors import RecordError
from archive.inspection.members import find_member
from archive.reader import StoredRecord, check_digests, read_gzip, read_records
from archive.warc import sha256

__all__ = ["Gap", "read_on"]

_LOOKED_AT = 1 << 16
_ID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PIECE = 1 << 20


class Gap(msgspec.Struct, frozen=True):
    """Bytes of a file that hold no whole record."""

    offset: int
    end: int
    """Where the next whole record begins, or the file ends."""
    what: str
    """One sentence."""
    headers: tuple[tuple[str, str], ...] = ()
    """What can still be read of a damaged record's head; perhaps not as it was written."""

    def get(self, name: str) -> str | None:
        """The first header of that name."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def id(self) -> str | None:
        """The record id, if one can be read."""
        found = (self.get("WARC-Record-ID") or "").strip("<>")
        return found if _ID.fullmatch(found) else None


def read_on(path: Path, *, advance: Callable[[int], None] | None = None) -> Iterator[tuple[StoredRecord, str] | Gap]:
    """Every record of a compressed file with the ``sha256:`` digest of its gzip member, and the gaps between them.

    Behind damage, only a member that holds one record whose digests match, and which names the same warcinfo record as
    those before it, counts as the next one. `advance` is told how far it is. Raises `RecordError` if the file can't be
    read.
    """
    try:
        with path.open("rb") as file, path.open("rb") as raw:
            yield from _Reader(file, raw, advance or (lambda _: None)).read()
    except OSError as error:
        raise RecordError(f"can't be read: {error.strerror or error}.") from error


class _Reader:
    def __init__(self, file: IO[bytes], raw: IO[bytes], advance: Callable[[int], None]) -> None:
        self._file, self._raw, self._advance = file, raw, advance
        self._info: str | None = None
        self._end = 0

    def read(self) -> Iterator[tuple[StoredRecord, str] | Gap]:
        size = self._file.seek(0, 2)
        while self._end < size:
            try:
                for offset, length, data in read_gzip(self._file, self._end):
                    record = _only_record(data, offset, length)
                    self._info = self._info or _info_of(record)
                    self._raw.seek(offset)
                    yield record, sha256(self._raw.read(length))
                    self._end = offset + length
                    self._advance(self._end)
            except RecordError as error:
                start = self._end
                self._end = self._next(start + 1) or size
                yield Gap(start, self._end, str(error), _head(self._file, start, self._end))
            else:
                return

    def _next(self, start: int) -> int | None:
        """Where the next whole record begins."""
        at = find_member(self._file, start)
        while at is not None:
            try:
                offset, length, data = next(read_gzip(self._file, at))
                record = _only_record(data, offset, length)
            except RecordError:
                pass
            else:
                if check_digests(record) is None and self._info in (None, _info_of(record)):
                    return at
            at = find_member(self._file, at + 1)
        return None


def _only_record(data: bytes, offset: int, length: int) -> StoredRecord:
    held = list(read_records(io.BytesIO(data))) if data[:2] != b"\x1f\x8b" else []
    if len(held) != 1:
        number = "more than one record" if held else "no record"
        raise RecordError(f"The gzip member at byte {offset} holds {number}.")
    return msgspec.structs.replace(held[0], offset=offset, length=length)


def _info_of(record: StoredRecord) -> str | None:
    """The warcinfo record of the file that it was written to."""
    value = record.get("WARC-Record-ID" if record.type == "warcinfo" else "WARC-Warcinfo-ID")
    return value.strip("<>") if value else None


def _head(file: IO[bytes], start: int, end: int) -> tuple[tuple[str, str], ...]:
    """The WARC fields that a damaged member still gives."""
    file.seek(start)
    raw = file.read(min(end - start, _PIECE))
    data = _inflated(raw, 31) or (_inflated(raw[10:], -15) if len(raw) > 10 else b"")
    head, ended, _ = data.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "replace").split("\r\n")
    if not lines[0].startswith("WARC/"):
        return ()
    fields = (line.partition(":") for line in lines[1 : None if ended else -1])
    return tuple([(name.strip(), value.strip()) for name, colon, value in fields if colon])


def _inflated(raw: bytes, form: int) -> bytes:
    """The beginning of what compressed bytes hold, up to where they are damaged."""
    z, data = zlib.decompressobj(form), b""
    try:
        for at in range(0, len(raw), 16):
            data += z.decompress(raw[at : at + 16], _LOOKED_AT)
            if b"\r\n\r\n" in data or len(data) >= _LOOKED_AT:
                break
    except zlib.error:
        pass
    return data
