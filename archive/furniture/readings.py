"""`FirstReadings`: the furniture lists that the articles of a store were read with when they were fetched."""

from __future__ import annotations

import msgspec

from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.captures import first_version
from archive.collection.scan import scan
from archive.errors import RecordError
from archive.furniture.furniture import Entry, Furniture
from archive.furniture.lists import Lists
from archive.reader import parse_member
from archive.storage import Store

__all__ = ["FirstReadings"]

_LIST = "urn:newswarc:furniture:"


class FirstReadings:
    """Finds, for a capture, the list that its article was cleaned with at first.

    A crawl learns while it reads, and later cleans what it read too early again; what it handed on as items
    was the first reading. The list stands in the derived file before the text that was cleaned with it.
    """

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store, self._catalogue = store, catalogue
        self._latest = Lists(store, catalogue)
        self._lists: dict[str, dict[str, Furniture]] = {}
        """By file and digest."""

    def furniture(self, capture: Capture) -> Furniture | None:
        """The list, or None if there was none; of a page that was never read, the site's list of today.

        Raises `RecordError` or `StoreError` if the derived file can't be read.
        """
        row = first_version(self._catalogue, capture.id)
        if row is None:
            return self._latest.of(capture.url)
        details = parse_member(self._store.read(row["file"], row["details_offset"], row["details_length"])).json()
        try:
            digest = details["article"]["trace"].get("furniture")
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{row['file']}, byte {row['details_offset']}: is not as newswarc writes it.") from error
        if digest is None:
            return None
        if row["file"] not in self._lists:
            self._lists[row["file"]] = self._lists_in(row["file"])
        found = self._lists[row["file"]].get(digest)
        return found or self._latest.of(capture.url)

    def _lists_in(self, file: str) -> dict[str, Furniture]:
        """The lists in a derived file, by digest."""
        lists = {}
        with self._store.path(file).open("rb") as opened:
            for record in scan(opened, lambda _: None):
                if record.type == "metadata" and (record.get("WARC-Target-URI") or "").startswith(_LIST):
                    facts = parse_member(self._store.read(file, record.offset, record.length)).json()
                    furniture = Furniture.of(facts["site"], msgspec.convert(facts["entries"], list[Entry]))
                    lists[furniture.digest] = furniture
        return lists
