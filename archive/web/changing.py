"""`ChangeWish`: which changes a reader asks for, and a page of them."""

from __future__ import annotations

from typing import Literal, cast

import msgspec

from archive.catalogue import Catalogue
from archive.catalogue.changes import KINDS, ChangeFilters, Kind
from archive.catalogue.rows import Row
from archive.web.parameters import LONGEST_URL, Parameters, day_after
from archive.web.refusals import Unfit

__all__ = ["SHOWN", "ChangeWish"]

SHOWN = ("silent", "gone")
"""What may be asked for instead of everything."""
_LAST_PAGE = 500
_USUAL = 50


class ChangeWish(msgspec.Struct, frozen=True):
    """What a reader asks for."""

    source: str | None = None
    url: str | None = None
    since: str | None = None
    until: str | None = None
    """The last day, itself included."""
    show: Literal["silent", "gone"] | None = None
    kind: Kind | None = None
    typos: bool = True
    page: int = 1
    limit: int = _USUAL

    @classmethod
    def of(cls, asked: Parameters) -> ChangeWish:
        """As the parameters say. Raises `Unfit`."""
        wish = cls(
            source=asked.source(),
            url=asked.text("url", LONGEST_URL) or None,
            since=asked.day("since"),
            until=asked.day("until", last=True),
            show=cast('Literal["silent", "gone"] | None', asked.choice("show", SHOWN)),
            kind=cast("Kind | None", asked.choice("kind", KINDS)),
            typos=asked.choice("typos", ("no",)) is None,
            page=asked.number("page", 1, 1, _LAST_PAGE),
            limit=asked.number("limit", _USUAL, 1, 200),
        )
        if wish.since and wish.until and wish.since > wish.until:
            raise Unfit("until", f"The time ends ({wish.until}) before it begins ({wish.since}).")
        return wish

    @property
    def parameters(self) -> dict[str, str | None]:
        """What an address needs to ask for the same, without the page."""
        named = {name: getattr(self, name) for name in ("source", "url", "since", "until", "show", "kind")}
        limit = None if self.limit == _USUAL else str(self.limit)
        return {**named, "typos": None if self.typos else "no", "limit": limit}

    def found(self, catalogue: Catalogue, *, certain: bool = False) -> tuple[list[Row], bool]:
        """The changes of the page, and whether there is another one. Raises `StoreError`."""
        filters = ChangeFilters(
            source=self.source,
            url=self.url,
            since=self.since,
            until=day_after(self.until),
            kinds=(self.kind,) if self.kind else (),
            silent=self.show == "silent",
            gone=self.show == "gone",
            typos=self.typos,
            certain=certain,
        )
        rows = catalogue.changes(filters, limit=self.limit + 1, offset=(self.page - 1) * self.limit)
        return rows[: self.limit], len(rows) > self.limit
