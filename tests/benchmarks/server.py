"""A fast loopback server: ``python server.py PAGES CODING`` prints its port and serves /page/0 to /page/N-1.

It serves /sitemap/N, which announces the first N, as well, and answers 304 to who has a page already, unless CODING
ends with ``-plain``: such replies have no ETag.
"""

from __future__ import annotations

import asyncio
import gzip
import sys

from tests.benchmarks.pages import make_page


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive; a request is its path."""

    replies: list[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._waiting = transport, b""

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while b"\r\n\r\n" in self._waiting:
            request, _, self._waiting = self._waiting.partition(b"\r\n\r\n")
            path = request.split(b" ", 2)[1]
            number = int(path.rpartition(b"/")[2])
            if path.startswith(b"/sitemap/"):
                self._transport.write(make_sitemap(number))
                continue
            has_it = b'\r\nIf-None-Match: "%08x"' % number in request
            self._transport.write(_NOT_MODIFIED % number if has_it else self.replies[number])


_NOT_MODIFIED = (
    b"HTTP/1.1 304 Not Modified\r\nServer: loopback\r\nDate: Sat, 21 Nov 2026 09:00:00 GMT\r\n"
    b'Cache-Control: max-age=60\r\nETag: "%08x"\r\n\r\n'
)


def make_reply(number: int, coding: str) -> bytes:
    """The response with page `number`, head and all."""
    body = make_page(number)
    extra = "" if coding.endswith("-plain") else f'ETag: "{number:08x}"\r\n'
    if coding.startswith("gzip"):
        body = gzip.compress(body, 6, mtime=0)
        extra += "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
    head = (
        "HTTP/1.1 200 OK\r\nServer: loopback\r\nDate: Sat, 21 Nov 2026 09:00:00 GMT\r\n"
        "Content-Type: text/html; charset=utf-8\r\nCache-Control: max-age=60\r\n"
        f"{extra}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def make_sitemap(pages: int) -> bytes:
    """The response with the sitemap."""
    rows = "".join(f"<url><loc>/page/{number}</loc></url>" for number in range(pages))
    body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


async def main(pages: int, coding: str) -> None:
    Connection.replies = [make_reply(number, coding) for number in range(pages)]
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], sum(map(len, Connection.replies)) // pages, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
