"""`create_app`: the reading room as an ASGI application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from archive.storage import Store
from archive.web import answers
from archive.web.guard import Guard
from archive.web.pages.article import article_page
from archive.web.pages.search import search_page
from archive.web.room import Room
from archive.web.template import STATIC

__all__ = ["create_app"]


def create_app(
    store: Store,
    *,
    replay_origin: str | None = None,
    origin: str | None = None,
    allowed_hosts: Sequence[str] = ("127.0.0.1", "localhost", "[::1]"),
    titles: Mapping[str, str] | None = None,
) -> Starlette:
    """The reading room over one archive.

    `replay_origin` (``http://127.0.0.1:8081``) is where pywb shows pages as they were; without it the pages say that
    replay is off. `origin` is the room's own as readers see it, if a proxy stands before it. Requests to other
    host names than `allowed_hosts` are refused. `titles` are readers' names of sources.
    """
    room = Room(store, replay_origin=replay_origin, titles=titles or {})
    app = Starlette(
        routes=[
            Route("/", search_page),
            Route("/search", search_page),
            Route("/article", article_page),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(Guard, replay_origin=replay_origin, origin=origin, allowed_hosts=allowed_hosts),
        ],
        exception_handlers=answers.HANDLERS,
    )
    app.state.room = room
    return app
