"""Search, and the latest articles where nothing is searched for."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from archive.catalogue.filters import DateError
from archive.catalogue.search import QueryError
from archive.web.finding import Finding, Wish
from archive.web.parameters import Parameters
from archive.web.refusals import Unfit
from archive.web.room import room_of

__all__ = ["search_page"]


def search_page(request: Request) -> Response:
    """Articles that hold the words."""
    room = room_of(request)
    asked = Parameters(request.query_params)
    finding = problem = None
    position = -1
    with room.catalogue() as catalogue:
        sources, languages = room.census(catalogue)
        try:
            wish = Wish.of(asked)
            finding = Finding.of(wish, catalogue, room.store, not_shown=room.not_shown, reserved=room.reserved)
        except (Unfit, DateError) as error:
            wish, problem = Wish(words=request.query_params.get("q", "")[:300]), str(error)
        except QueryError as error:
            problem, position = str(error), error.position
    return room.templates.page(
        "search.html",
        400 if problem else 200,
        wish=wish,
        finding=finding,
        problem=problem,
        before=wish.words[:position] if position > 0 else "",
        at=wish.words[position : position + 24] if position >= 0 else "",
        sources=sources,
        languages=languages,
        can_permit=bool(room.reserved),
    )
