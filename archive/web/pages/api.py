"""The API in words, for those who would use it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from archive.web.openapi import DOCUMENT
from archive.web.room import room_of

__all__ = ["api_page"]


def api_page(request: Request) -> Response:
    """Every address of the API and what it takes."""
    return room_of(request).templates.page("api.html", paths=DOCUMENT["paths"])
