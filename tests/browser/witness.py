"""`Witness`: sees everything that a browser asks for and complains of."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

__all__ = ["Witness"]

_INSIDE = {"data", "blob", "about"}
_UNKNOWN_FEATURE = "Error with Permissions-Policy header: Unrecognized feature"
"""Replay forbids archived pages more than this version of Chromium knows."""
_ABORTED = "net::ERR_ABORTED"
"""The reader went on before it was there."""
_REFUSED = "net::ERR_BLOCKED_BY_ORB"


class Witness:
    """Listens to all pages and frames of a browser context; `faults` has a line for each thing that must not be."""

    def __init__(self, context: BrowserContext, *origins: str) -> None:
        """`origins` are those that may be asked."""
        self.faults: list[str] = []
        self.requests: list[Request] = []
        self.lost: set[str] = set()
        """Beginnings of archived addresses that the archive doesn't have. For an image Chromium gets a page that says
        so, and refuses that."""
        self._origins = origins
        self._expected: dict[str, int] = {}
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", self._error)

    def expect(self, address: str, status: int) -> None:
        """That address will answer with that error, and Chromium will say so on the console."""
        self._expected[address] = status

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        parts = urlsplit(request.url)
        if parts.scheme not in _INSIDE and f"{parts.scheme}://{parts.netloc}" not in self._origins:
            self.faults.append(f"asked for {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure == _REFUSED and any(f"im_/{start}" in request.url for start in self.lost):
            return
        if request.failure != _ABORTED:
            self.faults.append(f"{request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and self._expected.get(response.url) != response.status:
            self.faults.append(f"{response.url}: answered {response.status}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        at = message.location["url"]
        expected = self._expected.get(at)
        if expected and f"responded with a status of {expected} " in message.text:
            return
        if not (message.type == "warning" and message.text.startswith(_UNKNOWN_FEATURE)):
            self.faults.append(f"console {message.type} at {at}: {message.text}")

    def _error(self, error: WebError) -> None:
        self.faults.append(f"uncaught: {error.error}")
