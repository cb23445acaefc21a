"""`WarcWriter`: appends records to one WARC/1.1 file so that a kill leaves only whole ones.

The rules that the files keep are in docs/warc.md; each one bit a real replay tool.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import time
import uuid
import zlib
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import msgspec
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.durability import EXCHANGE, Durability, make_folder, replace_file, sync_file, sync_folder
from archive.errors import RecordError, StoreError

__all__ = ["Member", "Record", "WarcWriter", "new_id", "plain_record", "sha256", "warc_fields"]

OPEN_SUFFIX = ".open"
CONFORMS_TO = "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
PROFILE_IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
PROFILE_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"

_PIECE = 256 << 10
"""Plain bytes that are compressed at once."""
_FLUSH = 4 << 20
"""Compressed bytes that may wait in memory while a large record is written."""


class Record(msgspec.Struct, kw_only=True):
    """A record to be written. Header values are text without line ends."""

    type: str
    date: str
    """UTC in whole seconds: fractions make replayweb.page pick the wrong version."""
    block: bytes | IO[bytes] = b""
    """The block verbatim; a file is read from its start."""
    content_type: str | None = None
    target_uri: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    """WARC-* headers besides those that the fields give."""
    payload_digest: str | None = None
    id: str = ""
    """``urn:uuid:...``; given at once when empty."""

    def __post_init__(self) -> None:
        self.id = self.id or new_id()


class Member(msgspec.Struct, frozen=True):
    """Where a record lies: one gzip member of a file."""

    offset: int
    length: int
    digest: str
    """``sha256:<hex>`` of the member's bytes."""


def new_id() -> str:
    """A fresh record id without angle brackets."""
    return f"urn:uuid:{uuid.uuid4()}"


def sha256(data: bytes | IO[bytes], start: int = 0) -> str:
    """``sha256:<lowercase hex>`` of bytes, or of a file from byte `start` to its end."""
    if isinstance(data, bytes):
        return "sha256:" + hashlib.sha256(memoryview(data)[start:]).hexdigest()
    data.seek(start)
    digest = hashlib.sha256()
    while chunk := data.read(1 << 20):
        digest.update(chunk)
    return "sha256:" + digest.hexdigest()


def _find_compressor() -> tuple[Any, int]:
    """The fastest zlib that is installed, and its level: isal, zlib-ng, zlib.

    Of isal's levels, 3 takes two thirds more time than 2 for files 3.5 % smaller (150 news pages).
    """
    for name, level in (("isal.isal_zlib", 2), ("zlib_ng.zlib_ng", 6)):
        try:
            return import_module(name), level
        except ImportError:
            continue
    return zlib, 6


_compressor, _level = _find_compressor()


class _Gzip:
    """The stream that warcio writes one record to: one gzip member, spilled when it grows large."""

    def __init__(self, spill: Any) -> None:
        self._z = _compressor.compressobj(_level, zlib.DEFLATED, 31)
        self._spill = spill
        self._plain: list[bytes] = []
        self._plain_size = 0
        self._packed: list[bytes] = []
        self._packed_size = 0
        self._sha = hashlib.sha256()
        self.length = 0

    def write(self, data: bytes) -> None:
        """warcio writes many small pieces; they are compressed together."""
        self._plain.append(data)
        self._plain_size += len(data)
        if self._plain_size > _PIECE:
            self._compress()
            if self._packed_size > _FLUSH:
                self._spill(self)

    def flush(self) -> None:
        """warcio calls it after each record; the member ends in `finish`."""

    def finish(self) -> None:
        self._compress()
        self._keep(self._z.flush())

    def _compress(self) -> None:
        self._keep(self._z.compress(b"".join(self._plain)))
        self._plain, self._plain_size = [], 0

    def _keep(self, data: bytes) -> None:
        self._packed.append(data)
        self._packed_size += len(data)
        self.length += len(data)
        self._sha.update(data)

    def taken(self) -> bytes:
        data = b"".join(self._packed)
        self._packed, self._packed_size = [], 0
        return data

    @property
    def digest(self) -> str:
        return "sha256:" + self._sha.hexdigest()


class WarcWriter:
    """One WARC file that grows by whole exchanges.

    While open it is called ``NAME.warc.gz.open`` and is locked (flock), so that others can tell a file
    being written from one that a killed process left. `append` makes one ``write(2)`` of all members that
    belong together (a record above a few MB is written in parts).
    """

    def __init__(self, path: Path, info: dict[str, str], durability: Durability = EXCHANGE) -> None:
        """Create `path` (the final name) and write its warcinfo record of `info` fields.

        `durability` says when records are forced onto the disk. Raises `StoreError` if the file can't be made.
        """
        self.path = path
        self.open_path = path.with_name(path.name + OPEN_SUFFIX)
        self._durability = (
            EXCHANGE  # the catalogue knows of a run when its first file tells of it, also after a power cut
        )
        self._unsynced: float | None = None
        """Since when (monotonic) something waits to be forced onto the disk."""
        self._failed = False
        self._fd = self._open()
        self.size = 0
        self._sha = hashlib.sha256()
        self._warcio = _warcio_writer(io.BytesIO())
        fields = {"format": "WARC File Format 1.1", "conformsTo": CONFORMS_TO, **info}
        self.info_id = new_id()
        try:
            record = Record(
                type="warcinfo",
                date=info["created"],
                id=self.info_id,
                block=warc_fields(fields),
                content_type=WARC_FIELDS,
                headers=(("WARC-Filename", path.name),),
            )
            self.append([record])
        except (StoreError, RecordError):
            os.close(self._fd)
            self.open_path.unlink(missing_ok=True)
            raise
        self._durability = durability

    def _open(self) -> int:
        """Create and lock the file."""
        try:
            make_folder(self.path.parent)
            while True:
                flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
                fd = os.open(self.open_path, flags, 0o644)
                fcntl.flock(fd, fcntl.LOCK_EX)
                if os.fstat(fd).st_nlink:
                    sync_folder(self.path.parent)
                    return fd
                os.close(fd)  # another process took the empty file for a dead one's before it was locked
        except OSError as error:
            raise StoreError(f"{self.path.parent}: can't write there: {error.strerror}; see ARCHIVE_STORE.") from error

    def append(self, records: Iterable[Record]) -> list[Member]:
        """Write records that belong together; returns where each lies.

        With `EXCHANGE` they are on the disk when it returns. Raises `StoreError` if the disk refuses; the file is then
        as it was before. Raises `RecordError` for a header value with a line end in it.
        """
        self._refuse_if_failed()
        start, sha = self.size, self._sha.copy()
        waiting: list[bytes] = []
        members: list[Member] = []
        offset = self.size

        def spill(gzip: _Gzip) -> None:
            waiting.append(gzip.taken())
            self._write(b"".join(waiting))
            waiting.clear()

        try:
            for record in records:
                gzip = _Gzip(spill)
                self._warcio.out = gzip
                self._warcio.write_record(_build(record, self.info_id))
                gzip.finish()
                waiting.append(gzip.taken())
                members.append(Member(offset, gzip.length, gzip.digest))
                offset += gzip.length
            self._write(b"".join(waiting))
            if self._unsynced is None:
                self._unsynced = time.monotonic()
            self._sync_if_due()
        except BaseException as error:
            os.ftruncate(self._fd, start)
            self.size, self._sha = start, sha
            if isinstance(error, OSError):
                raise StoreError(
                    f"{self.open_path}: can't write: {error.strerror}; what was stored before is whole."
                ) from error
            raise
        return members

    def sync_if_due(self) -> None:
        """Force onto the disk what has waited long enough. Raises `StoreError` if it refuses."""
        try:
            self._sync_if_due()
        except OSError as error:
            raise StoreError(
                f"{self.open_path}: can't be forced onto the disk: {error.strerror}; see what its kernel log says."
            ) from error

    def _sync_if_due(self) -> None:
        if self._unsynced is None or time.monotonic() - self._unsynced < self._durability.patience:
            return
        try:
            os.fdatasync(self._fd)
        except OSError:
            self._failed = True
            raise
        self._unsynced = None

    def _refuse_if_failed(self) -> None:
        """After a failed fsync the next one says that all is well, although it is not."""
        if self._failed:
            raise StoreError(f"{self.open_path}: the disk has refused to keep it; the next run closes it.")

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            done = os.write(self._fd, view)
            self._sha.update(view[:done])
            self.size += done
            view = view[done:]

    def close(self) -> str:
        """Force all onto the disk, write ``NAME.sha256`` (as `sha256sum` does), take the final name.

        Returns the digest of the whole file, ``sha256:<hex>``. Raises `StoreError` if the disk refuses.
        """
        try:
            self._refuse_if_failed()
            digest = "sha256:" + self._sha.hexdigest()
            finish_file(self.open_path, digest)
        except OSError as error:
            raise StoreError(
                f"{self.open_path}: can't write its end: {error.strerror}; the next run closes it."
            ) from error
        finally:
            os.close(self._fd)
        return digest


WARC_FIELDS = "application/warc-fields"


def plain_record(record: Record, info_id: str | None) -> bytes:
    """A record as it stands in an uncompressed file; `info_id` is that of the file's warcinfo. Raises `RecordError`."""
    plain = io.BytesIO()
    _warcio_writer(plain).write_record(_build(record, info_id))
    return plain.getvalue()


def _warcio_writer(out: IO[bytes]) -> WARCWriter:
    writer = WARCWriter(out, gzip=False, warc_version="1.1")
    # Digests are ours (sha256 hex); warcio must not add its own.
    writer.NO_PAYLOAD_DIGEST_TYPES = _Everything()
    return writer


def _build(record: Record, info_id: str | None) -> ArcWarcRecord:
    headers = [
        ("WARC-Type", record.type),
        ("WARC-Record-ID", f"<{record.id}>"),
        ("WARC-Date", record.date),
    ]
    if record.target_uri is not None:
        headers.append(("WARC-Target-URI", record.target_uri))
    headers += record.headers
    if info_id and record.id != info_id:
        headers.append(("WARC-Warcinfo-ID", f"<{info_id}>"))
    if record.payload_digest:
        headers.append(("WARC-Payload-Digest", record.payload_digest))
    headers.append(("WARC-Block-Digest", sha256(record.block)))
    _check([*headers, ("Content-Type", record.content_type or "")], record.type)
    if isinstance(record.block, bytes):
        length, stream = len(record.block), io.BytesIO(record.block)
    else:
        length = record.block.seek(0, os.SEEK_END)
        record.block.seek(0)
        stream = record.block  # type: ignore[assignment]
    return ArcWarcRecord(
        "warc",
        "resource",  # for warcio: of a type that it writes verbatim; of a revisit it would drop the block
        StatusAndHeaders("", headers, protocol="WARC/1.1"),
        stream,
        None,  # no http_headers: warcio would serialise them anew
        record.content_type,
        length,
    )


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _check(headers: list[tuple[str, str]], kind: str) -> None:
    """Raises `RecordError` for a header that would forge another line."""
    names, values = zip(*headers, strict=True)
    if _HEADER_NAME.fullmatch("".join(names)) and _is_header_text("".join(values)) and all(names):
        return
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name) or not _is_header_text(value):
            raise RecordError(
                f"{name} of a {kind} record has a line end in it, or what no header holds: {value[:80]!r}."
            )


def _is_header_text(text: str) -> bool:
    """Whether a header can hold it: UTF-8, and nothing that forges another line (WARC 1.1, 4)."""
    if text.isascii():
        return text.isprintable()
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return not any(c in text for c in "\r\n\0")


def warc_fields(fields: dict[str, str]) -> bytes:
    """A block of application/warc-fields (WARC 1.1, 4). Raises `RecordError` for a value that is no line."""
    for name, value in fields.items():
        if not _HEADER_NAME.fullmatch(name) or not _is_header_text(value):
            raise RecordError(f"{name} has a line end in it, or what else no field holds: {value[:80]!r}.")
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value).encode()


class _Everything:
    """Contains all record types."""

    def __contains__(self, _: object) -> bool:
        return True


def finish_file(open_path: Path, digest: str) -> Path:
    """Give an open file its final name and its sidecar ``NAME.sha256``, all on the disk; returns the final path.

    The sidecar comes first: whatever moment a kill or a power cut picks, a file with its final name has one.
    """
    path = open_path.with_name(open_path.name.removesuffix(OPEN_SUFFIX))
    sync_file(open_path)
    write_sidecar(path, digest)
    open_path.rename(path)
    sync_folder(path.parent)
    return path


def sidecar_of(path: Path) -> Path:
    """The file that keeps another one's digest."""
    return path.with_name(path.name + ".sha256")


def write_sidecar(path: Path, digest: str) -> None:
    """Keep a file's digest in ``NAME.sha256``, in the form of `sha256sum`; it is on the disk then. Raises OSError."""
    replace_file(sidecar_of(path), f"{digest.removeprefix('sha256:')}  {path.name}\n".encode())
