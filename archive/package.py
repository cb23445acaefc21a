"""`Package`: a ZIP file (such as a WACZ) from anyone, opened so that nothing in it can do harm.

Nothing is ever unpacked into a folder, and nothing is held in memory but the directory.
"""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from archive.errors import PackageError
from archive.zipping import STORED, Entry, read_directory

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Entry", "Package"]

_READ = 1 << 16
_PIECE = 1 << 20


class Package:
    """The entries of a ZIP file; a context manager. Reading is thread-safe (``pread``).

    An entry with a `problem` (its path climbs out, it is encrypted, a link, overlaps another one, ...) is listed
    but never opened.
    """

    def __init__(self, path: Path) -> None:
        """Read the directory. Raises `PackageError` if it can't be read or is not to be believed."""
        self.path = path
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise PackageError(f"{path}: can't be read: {error.strerror}.") from error
        try:
            self.size = os.fstat(self._fd).st_size
            entries, notes = read_directory(self.bytes_at, self.size, str(path))
        except BaseException:
            self.close()
            raise
        self.entries = tuple(entries)
        self.notes = tuple(notes)
        """What is odd about the file as a whole: sentences without their subject."""
        self._named = {entry.name: entry for entry in entries}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def get(self, name: str) -> Entry | None:
        """The entry of that name."""
        return self._named.get(name)

    def open(self, entry: Entry) -> io.BufferedReader:
        """Its content as a stream: seekable if it is stored. A compressed one's length and checksum are verified.

        Raises `PackageError` if it must not be read; reading raises it where the entry is damaged.
        """
        if entry.problem:
            raise PackageError(f"{self.path}: {entry.name!r} {entry.problem}.")
        raw = _Window(self, entry) if entry.method == STORED else _Inflated(self, entry)
        return io.BufferedReader(raw, _READ)

    def read(self, entry: Entry, most: int) -> bytes:
        """All of a small entry. Raises `PackageError` if it has more than `most` bytes or can't be read."""
        if entry.size > most:
            raise PackageError(f"{self.path}: {entry.name!r} has {entry.size} bytes, which is more than {most}.")
        with self.open(entry) as file:
            return file.read()

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Bytes of the ZIP file itself; fewer at its end. Raises `PackageError` if the disk refuses."""
        try:
            return os.pread(self._fd, length, offset)
        except (OSError, OverflowError) as error:
            raise PackageError(f"{self.path}: can't be read at byte {offset}: {error}.") from error


class _Window(io.RawIOBase):
    """A stored entry's bytes."""

    def __init__(self, package: Package, entry: Entry) -> None:
        self._package, self._entry, self._at = package, entry, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._entry.size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        length = max(0, min(len(view), self._entry.size - self._at))
        data = self._package.bytes_at(self._entry.start + self._at, length) if length else b""
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Inflated(io.RawIOBase):
    """A compressed entry's content, from its beginning on."""

    def __init__(self, package: Package, entry: Entry) -> None:
        self._package, self._entry = package, entry
        self._z: Any = zlib.decompressobj(-zlib.MAX_WBITS)
        self._read = self._given = self._crc = 0
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        data = self._next(min(len(view), _PIECE))
        view[: len(data)] = data
        return len(data)

    def _next(self, most: int) -> bytes:
        entry = self._entry
        while not self._z.eof:
            if not self._waiting:
                length = min(_READ, entry.packed - self._read)
                self._waiting = self._package.bytes_at(entry.start + self._read, length) if length else b""
                self._read += len(self._waiting)
                if not self._waiting:
                    raise self._damaged("ends too early")
            try:
                data: bytes = self._z.decompress(self._waiting, most)
            except zlib.error as error:
                raise self._damaged(f"can't be decompressed ({error})") from error
            self._waiting = self._z.unconsumed_tail
            if data:
                self._given += len(data)
                self._crc = zlib.crc32(data, self._crc)
                if self._given > entry.size:
                    raise self._damaged(f"has more than the {entry.size} bytes that the ZIP says")
                return data
        if self._given != entry.size or self._read - len(self._z.unused_data) != entry.packed:
            raise self._damaged("has another length than the ZIP says")
        if self._crc != entry.crc:
            raise self._damaged("does not match its checksum")
        return b""

    def _damaged(self, what: str) -> PackageError:
        return PackageError(f"{self._package.path}: {self._entry.name!r} {what}; get the file again.")
