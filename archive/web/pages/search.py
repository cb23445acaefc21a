"""Search, and the latest articles where nothing is searched for."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from archive.catalogue.search import Search
from archive.web.parameters import LONGEST_WORDS, Parameters
from archive.web.room import room_of

__all__ = ["search_page"]

PAGE = 20


def search_page(request: Request) -> Response:
    """Articles that hold the words."""
    room = room_of(request)
    asked = Parameters(request.query_params)
    words = asked.text("q", LONGEST_WORDS)
    source, page = asked.source(), asked.number("page", 1, 1, 500)
    with room.catalogue() as catalogue:
        if words:
            search = Search(catalogue, room.store)
            found = search.find(words, source=source, limit=PAGE + 1, offset=(page - 1) * PAGE)
            rows = [hit.article for hit in found.hits]
        else:
            rows = catalogue.articles(source=source, limit=PAGE)
    return room.templates.page("search.html", words=words, source=source, page=page, rows=rows)
