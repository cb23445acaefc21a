"""A store of an invented newspaper that tries replay's patience, and a replay of it."""

from __future__ import annotations

import gzip
import http.client
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import brotli
import zstandard

from archive.run import Run
from archive.serving.environment import PywbEnvironment
from archive.serving.replay import Replay, Scripts
from archive.storage import Store
from tests.archive.making import exchange, later, page, running, wire
from tests.archive.serving.pywb import pywb_python

ROOM = "http://127.0.0.1:8090"
SITE = "https://www.ellery.test"
TEXT = "text/html; charset=utf-8"


def reply(body: bytes, kind: str = TEXT, status: str = "200 OK", *headers: str) -> bytes:
    """A response as a server sends it."""
    return wire(body, status, [f"Content-Type: {kind}", *headers])


def keep(run: Run, path: str, response: bytes, hours: float = 0, **fields: Any) -> None:
    """Archive one reply of the newspaper."""
    run.keep(exchange(path if "://" in path else SITE + path, response, at=later(hours), **fields))


def coded(body: bytes, coding: str) -> bytes:
    """The body in a content coding."""
    match coding:
        case "gzip":
            return gzip.compress(body, mtime=0)
        case "deflate":
            return zlib.compress(body)
        case "br":
            return brotli.compress(body)
        case "zstd":
            return zstandard.compress(body)
    return body


def chunked(body: bytes, size: int = 100) -> bytes:
    """The body in chunks."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def make_store(root: Path) -> Store:
    """Versions, revisits, redirects, codings and bad manners."""
    store = Store(root)
    twelve, nine = page("Storm keeps twelve boats out"), page("Storm keeps nine boats out")
    with running(store) as run:
        keep(run, "/storm", wire(twelve))
        keep(run, "/storm", wire(twelve), 6)  # a revisit
        keep(run, "/storm", wire(status="304 Not Modified", headers=["ETag: x"]), 8)  # another kind of revisit
        keep(run, "/storm", wire(nine), 23)
        keep(run, "/storm", wire(headers=["Content-Type: text/html"]), 24, method="HEAD")
        keep(run, "/poll", reply(b"voted"), 1, method="POST")
        keep(run, "/old", wire(b"", "301 Moved Permanently", ["Location: /storm"]), 1)
        keep(run, "http://ellery.test/ferry", wire(b"", "301 Moved", [f"Location: {SITE}/ferry"]), 2)
        keep(run, "/ferry", reply(b"<p>line two"), 2.001)
        keep(run, "/round", wire(b"", "302 Found", ["Location: /round"]), 2)
        keep(run, "/gone", reply(b"<p>gone away", TEXT, "404 Not Found"), 1)
        keep(run, "/broken", reply(b"<p>broken", TEXT, "503 Service Unavailable"), 1)
        keep(run, "/unchanged", wire(status="304 Not Modified", headers=["ETag: y"]), 1)
        keep(run, "/cut", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 900\r\n\r\n<p>hal", 1,
             truncated="disconnect")  # fmt: skip
        for coding in ("gzip", "deflate", "br", "zstd"):
            body = coded(page(f"Coded {coding}"), coding)
            keep(run, f"/coded-{coding}", reply(body, TEXT, "200 OK", f"Content-Encoding: {coding}"))
        body = chunked(coded(page("Coded in chunks"), "gzip"))
        codings = b"Content-Encoding: GZip\r\nTransfer-Encoding: Chunked\r\n\r\n"
        keep(run, "/chunked", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + codings + body)
        cyrillic = "<html><head><meta charset=windows-1251><title>Буря</title></head><body><p>Порт закрыт".encode(
            "cp1251"
        )
        keep(run, "/cyrillic", reply(cyrillic, "text/html"))
        keep(run, "/Case/A", reply(b"<p>upper"))
        keep(run, "/case/a", reply(b"<p>lower"), 1)
        keep(run, "/sorted?b=2&a=1", reply(b"<p>sorted"))
        keep(run, "/h%C3%A9ron", reply("<p>héron".encode()))
        keep(run, "/news?utm_source=mail", reply(b"<p>mailed"))
        keep(run, "/nasty", reply(b"<p>nasty", TEXT, "200 OK", *NASTY))
        keep(
            run,
            "/picture.svg",
            reply(b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "image/svg+xml"),
        )
        keep(run, "/large.bin", reply(bytes(range(256)) * 40_000, "application/octet-stream"))
    return store


NASTY = (
    "Set-Cookie: spy=1; Path=/",
    "Clear-Site-Data: \"*\"",
    "Refresh: 0; url=https://leak.test/",
    "Link: <https://leak.test/>; rel=preconnect, <https://leak.test/x>; rel=preload; as=image",
    "Content-Security-Policy: default-src *; frame-ancestors *",
    "Content-Security-Policy-Report-Only: default-src 'none'; report-uri https://leak.test/",
    "Report-To: {\"group\":\"x\",\"max_age\":9,\"endpoints\":[{\"url\":\"https://leak.test/\"}]}",
    "Reporting-Endpoints: x=\"https://leak.test/\"",
    "NEL: {\"report_to\":\"x\",\"max_age\":9}",
    "Access-Control-Allow-Origin: *",
    "Cross-Origin-Resource-Policy: cross-origin",
    "Permissions-Policy: camera=*",
    "Strict-Transport-Security: max-age=99999",
    "WWW-Authenticate: Basic realm=\"password\"",
    "Service-Worker-Allowed: /",
    "SourceMap: https://leak.test/map",
    "Memento-Datetime: Thu, 01 Jan 1970 00:00:00 GMT",
    "Content-Disposition: attachment; filename=evil.exe",
    "Alt-Svc: h3=\"leak.test:443\"",
    "Accept-CH: Sec-CH-UA-Full-Version",
    "X-Newswarc-Link: <https://leak.test/>; rel=preconnect",
    "Connection-Allowlist: (\"*\")",
    "Speculation-Rules: \"https://leak.test/rules\"",
    "No-Vary-Search: params",
    "Timing-Allow-Origin: *",
)  # fmt: skip


class Got(NamedTuple):
    """An answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: object) -> Any:  # type: ignore[override]
        """The header of that name, or all of them joined; None if there is none."""
        found = [value for key, value in self.headers if key.lower() == str(name).lower()]
        return ", ".join(found) if found else None

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode("utf-8", "replace")


class Replayed:
    """A running replay, asked over its socket."""

    def __init__(self, replay: Replay, port: int) -> None:
        self.replay = replay
        self.port = port
        self.origin = f"http://localhost:{port}"
        self.frames = f"/{replay.token}"

    def get(self, path: str, *, method: str = "GET", host: str | None = None, **headers: str) -> Got:
        """Ask for a path; `headers` with underlines for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host or f"localhost:{self.port}")
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            response = connection.getresponse()
            return Got(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def frame(self, path: str, **headers: str) -> Got:
        """As the reading room's frame asks."""
        told = {"Sec_Fetch_Dest": "iframe", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Site": "cross-site"}
        return self.get(f"{self.frames}/{path}", **{**told, **headers})


@contextmanager
def replaying(
    store: Store, *, room: str = ROOM, memory: int = 2 << 30, scripts: Scripts = "held", **access: Any
) -> Iterator[Replayed]:
    """Replay of a store, until the end of the block; `access` has the users and limits of `Replay`."""
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        environment = PywbEnvironment(Path(pywb_python()).parent.parent)
        origin = f"http://localhost:{port}"
        replay = Replay(
            store,
            environment,
            listener,
            origin=origin,
            room=room,
            memory=memory,
            scripts=scripts,
            say=said.append,
            **access,
        )
        replay.start()
        try:
            yield Replayed(replay, port)
        finally:
            replay.stop()
    assert not [line for line in said if "Traceback" in line], said
