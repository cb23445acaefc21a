"""`Cover`: which seal covers a record, and where its leaf is."""

from __future__ import annotations

from functools import cache

from archive.errors import SealError
from archive.sealing.merkle import SIZE, leaf_of
from archive.sealing.places import Place
from archive.sealing.seal import Seal
from archive.sealing.seals import SealedFile, Seals
from archive.storage import Store
from archive.warc import OPEN_SUFFIX

__all__ = ["Cover", "NotSealed"]


class NotSealed(SealError):
    """No seal covers the file yet."""


class Cover:
    """Looks records up in the seals of a store; what it has read it keeps."""

    def __init__(self, store: Store) -> None:
        """Raises `StoreError` if the folder of the seals can't be read."""
        self._store = store
        self._seals = Seals(store)
        self._numbers = self._seals.numbers()[::-1]
        self.seal = cache(self._seal)
        """The seal of that number. Raises `SealError`."""
        self.leaves = cache(self._read_leaves)
        """All leaves of the seal of that number. Raises `SealError`."""
        self._files = cache(self._read_files)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever sealed."""
        return not self._numbers

    def find(self, place: Place, content: bytes) -> tuple[int, int]:
        """The number of the seal that covers a record, and the index of its leaf.

        `content` is that of its gzip member. Raises `NotSealed`, or `SealError` if the record is not what was sealed.
        """
        number, first, count = self._span(place.file)
        leaves, leaf, at = self.leaves(number), leaf_of(content), first * SIZE
        while (at := leaves.find(leaf, at, (first + count) * SIZE)) % SIZE:
            if at < 0:
                raise SealError(
                    f"{place.file}, byte {place.offset}: is not as seal {number} has it; run scrapy verify."
                )
            at += 1
        return number, at // SIZE

    def leaves_of(self, file: str) -> list[bytes]:
        """The leaves of a file's records as they were sealed. Raises `NotSealed`, or `SealError`."""
        number, first, count = self._span(file)
        leaves = self.leaves(number)
        return [leaves[at : at + SIZE] for at in range(first * SIZE, (first + count) * SIZE, SIZE)]

    def _span(self, file: str) -> tuple[int, int, int]:
        """The seal that covers a file, the index of the file's first leaf, and how many it has."""
        for number in self._numbers:
            first = 0
            for covered in self._files(number):
                if covered.name == file:
                    return number, first, covered.records
                first += covered.records
        is_open = self._store.path(file).name.endswith(OPEN_SUFFIX)
        then = "wait until its crawl has ended, then run" if is_open else "run"
        raise NotSealed(f"{file}: is not sealed yet; {then} scrapy seal.")

    def _seal(self, number: int) -> Seal:
        return self._seals.read(number)

    def _read_leaves(self, number: int) -> bytes:
        return self._seals.leaves(number, self.seal(number))

    def _read_files(self, number: int) -> list[SealedFile]:
        return self._seals.files(number, self.seal(number))
