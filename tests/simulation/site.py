"""`Site`: the newspaper on a loopback port of the reactor in which it is crawled, and the time that passes there."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import IO, Any

import msgspec
from twisted.internet import reactor
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Site as TwistedSite

from tests.simulation.newspaper import Newspaper

__all__ = ["Asked", "Site", "Time"]

_A_REQUEST = dt.timedelta(seconds=2)
"""What one request takes: WARC-Dates have whole seconds."""


class Time:
    """The time that the whole process goes by (`archive.clock.showing`); it passes only where somebody lets it."""

    def __init__(self, now: dt.datetime) -> None:
        self._now = now

    def __call__(self) -> dt.datetime:
        return self._now

    def pass_by(self, span: dt.timedelta) -> None:
        """Let a while pass."""
        self._now += span

    def reach(self, moment: dt.datetime) -> None:
        """Let it become so late; a moment that is over changes nothing."""
        self._now = max(self._now, moment)


class Asked(msgspec.Struct, frozen=True):
    """One request and how it was answered."""

    at: dt.datetime
    path: str
    status: int
    size: int


class Site:
    """Serves until it is closed. Each request is written to `journal` before it is answered."""

    def __init__(self, paper: Newspaper, time: Time, journal: Path) -> None:
        self._file: IO[bytes] = journal.open("ab", buffering=0)
        root = _Pages(paper, time, self._file)
        self._port: Any = reactor.listenTCP(0, TwistedSite(root), interface="127.0.0.1")  # type: ignore[attr-defined]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._port.getHost().port)

    def close(self) -> None:
        """Stop listening."""
        self._port.stopListening()
        self._file.close()


class _Pages(Resource):
    isLeaf = True

    def __init__(self, paper: Newspaper, time: Time, journal: IO[bytes]) -> None:
        super().__init__()
        self._paper, self._time, self._journal = paper, time, journal

    def render_GET(self, request: Request) -> bytes:
        """As Twisted asks for it."""
        self._time.pass_by(_A_REQUEST)
        headers = {
            name.decode("latin-1").lower(): values[-1].decode("latin-1")
            for name, values in request.requestHeaders.getAllRawHeaders()
        }
        path = request.uri.decode("latin-1")
        answer = self._paper.answer(path, headers, self._time())
        asked = Asked(self._time(), path, answer.status, len(answer.body))
        self._journal.write(json.dumps(msgspec.to_builtins(asked)).encode() + b"\n")
        request.setResponseCode(answer.status)
        for name, value in answer.headers:
            request.setHeader(name, value)
        return answer.body


def read_journal(path: Path) -> list[Asked]:
    """All requests so far."""
    return [msgspec.json.decode(line, type=Asked) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
