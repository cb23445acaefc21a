"""`Files`: WARC files that are not in a store - one of them, a WACZ, or a folder of both.

A name is a path below the folder; what lies inside a file follows its name: ``a.wacz/archive/data.warc.gz``,
and ``whole.warc.gz/whole.warc`` for what is compressed as a whole. So a name and an offset are enough to read
a record, in any process.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import weakref
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Protocol

from archive.capture import Capture
from archive.collection.scan import GZIP, grows_without_end
from archive.collection.wacz import DamagedPart, Refused, Wacz, is_zip
from archive.errors import RecordError, StoreError
from archive.http import Message, parse_stored
from archive.reader import StoredRecord, parse_member
from archive.storage import Store
from archive.warc import OPEN_SUFFIX

__all__ = ["Files", "Reader", "message_of", "reader_of", "record_of"]

MANIFEST = "files-of"
"""In a folder of unpacked files: the path that they are from."""

_SUFFIXES = (".warc", ".warc.gz", ".warc" + OPEN_SUFFIX, ".warc.gz" + OPEN_SUFFIX)
_RESERVE = 1 << 30
"""Bytes of disk that unpacking leaves free."""
_PIECE = 1 << 18


class Reader(Protocol):
    """What records are read through: a `Store` or `Files`."""

    def read(self, name: str, offset: int, length: int) -> bytes:
        """The bytes of one record."""


class Files:
    """The WARC files at a path that is no store."""

    def __init__(self, path: Path, unpacked: Path | None = None) -> None:
        """`unpacked` is a folder for what must be unpacked, shared with other processes; without it each
        process has its own.

        Raises `StoreError` if there is nothing at the path.
        """
        self.path, self._unpacked = path, unpacked
        if not path.exists():
            raise StoreError(f"{path}: there is no such file or folder.")
        if not path.is_dir() and not path.is_file():
            raise StoreError(f"{path}: is neither a file nor a folder.")
        self.root = path if path.is_dir() else path.parent
        self.problems: list[str] = []
        """What could not be unpacked, or not to its end; one sentence each."""
        self._packages: dict[Path, Wacz] = {}
        self._given: Counter[Path] = Counter()
        """Bytes that were unpacked out of a file."""
        self._open: dict[str, IO[bytes]] = {}
        self._closing = weakref.finalize(self, _close, self._packages, self._open)

    def close(self) -> None:
        """Let go of all files; so does whoever forgets it."""
        self._closing()

    def names(self) -> Iterator[str]:
        """Names of all WARC files, sorted; what can't be opened adds a sentence to `problems`.

        Raises `StoreError` if the path is a single file that is neither WARC nor WACZ.
        """
        if not self.path.is_dir():
            yield from self._names_of(self.path)
            return
        for path in _walk(self.path):
            try:
                yield from self._names_of(path)
            except StoreError as error:
                self.problems.append(str(error).replace(f"{path}: ", f"{path.relative_to(self.root)}: ", 1))

    def _names_of(self, path: Path) -> Iterator[str]:
        name = path.relative_to(self.root).as_posix()
        start = _start_of(path)
        if is_zip(start):
            package = self._package(path)
            if not package.warcs:
                inside = f", only {package.packages[0]}, which is not looked into" if package.packages else ""
                raise StoreError(f"{path}: there is no WARC file in it{inside}.")
            yield from (f"{name}/{entry}" for entry in package.warcs)
        elif start and not start.startswith((GZIP, b"WARC/", b"\x28\xb5\x2f\xfd")) and not _is_named_warc(path):
            raise StoreError(f"{path}: is neither a WARC nor a WACZ file.")
        else:
            yield name

    def inner(self, name: str) -> str:
        """The name of what a file holds that is compressed as a whole."""
        plain = name.rpartition("/")[2]
        return f"{name}/{plain.removesuffix('.gz') if plain.endswith('.gz') else plain + '.unpacked'}"

    def open(self, name: str) -> IO[bytes]:
        """A WARC file, seekable; it stays open. Raises `StoreError`."""
        if name not in self._open:
            if len(self._open) >= 64:
                self._open.pop(next(iter(self._open))).close()
            try:
                self._open[name] = self._opened(name)
            except OSError as error:
                raise StoreError(f"{self.root / name}: can't be read: {error.strerror}.") from error
        return self._open[name]

    def read(self, name: str, offset: int, length: int) -> bytes:
        """One record's bytes: its gzip member, or head and block. Raises `StoreError`."""
        file = self.open(name)
        try:
            file.seek(offset)
            data = file.read(length)
        except OSError as error:
            raise StoreError(f"{self.root / name}: can't be read: {error.strerror}.") from error
        if len(data) < length:
            raise StoreError(f"{self.root / name}: ends before byte {offset + length}.")
        return data

    def _opened(self, name: str) -> IO[bytes]:
        path, inside = self._outer(name)
        if not inside:
            return path.open("rb")
        if not is_zip(_start_of(path)):
            return self._unpack(name, path, _gunzipped(self.open(name[: -len(inside) - 1])))
        package = self._package(path)
        entry, rest = inside, ""
        if inside not in package.names():
            entry, _, rest = inside.rpartition("/")
        if rest:
            return self._unpack(name, path, _gunzipped(self.open(name[: -len(rest) - 1])))
        if package.is_stored(entry):
            return package.stored(entry)
        return self._unpack(name, path, package.pieces(entry))

    def _unpack(self, name: str, path: Path, pieces: Iterator[bytes]) -> IO[bytes]:
        """A file of what `pieces` give, out of the file at `path`; of damaged ones what can be had."""
        if self._unpacked and (shared := self._unpacked / _hashed(name)).exists():
            return shared.open("rb")
        try:
            file = tempfile.NamedTemporaryFile(dir=self._unpacked, delete=False)  # noqa: SIM115 - it stays open
        except FileNotFoundError:
            if self._unpacked:
                raise
            return self._unpack_in_memory(name, path, pieces)  # a worker may not write
        try:
            for piece in pieces:
                self._given[path] += len(piece)
                self._check_room(name, path, Path(file.name).parent)
                file.write(piece)
        except DamagedPart as error:
            self.problems.append(f"{name}: {error}")
        except BaseException:
            file.close()
            Path(file.name).unlink()
            raise
        file.close()
        opened = Path(file.name).open("rb")  # noqa: SIM115 - it stays open
        if self._unpacked:
            Path(file.name).rename(shared)
        else:
            Path(file.name).unlink()  # it goes when it is closed, whatever ends this process
        return opened

    def _unpack_in_memory(self, name: str, path: Path, pieces: Iterator[bytes]) -> IO[bytes]:
        file = io.BytesIO()
        try:
            for piece in pieces:
                self._given[path] += len(piece)
                if grows_without_end(path.stat().st_size, self._given[path]):
                    raise Refused(f"{self.root / name}: expands without end; it is not unpacked.")
                file.write(piece)
        except DamagedPart as error:
            self.problems.append(f"{name}: {error}")
        file.seek(0)
        return file

    def _check_room(self, name: str, path: Path, folder: Path) -> None:
        """Raises `Refused` if what is unpacked grows beyond reason or beyond the disk."""
        if grows_without_end(path.stat().st_size, self._given[path]):
            raise Refused(f"{self.root / name}: expands without end; it is not unpacked.")
        if shutil.disk_usage(folder).free < _RESERVE:
            raise Refused(f"{self.root / name}: there is no room to unpack it in {folder}.")

    def _package(self, path: Path) -> Wacz:
        if path not in self._packages:
            if len(self._packages) >= 64:
                self._packages.pop(next(iter(self._packages))).close()
            self._packages[path] = Wacz(path)
        return self._packages[path]

    def _outer(self, name: str) -> tuple[Path, str]:
        """The file on the disk that a name leads to or into, and the rest of the name."""
        parts = name.split("/")
        if ".." in parts or not parts[0]:
            raise StoreError(f"{name!r} leads out of {self.root}.")
        path = self.root
        for number, part in enumerate(parts, 1):
            path = path / part
            if not path.is_dir():
                return path, "/".join(parts[number:])
        raise StoreError(f"{path}: is a folder.")


@lru_cache(maxsize=4)
def reader_of(place: str) -> Reader:
    """What a worker reads records through: `place` is a store, a file or a folder, or `Collection.place`."""
    path = Path(place)
    if Store(path).exists():
        return Store(path)
    if (manifest := path / MANIFEST).is_file():
        return Files(Path(manifest.read_text("utf-8")), path)
    return Files(path)


def record_of(reader: Reader, capture: Capture) -> StoredRecord:
    """The record of a capture, through a `Store` or `Files`. Raises `RecordError` if it is another one."""
    data = reader.read(capture.file, capture.offset, capture.length)
    record = parse_member(data, capture.offset)
    if record.get("WARC-Record-ID") and record.id != capture.id:
        raise RecordError(f"{capture.file}, byte {capture.offset}: holds {record.id}, not {capture.id}.")
    return record


def message_of(record: StoredRecord) -> Message:
    """The response in a record; a `resource` is taken for one with status 200. Raises `RecordError`."""
    if record.type == "resource":
        headers = (("Content-Type", record.need("Content-Type")), ("Content-Length", str(len(record.block))))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return Message("1.1", 200, "OK", headers, f"HTTP/1.1 200 OK\r\n{head}\r\n".encode(), record.block)
    return parse_stored(record.block)


def _close(*opened: dict[Any, Any]) -> None:
    for every in opened:
        while every:
            every.popitem()[1].close()


def _walk(folder: Path) -> Iterator[Path]:
    """WARC and WACZ files below a folder, sorted; of a store in there the originals only. Links aren't followed."""
    for here, folders, names in os.walk(folder):
        folders[:] = ["originals"] if "originals" in folders else sorted(folders)
        for name in sorted(names):
            path = Path(here, name)
            if name.lower().endswith((*_SUFFIXES, ".wacz")) and path.is_file():
                yield path


def _is_named_warc(path: Path) -> bool:
    return path.name.lower().endswith(_SUFFIXES)


def _start_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError as error:
        raise StoreError(f"{path}: can't be read: {error.strerror}.") from error


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()


def _gunzipped(file: IO[bytes]) -> Iterator[bytes]:
    """All that a gzip file holds, member after member. Raises `DamagedPart` where it can't be read on."""
    file.seek(0)
    data = file.read(_PIECE)
    while data:
        z = zlib.decompressobj(31)
        while not z.eof:
            data = data or file.read(_PIECE)
            if not data:
                raise DamagedPart("is cut short; what comes before is read.")
            try:
                piece = z.decompress(data, _PIECE)
            except zlib.error as error:
                raise DamagedPart(f"is damaged: {error}; what comes before is read.") from error
            if piece:
                yield piece
            data = z.unconsumed_tail
        data = (z.unused_data or file.read(_PIECE)).lstrip(b"\0")
