"""The download handler that archives: Scrapy's own, with a tee on the wire.

The tee sits above TLS and below HTTP parsing: in `dataReceived` of the HTTP/1.1 client protocol and in
the transport that the request is written to. So it sees exactly the bytes of the HTTP stream, on plain,
TLS and tunnelled connections. An exchange is in the archive before its response reaches the spider.

Private names that are relied on (Scrapy's minor version is pinned for them, tests/crawler/test_handlers.py
fails when they move): `HTTP11DownloadHandler._pool`, `_LenientHTTP11ClientProtocol`,
`_LenientHTTP11ClientFactory`; Twisted's `HTTPConnectionPool._factory`, `HTTP11ClientProtocol._finishResponse`.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag

from OpenSSL import SSL
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    StopDownload,
)
from scrapy.utils.httpobj import urlparse_cached
from twisted.python.failure import Failure as TwistedFailure
from twisted.web._newclient import HEADER, STATUS, ParseError

from archive.capture import Failure, Lead, Truncation
from crawler.archiving import Archiving
from crawler.recording import Recording
from crawler.resolver import ForbiddenAddress, PublicResolver

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.defer import Deferred

__all__ = ["ArchivingDownloadHandler"]

logger = logging.getLogger(__name__)

_LARGEST_HEAD = 256 << 10
"""Bytes of status line and header fields, as in Chromium; Twisted limits a line to 16 KiB, and not their number."""


class HeadTooLarge(ParseError):
    """A response's head that goes on and on."""


class ArchivingDownloadHandler(HTTP11DownloadHandler):
    """Downloads http and https URLs and archives every exchange.

    Afterwards ``request.meta["capture"]`` is the `archive.capture.Capture`; it is absent when there was no
    response.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        archiving = crawler.get_extension(Archiving)
        if archiving is None:
            raise RuntimeError("The download handler needs the add-on crawler.addon.Newswarc.")
        self._archiving = archiving
        self._shared_pool = self._pool
        self._shared_pool._factory = _TeeFactory

    async def download_request(self, request: Request) -> Response:
        """Download as Scrapy does, then archive; raises what Scrapy raises, or `StoreError`."""
        request.meta.pop("capture", None)
        if self._archiving.check is not None:
            self._archiving.check(request)
        if request.meta.get("proxy"):
            _judge_target(request)
        url = urldefrag(request.url)[0]
        recording = Recording(url, request.method, _lead(request), request.meta.get("proxy"))
        recording.rights = request.meta.get("rights", ())
        # Read by super().download_request() before its first await, so no other request comes between.
        self._pool = _RecordingPool(self._shared_pool, recording)  # type: ignore[assignment]
        try:
            response = await super().download_request(request)
        except StopDownload:
            self._keep(request, recording, "unspecified", "The download was stopped by a signal handler.")
            raise
        except Exception as error:
            self._keep_failed(request, recording, error)
            raise
        if not recording.has_response:  # Twisted takes any word for HTTP, and any number for a status
            not_http = DownloadFailedError("The server's answer is not HTTP.")
            self._keep_failed(request, recording, not_http)
            raise not_http
        truncated: Truncation | None = None
        if "dataloss" in response.flags:
            truncated = "disconnect"
        elif "download_stopped" in response.flags:
            truncated = "unspecified"
        self._keep(request, recording, truncated, None)
        return response

    def _keep(self, request: Request, recording: Recording, truncated: Truncation | None, error: str | None) -> None:
        request.meta["capture"] = self._archiving.keep(recording.exchange(truncated, error))

    def _keep_failed(self, request: Request, recording: Recording, error: Exception) -> None:
        if recording.has_response:
            whole = recording.complete and not recording.by_close  # it may be we who closed it
            truncated = None if whole else _truncation(error)
            self._keep(request, recording, truncated, explain(error))
            return
        exchange = recording.exchange(None, None)
        self._archiving.keep_failure(
            Failure(
                url=exchange.url,
                method=exchange.method,
                started=exchange.started,
                ended=exchange.ended,
                kind=(kind := failure_kind(error, received=bool(recording.size))),
                error="The server's answer is not HTTP." if kind == "not-http" else explain(error),
                received=recording.raw,
                lead=exchange.lead,
                rights=exchange.rights,
            )
        )


def _judge_target(request: Request) -> None:
    """Raises `ForbiddenAddress` where a proxy is asked for what we would not connect to."""
    from twisted.internet import reactor

    resolver = getattr(reactor, "resolver", None)
    if isinstance(resolver, PublicResolver):
        resolver.judge_written(urlparse_cached(request).hostname or "")


def _lead(request: Request) -> Lead | None:
    """What led to a request: after a redirect what redirected, but for what is no page of its own."""
    lead: Lead | None = request.meta.get("lead")
    came = request.meta.get("redirect_urls")
    if not came or (lead is not None and lead.kind in ("requisite", "robots")):
        return lead
    return Lead(kind="redirect", via=came[-1], announced=lead.announced if lead is not None else None)


def _truncation(error: Exception) -> Truncation:
    if isinstance(error, DownloadTimeoutError):
        return "time"
    if isinstance(error, DownloadCancelledError) or any(isinstance(cause, HeadTooLarge) for cause in _causes(error)):
        return "length"
    if any(isinstance(cause, ParseError | ValueError | KeyError) for cause in _causes(error)):
        return "unspecified"  # it was we who gave up: the framing makes no sense
    return "disconnect"


def _causes(error: BaseException) -> Iterable[BaseException]:
    """The error and what lies behind it: its cause and the reasons that Twisted gathers."""
    yield error
    if error.__cause__ is not None:
        yield from _causes(error.__cause__)
    for reason in getattr(error, "reasons", None) or ():
        yield from _causes(getattr(reason, "value", reason))


def failure_kind(error: BaseException, *, received: bool = False) -> Any:
    """The word of `archive.capture.Failure.kind` for a download error."""
    causes = list(_causes(error))

    def among(*types: type[BaseException]) -> bool:
        return any(isinstance(cause, types) for cause in causes)

    if among(ForbiddenAddress):
        return "forbidden-address"
    if among(CannotResolveHostError):
        return "dns"
    if among(DownloadConnectionRefusedError):
        return "refused"
    if among(SSL.Error) or any("ertificate" in type(cause).__name__ for cause in causes):
        return "tls"
    if among(DownloadTimeoutError):
        return "timeout"
    if received:
        return "not-http"
    if among(DownloadFailedError, ResponseDataLossError):
        return "disconnect"
    return "other"


def explain(error: BaseException) -> str:
    """One sentence for the user about a download error; never a traceback, never a Python repr."""
    kind = failure_kind(error, received=any(isinstance(c, ParseError) for c in _causes(error)))
    if kind == "tls":
        texts = [
            " ".join(str(part) for entry in cause.args[0] for part in entry[2:] if part)
            for cause in _causes(error)
            if isinstance(cause, SSL.Error) and cause.args and isinstance(cause.args[0], list)
        ]
        return f"The TLS connection failed: {next(filter(None, texts), 'the certificate was refused')}."
    if any(isinstance(cause, HeadTooLarge) for cause in _causes(error)):
        return f"The response's head is larger than {_LARGEST_HEAD >> 10} KiB; what came of it is archived."
    if kind == "not-http":
        return "The server's answer is not HTTP."
    if isinstance(error, DownloadCancelledError):
        return "The response is larger than DOWNLOAD_MAXSIZE allows; what came of it is archived."
    if kind == "disconnect" and isinstance(error, DownloadFailedError):
        return "The server closed the connection before it sent a whole response."
    return str(error) or type(error).__name__


class _RecordingPool:
    """The shared connection pool, as one request sees it: its connections know the recording."""

    __slots__ = ("_pool", "_recording")

    def __init__(self, pool: Any, recording: Recording) -> None:
        self._pool, self._recording = pool, recording

    def getConnection(self, key: Hashable, endpoint: Any) -> Deferred[Any]:
        connected: Deferred[Any] = self._pool.getConnection(key, endpoint)
        return connected.addCallback(_Connection, self._recording)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


class _Connection:
    """A connection (or Twisted's retrying wrapper around one) that marks the request it is given."""

    __slots__ = ("_connection", "_recording")

    def __init__(self, connection: Any, recording: Recording) -> None:
        self._connection, self._recording = connection, recording

    def request(self, request: Any) -> Deferred[Any]:
        uri = (request.absoluteURI or b"").decode("latin-1")
        if uri and uri != self._recording.url:  # never attribute bytes to another URL
            raise RuntimeError(f"The recording of {self._recording.url} was offered {uri}.")
        request._recording = self._recording
        return self._connection.request(request)  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class _TeeTransport:
    """What the request is written to: the transport, and the recording."""

    __slots__ = ("_recording", "_transport")

    def __init__(self, transport: Any, recording: Recording) -> None:
        self._transport, self._recording = transport, recording

    def write(self, data: bytes) -> None:
        self._recording.sent(bytes(data))
        self._transport.write(data)

    def writeSequence(self, parts: Iterable[bytes]) -> None:
        self.write(b"".join(parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _TeeProtocol(_LenientHTTP11ClientProtocol):
    """Scrapy's HTTP/1.1 client protocol, overheard."""

    _recording: Recording | None = None
    _request: Any = None

    def request(self, request: Any) -> Deferred[Any]:
        # Twisted retries once, silently, on a stale pooled connection: the recording then begins anew.
        recording: Recording | None = getattr(request, "_recording", None)
        if recording is not None and self.state == "QUIESCENT":
            transport: Any = self.transport
            peer = transport.getPeer()
            recording.begin(getattr(peer, "host", None), getattr(peer, "port", None))
            self._recording, self._request = recording, request
            write_to = type(request).writeTo
            request.writeTo = lambda transport: write_to(request, _TeeTransport(transport, recording))
        return super().request(request)

    def dataReceived(self, data: bytes) -> None:
        if self._recording is not None:
            if not self._recording.size:
                self._note_tls(self._recording)
            self._recording.received(data)
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        if self._recording is not None and self._recording.size > _LARGEST_HEAD and self._is_in_head():
            self._giveUp(TwistedFailure(HeadTooLarge("the head has no end", b"")))  # type: ignore[no-untyped-call]

    def _is_in_head(self) -> bool:
        """Whether the head of the final response has not ended yet; interim replies count as part of it."""
        return getattr(self._parser, "state", None) in (STATUS, HEADER)

    def _finishResponse(self, rest: bytes) -> None:
        if self._recording is not None:
            self._recording.end(complete=True, surplus=len(rest))
            self._recording = None
        if rest and self._request is not None:
            # More may follow, and Twisted would take it for the next response: close this connection.
            self._request.persistent = False
        super()._finishResponse(rest)

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]
        # A body that lasts until the connection closes is ended by `_finishResponse` in here.
        if self._recording is not None:
            self._recording.by_close = True
        super().connectionLost(reason)  # type: ignore[no-untyped-call]
        if self._recording is not None:
            self._recording.end(complete=False)
            self._recording = None

    def _note_tls(self, recording: Recording) -> None:
        handle = getattr(self.transport, "getHandle", lambda: None)()
        if isinstance(handle, SSL.Connection):
            recording.tls = handle.get_protocol_version_name()
            recording.cipher = handle.get_cipher_name()


class _TeeFactory(_LenientHTTP11ClientFactory):
    """Builds the connections of the pool."""

    def buildProtocol(self, addr: Any) -> _TeeProtocol:
        return _TeeProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]
