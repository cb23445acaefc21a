"""`Case`s: hundreds of odd replies that a tolerant HTTP/1.1 client still takes, from one seed."""

from __future__ import annotations

import gzip
import itertools
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import brotli
import zstandard

from tests.server.raw import End, Reply

__all__ = ["Case", "cases"]


@dataclass(frozen=True)
class Case:
    """One request and its reply, and what a client has to make of it."""

    path: str
    method: str
    reply: Reply
    status: int
    payload: bytes
    """The message body with transfer coding undone, content coding kept."""
    surplus: int = 0
    """Bytes of the reply's last piece that lie behind the end of the response."""

    @property
    def response(self) -> bytes:
        """The response's own bytes."""
        data = self.reply.data
        return data[: len(data) - self.surplus]


def cases(seed: int, count: int, *, large: int = 2) -> list[Case]:
    """`count` cases, `large` of them with bodies of 5 MB; all paths differ."""
    rng = random.Random(seed)
    return [_Draft(rng, number, big=number < large).case() for number in range(count)]


_PHRASES = (
    b"OK",
    b"",
    b"Not Quite",
    b"OK  two  spaces ",
    b"Gefunden \xfcber",
    "Найдено".encode(),
    b"\xff\xfe",
    b"200 OK: HTTP/1.1",
    b"a" * 300,
    b"!#$%&'*+-.^_`|~",
    b"tab\there",
)
_ODD_HEADERS = (
    b"x-lOWER-uPPER: MiXed",
    b"X-Twice: 1\r\nX-Between: 2\r\nx-twice: 1\r\nX-TWICE: 3",
    b"Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; HttpOnly\r\nset-cookie: a=3",
    b"this line has no colon",
    b"X-Folded: one\r\n two\r\n\tthree",
    b"X-Latin: caf\xe9",
    "X-Utf-8: новости 新闻".encode(),
    b"X-Empty:",
    b"X-Spaces:   \t padded \t ",
    b"X-Tight:none",
    b"X_Under.score~: yes",
    b"X-Long: " + b"l" * 9000,
    b"X-Colons: a:b::c",
    b"ETag: W/\"odd\"\r\nLast-Modified: yesterday",
    b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nDate: never",
    b"Server: ",
    b"\r\n".join(b"X-Many-%d: %d" % (i, i) for i in range(60)),
)  # fmt: skip
_TYPES = (
    b"text/html; charset=utf-8",
    b"text/html",
    b"TEXT/HTML;CHARSET=windows-1251",
    b"application/json",
    b"image/png",
    b"text/plain; charset=nonsense",
    b"application/xml",
    b"",
    b"no/such; type; ;",
    b'multipart/mixed; boundary="--"',
)
_CODINGS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": lambda body: gzip.compress(body, mtime=0),
    b"x-gzip": lambda body: gzip.compress(body, 1, mtime=1),
    b"br": brotli.compress,
    b"zstd": zstandard.compress,
    b"deflate": zlib.compress,
    b"gzip, br": lambda body: brotli.compress(gzip.compress(body, mtime=0)),
    b"none-such": bytes,
}
_INTERIM = (
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\nX-Step: 1\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nLink: </a.js>; rel=preload\r\n\r\n",
    b"HTTP/1.1 199\r\nx: \xe9\r\n\r\n",
    b"HTTP/1.1 103 Bare\n\n",
)
_USUAL = (200, 200, 200, 200, 201, 203, 206, 301, 302, 303, 307, 308, 400, 401, 403, 404, 410, 429, 451)
_QUERIES = (
    "",
    "?=",
    "?id=%d",
    "?a=1&a=2&n=%d",
    "?q=%%C3%%A9%%20x&n=%d",
    "?b=&a=;c=%d",
    "?url=http://x.example/?y=%d",
)
_LINES = (b"\r\n", b"\n", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\0")


class _Draft:
    """One case in the making; every choice is drawn from the one random source."""

    def __init__(self, rng: random.Random, number: int, *, big: bool) -> None:
        self.rng, self.number, self.big = rng, number, big
        self.headers: list[bytes] = []
        self.end: End = "keep"
        self.surplus = b""

    def case(self) -> Case:
        rng = self.rng
        method = rng.choices(("GET", "HEAD", "POST"), (20, 2, 2))[0]
        status = rng.choice((204, 304, *_USUAL, *_USUAL, rng.randrange(200, 600)))
        body = self._content()
        bodiless = status in (204, 304) or method == "HEAD"
        framing = "none" if bodiless else rng.choice(("length", "length", "chunked", "chunked", "close"))
        self._ordinary_headers(status)
        wire = getattr(self, f"_{framing}")(body)
        version = b"1.0" if framing == "close" and rng.random() < 0.5 else b"1.1"
        if framing == "length" and rng.random() < 0.1:
            version = b"1.0"
        head = self._head(version, status)
        pieces = self._pieces(head, wire)
        interim = tuple(rng.choices(_INTERIM, k=rng.randrange(1, 4))) if rng.random() < 0.15 else ()
        reply = Reply(
            pieces=pieces,
            interim=interim,
            end=self.end,
            pause=rng.choice((0, 0, 0.0005)) if len(pieces) < 40 else 0,
            joined=rng.random() < 0.5,
        )
        path = f"/{framing}/{self.number}{self._query()}"
        return Case(path, method, reply, status, b"" if bodiless else body, len(self.surplus))

    def _query(self) -> str:
        return self.rng.choice(_QUERIES).replace("%d", str(self.number)).replace("%%", "%")

    def _content(self) -> bytes:
        rng = self.rng
        if self.big:
            return rng.randbytes(5_000_000)
        kind = rng.randrange(6)
        size = rng.choice((0, 1, 2, 10, 300, 4096, 20_000, 70_000))
        if kind == 0:
            body = rng.randbytes(size)
        elif kind == 1:
            body = b"".join(rng.choices(_LINES, k=size // 8))
        else:
            body = (f"<html><title>{self.number}</title><p>" + "новость news 新闻 " * (size // 40) + "</p>").encode()
        if rng.random() < 0.35:
            name = rng.choice(tuple(_CODINGS))
            self.headers.append(rng.choice((b"Content-Encoding: ", b"content-encoding:")) + name)
            lying = rng.random() < 0.1
            body = body if lying else _CODINGS[name](body)
        return body

    def _ordinary_headers(self, status: int) -> None:
        rng = self.rng
        if rng.random() < 0.9:
            self.headers.append(b"Content-Type: " + rng.choice(_TYPES))
        self.headers += rng.sample(_ODD_HEADERS, k=rng.choice((0, 0, 1, 2, 4)))
        if status in (301, 302, 303, 307, 308) and rng.random() < 0.8:
            self.headers.append(b"Location: /arrived?from=%d" % self.number)

    def _none(self, body: bytes) -> bytes:
        if self.rng.random() < 0.5:
            self.headers.append(b"Content-Length: %d" % len(body))
        return b""

    def _length(self, body: bytes) -> bytes:
        length = b"Content-Length: %d" % len(body)
        self.headers.append(length)
        match self.rng.randrange(11):
            case 0:
                self.headers.append(length.lower())
            case 1:
                self.headers[-1] = b"content-LENGTH:%d, %d" % (len(body), len(body))
            case 2:
                self.headers.append(b"Connection: close")
                self.end = "close"
            case 3:
                self.headers.append(b"Connection: Keep-Alive\r\nKeep-Alive: timeout=5")
            case 4 if body:
                self.headers.append(b"Connection: close")
                self.surplus = self.rng.choice((b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 50))
                self.end = "close"
        return body

    def _chunked(self, body: bytes) -> bytes:
        rng = self.rng
        self.headers.append(rng.choice((b"Transfer-Encoding: chunked", b"transfer-encoding:Chunked")))
        if rng.random() < 0.1:
            self.headers.append(b"Content-Length: 3")
        return b"".join(self._chunks(body))

    def _chunks(self, body: bytes) -> Iterator[bytes]:
        rng = self.rng
        form = rng.choice((b"%x", b"%X", b"%08x"))
        extension = rng.choice((b"", b"", b";name=value", b';a;b="c d"', b"; \t x"))
        largest = 1_000_000 if self.big else rng.choice((1, 7, 100, 4096, 65_536))
        largest = max(largest, len(body) // 400)
        at = 0
        while at < len(body):
            chunk = body[at : at + rng.randrange(1, largest + 1)]
            yield form % len(chunk) + extension + b"\r\n" + chunk + b"\r\n"
            at += len(chunk)
        yield rng.choice((b"0", b"000", b"0;last")) + b"\r\n"
        if rng.random() < 0.3:
            yield rng.choice((b"X-Trailer: t\r\n", b"Expires: 0\r\nX-Digest: \xe9=:\r\n"))
        yield b"\r\n"

    def _close(self, body: bytes) -> bytes:
        if self.rng.random() < 0.5:
            self.headers.append(b"Connection: close")
        self.end = "close"
        return body

    def _head(self, version: bytes, status: int) -> bytes:
        rng = self.rng
        phrase = rng.choice(_PHRASES)
        space = b" " if phrase or rng.random() < 0.5 else b""
        if rng.random() < 0.7:
            rng.shuffle(self.headers)
        newline = b"\n" if rng.random() < 0.1 else b"\r\n"
        lines = [b"HTTP/%s %d%s%s" % (version, status, space, phrase), *self.headers]
        head = b"\r\n".join(lines) + b"\r\n\r\n"
        return head.replace(b"\r\n", newline)

    def _pieces(self, head: bytes, wire: bytes) -> tuple[bytes, ...]:
        """Cut the reply anywhere; surplus stays in one piece with the response's last byte."""
        rng = self.rng
        data = head + wire
        match rng.randrange(6):
            case 0 | 1:
                cuts = []
            case 2:
                cuts = [len(head)]
            case 3:  # through the head, byte by byte
                cuts = list(range(1, min(len(data), 60)))
            case 4:  # around the ends of lines
                cuts = [i + 1 for i in range(len(head)) if head[i] in b"\r\n"][:80]
            case _:
                cuts = rng.sample(range(1, len(data)), k=min(len(data) - 1, rng.randrange(1, 30)))
        edges = [0, *sorted(c for c in set(cuts) if c < len(data)), len(data)]
        pieces = [data[a:b] for a, b in itertools.pairwise(edges)]
        pieces[-1] += self.surplus
        return tuple(pieces)
