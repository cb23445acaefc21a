"""`Newspapers`: five invented newspapers, served from one loopback port by Host header."""

from __future__ import annotations

import datetime as dt
import email.utils
import gzip
import hashlib
import http.server
import socket
import socketserver
import sys
import threading
import zlib
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import brotli
import msgspec
import zstandard

from crawler.demo.paper import PAPERS, Printed, load_papers
from crawler.demo.press import Page, Press

__all__ = ["SOURCES", "Newspapers", "Printed"]

SOURCES = PAPERS.parent / "sources"
"""Folder of the papers' source definitions."""

_CHUNK = 1400
_CLOSE_TIMEOUT = 5.0
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Newspapers:
    """A context manager: the papers are served while it is open.

    The answers have no clock and no chance in them (there is no Date header either): the same request
    gets the same bytes in every run. A client that sends no Accept-Encoding gets plain bytes.

        with Newspapers() as papers:
            subprocess.run(["curl", "--connect-to", papers.connect_to[0], papers.homes["harbour_courier"]])
    """

    def __init__(self, *, evening: bool = False) -> None:
        """Print the morning edition, or the `evening` one, in which a few articles are changed and one is gone."""
        papers = [paper.evening() if evening else paper for paper in load_papers()]
        self._presses = {paper.name: Press(paper) for paper in papers}
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start to serve. Raises `OSError` if the loopback interface has no free port."""
        self._server = _Server(self._presses.values())
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="newspapers", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and end every thread."""
        if self._server and self._thread:
            self._server.shutdown()
            self._server.hang_up()
            self._server.server_close()
            self._thread.join(_CLOSE_TIMEOUT)

    def print_evening_edition(self) -> None:
        """From now on serve the evening edition."""
        self._presses = {name: Press(press.paper.evening()) for name, press in self._presses.items()}
        if self._server:
            self._server.take(self._presses.values())

    @property
    def address(self) -> tuple[str, int]:
        """Host and port. Raises `RuntimeError` before the papers are opened."""
        if self._server is None:
            raise RuntimeError("The newspapers are not open; use `with Newspapers() as papers:`.")
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    @property
    def names(self) -> tuple[str, ...]:
        """The papers' names, which are those of their source definitions."""
        return tuple(self._presses)

    @property
    def homes(self) -> dict[str, str]:
        """Each paper's home page."""
        return {name: press.paper.home for name, press in self._presses.items()}

    @property
    def connect_to(self) -> list[str]:
        """One ``HOST:80:127.0.0.1:PORT`` a paper, as curl's ``--connect-to`` has it."""
        host, port = self.address
        return [f"{press.paper.host}:80:{host}:{port}" for press in self._presses.values()]

    @property
    def requests(self) -> tuple[tuple[str, str], ...]:
        """Host and path (with query) of each request so far, in the order of arrival."""
        return self._server.requests if self._server else ()

    def articles(self, name: str) -> list[Printed]:
        """What each article of a paper must read as, newest first. Raises `KeyError` for no such paper."""
        return self._presses[name].printed()


class _Answer(msgspec.Struct, frozen=True):
    """A page as it goes over the wire in one content coding."""

    page: Page
    body: bytes
    coding: str
    etag: str
    chunked: bool = False


class _Choice(msgspec.Struct, frozen=True):
    """A page in plain bytes and in its paper's content coding."""

    plain: _Answer
    coded: _Answer

    @classmethod
    def of(cls, page: Page, chunked: bool = False) -> _Choice:
        return cls(_encoded(page, "identity", chunked), _encoded(page, page.coding, chunked))


class _Server(socketserver.ThreadingTCPServer):
    """Serves pages of several hosts; knows its open connections, so that it can hang up."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, presses: Iterable[Press]) -> None:
        self._pages: dict[str, dict[str, _Choice]] = {}
        self._missing: dict[str, _Choice] = {}
        self.take(presses)
        self._misdirected = _Choice.of(_misdirected(self._pages))
        self._lock = threading.Condition()
        self._open: set[socket.socket] = set()
        self._requests: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def take(self, presses: Iterable[Press]) -> None:
        """Serve what these presses print."""
        for press in presses:
            paper = press.paper
            pages = press.pages().items()
            self._pages[paper.host] = {path: _Choice.of(page, paper.chunked) for path, page in pages}
            self._missing[paper.host] = _Choice.of(press.missing(), paper.chunked)

    @property
    def requests(self) -> tuple[tuple[str, str], ...]:
        with self._lock:
            return tuple(self._requests)

    def answer(self, host: str, target: str, accepted: str) -> _Answer:
        """The answer to a request; a query changes nothing."""
        with self._lock:
            self._requests.append((host, target))
        missing = self._missing.get(host, self._misdirected)
        choice = self._pages.get(host, {}).get(target.partition("?")[0], missing)
        return choice.coded if _accepts(accepted, choice.coded.coding) else choice.plain

    def hang_up(self) -> None:
        """Close the open connections and wait until their threads have let go of them."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the client was faster
            self._lock.wait_for(lambda: not self._open, _CLOSE_TIMEOUT)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._lock:
            self._open.discard(request)
            self._lock.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive; one write a response."""

    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        host, target = self.headers.get("Host", ""), self.path
        if target.startswith("http://"):  # as a proxy is asked
            host, _, rest = target.removeprefix("http://").partition("/")
            target = f"/{rest}"
        accepted = self.headers.get("Accept-Encoding", "")
        answer = self.server.answer(host.partition(":")[0].lower(), target, accepted)
        page = answer.page
        fresh = page.status == 200 and self._is_fresh(answer)
        self.send_response_only(304 if fresh else page.status)
        self.send_header("Server", "newspapers")
        if page.location:
            self.send_header("Location", page.location)
        if page.status == 200:
            self.send_header("ETag", answer.etag)
            self.send_header("Last-Modified", email.utils.format_datetime(_utc(page.modified), usegmt=True))
            self.send_header("Cache-Control", "max-age=0")
        self.send_header("Vary", "Accept-Encoding")
        if fresh:
            self.end_headers()
        else:
            self._send(answer)

    do_HEAD = do_GET

    def _send(self, answer: _Answer) -> None:
        self.send_header("Content-Type", answer.page.media_type)
        if answer.coding != "identity":
            self.send_header("Content-Encoding", answer.coding)
        if answer.chunked and self.request_version == "HTTP/1.1":
            self.send_header("Transfer-Encoding", "chunked")
            parts = [answer.body[i : i + _CHUNK] for i in range(0, len(answer.body), _CHUNK)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        else:
            self.send_header("Content-Length", str(len(answer.body)))
            body = answer.body
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _is_fresh(self, answer: _Answer) -> bool:
        """Whether the client's copy is the one it would get (RFC 9110, 13.2.2)."""
        if tags := self.headers.get("If-None-Match"):
            return tags.strip() == "*" or answer.etag in [tag.strip() for tag in tags.split(",")]
        try:
            since = email.utils.parsedate_to_datetime(self.headers.get("If-Modified-Since", ""))
        except ValueError:
            return False
        return _utc(answer.page.modified) <= _utc(since)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: `Newspapers.requests` is the log."""


def _encoded(page: Page, coding: str, chunked: bool) -> _Answer:
    match coding:
        case "gzip":
            body = gzip.compress(page.body, 6, mtime=0)
        case "deflate":
            body = zlib.compress(page.body, 6)
        case "br":
            body = brotli.compress(page.body, quality=5)
        case "zstd":
            body = zstandard.ZstdCompressor(level=3).compress(page.body)
        case _:
            body = page.body
    mark = "" if coding == "identity" else f"-{coding}"
    etag = f'"{hashlib.sha256(page.body).hexdigest()[:16]}{mark}"'
    return _Answer(page, body, coding, etag, chunked)


def _accepts(accepted: str, coding: str) -> bool:
    """Whether an Accept-Encoding header names the coding and does not weigh it 0."""
    for entry in accepted.lower().split(","):
        name, _, weight = entry.partition(";")
        if name.strip() == coding:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _misdirected(hosts: Iterable[str]) -> Page:
    text = f"The newspapers here are {', '.join(hosts)}: send one of them as Host.\n"
    return Page(body=text.encode(), media_type="text/plain; charset=utf-8", status=421, modified=_EPOCH)


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
