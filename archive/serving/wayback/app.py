"""Replay's process: starts with its terms on standard input and serves until that is closed."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import gevent.socket
from gevent import Timeout
from gevent.pool import Pool
from gevent.pywsgi import WSGIHandler, WSGIServer

from .guard import enclose
from .index import CatalogueIndex
from .jail import Jail
from .records import Records
from .replay import Replay
from .terms import Terms

__all__ = ["main"]

_CONNECTIONS = 200
_PATIENCE, _STALLED = 20.0, 60.0
"""Seconds for a request's head, and for a client to take a piece of the answer."""


class _Handler(WSGIHandler):
    """Keeps the address as it was asked for; says nothing of its errors to clients."""

    def handle(self) -> None:
        """A connection, as long as its client is quick."""
        self.socket.settimeout(_STALLED)
        self._patience = None
        try:
            super().handle()
        except Timeout as over:
            if over is not self._patience:
                raise
        finally:
            self._let_be()

    def read_requestline(self) -> str:
        """From here to the end of the head a client has little time."""
        self._let_be()
        self._patience = Timeout.start_new(_PATIENCE)
        return str(super().read_requestline())

    def read_request(self, raw_requestline: str) -> Any:
        """The head."""
        try:
            return super().read_request(raw_requestline)
        finally:
            self._let_be()

    def _let_be(self) -> None:
        if self._patience is not None:
            self._patience.close()

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        environ["REQUEST_URI"] = self.path
        return environ

    def finalize_headers(self) -> None:
        """gevent's would end the body that an answer to HEAD hasn't got."""
        super().finalize_headers()
        if self.command == "HEAD":
            self.response_use_chunked = False
            self.response_headers[:] = [pair for pair in self.response_headers if pair[0] != b"Transfer-Encoding"]

    def handle_error(self, kind: Any, value: Any, traceback: Any) -> None:
        print(f"{str(getattr(self, 'path', ''))[:200]}: {value!r}", file=sys.stderr, flush=True)
        if not self.headers_sent:
            headers = [("Content-Length", "0"), ("Content-Security-Policy", "sandbox")]
            self.start_response("500 Internal Server Error", headers)
            self.write(b"")
        self.close_connection = True


def main() -> None:
    """Serve until the parent closes our standard input, or is gone."""
    told = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    root = Path(told["root"])
    index, records = CatalogueIndex(root / "catalogue.sqlite"), Records(root)
    terms = Terms(**{name: told[name] for name in Terms._fields} | {n: tuple(told[n]) for n in ("hosts", "proxies")})
    jail = Jail(terms, Replay(index, records, exact=True), Replay(index, records, exact=False))
    listener = gevent.socket.socket(fileno=told["socket"])
    # Accepted connections inherit it. Head and body go out in several pieces, which would wait for each other.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Without SERVER_NAME gevent would look for this machine's name.
    server = WSGIServer(
        listener,
        jail,
        handler_class=_Handler,
        log=None,
        error_log=sys.stderr,
        spawn=Pool(_CONNECTIONS),
        environ={"SERVER_NAME": "replay"},
    )
    enclose(told["memory"])
    print("ready", flush=True)
    server.serve_forever()


def _end_with_parent() -> None:
    """The parent holds the other end of standard input and never writes to it again."""
    os.read(0, 1)
    os._exit(0)
