"""What became of articles: a list of changes, as a page and as an Atom feed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from archive.catalogue.changes import KINDS
from archive.history.telling import WHY, Telling
from archive.web.atom import MEDIA_TYPE, atom, page_of
from archive.web.changing import ChangeWish
from archive.web.parameters import Parameters
from archive.web.room import Room, room_of
from archive.web.template import link

__all__ = ["changes_feed", "changes_page"]


def changes_page(request: Request) -> Response:
    """The changes that were asked for."""
    room = room_of(request)
    wish = ChangeWish.of(Parameters(request.query_params))
    with room.catalogue() as catalogue:
        rows, has_more = wish.found(catalogue)
        sources, _ = room.census(catalogue)
    return room.templates.page(
        "changes.html",
        wish=wish,
        changes=[(row, Telling.of(row), page_of(row)) for row in rows],
        has_more=has_more,
        sources=sources,
        kinds=KINDS,
        why=WHY,
        feed=link("/changes.atom", **wish.parameters),
        title=_title(wish, room),
    )


def changes_feed(request: Request) -> Response:
    """The same as a feed, without articles that were missing once so far."""
    room = room_of(request)
    wish = ChangeWish.of(Parameters(request.query_params))
    with room.catalogue() as catalogue:
        rows, _ = wish.found(catalogue, certain=True)
    origin = room.origin or f"{request.url.scheme}://{request.url.netloc}"
    data = atom(
        rows,
        room,
        title=_title(wish, room),
        origin=origin,
        path=link("/changes.atom", **wish.parameters),
        page=link("/changes", **wish.parameters),
    )
    return Response(data, media_type=MEDIA_TYPE)


def _title(wish: ChangeWish, room: Room) -> str:
    names = {None: "Changes", "silent": "Silent edits", "gone": "Takedowns"}
    name = names[wish.show] + (f" of kind {wish.kind}" if wish.kind else "")
    return name + (f" in {room.title(wish.source)}" if wish.source else "") + (f" at {wish.url}" if wish.url else "")
