"""`Supply`: where the pages of a re-run are from - the store, or a file that is not ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from archive.catalogue import Catalogue
from archive.catalogue.rows import capture_from
from archive.collection.adoption import own_id
from archive.collection.collection import Collection
from archive.rerun.candidates import Candidate, Selection, baseline_of, candidates, count_candidates

__all__ = ["AdoptedSupply", "FileSupply", "StoreSupply", "Supply"]


class Supply(Protocol):
    """Gives what is to be read."""

    place: str
    """What `archive.workers.Task.store` is to name."""
    is_foreign: bool

    def count(self, selection: Selection) -> int:
        """How many candidates there are, at most."""

    def candidates(self, selection: Selection) -> Iterator[Candidate]:
        """What to read, in an order that stays the same."""


class StoreSupply:
    """The pages of the store."""

    is_foreign = False

    def __init__(self, place: str, catalogue: Catalogue) -> None:
        self.place, self._catalogue = place, catalogue

    def count(self, selection: Selection) -> int:
        """See `Supply`."""
        return count_candidates(self._catalogue, selection)

    def candidates(self, selection: Selection) -> Iterator[Candidate]:
        """See `Supply`."""
        return candidates(self._catalogue, selection)


class FileSupply:
    """The pages of a collection, beside what the archive has of the same URLs at the same moments."""

    is_foreign = True

    def __init__(
        self, collection: Collection, catalogue: Catalogue | None, source_of: Callable[[str, str], str]
    ) -> None:
        """`catalogue` is the archive's, if there is one; `source_of` is called with a source's name as the file has
        it, or a host, and a URL.
        """
        self.place = collection.place
        self._collection, self._catalogue, self._source_of = collection, catalogue, source_of

    def count(self, selection: Selection) -> int:
        """See `Supply`."""
        return count_candidates(self._collection.catalogue, msgspec.structs.replace(selection, source=None))

    def candidates(self, selection: Selection) -> Iterator[Candidate]:
        """See `Supply`."""
        every = msgspec.structs.replace(selection, source=None)
        for one in candidates(self._collection.catalogue, every):
            source = self._source_of(one.source, one.capture.url)
            if selection.source in (None, source):
                baseline = baseline_of(self._catalogue, one.capture) if self._catalogue else None
                yield msgspec.structs.replace(one, source=source, baseline=baseline)


class AdoptedSupply(FileSupply):
    """The same pages, once they are in the store."""

    is_foreign = False

    def __init__(
        self, place: str, collection: Collection, catalogue: Catalogue, source_of: Callable[[str, str], str]
    ) -> None:
        """`place` is the store."""
        super().__init__(collection, catalogue, source_of)
        self.place, self._store_catalogue = place, catalogue

    def candidates(self, selection: Selection) -> Iterator[Candidate]:
        """See `Supply`; what could not be taken is left out."""
        for one in super().candidates(selection):
            row = self._store_catalogue.capture(own_id(one.capture.id))
            if row is not None:
                yield msgspec.structs.replace(one, capture=capture_from(row))
