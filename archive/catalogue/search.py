"""`Search`: articles by the words of their texts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec
from sqlalchemy import select, text

from archive.catalogue import schema
from archive.catalogue.filters import Filters
from archive.catalogue.query import Query, QueryError, parse_query
from archive.catalogue.rows import Row, number_second
from archive.catalogue.snippets import Parts, Snippets
from archive.errors import ArchiveError
from archive.reader import parse_member
from archive.rights.policy import NOTHING, Policy

if TYPE_CHECKING:
    from archive.catalogue.catalogue import Catalogue

__all__ = ["Hit", "QueryError", "Results", "Search", "each_article"]

_RANKED = 5_000
"""Hits that are ranked, the newest."""
_PAGE = 500
"""Articles that are read at once when all are asked for."""


class Records(Protocol):
    """Where records are read from: a store or any collection."""

    def read(self, name: str, offset: int, length: int, /) -> bytes:
        """The bytes of one record."""
        ...


class Hit(msgspec.Struct, frozen=True):
    """An article that was found. Texts are in parts, True for those that match."""

    article: Row
    headline: Parts
    snippets: list[Parts]
    """The two best places of the text; an ellipsis stands where it goes on."""


class Results(msgspec.Struct, frozen=True):
    """One page of what was found."""

    total: int
    """All hits."""
    hits: list[Hit]
    exact: bool = True
    """False if there are so many hits that only the newest were ranked; the others follow behind them, newest first."""


class Search:
    """Finds articles in a catalogue; their texts are read from the store for the snippets."""

    def __init__(self, catalogue: Catalogue, store: Records) -> None:
        self._catalogue, self._store = catalogue, store

    def find(
        self,
        words: str,
        *,
        source: str | None = None,
        language: str | None = None,
        since: str | None = None,
        until: str | None = None,
        without: Policy = NOTHING,
        limit: int = 20,
        offset: int = 0,
        order: Literal["relevance", "date"] = "relevance",
    ) -> Results:
        """A page of the articles that `words` ask for (see `archive.catalogue.query`), best or newest first.

        For the filters see `Filters`. Raises `QueryError`, `DateError` and `StoreError`.
        """
        filters = Filters(source=source, language=language, since=since, until=until, without=without)
        query = parse_query(words, language)
        match = _match(query, filters)
        values = {"match": match, "first": filters.numbers()[0], "last": filters.numbers()[1]}
        total = self._number("SELECT count(*) AS n", values) or 0
        limit, offset = max(0, limit), max(0, offset)
        ranked = min(total, _RANKED) if order == "relevance" else 0
        numbers: list[int] = []
        if offset < ranked:
            numbers = self._best(values, ranked, total, limit, offset)
        if len(numbers) < limit and offset + len(numbers) < total:
            numbers += self._newest(values, limit - len(numbers), offset + len(numbers))
        return Results(total, self._hits(numbers, query), exact=ranked in (0, total))

    def _number(self, what: str, values: Row) -> int | None:
        rows = self._catalogue.rows(text(f"{what} {_FROM}"), values)
        return rows[0]["n"] if rows else None

    def _newest(self, values: Row, limit: int, offset: int) -> list[int]:
        query = f"SELECT rowid AS n {_FROM} ORDER BY rowid DESC LIMIT :limit OFFSET :offset"
        return [row["n"] for row in self._catalogue.rows(text(query), values | {"limit": limit, "offset": offset})]

    def _best(self, values: Row, ranked: int, total: int, limit: int, offset: int) -> list[int]:
        if ranked < total:
            values = values | {"first": self._newest(values, 1, ranked - 1)[0]}
        query = (
            f"SELECT rowid AS n, bm25(full_text, 5.0, 1.0, 0.0) AS score {_FROM}"
            " ORDER BY score, rowid DESC LIMIT :limit OFFSET :offset"
        )
        values = values | {"limit": min(limit, ranked - offset), "offset": offset}
        return [row["n"] for row in self._catalogue.rows(text(query), values)]

    def _hits(self, numbers: list[int], query: Query) -> list[Hit]:
        a, v = schema.articles, schema.versions.c
        rows = self._catalogue.rows(
            select(a, v.file, v.offset, v.length, v.details_offset, v.details_length)
            .join(schema.versions, v.id == a.c.version)
            .where(a.c.number.in_(numbers))
        )
        found = {row["number"]: row for row in rows}
        return [self._hit(found[number], query) for number in numbers if number in found]

    def _hit(self, row: Row, query: Query) -> Hit:
        snippets = Snippets(query.terms, row["language"])
        article = {name: value for name, value in row.items() if name in schema.articles.c}
        return Hit(article, snippets.headline(row["headline"] or ""), snippets.of(self._texts(row)))

    def _texts(self, row: Row) -> Iterator[str]:
        """The text, and behind it what else was indexed; each is read when it is asked for."""
        try:
            yield parse_member(self._store.read(row["file"], row["offset"], row["length"])).block.decode(
                "utf-8", "replace"
            )
            details = parse_member(self._store.read(row["file"], row["details_offset"], row["details_length"])).json()
            article = details["article"]
            yield article.get("standfirst") or ""
            for update in article.get("updates") or ():
                yield "\n".join(part for part in (update.get("headline"), update["text"]) if part)
        except (ArchiveError, KeyError, TypeError, AttributeError):  # scrapy verify is there to tell
            return


_FROM = "FROM full_text WHERE full_text MATCH :match AND rowid BETWEEN :first AND :last"


def _match(query: Query, filters: Filters) -> str:
    match = " AND ".join([f"({query.match})", *(f'facets : "{word}"' for word in filters.facets())])
    excluded = filters.excluded()
    return f"({match}) NOT ({excluded})" if excluded else match


def each_article(catalogue: Catalogue, words: str | None, filters: Filters) -> Iterator[Row]:
    """All articles that a search or the filters alone choose, oldest first, those of one second by URL."""
    first, last = filters.numbers()
    match = _match(parse_query(words, filters.language), filters) if words is not None else None
    rows = _each(catalogue, match, filters, first, last)
    for _, together in groupby(rows, key=lambda row: number_second(row["number"])):
        yield from sorted(together, key=lambda row: row["url"])


def _each(catalogue: Catalogue, match: str | None, filters: Filters, first: int, last: int) -> Iterator[Row]:
    a = schema.articles
    while True:
        if match is None:
            chosen = filters.articles().where(a.c.number >= first).order_by(a.c.number).limit(_PAGE)
            rows = catalogue.rows(chosen)
            numbers = [row["number"] for row in rows]
        else:
            query = text(f"SELECT rowid AS n {_FROM} ORDER BY rowid LIMIT :limit")
            values = {"match": match, "first": first, "last": last, "limit": _PAGE}
            numbers = [row["n"] for row in catalogue.rows(query, values)]
            rows = catalogue.rows(select(a).where(a.c.number.in_(numbers)).order_by(a.c.number))
        yield from rows
        if len(numbers) < _PAGE:
            return
        first = numbers[-1] + 1
