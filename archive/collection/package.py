"""`Package`: a ZIP file (such as a WACZ) from anyone, opened so that nothing in it can do harm.

Nothing is ever unpacked into a folder, and nothing is held in memory but the directory.
"""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from archive.collection.directory import STORED, Entry, read_directory
from archive.errors import PackageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Entry", "Package", "TooLarge"]

_READ = 1 << 16
_PIECE = 1 << 20


class TooLarge(PackageError):
    """An entry has more bytes than its package says."""


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
            entries, notes, shift = read_directory(self.bytes_at, self.size, str(path))
        except BaseException:
            self.close()
            raise
        self.entries = tuple(entries)
        self.notes = tuple(notes)
        """What is odd about the file as a whole: sentences without their subject."""
        self.shift = shift
        """Bytes before the ZIP that its directory does not know of."""
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

        Raises `PackageError` if it must not be read; reading raises it where the entry is damaged. The stream may
        outlive the package.
        """
        return io.BufferedReader(self.open_raw(entry), _READ)

    def open_raw(self, entry: Entry) -> io.RawIOBase:
        """`open` without a buffer: of a damaged entry everything before the damage can be read."""
        if entry.problem:
            raise PackageError(f"{self.path}: {entry.name!r} {entry.problem}.")
        return _Window(self.path, self._fd, entry) if entry.method == STORED else _Inflated(self.path, self._fd, entry)

    def read(self, entry: Entry, most: int) -> bytes:
        """All of a small entry. Raises `PackageError` if it has more than `most` bytes or can't be read."""
        if entry.size > most:
            raise PackageError(f"{self.path}: {entry.name!r} has {entry.size} bytes, which is more than {most}.")
        with self.open(entry) as file:
            return file.read()

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Bytes of the ZIP file itself; fewer at its end. Raises `PackageError` if the disk refuses."""
        return _read_at(self.path, self._fd, offset, length)


def _read_at(path: Path, fd: int, offset: int, length: int) -> bytes:
    try:
        return os.pread(fd, length, offset)
    except (OSError, OverflowError) as error:
        raise PackageError(f"{path}: can't be read at byte {offset}: {error}.") from error


class _Part(io.RawIOBase):
    """An entry's content; it has the file open by itself."""

    def __init__(self, path: Path, fd: int, entry: Entry) -> None:
        self._path, self._entry, self._fd = path, entry, os.dup(fd)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()

    def _bytes_at(self, offset: int, length: int) -> bytes:
        return _read_at(self._path, self._fd, self._entry.start + offset, length) if length > 0 else b""


class _Window(_Part):
    """A stored entry's bytes."""

    _at = 0

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
        data = self._bytes_at(self._at, min(len(view), self._entry.size - self._at))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Inflated(_Part):
    """A compressed entry's content, from its beginning on."""

    def __init__(self, path: Path, fd: int, entry: Entry) -> None:
        super().__init__(path, fd, entry)
        self._z: Any = zlib.decompressobj(-zlib.MAX_WBITS)
        self._read = self._given = self._crc = 0
        self._waiting = b""

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        data = self._next(min(len(view), _PIECE))
        view[: len(data)] = data
        return len(data)

    def _next(self, most: int) -> bytes:
        entry = self._entry
        while not self._z.eof:
            if not self._waiting:
                self._waiting = self._bytes_at(self._read, min(_READ, entry.packed - self._read))
                self._read += len(self._waiting)
                if not self._waiting:
                    raise self._damaged("is damaged: it ends too early")
            try:
                data: bytes = self._z.decompress(self._waiting, most)
            except zlib.error as error:
                raise self._damaged(f"is damaged: it can't be decompressed ({error})") from error
            self._waiting = self._z.unconsumed_tail
            if data:
                self._given += len(data)
                self._crc = zlib.crc32(data, self._crc)
                if self._given > entry.size:
                    what = f"{entry.name!r} has more than the {entry.size} bytes that the ZIP says"
                    raise TooLarge(f"{self._path}: {what}.")
                return data
        if self._given != entry.size or self._read - len(self._z.unused_data) != entry.packed:
            raise self._damaged("is damaged: it has another length than the ZIP says")
        if self._crc != entry.crc:
            raise self._damaged("is damaged: it does not match its checksum")
        return b""

    def _damaged(self, what: str) -> PackageError:
        return PackageError(f"{self._path}: {self._entry.name!r} {what}; get the file again.")
