"""`StoredZip`: a ZIP file whose bytes follow from its entries alone.

Nothing is compressed, no time and no system is told, and ZIP64 is used only where a number needs it (APPNOTE 6.3.9,
4.3.9, 4.5.3). Python's zipfile writes other bytes from version to version.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Self

import msgspec

from archive.errors import ExportError

__all__ = ["StoredEntry", "StoredZip"]

_LIMIT = 0xFFFFFFFF
"""What a 32-bit field holds; that value itself says that ZIP64 has the number."""
_MOST = 0xFFFF
_PLAIN, _ZIP64 = 20, 45
"""Versions needed to extract: 2.0 and 4.5."""
_UTF8 = 0x800
_DAY = (1 << 5) | 1
"""1980-01-01 in MS-DOS's way."""
_MODE = 0o100644 << 16


class StoredEntry(msgspec.Struct, frozen=True):
    """What was written."""

    path: str
    size: int
    digest: str
    """``sha256:<hex>``"""
    crc: int
    offset: int
    """Of its local header."""


class StoredZip:
    """Writes entries to a seekable file, one after the other, and at the end the directory; keeps nothing in memory."""

    def __init__(self, file: IO[bytes], folder: Path | None = None) -> None:
        """Write to `file`; what it needs meanwhile stands in `folder`, nameless."""
        self._file = file
        self._directory = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed at the end
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        with self._directory:
            if error is None:
                self._end()

    def add(self, path: str, size: int, pieces: Iterable[bytes]) -> StoredEntry:
        """Write an entry of exactly `size` bytes, which come in pieces. Raises `ExportError` if they are others."""
        offset = self._file.tell()
        self._file.write(self._local(path, size, 0))
        crc, done, digest = 0, 0, hashlib.sha256()
        for piece in pieces:
            self._file.write(piece)
            crc = zlib.crc32(piece, crc)
            digest.update(piece)
            done += len(piece)
        if done != size:
            raise ExportError(f"{path}: was to have {size} bytes but got {done}; the archive changes: try again.")
        self._file.seek(offset)
        self._file.write(self._local(path, size, crc))
        self._file.seek(0, os.SEEK_END)
        entry = StoredEntry(path, size, f"sha256:{digest.hexdigest()}", crc, offset)
        self._directory.write(_central(entry))
        self._count += 1
        return entry

    def _end(self) -> None:
        """Write the central directory and its end."""
        start, count = self._file.tell(), self._count
        self._directory.seek(0)
        shutil.copyfileobj(self._directory, self._file)
        size = self._file.tell() - start
        if count >= _MOST or size >= _LIMIT or start >= _LIMIT:
            end = self._file.tell()
            self._file.write(
                struct.pack("<LQHHLLQQQQ", 0x06064B50, 44, _ZIP64, _ZIP64, 0, 0, count, count, size, start)
            )
            self._file.write(struct.pack("<LLQL", 0x07064B50, 0, end, 1))
        n, s, o = min(count, _MOST), min(size, _LIMIT), min(start, _LIMIT)
        self._file.write(struct.pack("<LHHHHLLH", 0x06054B50, 0, 0, n, n, s, o, 0))

    def _local(self, path: str, size: int, crc: int) -> bytes:
        name = path.encode()
        large = size >= _LIMIT
        extra = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
        shown = _LIMIT if large else size
        version = _ZIP64 if large else _PLAIN
        head = struct.pack(
            "<LHHHHHLLLHH", 0x04034B50, version, _flags(path), 0, 0, _DAY, crc, shown, shown, len(name), len(extra)
        )
        return head + name + extra


def _central(entry: StoredEntry) -> bytes:
    name = entry.path.encode()
    large, far = entry.size >= _LIMIT, entry.offset >= _LIMIT
    numbers = [entry.size, entry.size] * large + [entry.offset] * far
    extra = struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
    version = _ZIP64 if numbers else _PLAIN
    size, offset = min(entry.size, _LIMIT), min(entry.offset, _LIMIT)
    head = struct.pack(
        "<LHHHHHHLLLHHHHHLL",
        0x02014B50, 3 << 8 | version, version, _flags(entry.path), 0, 0, _DAY, entry.crc, size, size,
        len(name), len(extra), 0, 0, 0, _MODE, offset,
    )  # fmt: skip
    return head + name + extra


def _flags(path: str) -> int:
    return 0 if path.isascii() else _UTF8
