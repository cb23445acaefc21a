"""Logging in and out."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from archive.access.accounts import LONGEST_PASSWORD, AccountsError
from archive.web.forms import read_form
from archive.web.gate import Keys, own_path
from archive.web.parameters import Parameters
from archive.web.refusals import Busy, TooMany, Unknown
from archive.web.room import room_of

__all__ = ["log_in", "log_in_page", "log_out"]


def log_in_page(request: Request) -> Response:
    """Where a name and a password are asked for."""
    _keys(request)
    asked = Parameters(request.query_params)
    return _page(request, own_path(asked.text("next", 8001)))


async def log_in(request: Request) -> Response:
    """Begin a session, always a new one, if name and password fit."""
    return await run_in_threadpool(_log_in, request, await read_form(request))


def _log_in(request: Request, asked: Parameters) -> Response:
    keys = _keys(request)
    name, there = asked.text("name", 64), own_path(asked.text("next", 8001))
    tries = ((keys.attempts, request.state.client), (keys.attempts_on_one, name))
    for rate, key in tries:
        if seconds := rate.take(key):
            raise TooMany(seconds, "attempts to log in")
    try:
        user = keys.accounts.by_password(name, asked.exactly("password", LONGEST_PASSWORD))
    except AccountsError as error:
        raise Busy("The list of users can't be read.") from error
    if user is None:
        return _page(request, there, 403, "Name or password is wrong.", name)
    for rate, key in tries:
        rate.give_back(key)
    keys.sessions.end(keys.secret(request.headers))
    response = RedirectResponse(there, 303)
    keys.set_cookie(response, keys.sessions.begin(user))
    return response


def log_out(request: Request) -> Response:
    """End the session, and have the browser forget what it was shown."""
    keys = _keys(request)
    keys.sessions.end(keys.secret(request.headers))
    response = RedirectResponse("/log-in", 303, {"Clear-Site-Data": '"cache", "cookies"'} if keys.secure else None)
    keys.set_cookie(response, "")
    return response


def _page(request: Request, there: str, status: int = 200, problem: str = "", name: str = "") -> Response:
    return room_of(request).templates.page("log_in.html", status, next=there, problem=problem, name=name)


def _keys(request: Request) -> Keys:
    keys = request.app.state.keys
    if keys is None:
        raise Unknown("This reading room has no users.")
    assert isinstance(keys, Keys)
    return keys
