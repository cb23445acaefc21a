"""Texts go into quarantine and come out of it, as the troubles of their source say."""

from __future__ import annotations

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.catalogue.words import Words, words_of
from archive.errors import ArchiveError
from archive.storage import Store

__all__ = ["settle_quarantine"]

_AT_ONCE = 200


def settle_quarantine(store: Store, catalogue: Catalogue) -> list[str]:
    """Move the texts that new rows of troubles concern; what is published of their articles is indexed again.

    Returns one sentence for each text that can't be read. Raises `StoreError` if the catalogue can't be used.
    """
    from archive.history.history import read_article

    problems: list[str] = []

    def words(row: Row) -> Words:
        try:
            return words_of(read_article(store, row))
        except ArchiveError as error:
            problems.append(f"The text of {row['article']} can't be found by its words: {error}")
            return Words(headline="", text="", signature=b"")

    while versions := catalogue.misplaced(_AT_ONCE):
        catalogue.move(versions, words)
    catalogue.settle_troubles()
    return problems
