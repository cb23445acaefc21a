"""`Room`: what all requests share."""

from __future__ import annotations

import datetime as dt
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NamedTuple, cast

from sqlalchemy import select
from starlette.requests import Request

from archive import clock
from archive.catalogue import Catalogue, schema
from archive.catalogue.quiet import Quiet, quiet
from archive.catalogue.rows import Row
from archive.rights.policy import NOTHING, Policy
from archive.rights.statement import named
from archive.storage import Store
from archive.web.refusals import Withheld
from archive.web.scripts import Scripts, why_still
from archive.web.template import Templates, stamp, web_address

__all__ = ["NO_REPLAY", "ReplayState", "Room", "room_of"]

ReplayState = Callable[[], dict[str, Any]]

NO_REPLAY = {"up": False, "origin": None, "since": None, "restarts": 0, "problem": "Replay is off."}
"""The state of a replay that there is none of."""
_COUNTED_FOR = 30.0
"""Seconds for which numbers of sources and languages are good enough."""
_MOST_IDLE = 4
"""Open catalogues that wait for requests; each holds 2 MB of what it has read."""


class _Census(NamedTuple):
    """Sources and languages as they were counted."""

    counted: float
    """When, by the clock that only goes on."""
    state: object
    """`Catalogue.resting`."""
    sources: list[Row]
    languages: list[Row]


class _Judged(NamedTuple):
    """What was unusual on a day about the sources of a census."""

    census: _Census
    today: dt.date
    troubles: list[Quiet]


class Room:
    """The archive that is read, where its pages are replayed, and the templates that show it."""

    def __init__(
        self,
        store: Store,
        *,
        replay_origin: str | None,
        replay_path: Callable[[], str],
        replay_scripts: Scripts,
        replay_state: ReplayState | None,
        titles: Mapping[str, str],
        origin: str | None = None,
        not_shown: Policy = NOTHING,
        reserved: Policy = NOTHING,
    ) -> None:
        self.store = store
        self.origin = origin
        """Its own as readers see it, if a proxy stands before it."""
        self.replay_origin = replay_origin
        self.not_shown, self.reserved = not_shown, reserved
        """Marks of rights: of articles that are neither found nor shown, and of those that readers may leave out."""
        self.checks = threading.Semaphore(2)
        """Pages that may be read again at once."""
        self._replay_path = replay_path
        self._replay_scripts = replay_scripts
        self._replay_state = replay_state
        self._titles = titles
        self._counting = threading.Lock()
        self._census: _Census | None = None
        self._judged: _Judged | None = None
        self._idle: deque[Catalogue] = deque()
        weakref.finalize(self, _close_all, self._idle)
        self.templates = Templates(self)

    @contextmanager
    def catalogue(self) -> Iterator[Catalogue]:
        """The catalogue, for one request: a crawl may be writing it, or `scrapy rebuild` put another in its place.

        Raises `StoreError` if there is no archive, or none that can be read.
        """
        self.store.require()
        with ExitStack() as stack:
            catalogue = stack.enter_context(self._open())
            yield catalogue
            if catalogue.resting and len(self._idle) < _MOST_IDLE:
                self._idle.append(catalogue)
                stack.pop_all()

    def _open(self) -> Catalogue:
        """One that another request has used: much of what is asked for next it has read before."""
        while self._idle:
            with suppress(IndexError):  # another thread may have taken it
                catalogue = self._idle.pop()
                if catalogue.resting:
                    return catalogue
                catalogue.close()
        return Catalogue(self.store.catalogue_path, read_only=True)

    def census(self, catalogue: Catalogue, source: str | None = None) -> tuple[list[Row], list[Row]]:
        """`Catalogue.sources` and `Catalogue.languages`; counted anew if the catalogue has changed, now and then while
        it is being written, and if `source` is a new one.

        One request counts for all.
        """
        known, state = self._census, catalogue.resting
        is_fresh = known is not None and (
            known.state == state if state else time.monotonic() - known.counted < _COUNTED_FOR
        )
        is_new = bool(source and self._is_new(source, catalogue))
        if (is_new or not is_fresh) and self._counting.acquire(blocking=is_new or known is None):
            try:
                if is_new or self._census is known:  # nobody has counted while we waited
                    self._census = _Census(time.monotonic(), state, catalogue.sources(), catalogue.languages())
            finally:
                self._counting.release()
        assert self._census is not None
        return self._census.sources, self._census.languages

    def troubles(self, catalogue: Catalogue) -> list[Quiet]:
        """`quiet` of each source; judged anew with each `census`, and on another day."""
        sources, _ = self.census(catalogue)
        census, today, judged = self._census, clock.now().date(), self._judged
        assert census is not None
        if judged is None or judged.census is not census or judged.today != today:
            found = [one for row in sources for one in quiet(catalogue, row["source"], today)]
            judged = self._judged = _Judged(census, today, found)
        return judged.troubles

    def _is_new(self, source: str, catalogue: Catalogue) -> bool:
        if self._census and any(row["source"] == source for row in self._census.sources):
            return False
        c = schema.captures.c
        return bool(catalogue.rows(select(c.id).where(c.source == source).limit(1)))

    def title(self, source: str) -> str:
        """The name of a source as readers know it."""
        return self._titles.get(source) or " ".join(part[:1].upper() + part[1:] for part in source.split("_"))

    def check_shown(self, version: Row) -> Row:
        """Raise `Withheld` for a version whose marks of rights keep it from being shown; else returns it."""
        found = self.not_shown.of(version["source"]).intersection(named(version["rights"]))
        if found:
            raise Withheld(f"Its site says that it is not to be shown ({', '.join(sorted(found))}).")
        return version

    def check_page(self, catalogue: Catalogue, url: str) -> None:
        """Raise `Withheld` if one of the versions that were read at an address is not to be shown."""
        for version in catalogue.versions(url) if self.not_shown else ():
            self.check_shown(version)

    # Replay

    def frame(self, capture: Row | None) -> str | None:
        """The address at which a frame shows a capture (a row of the catalogue), or None if nothing replays it."""
        if capture is None or capture["method"] != "GET" or capture["date"] is None:
            return None
        return self.frame_of(capture["url"], capture["date"])

    def frame_of(self, url: str, date: str) -> str | None:
        """The address at which a frame shows a page as it was at `date` (WARC-Date).

        Only http(s) pages are: whatever else a capture says its URL is never becomes a link.
        """
        if self.replay_origin is None or web_address(url) is None:
            return None
        return f"{self.replay_origin}{self._replay_path()}/{stamp(date)}mp_/{url.replace('#', '%23')}"

    def why_still(self, request: Request) -> str | None:
        """Why scripts of archived pages don't run in the browser that asks; None if they do."""
        return why_still(self._replay_scripts, request.headers.get("user-agent", ""))

    def replay_state(self) -> dict[str, Any]:
        """Whether replay is running."""
        return self._replay_state() if self._replay_state else NO_REPLAY


def _close_all(catalogues: deque[Catalogue]) -> None:
    while catalogues:
        catalogues.pop().close()


def room_of(request: Request) -> Room:
    """The room that a request came into."""
    return cast(Room, request.app.state.room)
