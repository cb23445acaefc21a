"""`Entries`: those of a feed, whatever it is written in."""

from __future__ import annotations

from typing import Any

from archive.capture import Lead
from crawler.discovery.dates import date_as_given, date_in_words
from crawler.discovery.listing import Found, absolute, plain

__all__ = ["LONGEST_TITLE", "Entries", "text_of"]

LONGEST_TITLE, _LONGEST_SUMMARY = 500, 2000
_MOST_IN_WORDS = 200
"""Dates of no standard form that are read; each takes a while."""


class Entries:
    """Gathers a feed's entries, each URL once, and what is wrong with them."""

    def __init__(self, url: str, language: str | None) -> None:
        self._url, self._language = url, language
        self._known: set[str] = set()
        self._in_words = self._undated = self._unlinked = 0
        self.found: list[Found] = []

    def add(self, link: Any, date: Any, title: Any, summary: Any, language: Any = None) -> None:
        """Take an entry; values that are no text count as missing."""
        url = absolute(link, self._url) if isinstance(link, str) else None
        if url is None:
            self._unlinked += 1
            return
        if url in self._known:
            return
        self._known.add(url)
        lead = Lead(kind="feed", via=self._url, announced=self._date(text_of(date), text_of(language)))
        self.found.append(
            Found(
                url,
                lead,
                title=plain(text_of(title), LONGEST_TITLE),
                summary=plain(text_of(summary), _LONGEST_SUMMARY),
            )
        )

    def _date(self, text: str | None, language: str | None) -> str | None:
        if not text:
            return None
        if (date := date_as_given(text)) is None and self._in_words < _MOST_IN_WORDS:
            self._in_words += 1
            date = date_in_words(text, language or self._language)
        self._undated += date is None
        return date

    @property
    def problems(self) -> list[str]:
        """A sentence for each kind of trouble."""
        told = []
        if self._undated:
            told.append(
                f"{self._url} has {self._undated:,} entries with a date that is none; they are used without it."
            )
        if self._unlinked:
            told.append(f"{self._url} has {self._unlinked:,} entries without an address that can be fetched.")
        return told


def text_of(value: Any) -> str | None:
    """A value that should be text, if it is."""
    return value if isinstance(value, str) and value else None
