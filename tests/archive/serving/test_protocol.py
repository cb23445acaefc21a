"""Clients that are slow or too many, on real connections."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from archive.serving.protocol import LONGEST_HEAD, Protocol
from archive.web.answers import HANDLERS
from archive.web.forms import read_body
from archive.web.refusals import Refusal


async def _answer(request: Request) -> Response:
    if request.method == "POST":
        return PlainTextResponse(str(len(await read_body(request))))
    return PlainTextResponse("x" * int(request.query_params.get("size", 2)))


class Quick(Protocol):
    head_seconds = 0.4
    stalled_seconds = 0.4


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    route = Route("/api/x", _answer, methods=["GET", "POST"])
    app = Starlette(routes=[route], exception_handlers={Refusal: HANDLERS[Refusal]})
    config = uvicorn.Config(
        app, http=Quick, ws="none", lifespan="off", log_level="critical", h11_max_incomplete_event_size=LONGEST_HEAD
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def is_over(connection: socket.socket) -> bool:
    """Whether the server ends it, without a word."""
    try:
        return connection.recv(100) == b""
    except ConnectionError:
        return True


def test_who_says_nothing_is_not_waited_for(port: int) -> None:
    with connected(port) as connection:
        assert is_over(connection)


def test_a_head_that_never_ends_is_not_waited_for(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /api/x HTTP/1.1\r\nHost: x\r\n")
        with pytest.raises(OSError):
            for _ in range(400):
                connection.sendall(b"X: y\r\n")
                time.sleep(0.05)


def test_nor_is_the_next_one_on_the_same_connection(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /api/x HTTP/1.1\r\nHost: x\r\n\r\nGET /api")
        answer = b""
        while not answer.endswith(b"xx"):
            answer += connection.recv(1000)
        assert is_over(connection)


def test_who_does_not_take_the_answer_is_let_go(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /api/x?size=50000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2)
        taken = 0
        with pytest.raises(ConnectionError):
            while data := connection.recv(1 << 20):
                taken += len(data)
            raise ConnectionError
        assert taken < 50_000_000


def test_who_is_quick_gets_it_all(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /api/x?size=5000000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        taken = b""
        while data := connection.recv(1 << 20):
            taken += data
        assert len(taken.partition(b"\r\n\r\n")[2]) == 5_000_000


@pytest.mark.parametrize("head", [b"X: " + b"a" * 200_000, b"\r\n".join(b"X%d: y" % n for n in range(20_000))])
def test_a_head_has_a_size(port: int, head: bytes) -> None:
    with connected(port) as connection:
        try:
            connection.sendall(b"GET /api/x HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
            answer = connection.recv(1000)
        except ConnectionError:
            return
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431")) or not answer


def test_a_body_has_a_size(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + b"a" * 20_000)
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /api/x HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET /api/x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"GET /api/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n folded\r\n y\x7f\r\n\r\n",
        b"GET http://\xff/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_request_harms_nobody(port: int, request_: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(request_)
        answer = b""
        try:
            while data := connection.recv(1000):
                answer += data
        except ConnectionError:
            pass
        assert b"Traceback" not in answer
        assert not answer.startswith((b"HTTP/1.1 500", b"HTTP/1.1 503"))
    test_who_is_quick_gets_it_all(port)
