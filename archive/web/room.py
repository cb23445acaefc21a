"""`Room`: what all requests share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from starlette.requests import Request

from archive.catalogue import Catalogue
from archive.storage import Store
from archive.web.template import Templates

__all__ = ["Room", "room_of"]


class Room:
    """The archive that is read, where its pages are replayed, and the templates that show it."""

    def __init__(self, store: Store, *, replay_origin: str | None, titles: Mapping[str, str]) -> None:
        self.store = store
        self.replay_origin = replay_origin
        self.templates = Templates(self)
        self._titles = titles

    @contextmanager
    def catalogue(self) -> Iterator[Catalogue]:
        """The catalogue, for one request: a crawl may be writing it, or `scrapy rebuild` put another in its place.

        Opening it takes 2 ms. Raises `StoreError` if there is no archive, or none that can be read.
        """
        self.store.require()
        catalogue = Catalogue(self.store.catalogue_path)
        try:
            yield catalogue
        finally:
            catalogue.close()

    def title(self, source: str) -> str:
        """The name of a source as readers know it."""
        return self._titles.get(source) or source.replace("_", " ").title()

    def replay(self, url: str, date: str) -> str | None:
        """Where a page is shown as it was at `date` (WARC-Date), or None if nothing replays it.

        Only http(s) pages are: whatever else a capture says its URL is never becomes a link.
        """
        if self.replay_origin is None or not url.startswith(("http://", "https://")):
            return None
        moment = "".join(c for c in date if c.isdigit())[:14]
        return f"{self.replay_origin}/archive/{moment}mp_/{url}"


def room_of(request: Request) -> Room:
    """The room that a request came into."""
    return cast(Room, request.app.state.room)
