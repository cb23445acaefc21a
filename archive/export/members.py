"""`Members`: the gzip members of a store's files, found and copied as they are."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Self

from archive.errors import StoreError
from archive.storage import Store

__all__ = ["Members", "named_headers"]

_READ = 16 << 10
_COPY = 64 << 10
_LARGEST_HEAD = 1 << 20


class Members:
    """Reads a store's files; the one that was asked for last stays open."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._name = ""
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
        self._name, self._file = "", None

    def _open(self, name: str) -> IO[bytes]:
        if self._file is None or name != self._name:
            self.close()
            try:
                self._file = self._store.path(name).open("rb")
            except FileNotFoundError:  # closed by its crawl just now, it has its final name
                try:
                    self._file = self._store.path(name).open("rb")
                except OSError as error:
                    raise self._unreadable(name, error) from error
            except OSError as error:
                raise self._unreadable(name, error) from error
            self._name = name
        return self._file

    def _unreadable(self, name: str, error: OSError) -> StoreError:
        return StoreError(f"{self._store.root / name}: can't be read: {error.strerror or error}.")

    def copy(self, name: str, offset: int, length: int, digest: str | None = None) -> Iterator[bytes]:
        """The bytes of a member, in pieces.

        Raises `StoreError` if the file ends before, or in the end if they don't have the `digest` they should have.
        """
        found, left = hashlib.sha256(), length
        where = f"{self._store.root / name}, byte {offset}"
        while left:
            try:
                file = self._open(name)
                file.seek(offset + length - left)
                piece = file.read(min(left, _COPY))
            except OSError as error:
                raise self._unreadable(name, error) from error
            if not piece:
                raise StoreError(f"{where}: the file ends within the record; run scrapy verify.")
            found.update(piece)
            left -= len(piece)
            yield piece
        if digest and digest != f"sha256:{found.hexdigest()}":
            raise StoreError(f"{where}: the record is not what it was when it was stored; run scrapy verify.")

    def measure(self, name: str, offset: int, wanted: Callable[[dict[str, str]], bool]) -> int | None:
        """The length of the member at `offset` if its record's headers (names in lower case) are `wanted`.

        None as well if there is no whole member.
        """
        decompressor, head, known, data = zlib.decompressobj(31), b"", False, b""
        try:
            file = self._open(name)
            file.seek(offset)
            while not decompressor.eof:
                data = decompressor.unconsumed_tail or file.read(_READ)
                if not data:
                    return None
                head += decompressor.decompress(data, _COPY)
                if not known and (b"\r\n\r\n" in head or len(head) > _LARGEST_HEAD):
                    known = True
                    if not wanted(named_headers(head)):
                        return None
                head = b"" if known else head
            return file.tell() - len(decompressor.unused_data) - offset if known else None
        except zlib.error:
            return None
        except OSError as error:
            raise self._unreadable(name, error) from error


def named_headers(head: bytes) -> dict[str, str]:
    """The headers at the beginning of a record, names in lower case."""
    lines = head.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
