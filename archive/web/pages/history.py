"""What became of an article: its versions over all its addresses, on a time line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from archive.catalogue.changes import ChangeFilters
from archive.history.history import Event, History, Version
from archive.web import glossary
from archive.web.parameters import Parameters
from archive.web.refusals import Unknown
from archive.web.room import room_of

__all__ = ["Moment", "history_page", "moments_of"]

_MOST_CHANGES = 1000


_MOST = 100
"""Events on a page."""


class Moment(msgspec.Struct, frozen=True):
    """A place on the time line: one event, or several of a kind in a row."""

    events: tuple[Event, ...]
    version: Version | None
    """That began there."""
    changes: tuple[str, ...]
    """What differs from the version before, as readers call it."""

    @property
    def first(self) -> Event:
        """The earliest."""
        return self.events[0]

    @property
    def last(self) -> Event:
        """The latest."""
        return self.events[-1]


def history_page(request: Request) -> Response:
    """The history of the article at an address."""
    room = room_of(request)
    asked = Parameters(request.query_params)
    url, page = asked.url(), asked.number("page", 1, 1, 10_000)
    shown = slice(-page * _MOST, -(page - 1) * _MOST or None)
    with room.catalogue() as catalogue:
        room.check_page(catalogue, url)
        history = History.of(room.store, catalogue, url, shown)
        if not history.versions and not history.events:
            raise Unknown(f"The archive has nothing of {url}.")
        latest = history.versions[-1] if history.versions else None
        row = catalogue.version(latest.id) if latest else None
        alike = catalogue.alike(latest.id, limit=10) if latest else []
        changes = {row["id"]: row for row in catalogue.changes(ChangeFilters(url=url), limit=_MOST_CHANGES)}
    return room.templates.page(
        "history.html",
        history=history,
        moments=list(moments_of(history, shown)),
        page=page,
        pages=max(1, -(-len(history.events) // _MOST)),
        latest=latest,
        row=row,
        picked=_picked(history, shown),
        alike=alike,
        changes=changes,
    )


def moments_of(history: History, shown: slice = slice(None)) -> Iterator[Moment]:
    """The shown events by date; several of a kind at one address in a row are one moment, each version is its own."""
    began = {version.capture.id: version for version in history.versions}

    def sort(event: Event) -> tuple[str, ...]:
        own = event.capture or "" if event.kind in ("version", "unchanged") else ""
        return event.kind, event.url, event.what, own

    for _, together in groupby(history.events[shown], key=sort):
        events = tuple(together)
        version = began.get(events[0].capture or "") if events[0].kind in ("version", "unchanged") else None
        names = version.changed if version else ()
        yield Moment(events, version, tuple(glossary.FIELDS[name].lower() for name in names))


def _picked(history: History, shown: slice) -> tuple[str | None, str | None]:
    """Captures of the two versions that readers most likely want to compare: the last change that is shown."""
    captures = {event.capture for event in history.events[shown] if event.kind in ("version", "unchanged")}
    versions = [version for version in history.versions if version.capture.id in captures]
    changed = [at for at, version in enumerate(versions) if at and version.changed]
    if changed:
        return versions[changed[-1] - 1].capture.id, versions[changed[-1]].capture.id
    if len(versions) > 1:
        return versions[0].capture.id, versions[-1].capture.id
    return None, None
