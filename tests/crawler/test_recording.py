"""The bytes of an exchange while they cross the wire, small ones in memory and large ones on disk."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

import pytest

from archive.capture import Exchange, Lead
from crawler.recording import Recording

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # see `close_files`
HEAD = b"HTTP/1.1 200 OK\r\nX-Odd: \xe9\r\n\r\n"
INTERIM = (b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 100 Continue\n\n")
SMALL, LARGE = 3_000, 9_000_000
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["memory", "disk"])


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


_made: list[Recording] = []


@pytest.fixture(autouse=True)
def close_files() -> Iterator[None]:
    """A recording leaves its temporary file to be closed with the last reference; a failed test would keep one."""
    yield
    for recording in _made:
        if recording._file is not None:
            recording._file.close()
    _made.clear()


def begun() -> Recording:
    recording = Recording("http://gazette.example/a", "GET", Lead(kind="given"), None)
    _made.append(recording)
    recording.begin("127.0.0.1", 80)
    recording.sent(b"GET /a HTTP/1.1\r\n\r\n")
    return recording


def fill(recording: Recording, data: bytes, piece: int = 65_536) -> None:
    for start in range(0, len(data), piece):
        recording.received(data[start : start + piece])


def block(exchange: Exchange) -> bytes:
    """The response; one in a file is read as the archive does, from its beginning."""
    if isinstance(exchange.response, bytes):
        return exchange.response
    with exchange.response as file:
        file.seek(0)
        return file.read()


@SIZES
@pytest.mark.parametrize("interim", [(), INTERIM[:1], INTERIM], ids=["none", "one", "two"])
@pytest.mark.parametrize("surplus", [b"", b"HTTP/1.1 200 smuggled\r\n\r\n"], ids=["exact", "surplus"])
def test_the_response_without_what_is_before_and_behind(size: int, interim: tuple[bytes, ...], surplus: bytes) -> None:
    recording = begun()
    response = HEAD + noise(size)
    fill(recording, b"".join(interim) + response + surplus)
    recording.end(complete=True, surplus=len(surplus))
    exchange = recording.exchange(None, None)
    assert isinstance(exchange.response, bytes) is (size == SMALL)
    assert block(exchange) == response
    assert exchange.interim == interim
    assert exchange.surplus == len(surplus)
    assert recording.complete


def test_what_looks_like_an_interim_reply_inside_a_large_body_stays() -> None:
    body = INTERIM[0] * 10 + noise(LARGE)
    recording = begun()
    fill(recording, INTERIM[1] + HEAD + body)
    recording.end(complete=True)
    exchange = recording.exchange(None, None)
    assert exchange.interim == INTERIM[1:]
    assert block(exchange) == HEAD + body


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_pieces_of_any_size(piece: int) -> None:
    recording = begun()
    fill(recording, INTERIM[0] + HEAD + noise(SMALL), piece)
    recording.end(complete=True)
    exchange = recording.exchange(None, None)
    assert (exchange.interim, exchange.response) == (INTERIM[:1], HEAD + noise(SMALL))


def test_one_byte_tells_memory_from_disk() -> None:
    for size, in_memory in ((8 << 20, True), ((8 << 20) + 1, False)):
        recording = begun()
        fill(recording, HEAD.ljust(size, b"x"))
        exchange = recording.exchange(None, None)
        assert isinstance(exchange.response, bytes) is in_memory
        assert block(exchange) == HEAD.ljust(size, b"x")


@SIZES
def test_another_attempt_forgets_the_first(size: int) -> None:
    recording = begun()
    fill(recording, noise(size))
    recording.end(complete=False, surplus=3)
    recording.begin("127.0.0.2", 8080)
    recording.sent(b"again")
    recording.received(HEAD)
    recording.end(complete=True)
    exchange = recording.exchange(None, None)
    assert (exchange.request, exchange.response, exchange.surplus) == (b"again", HEAD, 0)
    assert (exchange.ip, exchange.port, exchange.attempts) == ("127.0.0.2", 8080, 2)


@pytest.mark.parametrize(
    ("data", "has"),
    [
        (b"", False),
        (b"SSH-2.0-x\r\n", False),
        (INTERIM[0], False),
        (INTERIM[0] + b"HTTP/1.1", False),
        (INTERIM[0][:-1], False),
        (INTERIM[0] + HEAD, True),
        (b"HTTP/1.1 200", True),
        (HEAD, True),
        (HEAD + noise(LARGE), True),
        (noise(LARGE), False),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", True),
    ],
    ids="nothing other interim begun torn after-interim status head large large-noise upgrade".split(),
)
def test_whether_a_final_response_has_begun(data: bytes, has: bool) -> None:
    recording = begun()
    fill(recording, data)
    assert recording.has_response is has


@SIZES
def test_asking_between_two_pieces_changes_nothing(size: int) -> None:
    recording = begun()
    recording.received(HEAD + noise(size))
    assert recording.has_response
    recording.received(b"the end")
    found = block(recording.exchange(None, None))
    assert found.endswith(b"the end")
    assert found == HEAD + noise(size) + b"the end"


def test_what_a_failed_recording_received() -> None:
    recording = begun()
    fill(recording, noise(SMALL))
    assert recording.raw == noise(SMALL)
    recording = begun()
    fill(recording, noise(LARGE))
    assert recording.raw == noise(LARGE)[: 1 << 20]


def test_an_exchange_tells_everything() -> None:
    recording = Recording("http://gazette.example/a", "POST", Lead(kind="feed"), "http://proxy.example:8080")
    before = dt.datetime.now(dt.UTC)
    recording.begin("127.0.0.1", 443)
    recording.tls, recording.cipher = "TLSv1.3", "TLS_AES_256_GCM_SHA384"
    for part in (b"POST /a HTTP/1.1\r\n", b"\r\n", b"body"):
        recording.sent(part)
    recording.received(HEAD)
    recording.received(b"half")
    recording.end(complete=False)
    recording.end(complete=True, surplus=2)  # the first word counts
    after = dt.datetime.now(dt.UTC)
    exchange = recording.exchange("time", "It took too long.")
    assert exchange.first_byte is not None
    assert before <= exchange.started <= exchange.first_byte <= exchange.ended <= after
    assert (exchange.started.tzinfo, exchange.ended.tzinfo) == (dt.UTC, dt.UTC)
    assert exchange == Exchange(
        url="http://gazette.example/a",
        method="POST",
        request=b"POST /a HTTP/1.1\r\n\r\nbody",
        response=HEAD + b"half",
        started=exchange.started,
        first_byte=exchange.first_byte,
        ended=exchange.ended,
        ip="127.0.0.1",
        port=443,
        proxy="http://proxy.example:8080",
        tls="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        truncated="time",
        error="It took too long.",
        lead=Lead(kind="feed"),
    )


def test_a_request_that_never_found_a_connection() -> None:
    before = dt.datetime.now(dt.UTC)
    exchange = Recording("http://gazette.example/", "GET", None, None).exchange(None, None)
    assert before <= exchange.started <= exchange.ended
    assert (exchange.request, exchange.response, exchange.first_byte, exchange.attempts) == (b"", b"", None, 0)
