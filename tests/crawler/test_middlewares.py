"""robots.txt as RFC 9309 has it; what is said of redirects is in tests/test_bad_input.py."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.server.crawl import crawl
from tests.server.raw import RawServer, Reply
from tests.server.store import read_store

OK = Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage",))
LOOPBACK = {"PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8"}


def robots(rules: bytes, status: bytes = b"200 OK") -> Reply:
    return Reply((b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(rules), rules),))


def fetch(folder: Path, *urls: str, **settings: object) -> str:
    """Fetch them all at once, obeying robots.txt; what was logged."""
    more = {"ARCHIVE_STORE": folder / "store", "ROBOTSTXT_OBEY": True, "LOG_LEVEL": "DEBUG", **LOOPBACK, **settings}
    return crawl([[{"url": url}] for url in urls], folder, more)[1]


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        pytest.param(robots(b"User-agent: *\nDisallow: /b\n"), ["/a"], id="rules"),
        pytest.param(robots(b"gone", b"404 Not Found"), ["/a", "/b", "/b2"], id="none"),
        pytest.param(robots(b"forbidden", b"403 Forbidden"), ["/a", "/b", "/b2"], id="unavailable"),
        pytest.param(robots(b"busy", b"503 Service Unavailable"), [], id="failing"),
        pytest.param(Reply((b"HTTP/1.1 200 OK\r\nConte",), end="close", whole=False), [], id="cut"),
        pytest.param(Reply((b"",), end="reset", whole=False), [], id="reset"),
    ],
)
def test_what_may_be_fetched(answer: Reply, allowed: list[str], tmp_path: Path) -> None:
    with RawServer() as server:
        server.add("/robots.txt", answer)
        fetch(tmp_path, *(server.add(path, OK) for path in ("/a", "/b", "/b2")))
        asked = sorted(entry.path for entry in server.log if entry.path != "/robots.txt")
    assert asked == allowed


def test_a_site_whose_server_is_away_is_asked_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    fetch(tmp_path, *(f"http://127.0.0.1:{port}/{page}" for page in range(3)))
    failures = read_store(tmp_path / "store")[1]
    assert [(facts["url"].rpartition("/")[2], facts["outcome"]) for facts in failures] == [("robots.txt", "refused")]
