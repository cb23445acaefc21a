"""A web server for files that answers ranges, as replayweb.page needs it (RFC 9110, 14)."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["serving"]

_TYPES = {".js": "text/javascript", ".html": "text/html; charset=utf-8", ".wacz": "application/wacz"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: dict[str, Path | bytes]

    def do_GET(self) -> None:
        content = self.files.get(self.path.partition("?")[0])
        if content is None:
            self.send_error(404)
            return
        data = content if isinstance(content, bytes) else content.read_bytes()
        size, first, last = len(data), 0, len(data) - 1
        if match := re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", "")):
            if match[1]:
                first, last = int(match[1]), min(last, int(match[2] or last))
            else:
                first = max(0, size - int(match[2]))
        self.send_response(206 if match else 200)
        self.send_header("Content-Type", _TYPES.get(Path(self.path.partition("?")[0]).suffix, "text/html"))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        if match:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[first : last + 1])

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(files: dict[str, Path | bytes]) -> Iterator[str]:
    """Serve files by path on loopback; gives the origin."""
    handler = type("Handler", (_Handler,), {"files": files})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
