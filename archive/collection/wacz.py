"""`Wacz`: the WARC files in a WACZ, read where they lie, and never written anywhere by their names.

A WACZ is a ZIP file (WACZ 1.1.1, 4). Whoever made it may mean harm (`archive.collection.package`); one in which
anything does is refused as a whole.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from archive.collection.directory import STORED, Entry
from archive.collection.package import Package, TooLarge
from archive.collection.scan import grows_without_end
from archive.errors import ArchiveError, PackageError, StoreError

__all__ = ["DamagedPart", "Refused", "Wacz", "is_zip"]

_PIECE = 1 << 18


def is_zip(start: bytes) -> bool:
    """Whether a file that begins so is a ZIP file."""
    return start[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06")


class DamagedPart(ArchiveError):
    """What is being unpacked can't be unpacked to its end; what came before is good."""


class Refused(StoreError):
    """A package, or what is compressed as a whole, that is not unpacked: it means harm, or there is no room."""


class Wacz:
    """A WACZ file, opened; its entries are known by their names."""

    def __init__(self, path: Path) -> None:
        """Raises `StoreError` if it is no ZIP file, `Refused` if it is one that can't be trusted."""
        self.path = path
        self._package = Package(path)
        for entry in self._package.entries:
            if entry.harmful:
                self.close()
                raise self._refuse(f"its entry {entry.name[:80]!r} {entry.problem}")

    def close(self) -> None:
        """Let go of the file."""
        self._package.close()

    def _refuse(self, what: str) -> Refused:
        return Refused(f"{self.path}: {what}; such a package is not opened.")

    @property
    def warcs(self) -> list[str]:
        """Names of the WARC files, those in ``archive/`` if there are any, sorted."""
        every = [n for n in self.names() if n.lower().endswith((".warc", ".warc.gz"))]
        return [n for n in every if n.startswith("archive/")] or every

    @property
    def packages(self) -> list[str]:
        """Names of packages inside this one; they are not looked into."""
        return [n for n in self.names() if n.lower().endswith((".wacz", ".zip"))]

    def names(self) -> list[str]:
        """Names of all entries that are files, sorted."""
        return sorted(entry.name for entry in self._package.entries if not entry.is_folder)

    def is_stored(self, name: str) -> bool:
        """Whether an entry lies in the package as it is, so that it can be read in place."""
        return self._entry(name).method == STORED

    def stored(self, name: str) -> IO[bytes]:
        """An entry that `is_stored`, as a file of its own. Raises `StoreError`."""
        return self._package.open(self._entry(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """An entry's content, unpacked.

        Raises `DamagedPart` where it can't be unpacked on, `Refused` if it grows beyond what it says.
        """
        entry = self._entry(name)
        given = 0
        with self._package.open_raw(entry) as file:
            while piece := self._piece(file, entry):
                given += len(piece)
                if grows_without_end(entry.packed, given):
                    raise self._refuse(f"its entry {name} expands without end")
                yield piece

    def _piece(self, file: io.RawIOBase, entry: Entry) -> bytes:
        try:
            return file.read(_PIECE) or b""
        except TooLarge as error:
            raise self._refuse(f"its entry {entry.name} expands without end, and beyond what it says") from error
        except PackageError as error:
            raise DamagedPart(str(error).removeprefix(f"{self.path}: {entry.name!r} ")) from error

    def _entry(self, name: str) -> Entry:
        entry = self._package.get(name)
        if entry is None:
            raise StoreError(f"{self.path}: has no entry {name!r}.")
        if entry.problem:
            raise StoreError(f"{self.path}: its entry {name} {entry.problem}.")
        return entry
