"""`Limits`: how much one client may ask, how long an address may be, how much is searched at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from archive.access.rate import Network, Rate, client_of
from archive.web.answers import answered
from archive.web.gate import too_many

__all__ = ["LONGEST_TARGET", "Limits"]

LONGEST_TARGET = 32 << 10
"""Bytes of a path with its query."""
_COSTLY = frozenset(
    """
    / /search /article /history /compare /changes /changes.atom /check /record/content
    /api/search /api/article /api/versions /api/compare /api/changes /api/check
    """.split()
)
_COST = 5
"""Of one of these, in requests."""
_AT_ONCE, _WAITING, _PATIENCE = 6, 60, 20.0
"""So many of these are answered at once, so many more wait, for so many seconds."""


class Limits:
    """Answers 414, 429 and 503 to what is too much (ASGI middleware)."""

    def __init__(self, app: ASGIApp, *, rate: Rate, proxies: Sequence[Network] = ()) -> None:
        """`rate` is that of each address; `proxies` are believed who their client is."""
        self._app, self._rate, self._proxies = app, rate, proxies
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        peer = scope["client"][0] if scope.get("client") else ""
        client = client_of(peer, request.headers.getlist("x-forwarded-for"), self._proxies)
        scope.setdefault("state", {})["client"] = client
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_TARGET:
            text = f"An address may have {LONGEST_TARGET} bytes at most."
            await answered(request, 414, "Too long", text)(scope, receive, send)
            return
        costly = scope["path"] in _COSTLY
        if not scope["path"].startswith("/static/") and (seconds := self._rate.take(client, _COST if costly else 1)):
            await too_many(request, seconds)(scope, receive, send)
        elif costly:
            await self._in_turn(request, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _in_turn(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        has_turn = False
        if self._waiting < _WAITING:
            self._waiting += 1
            try:
                async with asyncio.timeout(_PATIENCE):
                    has_turn = await self._turns.acquire()
            except TimeoutError:
                pass
            finally:
                self._waiting -= 1
        if not has_turn:
            response = answered(request, 503, "Busy", "Too many others search and compare; please try again.")
            response.headers["Retry-After"] = "10"
            await response(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._turns.release()
