"""`create_app`: the reading room as an ASGI application."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from archive.access.rate import Network, Rate
from archive.rights.policy import NOTHING, Policy
from archive.storage import Store
from archive.web import answers, api
from archive.web.gate import LOG_IN, LOG_OUT, Gate, Keys
from archive.web.guard import Guard
from archive.web.limits import Limits
from archive.web.own_files import OwnFiles
from archive.web.pages.api import api_page
from archive.web.pages.article import article_page
from archive.web.pages.capture import capture_page
from archive.web.pages.changes import changes_feed, changes_page
from archive.web.pages.check import check_page
from archive.web.pages.compare import compare_page
from archive.web.pages.history import history_page
from archive.web.pages.log_in import log_in, log_in_page, log_out
from archive.web.pages.record import bytes_of_record, content_of_record, payload_of_record, record_page
from archive.web.pages.replay import replay_page
from archive.web.pages.search import search_page
from archive.web.pages.sources import source_page, sources_page
from archive.web.room import ReplayState, Room
from archive.web.scripts import Scripts

__all__ = ["create_app"]

_MINUTE = 60.0


def create_app(
    store: Store,
    *,
    replay_origin: str | None = None,
    replay_path: Callable[[], str] = lambda: "/web",
    replay_scripts: Scripts = "held",
    replay_state: ReplayState | None = None,
    origin: str | None = None,
    allowed_hosts: Sequence[str] = ("127.0.0.1", "localhost", "[::1]"),
    titles: Mapping[str, str] | None = None,
    not_shown: Policy = NOTHING,
    reserved: Policy = NOTHING,
    keys: Keys | None = None,
    rate: int = 0,
    proxies: Sequence[Network] = (),
) -> Starlette:
    """The reading room over one archive.

    `replay_origin` (``http://127.0.0.1:8081``) is where pywb shows pages as they were, below the path that
    `replay_path` gives for a page; without it the pages say that replay is off. `replay_scripts` says in which browsers
    it runs scripts, `replay_state` whether it is running. `origin` is the room's own as readers see it, if a proxy
    stands before it. Requests to other host names than `allowed_hosts` are refused. `titles` are readers' names of
    sources. Articles with marks of rights in `not_shown` are neither found nor shown; those in `reserved` readers may
    leave out.

    With `keys` only users are let in. An address and a user may ask `rate` times a minute (0: as they like); `proxies`
    are believed who their client is.
    """
    room = Room(
        store,
        replay_origin=replay_origin,
        replay_path=replay_path,
        replay_scripts=replay_scripts,
        replay_state=replay_state,
        titles=titles or {},
        origin=origin,
        not_shown=not_shown,
        reserved=reserved,
    )
    app = Starlette(
        routes=[
            Route("/", search_page),
            Route("/search", search_page),
            Route("/sources", sources_page),
            Route("/source/{name}", source_page),
            Route("/article", article_page),
            Route("/history", history_page),
            Route("/compare", compare_page),
            Route("/changes", changes_page),
            Route("/changes.atom", changes_feed),
            Route("/check", check_page, methods=["POST"]),
            Route("/capture", capture_page),
            Route("/record", record_page),
            Route("/record/bytes", bytes_of_record),
            Route("/record/payload", payload_of_record),
            Route("/record/content", content_of_record),
            Route("/replay", replay_page),
            Route("/api", api_page),
            Route(LOG_IN, log_in_page, methods=["GET"]),
            Route(LOG_IN, log_in, methods=["POST"]),
            Route(LOG_OUT, log_out, methods=["POST"]),
            *api.ROUTES,
            Mount("/static", OwnFiles()),
        ],
        middleware=[
            Middleware(Guard, origin=origin, allowed_hosts=allowed_hosts, closed=keys is not None),
            Middleware(Limits, rate=Rate(rate, _MINUTE), proxies=proxies),
            Middleware(Gate, keys=keys, rate=Rate(rate, _MINUTE)),
        ],
        exception_handlers=answers.HANDLERS,
    )
    app.state.room, app.state.keys = room, keys
    return app
