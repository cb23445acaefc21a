"""`HostCheck`: an ASGI middleware that answers only for names that are ours.

Otherwise any web page could have its own name point to this machine (DNS rebinding) and read the archive.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["HostCheck"]


class HostCheck:
    """Answers for `origin`, leads from `aliases` to it, refuses every other Host."""

    def __init__(self, app: ASGIApp, origin: str, aliases: tuple[str, ...] = ()) -> None:
        self._app = app
        self._origin, self._aliases = origin, aliases
        self._host = origin.partition("://")[2]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = next((value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"), "")
        if host == self._host:
            await self._app(scope, receive, send)
        elif host in self._aliases and scope["method"] in ("GET", "HEAD"):
            query = scope["query_string"].decode("latin-1")
            path = quote(scope["path"]) + (f"?{query}" if query else "")
            await RedirectResponse(self._origin + path, 307)(scope, receive, send)
        else:
            text = f"This server answers for {self._host} only.\n"
            await PlainTextResponse(text, 421)(scope, receive, send)
