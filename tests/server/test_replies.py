"""The replies are ones that Scrapy takes without our code, and every kind occurs."""

from __future__ import annotations

import hashlib
import http.client
import ssl
from pathlib import Path

import pytest

from tests.server.crawl import crawl
from tests.server.raw import RawServer, Reply
from tests.server.replies import cases


@pytest.mark.parametrize("tls", [None, ssl.TLSVersion.TLSv1_3], ids=["plain", "tls"])
def test_bare_scrapy_takes_every_reply(tmp_path: Path, tls: ssl.TLSVersion | None) -> None:
    made = cases(seed=7, count=400)
    with RawServer(tls=tls) as server:
        chains = [[{"url": server.add(c.path, c.reply), "method": c.method}] for c in made]
        settings = {"COMPRESSION_ENABLED": False, "COOKIES_ENABLED": False, "REDIRECT_ENABLED": False}
        seen, log = crawl(chains, tmp_path, settings, cwd=tmp_path)
    by_url = {entry["url"]: entry for entry in seen}
    for case in made:
        entry = by_url[server.url(case.path)]
        assert entry.get("status") == case.status, (case, entry, log)
        assert entry["body"] == hashlib.sha256(case.payload).hexdigest(), case
    assert {entry.path: bytes(entry.response) for entry in server.log} == {c.path: c.reply.data for c in made}


def test_the_same_seed_gives_the_same_cases() -> None:
    assert cases(seed=3, count=30) == cases(seed=3, count=30)
    assert cases(seed=3, count=30) != cases(seed=4, count=30)


def test_every_kind_occurs() -> None:
    made = cases(seed=7, count=400)
    data = [c.reply.data for c in made]
    assert {c.path.split("/")[1] for c in made} == {"length", "chunked", "close", "none"}
    assert {c.method for c in made} == {"GET", "HEAD", "POST"}
    assert any(c.surplus for c in made)
    assert any(len(d) > 5_000_000 for d in data)
    for mark in (
        b"HTTP/1.0 ",
        b"no colon",
        b"\r\n two",
        b"caf\xe9",
        b"\n\n",
        b": br",
        b": zstd",
        b": gzip",
        b": deflate",
    ):
        assert any(mark in d for d in data), mark


def test_http_client_agrees_on_a_dribbled_reply() -> None:
    data = b"HTTP/1.1 299 Odd\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n"
    reply = Reply(tuple(data[i : i + 1] for i in range(len(data))), interim=(b"HTTP/1.1 100 Continue\r\n\r\n",))
    with RawServer() as server:
        server.add("/a?b", reply)
        connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
        for _ in range(2):
            connection.request("POST", "/a?b", body=b"hello")
            response = connection.getresponse()
            assert (response.status, response.read()) == (299, b"abc")
        connection.request("GET", "/unknown")
        assert connection.getresponse().status == 404
        connection.close()
    assert [(e.path, e.connection, bytes(e.response)) for e in server.log[:2]] == [("/a?b", 1, data)] * 2
    assert server.log[0].request.startswith(b"POST /a?b HTTP/1.1\r\n")
    assert server.log[0].request.endswith(b"\r\n\r\nhello")
    assert server.log[0].interim == [b"HTTP/1.1 100 Continue\r\n\r\n"]
