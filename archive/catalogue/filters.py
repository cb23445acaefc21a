"""`Filters`: which articles a question is about."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, case, func, select

from archive.catalogue import schema
from archive.catalogue.rows import facets, first_number, subtag
from archive.errors import ArchiveError
from archive.rights.policy import NOTHING, Policy
from archive.rights.statement import bits

__all__ = ["DateError", "Filters"]


class DateError(ArchiveError):
    """What was given as a date is none."""


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """By source, language, and date of publication (or first sight, where the page tells none).

    `language` is a BCP 47 tag whose primary subtag counts: ``en`` and ``en-US`` both match ``en-GB``. `since` and
    `until` (exclusive) are ISO 8601 dates or their beginnings: ``2026``, ``2026-11``, ``2026-11-20T09:30``.
    """

    source: str | None = None
    language: str | None = None
    since: str | None = None
    until: str | None = None
    without: Policy = NOTHING
    """Marks of rights that none of the articles has."""

    def facets(self) -> list[str]:
        """The words of the full-text index that an article must have."""
        source, language = facets(self.source or "", self.language)
        return [word for given, word in ((self.source, source), (self.language, language)) if given is not None]

    def excluded(self) -> str | None:
        """An expression of FTS5 for the articles that are left out for what is said of their rights."""
        marked = _marked(self.without.marks)
        chosen = [marked] if marked else []
        if sources := self.without.by_source:
            named = {name: f'facets : "{facets(name, None)[0]}"' for name in sorted(sources)}
            if marked:
                chosen = [f"(({marked}) NOT ({' OR '.join(named.values())}))"]
            own = {name: _marked(sources[name]) for name in named}
            chosen += [f"({named[name]} AND ({own[name]}))" for name in named if own[name]]
        return " OR ".join(chosen) or None

    def numbers(self) -> tuple[int, int]:
        """The lowest and highest number of the articles in question. Raises `DateError`."""
        first = _number(self.since, "since") if self.since else -(1 << 63)
        last = _number(self.until, "until") - 1 if self.until else (1 << 63) - 1
        return first, last

    def articles(self) -> Select[Any]:
        """A query for the articles. Raises `DateError`."""
        return self._chosen(select(schema.articles))

    def count(self) -> Select[Any]:
        """A query for their number, ``n``. Raises `DateError`."""
        return self._chosen(select(func.count().label("n")).select_from(schema.articles))

    def _chosen(self, query: Select[Any]) -> Select[Any]:
        a = schema.articles
        first, last = self.numbers()
        if self.since or self.until:  # else SQLite would go through the table to count it
            query = query.where(a.c.number.between(first, last))
        if self.source is not None:
            query = query.where(a.c.source == self.source)
        if self.without:
            query = query.where(a.c.rights.op("&")(self._left_out()) == 0)
        if self.language is not None:
            tag, length = subtag(self.language), len(subtag(self.language))
            begins = func.lower(func.substr(func.ifnull(a.c.language, ""), 1, length)) == tag
            ends = func.substr(func.ifnull(a.c.language, ""), length + 1, 1).in_(["", "-", "_"])
            query = query.where(begins, ends)
        return query

    def _left_out(self) -> ColumnElement[int] | int:
        """The bits that the articles of a source must not have."""
        own = [(schema.articles.c.source == name, bits(marks)) for name, marks in self.without.by_source.items()]
        return case(*own, else_=bits(self.without.marks)) if own else bits(self.without.marks)


def _marked(marks: frozenset[str]) -> str:
    return " OR ".join(f'facets : "{word}"' for word in facets("", None, bits(marks))[2:])


def _number(date: str, name: str) -> int:
    number = first_number(date)
    if number is None:
        raise DateError(f"{date[:40]!r} is no date to look {name}; write one like 2026-11-20, 2026-11 or 2026.")
    return number
