"""`Gate`: lets users in, by a session's cookie or a token, where an archive is not open to all."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from archive.access.accounts import Accounts, AccountsError, User
from archive.access.credentials import token_of
from archive.access.rate import Rate
from archive.access.reader import reader
from archive.access.sessions import Sessions
from archive.web.answers import answered, problem
from archive.web.refusals import TooMany

__all__ = ["LOG_IN", "LOG_OUT", "Gate", "Keys", "own_path", "too_many"]

LOG_IN, LOG_OUT = "/log-in", "/log-out"

_ATTEMPTS, _ATTEMPTS_ON_ONE, _WHILE = 10, 50, 600.0
"""Wrong passwords from one address, and for one name from anywhere, within so many seconds."""


class Keys:
    """What opens the gate: the accounts, the open sessions, the cookie's name, and how often somebody may try."""

    def __init__(self, accounts: Accounts, *, seconds: float, secure: bool) -> None:
        """`seconds` is how long a session lasts; `secure` whether browsers come over TLS."""
        self.accounts = accounts
        self.sessions = Sessions(seconds)
        self.seconds = seconds
        self.secure = secure
        # The prefix: no other host, and nothing without TLS, can set it. Browsers want TLS for that.
        self.cookie = "__Host-newswarc" if secure else "newswarc"
        self.attempts = Rate(_ATTEMPTS, _WHILE)
        self.attempts_on_one = Rate(_ATTEMPTS_ON_ONE, _WHILE)

    def secret(self, headers: Headers) -> str:
        """The session's secret that a browser sent; empty if it sent none."""
        found = [cookie_parser(value).get(self.cookie, "") for value in headers.getlist("cookie")]
        return next((value for value in found if value), "")

    def set_cookie(self, response: Response, secret: str) -> None:
        """Give a session to a browser, or take it away (an empty secret)."""
        response.set_cookie(
            self.cookie,
            secret,
            max_age=int(self.seconds) if secret else 0,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )


class _Credentials(NamedTuple):
    user: User | None
    is_token: bool


class Gate:
    """Asks everybody who they are (ASGI middleware); what anybody may see is the log-in page and our own files."""

    def __init__(self, app: ASGIApp, *, keys: Keys | None, rate: Rate) -> None:
        """Without `keys` everybody is let in. `rate` is that of each user."""
        self._app, self._keys, self._rate = app, keys, rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        keys = self._keys
        if scope["type"] != "http" or keys is None or scope["path"].startswith("/static/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            found = _credentials(keys, request.headers)
        except AccountsError:
            text = "The list of users can't be read; whoever runs this reading room is told by scrapy serve."
            await answered(request, 503, "Nobody can be let in", text)(scope, receive, send)
            return
        if found.user is None and scope["path"] != LOG_IN:
            await _refusal(request, is_token=found.is_token)(scope, receive, send)
            return
        if found.user and (seconds := self._rate.take(found.user.name)):
            await too_many(request, seconds)(scope, receive, send)
            return
        token = reader.set(found.user)
        try:
            await self._app(scope, receive, send)
        finally:
            reader.reset(token)


def too_many(request: Request, seconds: float) -> Response:
    """The answer to who asks too much."""
    error = TooMany(seconds)
    response = answered(request, error.status, error.title, str(error))
    response.headers["Retry-After"] = str(error.seconds)
    return response


def own_path(path: str) -> str:
    """The path if it is one of ours, to be led to; else the first page."""
    return path if re.fullmatch(r"/(?![/\\])[!-~]{0,8000}", path) and "\\" not in path else "/"


def _credentials(keys: Keys, headers: Headers) -> _Credentials:
    """Raises `AccountsError`."""
    if "authorization" in headers:
        return _Credentials(keys.accounts.by_token(token_of(headers["authorization"])), is_token=True)
    user = keys.sessions.user(keys.secret(headers))
    return _Credentials(user if user and keys.accounts.knows(user) else None, is_token=False)


def _refusal(request: Request, *, is_token: bool) -> Response:
    """What a stranger gets: a browser the log-in page, a program a 401."""
    mode, site = (request.headers.get(f"sec-fetch-{name}") for name in ("mode", "site"))
    is_program = is_token or request.url.path.startswith("/api/") or "html" not in request.headers.get("accept", "")
    if is_program or mode not in (None, "navigate"):
        response = problem(401, "Who are you?", "Send a token: Authorization: Bearer ... (docs/serve.md).")
        headers = MutableHeaders(raw=response.raw_headers)
        fault = ', error="invalid_token"' if is_token else ""
        headers["WWW-Authenticate"] = f'Bearer realm="newswarc"{fault}'
        if mode is None:  # a browser would ask its reader for a password
            headers.append("WWW-Authenticate", 'Basic realm="newswarc"')
        return response
    raw = request.scope.get("raw_path") or request.url.path.encode()
    path = raw.decode("latin-1") + (f"?{request.url.query}" if request.url.query else "")
    if request.method not in ("GET", "HEAD"):
        path = "/"
    if site in ("cross-site", "same-site"):
        # A link from elsewhere brings no SameSite=Strict cookie along; a step of our own does.
        return request.app.state.room.templates.page("again.html", next=own_path(path))  # type: ignore[no-any-return]
    return RedirectResponse(f"{LOG_IN}?{urlencode({'next': own_path(path)})}", 303)
