"""A fast loopback server: ``python server.py PAGES CODING`` prints its port and serves /page/0 to /page/N-1."""

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
            self._transport.write(self.replies[int(path.rpartition(b"/")[2])])


def make_reply(number: int, coding: str) -> bytes:
    """The response with page `number`, head and all."""
    body = make_page(number)
    extra = ""
    if coding == "gzip":
        body, extra = gzip.compress(body, 6, mtime=0), "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
    head = (
        "HTTP/1.1 200 OK\r\nServer: loopback\r\nDate: Sat, 21 Nov 2026 09:00:00 GMT\r\n"
        "Content-Type: text/html; charset=utf-8\r\nCache-Control: max-age=60\r\n"
        f'{extra}ETag: "{number:08x}"\r\nContent-Length: {len(body)}\r\n\r\n'
    )
    return head.encode() + body


async def main(pages: int, coding: str) -> None:
    Connection.replies = [make_reply(number, coding) for number in range(pages)]
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], sum(map(len, Connection.replies)) // pages, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
