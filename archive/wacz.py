"""`Package`: the WARC files in a WACZ, read where they lie, and never written anywhere by their names.

A WACZ is a ZIP file (WACZ 1.1.1, 4). Whoever made it may mean harm: names that climb out of a folder, links,
entries that lie over each other or are larger than they say. Such a package is refused as a whole.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from archive.errors import ArchiveError, StoreError
from archive.scan import grows_without_end

__all__ = ["DamagedPart", "Package", "Refused", "Window", "is_zip"]

_MOST_ENTRIES = 100_000
_LARGEST_DIRECTORY = 8 << 20
_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_LOCAL = struct.Struct("<4s5H3L2H")
_PIECE = 1 << 18


def is_zip(start: bytes) -> bool:
    """Whether a file that begins so is a ZIP file."""
    return start[:4] in (b"PK\x03\x04", _END, _END64)


class DamagedPart(ArchiveError):
    """What is being unpacked can't be unpacked to its end; what came before is good."""


class Refused(StoreError):
    """A package, or what is compressed as a whole, that is not unpacked: it means harm, or there is no room."""


class Package:
    """A WACZ file, opened; its entries are known by their names."""

    def __init__(self, path: Path) -> None:
        """Raises `StoreError` if it is no ZIP file, `Refused` if it is one that can't be trusted."""
        self.path = path
        self._entries: dict[str, zipfile.ZipInfo] = {}
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise StoreError(f"{path}: can't be read: {error.strerror}.") from error
        try:
            self.size = os.fstat(self._file.fileno()).st_size
            _check_directory(self._file, self.size, path)
            with zipfile.ZipFile(self._file) as package:
                self._take(package.infolist())
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, struct.error, NotImplementedError) as error:
            self.close()
            raise StoreError(f"{path}: is no WACZ that can be read: {str(error) or 'damaged'}.") from error
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _refuse(self, what: str) -> Refused:
        return Refused(f"{self.path}: {what}; such a package is not opened.")

    def _take(self, entries: list[zipfile.ZipInfo]) -> None:
        end = 0
        for entry in sorted(entries, key=lambda e: e.header_offset):
            name = entry.orig_filename
            shown = repr(name[:80])
            if not _is_inside(name):
                raise self._refuse(f"its entry {shown} has a name that leads out of the package")
            if name in self._entries:
                raise self._refuse(f"it has two entries {shown}")
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise self._refuse(f"its entry {shown} is a link")
            if entry.header_offset < end or entry.header_offset + entry.compress_size > self.size:
                raise self._refuse(f"its entry {shown} lies over another one or beyond the end")
            if entry.compress_type == zipfile.ZIP_STORED and entry.compress_size != entry.file_size:
                raise self._refuse(f"its entry {shown} is not as large as it says")
            end = entry.header_offset + _LOCAL.size + entry.compress_size
            self._entries[name] = entry

    @property
    def warcs(self) -> list[str]:
        """Names of the WARC files, those in ``archive/`` if there are any, sorted."""
        every = sorted(n for n in self._entries if n.lower().endswith((".warc", ".warc.gz")))
        return [n for n in every if n.startswith("archive/")] or every

    @property
    def packages(self) -> list[str]:
        """Names of packages inside this one; they are not looked into."""
        return sorted(n for n in self._entries if n.lower().endswith((".wacz", ".zip")))

    def names(self) -> list[str]:
        """Names of all entries that are files, sorted."""
        return sorted(n for n in self._entries if not n.endswith("/"))

    def is_stored(self, name: str) -> bool:
        """Whether an entry lies in the package as it is, so that it can be read in place."""
        return self._entry(name).compress_type == zipfile.ZIP_STORED

    def stored(self, name: str) -> IO[bytes]:
        """An entry that `is_stored`, as a file of its own. Raises `StoreError`."""
        entry = self._entry(name)
        return io.BufferedReader(Window(self.path, self._start(entry), entry.file_size))

    def pieces(self, name: str) -> Iterator[bytes]:
        """An entry's content, unpacked.

        Raises `DamagedPart` where it can't be unpacked on, `Refused` if it grows beyond what it says.
        """
        entry = self._entry(name)
        at, left, given = self._start(entry), entry.compress_size, 0
        z = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_DEFLATED else None
        crc = 0
        while left:
            self._file.seek(at)
            data = self._file.read(min(_PIECE, left))
            if not data:
                raise DamagedPart("is cut short.")
            at, left = at + len(data), left - len(data)
            for piece in _inflated(z, data) if z else (data,):
                given += len(piece)
                crc = zlib.crc32(piece, crc)
                if given > entry.file_size or grows_without_end(entry.compress_size, given):
                    raise self._refuse(f"its entry {name} is larger than it says, or expands without end")
                yield piece
        if given != entry.file_size or crc != entry.CRC:
            raise DamagedPart("is damaged: its checksum in the package does not match.")

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = self._entries.get(name)
        if entry is None:
            raise StoreError(f"{self.path}: has no entry {name!r}.")
        if entry.flag_bits & 1:
            raise StoreError(f"{self.path}: its entry {name} is encrypted and can't be read.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise StoreError(f"{self.path}: its entry {name} is compressed in a way that is not known here.")
        return entry

    def _start(self, entry: zipfile.ZipInfo) -> int:
        """Where an entry's bytes begin: behind its local header, whose length only that header knows."""
        self._file.seek(entry.header_offset)
        data = self._file.read(_LOCAL.size)
        if len(data) < _LOCAL.size or data[:4] != b"PK\x03\x04":
            raise StoreError(f"{self.path}: its entry {entry.filename} is not where the directory says.")
        *_, name_length, extra_length = _LOCAL.unpack(data)
        start = entry.header_offset + _LOCAL.size + name_length + extra_length
        if start + entry.compress_size > self.size:
            raise StoreError(f"{self.path}: its entry {entry.filename} is cut short.")
        return int(start)


class Window(io.RawIOBase):
    """A part of a file, as a file of its own: read only, seekable."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = path.open("rb"), start, size, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As a file's."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """As a file's."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """As a file's."""
        view = memoryview(buffer)[: max(0, self._size - self._at)]
        self._file.seek(self._start + self._at)
        count = self._file.readinto(view)
        self._at += count
        return count

    def close(self) -> None:
        """As a file's."""
        self._file.close()
        super().close()


def _inflated(z: Any, data: bytes) -> Iterator[bytes]:
    """What `data` unpacks to, in pieces."""
    while data and not z.eof:
        try:
            piece = z.decompress(data, _PIECE)
        except zlib.error as error:
            raise DamagedPart(f"is damaged: {error}.") from error
        if piece:
            yield piece
        data = z.unconsumed_tail


def _is_inside(name: str) -> bool:
    """Whether a name stays in the folder that it would be unpacked to, on every system."""
    parts = name.rstrip("/").split("/")
    return (
        min(name, default=" ") >= " " and "\\" not in name and ":" not in parts[0] and not {"", ".", ".."} & set(parts)
    )


def _check_directory(file: IO[bytes], size: int, path: Path) -> None:
    """Before the directory of entries is read as a whole: is it of a size that can be? (APPNOTE 4.3.14, 4.3.16.)"""
    file.seek(max(0, size - (1 << 16) - 22 - 76))
    tail = file.read()
    at = len(tail) - 22 if tail[-22:-18] == _END and tail[-2:] == b"\0\0" else tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise StoreError(f"{path}: is cut short, or no WACZ: it has no directory of its entries.")
    entries, length = struct.unpack("<HL", tail[at + 10 : at + 16])
    if at >= 76 and tail[at - 20 : at - 16] == _LOCATOR64:
        (place,) = struct.unpack("<Q", tail[at - 12 : at - 4])
        file.seek(min(place, size))
        for record in (tail[at - 76 : at - 20], file.read(56)):  # readers differ in where they look for it
            if record[:4] == _END64 and len(record) == 56:
                entries, length = map(max, (entries, length), struct.unpack("<QQ", record[32:48]))
    file.seek(0)
    if entries > _MOST_ENTRIES or length > min(size, _LARGEST_DIRECTORY):
        if 0xFFFF in (entries, length) or length == 0xFFFFFFFF:
            raise StoreError(f"{path}: is cut short or damaged: the directory of its entries is not there.")
        raise Refused(f"{path}: has, or says it has, {entries} entries; a directory so large is not opened.")
