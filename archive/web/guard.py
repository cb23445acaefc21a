"""`Guard`: what every request must be, and what every response says to the browser."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard", "headers_of_safety", "policy"]

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def policy(frame_origin: str | None = None) -> str:
    """Nothing but our own files runs or is shown; archived pages only in frames of the replay origin."""
    frames = frame_origin or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
        f"frame-src {frames}; frame-ancestors 'none'"
    )


def headers_of_safety(*, secure: bool = False, closed: bool = False) -> dict[str, str]:
    """Of every response, unless it says otherwise.

    `secure`: it goes out over TLS. `closed`: only users may read it, so nobody else's cache and no browser that
    another reader comes back to may keep it.
    """
    return {
        **({"Strict-Transport-Security": "max-age=31536000"} if secure else {}),
        **({"Vary": "Cookie, Authorization"} if closed else {}),
        "Content-Security-Policy": policy(),
        "X-Content-Type-Options": "nosniff",
        # Not no-referrer: browsers then say "Origin: null" with our own forms.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
        "X-Frame-Options": "DENY",
        "Cache-Control": "private, no-store" if closed else "no-cache",
    }


class Guard:
    """Lets in requests to our own host names, and changes only from our own pages (ASGI middleware)."""

    def __init__(self, app: ASGIApp, *, origin: str | None, allowed_hosts: Sequence[str], closed: bool = False) -> None:
        """`closed`: there are users, whose cookies nobody else may make use of."""
        self._app = app
        self._origin = origin
        self._hosts = {host.lower() for host in allowed_hosts}
        if origin:
            self._hosts.add(_host_name(urlsplit(origin).netloc))
        self._closed = closed
        self._headers = headers_of_safety(secure=bool(origin and origin.startswith("https:")), closed=closed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        if refusal := self._refusal(scope):
            await refusal(scope, receive, guarded)
        else:
            await self._app(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _host_name(host) not in self._hosts:
            return PlainTextResponse("This host name is not one of the reading room's.\n", 421)
        if scope["method"] in _READING or self._is_from_here(scope["scheme"], host, headers):
            return None
        return PlainTextResponse("Only a page of the reading room may ask for this.\n", 403)

    def _is_from_here(self, scheme: str, host: str, headers: Headers) -> bool:
        """Whether one of our pages asks, or no browser at all: every browser says where a POST comes from."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is None and origin is None and self._closed and "authorization" not in headers:
            return False  # a program has a token; what has a cookie or a password is a browser, and says it
        if site is not None and site not in ("same-origin", "none"):
            return False
        return origin is None or origin in (f"{scheme}://{host}", self._origin)


def _host_name(host: str) -> str:
    """A Host header without its port, lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
