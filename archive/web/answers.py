"""What is answered when something is wrong: a page for people, problem+json (RFC 9457) under /api."""

from __future__ import annotations

import http
import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from archive.errors import ArchiveError
from archive.web.guard import headers_of_safety
from archive.web.refusals import Busy, Refusal, TooMany, Unfit
from archive.web.room import room_of

__all__ = ["HANDLERS", "answered", "problem"]

_SENTENCES = {
    404: ("No such page", "The reading room has no page at this address."),
    405: ("Not possible here", "This address can't be asked in that way."),
}


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """A problem as RFC 9457 has it."""
    facts = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(json.dumps(facts, ensure_ascii=False), status, media_type="application/problem+json")


def answered(request: Request, status: int, title: str, detail: str, **more: Any) -> Response:
    """A problem as JSON or as a page, whatever fits the address."""
    if request.url.path.startswith("/api/"):
        return problem(status, title, detail, **more)
    return room_of(request).templates.page("problem.html", status, title=title, detail=detail)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    more: dict[str, Any] = {"parameter": error.parameter} if isinstance(error, Unfit) else {}
    if isinstance(error, Unfit) and error.position is not None:
        more["position"] = error.position
    response = answered(request, error.status, error.title, str(error), **more)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.seconds)
    elif isinstance(error, Busy):
        response.headers["Retry-After"] = "10"
    return response


def _unreadable(request: Request, error: Exception) -> Response:
    """The archive can't be read; where it lies on our disk is nobody's business."""
    text = str(error).replace(f"{room_of(request).store.root}/", "").replace(str(room_of(request).store.root), "here")
    return answered(request, 503, "The archive can't be read", text)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = http.HTTPStatus(error.status_code).phrase
    title, detail = _SENTENCES.get(error.status_code, (phrase, f"{phrase}."))
    response = answered(request, error.status_code, title, detail)
    response.headers.update(error.headers or {})
    return response


def _failed(request: Request, error: Exception) -> Response:
    """A fault of ours; Starlette logs it. Answered outside of all middleware."""
    response = answered(request, 500, "Something went wrong", "The fault is ours and has been noted; please try again.")
    response.headers.update(headers_of_safety())
    return response


HANDLERS = {
    Refusal: _refused,
    ArchiveError: _unreadable,
    HTTPException: _http,
    Exception: _failed,
}
