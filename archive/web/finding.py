"""`Finding`: what a reader looks for, and a page of what was found."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cached_property

import msgspec
from sqlalchemy import select

from archive.catalogue import Catalogue, schema
from archive.catalogue.filters import Filters
from archive.catalogue.rows import Row
from archive.catalogue.search import Hit, Search
from archive.errors import ArchiveError
from archive.rights.policy import NOTHING, Policy
from archive.storage import Store
from archive.web.parameters import LONGEST_WORDS, Parameters, day_after
from archive.web.refusals import Unfit

__all__ = ["LAST_PAGE", "Finding", "Found", "Wish", "standfirst_of"]

LAST_PAGE = 500


class Wish(msgspec.Struct, frozen=True):
    """What a reader looks for."""

    words: str = ""
    source: str | None = None
    language: str | None = None
    since: str | None = None
    until: str | None = None
    """The last day, itself included."""
    permitted: bool = False
    """Nothing whose rights are reserved."""
    page: int = 1
    limit: int = 20

    @classmethod
    def of(cls, asked: Parameters, *, longest_page: int = 20) -> Wish:
        """As the parameters say. Raises `Unfit`."""
        wish = cls(
            words=asked.text("q", LONGEST_WORDS),
            source=asked.source(),
            language=asked.language(),
            since=asked.day("since"),
            until=asked.day("until", last=True),
            permitted=asked.choice("permitted", ("1", "0")) == "1",
            page=asked.number("page", 1, 1, LAST_PAGE),
            limit=asked.number("limit", 20, 1, longest_page),
        )
        if wish.since and wish.until and wish.since > wish.until:
            raise Unfit("until", f"The search ends ({wish.until}) before it begins ({wish.since}).")
        return wish

    def has_filters(self) -> bool:
        """Whether less than the whole archive is looked through."""
        return any((self.source, self.language, self.since, self.until, self.permitted))


class Found(msgspec.Struct, frozen=True):
    """An article as the list of results shows it."""

    article: Row
    headline: list[tuple[str, bool]]
    snippets: list[list[tuple[str, bool]]]
    standfirst: str | None


class Finding(msgspec.Struct, frozen=True, dict=True):
    """A page of what was found."""

    wish: Wish
    total: int
    found: list[Found]

    @cached_property
    def pages(self) -> int:
        """How many there are, as far as they can be turned."""
        return min(LAST_PAGE, max(1, -(-self.total // self.wish.limit)))

    @property
    def first(self) -> int:
        """The number of the first result of this page."""
        return (self.wish.page - 1) * self.wish.limit + 1

    @classmethod
    def of(
        cls, wish: Wish, catalogue: Catalogue, store: Store, *, not_shown: Policy = NOTHING, reserved: Policy = NOTHING
    ) -> Finding:
        """Look; for the marks of rights see `archive.web.room.Room`.

        Raises `archive.catalogue.search.QueryError`, which explains itself, and `StoreError`.
        """
        offset = (wish.page - 1) * wish.limit
        filters = Filters(
            source=wish.source,
            language=wish.language,
            since=wish.since,
            until=day_after(wish.until),
            without=not_shown | reserved if wish.permitted else not_shown,
        )
        chosen = msgspec.structs.asdict(filters)
        if wish.words:
            results = Search(catalogue, store).find(wish.words, limit=wish.limit, offset=offset, **chosen)
            return cls(wish, results.total, _with_standfirsts(results.hits, catalogue, store))
        rows = catalogue.articles(limit=wish.limit, offset=offset, **chosen)
        hits = [Hit(row, [(row["headline"] or "", False)], []) for row in rows]
        total = int(catalogue.rows(filters.count())[0]["n"])
        return cls(wish, total, _with_standfirsts(hits, catalogue, store))


def _with_standfirsts(hits: Sequence[Hit], catalogue: Catalogue, store: Store) -> list[Found]:
    v = schema.versions.c
    columns = (v.id, v.file, v.details_offset, v.details_length)
    rows = catalogue.rows(select(*columns).where(v.id.in_([hit.article["version"] for hit in hits])))
    standfirsts = {row["id"]: standfirst_of(store, row) for row in rows}
    return [Found(hit.article, hit.headline, hit.snippets, standfirsts.get(hit.article["version"])) for hit in hits]


class _Fields(msgspec.Struct):
    standfirst: str | None = None


class _Details(msgspec.Struct):
    article: _Fields


def standfirst_of(store: Store, version: Row) -> str | None:
    """What stands below a version's headline; None if it can't be read, which `scrapy verify` explains."""
    try:
        record = zlib.decompress(store.read(version["file"], version["details_offset"], version["details_length"]), 31)
        return msgspec.json.decode(record.partition(b"\r\n\r\n")[2].rstrip(), type=_Details).article.standfirst
    except (ArchiveError, zlib.error, msgspec.DecodeError, UnicodeDecodeError):
        return None
