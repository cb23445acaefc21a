"""Reading WARC records back, from our files or anyone's."""

from __future__ import annotations

import io
import json
import logging
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParserException

from archive.errors import RecordError
from archive.warc import sha256

__all__ = ["StoredRecord", "check_digests", "parse_member", "read_gzip", "read_members", "read_records"]


FACTS = "newswarc"
"""The field of our application/warc-fields records that holds a JSON object."""

# It repeats the URLs of strangers as they are, and says only what `archive.inspection` says of the file.
logging.getLogger("warcio.recordloader").setLevel(logging.ERROR)

_READ = 1 << 20
_LARGEST_RECORD = 2 << 30
_END = b"\r\n\r\n"


class StoredRecord(msgspec.Struct, frozen=True):
    """A record as it stands in a file."""

    type: str
    headers: tuple[tuple[str, str], ...]
    block: bytes
    offset: int
    length: int
    """Bytes in the file, compressed."""

    def get(self, name: str) -> str | None:
        """The first header of that name (any case)."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def need(self, name: str) -> str:
        """The header of that name. Raises `RecordError` if the record has none."""
        value = self.get(name)
        if value is None:
            raise RecordError(f"The {self.type} record at byte {self.offset} has no {name}.")
        return value

    @property
    def id(self) -> str:
        """WARC-Record-ID without angle brackets."""
        return self.need("WARC-Record-ID").strip("<>")

    def refers_to(self, name: str = "WARC-Refers-To") -> str | None:
        """A record id in a header, without angle brackets."""
        value = self.get(name)
        return value.strip("<>") if value else None

    @property
    def url(self) -> str | None:
        """WARC-Target-URI; without the angle brackets that some writers put around it."""
        value = self.get("WARC-Target-URI")
        return value[1:-1] if value and value[0] == "<" and value[-1] == ">" else value

    @property
    def content_type(self) -> str:
        """Content-Type without parameters, lower case."""
        return (self.get("Content-Type") or "").split(";")[0].strip().lower()

    def json(self) -> dict[str, Any]:
        """The block as a JSON object, or the one in its field ``newswarc``. Raises `RecordError` if it isn't one."""
        try:
            in_fields = self.content_type == "application/warc-fields"
            value = json.loads(self.fields().get(FACTS, "") if in_fields else self.block)
        except (ValueError, RecursionError) as error:
            raise RecordError(f"The {self.type} record at byte {self.offset} is no JSON: {error}.") from error
        if not isinstance(value, dict):
            raise RecordError(f"The {self.type} record at byte {self.offset} is no JSON object.")
        return value

    def fields(self) -> dict[str, str]:
        """The block as application/warc-fields."""
        lines = (line.partition(":") for line in self.block.decode("utf-8", "replace").split("\n"))
        return {name.strip(): value.strip() for name, colon, value in lines if colon}


def read_records(file: IO[bytes] | Path, *, start: int = 0) -> Iterator[StoredRecord]:
    """All records of a WARC file, compressed or not, from byte `start` (a record's beginning).

    Raises `RecordError` where the file stops being WARC or is cut short; what came before has been given.
    """
    if isinstance(file, Path):
        try:
            with file.open("rb") as opened:
                yield from read_records(opened, start=start)
        except OSError as error:
            raise RecordError(f"{file}: can't be read: {error.strerror or error}.") from error
        return
    file.seek(start)
    magic = file.read(2)
    file.seek(start)
    if not magic:
        return
    if magic != b"\x1f\x8b":
        yield from _parse(file, 0)
        return
    for offset, length, data in read_gzip(file, start):
        held = list(_parse(io.BytesIO(data), offset))
        if not held:
            raise RecordError(f"The gzip member at byte {offset} holds no record.")
        for record in held:
            yield msgspec.structs.replace(record, offset=offset, length=length)


def read_gzip(file: IO[bytes], start: int = 0) -> Iterator[tuple[int, int, bytes]]:
    """Offset, length and content of each gzip member, its checksum verified.

    Raises `RecordError` at one that is damaged, cut short, or holds more than 2 GiB.
    """
    file.seek(start)
    offset, data = start, b""
    while True:
        z = zlib.decompressobj(31)
        parts: list[bytes] = []
        size = 0
        while not z.eof:
            data = data or file.read(_READ)
            if not data:
                if parts or file.tell() > offset:
                    raise RecordError(f"The gzip member at byte {offset} is cut short.")
                return
            try:
                parts.append(z.decompress(data, _READ * 8))
            except zlib.error as error:
                raise RecordError(f"The gzip member at byte {offset} is damaged: {error}.") from error
            size += len(parts[-1])
            if size > _LARGEST_RECORD:
                raise RecordError(f"The gzip member at byte {offset} holds more than {_LARGEST_RECORD} bytes.")
            data = z.unconsumed_tail
        data = z.unused_data
        end = file.tell() - len(data)
        yield offset, end - offset, b"".join(parts)
        offset = end


def _parse(file: IO[bytes], base: int) -> Iterator[StoredRecord]:
    """The records of uncompressed WARC; `base` is where they lie, for what is said of them."""
    records = ArchiveIterator(file, no_record_parse=True)
    at = 0
    try:
        for record in records:
            block = record.raw_stream.read()
            at = records.get_record_offset()
            length = record.rec_headers.get_header("Content-Length") or ""
            if not record.rec_type or not length.isascii() or not length.isdigit():
                raise RecordError(f"The record at byte {base + at} has no WARC-Type or Content-Length.")
            if len(block) != int(length):
                raise RecordError(f"The record at byte {base + at} is cut short.")
            yield StoredRecord(
                record.rec_type, tuple(record.rec_headers.headers), block, at, records.get_record_length()
            )
    except (ArchiveLoadFailed, StatusAndHeadersParserException, EOFError, UnicodeError, ValueError) as error:
        text = str(error).strip().splitlines()
        raise RecordError(f"No WARC record behind byte {base + at}: {text[0] if text else error!r}.") from error


def parse_member(data: bytes, offset: int = 0) -> StoredRecord:
    """The record in one gzip member's bytes, which lay at `offset`. Raises `RecordError`."""
    if record := _plain_record(data, offset):
        return record
    for record in read_records(io.BytesIO(data)):
        return msgspec.structs.replace(record, offset=offset, length=len(data))
    raise RecordError(f"No WARC record at byte {offset}.")


def _plain_record(data: bytes, offset: int) -> StoredRecord | None:
    """The record if it is written as we write them; None where only a whole parser can tell, which takes five times
    as long."""
    z = zlib.decompressobj(31)
    try:
        held = z.decompress(data, _LARGEST_RECORD)
        head, _, rest = held.partition(b"\r\n\r\n")
        version, *lines = head.decode().split("\r\n")
    except (zlib.error, UnicodeDecodeError):
        return None
    if not z.eof or z.unused_data or version not in ("WARC/1.0", "WARC/1.1") or b"\n" in head.replace(b"\r\n", b""):
        return None
    if any(line[:1] in (" ", "\t") or ":" not in line for line in lines):
        return None
    fields = (line.partition(":") for line in lines)
    # Of a list: CPython 3.11 shrinks a tuple of a generator, and keeps up to 2,000 of these when they are let go.
    headers = tuple([(name.rstrip(" \t"), value.strip()) for name, _, value in fields])
    known = {name.lower(): value for name, value in reversed(headers)}
    kind, length, url = (known.get(name, "") for name in ("warc-type", "content-length", "warc-target-uri"))
    if not kind or length != str(len(rest) - 4) or rest[-4:] != _END or " " in url or "<" in url:
        return None
    return StoredRecord(kind, headers, rest[:-4], offset, len(data))


def read_members(path: Path) -> Iterator[tuple[StoredRecord, str]]:
    """All records of a compressed file of ours with the ``sha256:`` digests of their gzip members.

    Raises `RecordError` where the file can't be read or a member holds anything but one record.
    """
    try:
        with path.open("rb") as raw, path.open("rb") as file:
            end = 0
            for record in read_records(file):
                if record.offset != end:
                    raise RecordError(f"The gzip member at byte {record.offset} holds more than one record.")
                raw.seek(record.offset)
                yield record, sha256(raw.read(record.length))
                end = record.offset + record.length
    except OSError as error:
        raise RecordError(f"can't be read: {error.strerror or error}.") from error


def check_digests(record: StoredRecord) -> str | None:
    """One sentence naming the digest header that doesn't match the record's block, or None.

    SHA-256 only (ours); the payload is what follows the HTTP head.
    """
    from archive.http import head_length

    block_digest, payload_digest = record.get("WARC-Block-Digest"), record.get("WARC-Payload-Digest")
    if block_digest and block_digest.startswith("sha256:") and sha256(record.block) != block_digest:
        return "its block does not match WARC-Block-Digest"
    if record.type == "revisit" or not (payload_digest or "").startswith("sha256:"):
        return None
    start = head_length(record.block) if record.content_type == "application/http" else 0
    if sha256(record.block, start) != payload_digest:
        return "its payload does not match WARC-Payload-Digest"
    return None
