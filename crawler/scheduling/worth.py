"""`Worth`: whether a run of a source would find anything to fetch."""

from __future__ import annotations

from collections.abc import Callable

from archive import clock
from archive.catalogue import Catalogue
from archive.errors import ArchiveError
from archive.storage import Store
from crawler.agenda import next_due
from crawler.source import Source

__all__ = ["Worth"]


class Worth:
    """Asks the catalogue, by name of a source; a run that would fetch nothing leaves two small files behind it."""

    def __init__(self, store: Store, source_of: Callable[[str], Source | None]) -> None:
        self._store, self._source_of = store, source_of

    def __call__(self, name: str) -> bool:
        """True also where that can't be told: the run itself will say what is wrong."""
        source = self._source_of(name)
        if source is None or not self._store.catalogue_path.exists():
            return True
        try:
            with Catalogue(self._store.catalogue_path, read_only=True) as catalogue:
                return next_due(catalogue, source) <= clock.now()
        except ArchiveError:
            return True
