"""`Site`: a small web server in this process, whose pages a function makes."""

from __future__ import annotations

import hashlib
import http.server
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Site"]


class Site(http.server.ThreadingHTTPServer):
    """Answers a path with what `pages` makes of it (status, body), a little late; counts its answers.

    With `validators` each page has an ETag, and a client that has it is answered 304.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, pages: Callable[[str], tuple[int, bytes]], *, validators: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages, self.answered, self.validators = pages, 0, validators
        self.late = random.Random(5)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client was killed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status, body = self.server.pages(self.path)
        time.sleep(self.server.late.random() * 0.02)
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"' if self.server.validators and status == 200 else ""
        if tag and self.headers["If-None-Match"] == tag:
            status, body = 304, b""
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if tag:
            self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.answered += 1

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""
