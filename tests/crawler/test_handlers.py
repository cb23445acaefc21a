"""The archive holds the bytes that crossed the wire: compared with what a raw server sent and got.

Each test is a real crawl with the project's settings. When one fails after an update of Scrapy or
Twisted, look at the private names listed in crawler/handlers.py first.
"""

from __future__ import annotations

import random
import ssl
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.server.crawl import crawl
from tests.server.raw import Logged, RawServer, Reply
from tests.server.replies import cases
from tests.server.store import Stored, read_store
from tests.server.tunnel import Tunnel

PLAIN, TLS12, TLS13 = None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
OK = Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",))


def archive(
    chains: list[list[dict[str, Any]]], folder: Path, **settings: object
) -> tuple[list[Stored], list[dict[str, Any]], list[dict[str, Any]]]:
    """Crawl into a store below `folder`: exchanges, failures, and what the spider saw."""
    mine = {
        "ARCHIVE_STORE": folder / "store",
        "COOKIES_ENABLED": False,
        "DOWNLOAD_TIMEOUT": 20,
        "DOWNLOAD_VERIFY_CERTIFICATES": False,
        "PRIVATE_NETWORKS_ALLOWED": "127.0.0.1/32",
    }
    seen, _ = crawl(chains, folder, {**mine, **settings})
    return *read_store(folder / "store"), seen


def one(reply: Reply, folder: Path, tls: ssl.TLSVersion | None = PLAIN, **settings: object) -> tuple[Stored, Logged]:
    """The exchange of a crawl that asks for one reply."""
    with RawServer(tls=tls) as server:
        url = server.add("/one?x=1", reply)
        stored, failures, _ = archive([[{"url": url}]], folder, **settings)
    assert not failures
    assert len(stored) == len(server.log) == 1
    return stored[0], server.log[0]


@pytest.mark.parametrize("tls", [PLAIN, TLS13], ids=["plain", "tls"])
def test_every_byte_of_hundreds_of_odd_exchanges(tmp_path: Path, tls: ssl.TLSVersion | None) -> None:
    made = cases(seed=20, count=400)
    rng = random.Random(20)
    with RawServer(tls=tls) as server:
        chains = []
        for case in made:
            request: dict[str, Any] = {"url": server.add(case.path, case.reply), "method": case.method}
            if case.method == "POST":
                request["body"] = "тело\r\n\r\n" * rng.randrange(1, 2000)
                request["headers"] = {"X-Odd": "ä", "Content-Type": "text/plain; charset=utf-8"}
            chains.append([request])
        stored, failures, _ = archive(chains, tmp_path)
    assert failures == []
    by_path = {entry.path: entry for entry in stored}
    assert Counter(entry.path for entry in stored) == Counter(entry.path for entry in server.log)
    surplus = {case.path: case.surplus for case in made}
    for logged in server.log:
        entry = by_path[logged.path]
        sent = bytes(logged.response)
        assert entry.response.type == "response"
        assert entry.response.block == sent[: len(sent) - surplus.get(logged.path, 0)], logged.path
        assert entry.request.block == logged.request, logged.path
        facts = entry.facts
        assert [reply.encode("latin-1") for reply in facts["interim"]] == logged.interim, logged.path
        assert facts["surplus"] <= surplus.get(logged.path, 0)
        assert (facts["ip"], facts["port"]) == ("127.0.0.1", server.port)
        assert facts["protocol"].encode() == sent[:8].lower(), logged.path
        assert (facts["tls"], bool(facts["cipher"])) == (("TLSv1.3", True) if tls else (None, False))
        assert facts["truncated"] is None, logged.path
        assert facts["started"] <= facts["first_byte"] <= facts["ended"]
        assert entry.response.headers.get("WARC-IP-Address") == "127.0.0.1"
        assert "WARC-Truncated" not in entry.response.headers
    per_connection = Counter(logged.connection for logged in server.log)
    assert max(per_connection.values()) > 3, "connections were not kept alive, so the test proves less"
    for case in made:
        assert by_path[case.path].response.headers["WARC-Target-URI"] == server.url(case.path)


@pytest.mark.parametrize(("tls", "name"), [(TLS12, "TLSv1.2"), (TLS13, "TLSv1.3")])
def test_tls_facts(tmp_path: Path, tls: ssl.TLSVersion, name: str) -> None:
    entry, _ = one(OK, tmp_path, tls)
    assert entry.facts["tls"] == name
    assert entry.facts["cipher"]


def test_interim_replies_stand_apart(tmp_path: Path) -> None:
    interim = (b"HTTP/1.1 103 Early \xe9\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 100\n\n")
    for number, joined in enumerate((False, True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        entry, logged = one(Reply(OK.pieces, interim=interim, joined=joined), folder)
        assert entry.response.block == bytes(logged.response) == OK.data
        assert [reply.encode("latin-1") for reply in entry.facts["interim"]] == list(interim)


def test_bytes_behind_the_response_are_counted_only(tmp_path: Path) -> None:
    entry, _ = one(Reply((OK.data + b"HTTP/1.1 500 smuggled\r\n\r\n",), end="close"), tmp_path)
    assert entry.response.block == OK.data
    assert entry.facts["surplus"] == len(b"HTTP/1.1 500 smuggled\r\n\r\n")


FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"


@pytest.mark.parametrize(
    ("pieces", "delay"),
    [((OK.data + FORGED,), 0), ((OK.data + b"\r\n", FORGED), 0), ((OK.data, FORGED), 1)],
    ids=["at-once", "in-two", "while-idle"],
)
def test_what_follows_a_response_is_not_taken_for_the_next(
    tmp_path: Path, pieces: tuple[bytes, ...], delay: int
) -> None:
    second = Reply((OK.data.replace(b"ok", b"k2"),))
    with RawServer() as server:
        server.add("/1", Reply(pieces, pause=0.2))
        server.add("/2", second)
        chain = [{"url": server.url(path)} for path in ("/1", "/2")]
        stored, _, _ = archive([chain], tmp_path, DOWNLOAD_DELAY=delay, RANDOMIZE_DOWNLOAD_DELAY=False)
    blocks = {entry.path: entry.response.block for entry in stored}
    assert blocks == {"/1": OK.data, "/2": second.data}
    assert [logged.connection for logged in server.log] == [1, 2]


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n"
CUT_SHORT = {
    "length": Reply((HEAD, b"x" * 400), end="cut", whole=False),
    "closed": Reply((HEAD, b"x" * 400), end="close", whole=False),
    "reset": Reply((HEAD, b"x" * 400), end="reset", pause=0.02, whole=False),
    "chunked": Reply(
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nabcde\r\n", b"ff\r\nabc"),
        end="cut",
        whole=False,
    ),
    "last-chunk": Reply(
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",), end="cut", whole=False
    ),
    "no-body": Reply((HEAD,), end="cut", whole=False),
    "head": Reply((b"HTTP/1.1 200 OK\r\nContent-Type: te",), end="cut", whole=False),
}


@pytest.mark.parametrize("fail", [False, True], ids=["dataloss-passes", "dataloss-fails"])
@pytest.mark.parametrize("tls", [PLAIN, TLS13], ids=["plain", "tls"])
def test_replies_cut_short_are_kept(tmp_path: Path, tls: ssl.TLSVersion | None, fail: bool) -> None:
    with RawServer(tls=tls) as server:
        chains = [[{"url": server.add(f"/{name}", reply)}] for name, reply in CUT_SHORT.items()]
        stored, failures, _ = archive(chains, tmp_path, DOWNLOAD_FAIL_ON_DATALOSS=fail)
    assert failures == []
    by_path = {entry.path: entry for entry in stored}
    assert by_path.keys() == {f"/{name}" for name in CUT_SHORT}
    for name, reply in CUT_SHORT.items():
        entry = by_path[f"/{name}"]
        if name == "reset":  # a reset may overtake what was sent before it
            assert reply.data.startswith(entry.response.block)
        else:
            assert entry.response.block == reply.data, name
        assert entry.response.headers["WARC-Truncated"] == "disconnect", name
        assert entry.facts["truncated"] == "disconnect", name


@pytest.mark.parametrize("tls", [PLAIN, TLS13], ids=["plain", "tls"])
def test_replies_that_last_too_long_are_kept(tmp_path: Path, tls: ssl.TLSVersion | None) -> None:
    replies = {
        "/body": Reply((HEAD, b"x" * 400), end="hang", whole=False),
        "/head": Reply((b"HTTP/1.1 200 OK\r\nContent-Ty",), end="hang", whole=False),
        "/chunk": Reply((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",), end="hang", whole=False),
        "/close": Reply((b"HTTP/1.1 200 OK\r\n\r\nabc",), end="hang", whole=False),
    }
    with RawServer(tls=tls) as server:
        chains = [[{"url": server.add(path, reply)}] for path, reply in replies.items()]
        stored, failures, seen = archive(chains, tmp_path, DOWNLOAD_TIMEOUT=1)
    assert failures == []
    assert {entry.path: entry.response.block for entry in stored} == {p: r.data for p, r in replies.items()}
    assert {entry.response.headers["WARC-Truncated"] for entry in stored} == {"time"}
    assert {entry.get("error") for entry in seen} == {"DownloadTimeoutError"}


@pytest.mark.parametrize("tls", [PLAIN, TLS13], ids=["plain", "tls"])
def test_replies_that_are_too_long_are_kept_as_far_as_read(tmp_path: Path, tls: ssl.TLSVersion | None) -> None:
    body = random.Random(1).randbytes(3_000_000)
    replies = {
        "/announced": Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n", body)),
        "/chunked": Reply(
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2dc6c0\r\n", body, b"\r\n0\r\n\r\n"),
        ),
        "/close": Reply((b"HTTP/1.1 200 OK\r\n\r\n", body), end="close"),
    }
    with RawServer(tls=tls) as server:
        chains = [[{"url": server.add(path, reply)}] for path, reply in replies.items()]
        stored, failures, _ = archive(chains, tmp_path, DOWNLOAD_MAXSIZE=1_000_000)
    assert failures == []
    assert {entry.path for entry in stored} == replies.keys()
    for entry in stored:
        data = replies[entry.path].data
        assert data.startswith(entry.response.block)
        assert len(entry.response.block) < len(data)
        assert entry.response.headers["WARC-Truncated"] == "length"
        if entry.path != "/announced":
            assert len(entry.response.block) > 1_000_000


@pytest.mark.parametrize("tls", [PLAIN, TLS13], ids=["plain", "tls"])
def test_a_stale_connection_is_tried_anew(tmp_path: Path, tls: ssl.TLSVersion | None) -> None:
    """Twisted asks again by itself when a kept connection turns out to be dead."""
    dead = Reply((), end="cut", whole=False)
    with RawServer(tls=tls) as server:
        server.add("/first", OK)
        server.add("/second", dead, Reply((OK.data.replace(b"ok", b"k2"),)))
        stored, failures, _ = archive([[{"url": server.url(path)} for path in ("/first", "/second")]], tmp_path)
    assert failures == []
    first, second = sorted(stored, key=lambda entry: entry.path)
    assert [logged.path for logged in server.log] == ["/first", "/second", "/second"]
    assert (first.facts["attempts"], second.facts["attempts"]) == (1, 2)
    assert second.response.block == OK.data.replace(b"ok", b"k2")
    assert second.request.block == server.log[2].request


def test_exchanges_through_a_tunnel(tmp_path: Path) -> None:
    with RawServer(tls=TLS13) as server, Tunnel(server.port) as proxy:
        for path in ("/1", "/2"):
            server.add(path, OK)
        urls = [f"https://www.news.example{path}" for path in ("/1", "/2")]
        stored, failures, _ = archive([[{"url": u, "meta": {"proxy": proxy.url}} for u in urls]], tmp_path)
    assert failures == []
    assert all(head.startswith(b"CONNECT www.news.example:443 ") for head in proxy.asked)
    sent = {logged.path: logged.request for logged in server.log}
    assert {entry.path: entry.request.block for entry in stored} == sent
    for entry in stored:
        assert entry.response.block == OK.data
        assert (entry.facts["proxy"], entry.facts["port"]) == (proxy.url, proxy.port)
        assert entry.facts["tls"] == "TLSv1.3"
        assert "WARC-IP-Address" not in entry.response.headers, "the proxy's address is not the site's"


def test_exchanges_through_a_plain_proxy(tmp_path: Path) -> None:
    url = "http://www.news.example/page?x=1"
    with RawServer() as proxy:
        proxy.add(url, OK)
        address = proxy.url("")
        stored, failures, _ = archive([[{"url": url, "meta": {"proxy": address}}]], tmp_path)
    assert failures == []
    assert stored[0].response.block == OK.data
    assert stored[0].request.block == proxy.log[0].request
    assert stored[0].response.headers["WARC-Target-URI"] == url
    assert "WARC-IP-Address" not in stored[0].response.headers


def test_a_body_that_spills_to_disk(tmp_path: Path) -> None:
    """Larger than what a recording keeps in memory, with an interim reply before and surplus behind."""
    body = random.Random(2).randbytes(20_000_000)
    interim = (b"HTTP/1.1 103 Early Hints\r\n\r\n",)
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n" + body
    pieces = (whole[:-10], whole[-10:] + b"surplus")
    entry, _ = one(Reply(pieces, interim=interim, end="close", pause=0.05), tmp_path)
    assert entry.response.block == whole
    assert entry.facts["interim"] == [interim[0].decode()]
    assert entry.facts["surplus"] in (0, len(b"surplus"))


def test_what_is_no_http_is_a_failure_with_its_bytes(tmp_path: Path) -> None:
    replies = {
        "/ssh": Reply((b"SSH-2.0-OpenSSH_9.2\r\n",), end="close"),
        "/nothing": Reply((), end="close"),
        "/silence": Reply((), end="hang"),
    }
    with RawServer() as server, RawServer(tls=TLS13) as untrusted:
        chains = [[{"url": server.add(path, reply)}] for path, reply in replies.items()]
        chains.append([{"url": "http://127.0.0.1:1/refused"}])
        chains.append([{"url": "http://127.0.0.2/private"}])
        chains.append([{"url": untrusted.url("/untrusted")}])
        stored, failures, _ = archive(chains, tmp_path, DOWNLOAD_TIMEOUT=3, DOWNLOAD_VERIFY_CERTIFICATES=True)
    assert stored == []
    assert untrusted.log == []
    by_path = {"/" + failure["url"].rpartition("/")[2]: failure for failure in failures}
    assert {path: failure["outcome"] for path, failure in by_path.items()} == {
        "/ssh": "not-http",
        "/nothing": "disconnect",
        "/silence": "timeout",
        "/refused": "refused",
        "/untrusted": "tls",
        "/private": "forbidden-address",
    }
    assert by_path["/ssh"]["received"] == replies["/ssh"].data.decode()
    assert by_path["/private"]["error"] == (
        "refused to connect to 127.0.0.2: 127.0.0.2 is not a public address (see PRIVATE_NETWORKS_ALLOWED)"
    )


STATUS_LINES = {
    "/other-name": b"FOO/1.1 200 OK",
    "/lower-case": b"http/1.1 200 ok",
    "/four-digits": b"HTTP/1.1 0200 OK",
    "/two-digits": b"HTTP/1.1 20 OK",
    "/two-spaces": b"HTTP/1.1  200 OK",
    "/long-version": b"HTTP/1.10 200 OK",
    "/version-2": b"HTTP/2.0 200 OK",
    "/icy": b"ICY 200 OK",
    "/nul": b"HTTP/1.1 200 O\0K",
    "/999": b"HTTP/1.1 999 Denied",
}


def test_nothing_that_arrives_is_lost_whatever_its_status_line(tmp_path: Path) -> None:
    """Twisted takes some of these for HTTP; each one is kept, as a response or with the failure."""
    with RawServer() as server:
        chains = []
        for path, line in STATUS_LINES.items():
            reply = Reply((line + b"\r\nContent-Length: 2\r\n\r\nok",), end="close")
            chains.append([{"url": server.add(path, reply)}])
        stored, failures, _ = archive(chains, tmp_path)
    kept = {entry.path: entry.response.block for entry in stored}
    kept |= {"/" + f["url"].rpartition("/")[2]: f["received"].encode("latin-1") for f in failures}
    assert kept == {logged.path: bytes(logged.response) for logged in server.log}


def test_a_private_address_is_refused_by_default(tmp_path: Path) -> None:
    with RawServer() as server:
        url = server.add("/", OK)
        stored, failures, seen = archive([[{"url": url}]], tmp_path, PRIVATE_NETWORKS_ALLOWED="")
    assert server.log == []
    assert stored == []
    assert [entry["error"] for entry in seen] == ["ForbiddenAddress"]
    assert [failure["outcome"] for failure in failures] == ["forbidden-address"]
