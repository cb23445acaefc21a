"""`salvage`: every whole record of anyone's damaged WARC file, in a new file of one gzip member a record."""

from __future__ import annotations

import gzip
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from archive.collection.scan import GZIP, ManyRecords, Scanned, scan
from archive.errors import RepairError
from archive.inspection.block import Block
from archive.inspection.headers import parse_head
from archive.inspection.members import find_member, read_plain

__all__ = ["Salvaged", "salvage"]

_PIECE = 1 << 20
_STEP = 4096
_END = b"\r\n\r\n"


class Salvaged(msgspec.Struct):
    """What was kept of a file, and what was not."""

    records: int = 0
    gaps: list[tuple[int, int]] = []
    """Byte ranges without a whole record: of the file, or of what a whole-file gzip member held."""
    problems: list[str] = []
    """What is wrong there, a sentence each."""
    unpacked: bool = False
    """The file was one gzip member (or had several records in one): ranges are of its uncompressed bytes."""


def salvage(path: Path, target: Path) -> Salvaged:
    """Write all whole records of a file, compressed in any way or not, to `target`, which must not be there yet.

    Compressed records are copied as they are. The file is only read. Raises `RepairError`.
    """
    try:
        with path.open("rb") as file, target.open("xb") as new:
            try:
                return _salvage(file, new)
            except BaseException:
                target.unlink(missing_ok=True)
                raise
    except FileExistsError as error:
        raise RepairError(f"{target}: exists already; name another folder with --output.") from error
    except OSError as error:
        raise RepairError(f"{error.filename or path}: can't be salvaged: {error.strerror}.") from error


def _salvage(file: IO[bytes], new: IO[bytes]) -> Salvaged:
    done = Salvaged()
    try:
        _copy_records(file, new, done)
    except ManyRecords:
        new.seek(0)
        new.truncate()
        done = Salvaged(unpacked=True)
        with tempfile.TemporaryFile() as plain:
            _unpack(file, plain, done)
            _copy_records(plain, new, done)
    new.flush()
    os.fsync(new.fileno())
    return done


def _copy_records(file: IO[bytes], new: IO[bytes], done: Salvaged) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    packed = file.read(3) == GZIP
    at = 0
    for record in _whole(file, done):
        if not packed and (problem := _digest_problem(file, record.offset)):
            done.problems.append(f"The record at byte {record.offset} {problem}.")
            continue
        if record.offset > at and _holds_anything(file, at, record.offset):
            done.gaps.append((at, record.offset))
        file.seek(record.offset)
        if packed:
            _copy(file, new, record.length)
        else:
            with gzip.GzipFile(filename="", mode="wb", fileobj=new, mtime=0) as member:
                _copy(file, member, record.length)
                member.write(_END)
        done.records += 1
        at = record.offset + record.length
    if at < size and _holds_anything(file, at, size):
        done.gaps.append((at, size))


def _digest_problem(file: IO[bytes], offset: int) -> str | None:
    """What is wrong with the digests of an uncompressed record, which has no checksum to vouch for it."""
    file.seek(offset)
    stream = read_plain(file)
    raw = stream.take_head()
    head = parse_head(raw) if raw else None
    if head is None:
        return "has no head"
    block = Block(head)
    while block.size < (head.length or 0) and (piece := stream.take(min(_PIECE, (head.length or 0) - block.size))):
        block.feed(piece)
    return next((remark.kind or remark.what for remark in block.judge() if remark.is_fault), None)


def _whole(file: IO[bytes], done: Salvaged) -> Iterator[Scanned]:
    return scan(file, done.problems.append)


def _holds_anything(file: IO[bytes], start: int, end: int) -> bool:
    """Whether a range holds more than the line ends between two records."""
    file.seek(start)
    return end - start > _PIECE or bool(file.read(end - start).strip(b"\r\n"))


def _copy(file: IO[bytes], to: IO[bytes] | gzip.GzipFile, length: int) -> None:
    while length and (piece := file.read(min(_PIECE, length))):
        to.write(piece)
        length -= len(piece)


def _unpack(file: IO[bytes], plain: IO[bytes], done: Salvaged) -> None:
    """Write down what gzip members hold, as far as it can be read; on from the next member behind damage."""
    start: int | None = 0
    while start is not None:
        file.seek(start)
        problem, start = _unpack_member(file, plain, start)
        if problem:
            done.problems.append(problem)


def _unpack_member(file: IO[bytes], plain: IO[bytes], start: int) -> tuple[str, int | None]:
    """Write down one gzip member; returns what is wrong with it, and where the next one begins."""
    z = zlib.decompressobj(31)
    at = start
    while raw := file.read(_STEP):
        before = z.copy()
        try:
            plain.write(z.decompress(raw))
        except zlib.error as error:
            with suppress(zlib.error):
                for n in range(len(raw)):  # what comes before the damaged byte is whole
                    plain.write(before.decompress(raw[n : n + 1]))
            return f"The gzip member at byte {start} is damaged: {error}.", find_member(file, at)
        at += len(raw)
        if z.eof:
            end = at - len(z.unused_data)
            return "", end if z.unused_data or file.read(1) else None
    return (f"The gzip member at byte {start} is cut short." if at > start else ""), None
