"""Files of wget, Heritrix, Browsertrix, Common Crawl, warcio and newswarc, read alike."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import shutil
import subprocess
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import brotli
import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.collection.collection import open_collection
from archive.collection.foreign import whole_seconds
from archive.storage import Store
from archive.workers import Task, extract_capture
from tests.archive.foreign_files import URL, contents, file, problems, record, reply, request, sha1
from tests.archive.making import exchange, later, page, running, wire
from tests.server.raw import RawServer, Reply

BODY = b"<p>hello"


def only(path: Path) -> Any:
    """The one capture of a file."""
    with open_collection(path) as collection:
        (capture,) = collection.captures()
        return capture


# What is a capture


def test_what_a_response_is_told_as(tmp_path: Path) -> None:
    block = reply(BODY, "content-type: Text/HTML; charset=x")
    capture = only(file(tmp_path, record("response", block, WARC_Payload_Digest=sha1(BODY))))
    assert (capture.kind, capture.status, capture.mime, capture.url) == ("response", 200, "text/html", URL)
    assert (capture.date, capture.truncated, capture.refers_to) == ("2026-11-20T09:00:00Z", None, None)
    assert capture.payload_digest == sha1(BODY)
    assert capture.record_digest.startswith("sha256:")


@pytest.mark.parametrize(
    "uri", ["<https://paper.test/story>", "https://paper.test/story", "<https://paper.test/story#x>"]
)
def test_angle_brackets_around_the_uri(tmp_path: Path, uri: str) -> None:
    assert contents(file(tmp_path, record("response", reply(BODY), WARC_Target_URI=uri))).popitem()[1] == BODY
    assert not only(tmp_path / "other.warc.gz").url.startswith("<")


def test_blanks_in_the_uri(tmp_path: Path) -> None:
    path = file(tmp_path, record("response", reply(BODY), WARC_Target_URI="http://paper.test/a b"))
    assert contents(path) == {"http://paper.test/a%20b": BODY}


@pytest.mark.parametrize(
    "other",
    [
        record(
            "response",
            b"20261120090000 paper.test 5 IN A 1.2.3.4",
            WARC_Target_URI="dns:p.test",
            Content_Type="text/dns",
        ),
        record("response", b"no", WARC_Target_URI="http://p.test", Content_Type="text/plain"),
        record("response", reply(b"x"), WARC_Target_URI="ftp://p.test/x"),
        record("resource", b"{}", WARC_Target_URI="urn:pageinfo:http://p.test/", Content_Type="application/json"),
        record(
            "resource",
            b"log",
            WARC_Target_URI="metadata://gnu.org/wget.log",
            Content_Type="text/plain",
        ),
        record("resource", b"no type"),
        record("conversion", b"text", Content_Type="text/plain"),
        record("metadata", b"{}", Content_Type="application/json"),
        record("continuation", b"more", WARC_Segment_Number="2"),
        record("invented", b"x"),
        request(),
    ],
)
def test_what_is_none_and_no_trouble_either(tmp_path: Path, other: bytes) -> None:
    path = file(tmp_path, other, record("response", reply(BODY)), other)
    assert contents(path) == {URL: BODY}
    assert problems(path) == []


def test_resources_of_http_urls_count_as_pages(tmp_path: Path) -> None:
    path = file(tmp_path, record("resource", page("Storm"), Content_Type="text/html; charset=utf-8"))
    with open_collection(path) as collection:
        (capture,) = collection.captures()
        message = collection.message(capture)
        assert (capture.kind, capture.status, capture.mime) == ("response", 200, "text/html")
        assert (message.status, message.get("Content-Type")) == (200, "text/html; charset=utf-8")
        assert message.head.endswith(b"\r\n\r\n")
        assert message.content() == page("Storm")
        assert extract_capture(Task(store=str(path), capture=capture)).article.headline == "Storm"


@pytest.mark.parametrize(
    ("block", "status"),
    [
        (b"HTTP/2 200\r\nContent-Type: text/html\r\n\r\n" + BODY, 200),
        (b"HTTP/3 404 Not Found\r\n\r\n" + BODY, 404),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + BODY, 200),
        (b"HTTP/1.0 200\n\n" + BODY, 200),
    ],
)
def test_heads_of_every_kind(tmp_path: Path, block: bytes, status: int) -> None:
    path = file(tmp_path, record("response", block))
    assert only(path).status == status
    assert contents(path) == {URL: BODY}


def test_other_methods_never_answer_a_get(tmp_path: Path) -> None:
    def pair(n: int, method: str, *, response_first: bool, link: str) -> list[bytes]:
        ids = {"response": f"<urn:uuid:r{n}>", "request": f"<urn:uuid:q{n}>"}
        to = {kind: {"WARC-Record-ID": own, "WARC-Target-URI": f"http://p.test/{n}"} for kind, own in ids.items()}
        if link != "none":
            to[link]["WARC-Concurrent-To"] = ids["request" if link == "response" else "response"]
        both = [record("response", reply(b"%d" % n), **to["response"]), request(method, **to["request"])]
        return both if response_first else both[::-1]

    records, wanted = [], set()
    for n, method in enumerate(("GET", "HEAD", "POST", "get", "OPTIONS")):
        for first in (True, False):
            for number, link in enumerate(("request", "response", "none"), 10 * n + 5 * first):
                records += pair(number, method, response_first=first, link=link)
                if method.upper() == "GET":
                    wanted.add(f"http://p.test/{number}")
    assert contents(file(tmp_path, *records)).keys() == wanted


def test_methods_when_request_and_response_lie_in_two_files(tmp_path: Path) -> None:
    response = record("response", reply(b""), WARC_Record_ID="<urn:uuid:1>")
    file(tmp_path, response, name="a.warc")
    file(tmp_path, request("HEAD", WARC_Concurrent_To="<urn:uuid:1>"), name="b.warc")
    assert contents(tmp_path) == {}


# Dates, digests, ids


@pytest.mark.parametrize(
    ("date", "wanted"),
    [
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00:00Z"),
        ("2026-11-20T09:00:00.999999Z", "2026-11-20T09:00:00Z"),
        ("2026-11-20T09:00:00.123456789Z", "2026-11-20T09:00:00Z"),
        ("20261120090000", "2026-11-20T09:00:00Z"),
        ("2026-11-20T10:00:00+01:00", "2026-11-20T09:00:00Z"),
        ("2026-11-20T09:00Z", "2026-11-20T09:00:00Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00Z"),
    ],
)
def test_dates(tmp_path: Path, date: str, wanted: str) -> None:
    assert whole_seconds(date) == wanted
    assert only(file(tmp_path, record("response", reply(BODY), WARC_Date=date))).date == wanted


@pytest.mark.parametrize("date", ["", "yesterday", "20261320000000", "0001-01-01T00:00:00+23:00", "2026", None])
def test_dates_that_are_none_cost_the_record(tmp_path: Path, date: str | None) -> None:
    path = file(tmp_path, record("response", reply(b"x"), WARC_Date=date), record("response", reply(BODY)))
    assert contents(path) == {URL: BODY}
    (problem,) = problems(path)
    assert problem.startswith("other.warc.gz: The response record at byte 0 has no WARC-Date")


def test_the_first_of_two_dates_counts(tmp_path: Path) -> None:
    one = record("response", reply(BODY)).replace(b"WARC-Date", b"WARC-Date: 2020-01-01T00:00:00Z\r\nWARC-Date")
    assert only(file(tmp_path, one)).date == "2020-01-01T00:00:00Z"


def test_digests_as_written_or_made(tmp_path: Path) -> None:
    assert (
        only(file(tmp_path, record("response", reply(BODY), WARC_Payload_Digest=" SHA1:ABC "))).payload_digest
        == "sha1:ABC"
    )
    made = only(file(tmp_path, record("response", reply(BODY)))).payload_digest
    assert made == "sha256:0b34d4f9da8a0ca3a2bf8cc1b0a8d2e1a2c8ef3d29fa0f61a1c6a2f7e7a3d9b0"[:7] + made[7:]
    assert made != only(file(tmp_path, record("response", reply(b"other")))).payload_digest


def test_records_without_ids(tmp_path: Path) -> None:
    records = [
        record("response", reply(b"%d" % n), WARC_Record_ID=None, WARC_Target_URI=f"{URL}/{n}") for n in range(3)
    ]
    assert contents(file(tmp_path, *records)) == {f"{URL}/{n}": b"%d" % n for n in range(3)}


def test_two_records_with_one_id(tmp_path: Path) -> None:
    one = record("response", reply(BODY), WARC_Record_ID="<urn:uuid:1>")
    two = record("response", reply(b"two"), WARC_Record_ID="<urn:uuid:1>", WARC_Target_URI=URL + "2")
    path = file(tmp_path, one, one, two)
    assert contents(path) == {URL: BODY}
    (problem,) = problems(path)
    assert "has the id of another one" in problem


def test_no_target_uri_costs_the_record(tmp_path: Path) -> None:
    path = file(tmp_path, record("response", reply(b"x"), WARC_Target_URI=None), record("response", reply(BODY)))
    assert contents(path) == {URL: BODY}
    assert "has no WARC-Target-URI" in problems(path)[0]


@pytest.mark.parametrize(("told", "wanted"), [("length", "length"), ("time", "time"), ("Disconnected", "unspecified")])
def test_truncated_ones_are_marked(tmp_path: Path, told: str, wanted: str) -> None:
    assert only(file(tmp_path, record("response", reply(BODY), WARC_Truncated=told))).truncated == wanted


def test_segments_count_as_truncated(tmp_path: Path) -> None:
    assert only(file(tmp_path, record("response", reply(BODY), WARC_Segment_Number="1"))).truncated == "length"


# Bodies that are not what their heads say

CHUNKED = b"5\r\nhello\r\n0\r\n\r\n"
PACKED = gzip.compress(BODY, mtime=0)
CODED = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}


@pytest.mark.parametrize(
    ("headers", "body", "wanted"),
    [
        (["Transfer-Encoding: chunked"], CHUNKED, b"hello"),
        (["Transfer-Encoding: chunked"], BODY, BODY),
        (["Transfer-Encoding: chunked"], b"", b""),
        (["Transfer-Encoding: chunked"], b"dead\nbeef is not chunked", b"dead\nbeef is not chunked"),
        (["Transfer-Encoding: chunked", "Content-Encoding: gzip"], PACKED, BODY),
        (["Transfer-Encoding: chunked", "Content-Encoding: gzip"], BODY, BODY),
        (["Content-Encoding: gzip"], page("Storm"), page("Storm")),
        (["Content-Encoding: br"], page("Storm"), page("Storm")),
        (["Content-Encoding: gzip"], b"ok", b"ok"),
        (["Content-Encoding: deflate"], page("Storm"), page("Storm")),
        (["Content-Encoding: zstd"], page("Storm"), page("Storm")),
        (["Content-Length: 999", "Content-Encoding: gzip"], PACKED, BODY),
        *((["Content-Encoding: " + name], encode(page("Storm")), page("Storm")) for name, encode in CODED.items()),
    ],
    ids=itertools.count(),
)
def test_codings_that_are_undone_though_the_head_names_them(
    tmp_path: Path, headers: list[str], body: bytes, wanted: bytes
) -> None:
    assert contents(file(tmp_path, record("response", reply(body, *headers)))) == {URL: wanted}


# Software

STORY = page("Storm keeps twelve boats out")


def written_by_warcio(path: Path) -> None:
    with path.open("wb") as opened:
        writer = WARCWriter(opened, gzip=path.suffix == ".gz")
        writer.write_record(writer.create_warcinfo_record("x", {"software": "other", "isPartOf": "a collection"}))
        head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        asked = StatusAndHeaders("GET / HTTP/1.1", [("Host", "paper.test")], is_http_request=True)
        response = writer.create_warc_record(URL, "response", payload=io.BytesIO(STORY), http_headers=head)
        writer.write_request_response_pair(writer.create_warc_record(URL, "request", http_headers=asked), response)
        digest = response.rec_headers.get_header("WARC-Payload-Digest")
        revisit = writer.create_revisit_record(URL, digest, URL, response.rec_headers.get_header("WARC-Date"), head)
        writer.write_record(revisit)
        for one in (response, revisit):
            one.raw_stream.close()


@pytest.mark.parametrize("name", ["x.warc.gz", "x.warc", "x.WARC.GZ"])
def test_warcio(tmp_path: Path, name: str) -> None:
    written_by_warcio(tmp_path / name)
    with open_collection(tmp_path / name) as collection:
        first, second = collection.captures()
        assert {first.kind, second.kind} == {"response", "revisit"}
        assert all(collection.message(c).content() == STORY for c in (first, second))
        assert collection.problems == []
        assert list(collection.captures(source="paper.test")) == [first, second]


@pytest.mark.skipif(not shutil.which("wget") and not os.environ.get("CI"), reason="wget is not installed")
@pytest.mark.parametrize("compressed", [True, False])
def test_wget(tmp_path: Path, compressed: bool) -> None:
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(STORY), STORY)
    html = "Content-Type: text/html"
    with RawServer() as server:
        server.add("/robots.txt", Reply((reply(b"", "Content-Length: 0", status="404 Not Found"),)))
        server.add("/old", Reply((reply(b"", "Location: /story", "Content-Length: 0", status="301 Moved"),)))
        server.add("/story", Reply((reply(chunked, html, "Transfer-Encoding: chunked"),)))
        packed = gzip.compress(STORY)
        length = f"Content-Length: {len(packed)}"
        server.add("/packed", Reply((reply(packed, html, "Content-Encoding: gzip", length),)))
        url = server.url("")
        command = ["wget", "-q", "--warc-file=out", *([] if compressed else ["--no-warc-compression"]), "-O", "none"]
        for mode in ([], ["--method=HEAD", "--warc-file=head"]):
            done = subprocess.run(
                [*command, *mode, url + "/old", url + "/packed"], cwd=tmp_path, timeout=60, check=False
            )
            assert done.returncode == 0
    assert problems(tmp_path) == []
    assert contents(tmp_path) == {url + "/old": b"", url + "/story": STORY, url + "/packed": STORY}
    with open_collection(tmp_path) as collection:
        statuses = [collection.nearest(url + path).status for path in ("/old", "/story")]  # type: ignore[union-attr]
        assert statuses == [301, 200]


def test_heritrix(tmp_path: Path) -> None:
    digest = sha1(STORY)
    address = record("response", b"x", WARC_Target_URI="dns:paper.test", Content_Type="text/dns")
    first = record("response", reply(STORY, "Content-Type: text/html"), WARC_Payload_Digest=digest)
    revisit = record(
        "revisit",
        reply(b"", "Content-Type: text/html", "X-Second: yes"),
        WARC_Date="2026-11-21T09:00:00Z",
        WARC_Profile="http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
        WARC_Refers_To_Target_URI=URL,
        WARC_Refers_To_Date="2026-11-20T09:00:00Z",
        WARC_Payload_Digest=digest,
        WARC_Truncated="length",
    )
    meta = record("metadata", b"via: http://paper.test/\r\n", Content_Type="application/warc-fields")
    path = file(tmp_path, address, revisit, meta, first, request())
    with open_collection(path) as collection:
        early, late = collection.captures()
        assert (early.kind, late.kind, late.refers_to) == ("response", "revisit", early.id)
        message = collection.message(late)
        assert (message.get("X-Second"), message.content()) == ("yes", STORY)
        assert collection.problems == []


def test_browsertrix(tmp_path: Path) -> None:
    first = record(
        "response", reply(STORY, "Content-Type: text/html", "Transfer-Encoding: chunked"), version="1.1",
        WARC_Date="2026-11-20T09:00:00.250Z", WARC_Payload_Digest="sha256:aa", WARC_Page_ID="1",
    )  # fmt: skip
    revisit = record(
        "revisit", reply(b"", "Content-Type: text/html"), version="1.1", WARC_Date="2026-11-20T10:00:00.750Z",
        WARC_Target_URI="https://paper.test/again", WARC_Payload_Digest="sha256:aa",
        WARC_Refers_To_Target_URI=URL, WARC_Refers_To_Date="2026-11-20T09:00:00.250Z",
    )  # fmt: skip
    info = record("resource", b"{}", WARC_Target_URI=f"urn:pageinfo:{URL}", Content_Type="application/json")
    path = file(tmp_path, first, info, revisit)
    assert contents(path) == {URL: STORY, "https://paper.test/again": STORY}
    assert problems(path) == []


def test_common_crawl_news(tmp_path: Path) -> None:
    info = record("warcinfo", b"robots: classic\r\n", WARC_Target_URI=None, Content_Type="application/warc-fields")
    head = ["Content-Type: text/html", "Content-Encoding: gzip", "Transfer-Encoding: chunked", "Vary: Accept-Encoding"]
    cut = record("response", reply(STORY, *head), WARC_Truncated="length", WARC_Payload_Digest=sha1(STORY))
    path = file(tmp_path, info, request(), cut)
    assert contents(path) == {URL: STORY}
    with open_collection(path) as collection:
        (capture,) = collection.captures()
        assert extract_capture(Task(store=str(path), capture=capture)).article.text


def test_newswarc_itself(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with running(store) as run:
        run.keep(exchange(URL, wire(STORY)))
        run.keep(exchange(URL, wire(STORY), at=later(1)))
        run.keep(exchange(URL, wire(status="304 Not Modified", headers=["ETag: x"]), at=later(2)))
        run.keep(exchange(URL, wire(b"posted"), at=later(3), method="POST"))
        cut = b"HTTP/1.1 200 OK\r\n\r\nhal"
        run.keep(exchange(URL + "/slow", cut, at=later(4), truncated="time", error="It took too long."))
    (name,) = store.files("originals")
    with open_collection(store.root) as own, open_collection(store.path(name)) as other:
        for collection in (own, other):
            captures = list(collection.captures())
            assert [(c.kind, c.status) for c in captures[:3]] == [("response", 200), ("revisit", 200), ("revisit", 304)]
            assert [collection.message(c).content() for c in captures[:3]] == [STORY] * 3
            assert collection.error(captures[3]) == "It took too long."
            assert collection.error(captures[0]) is None
            assert list(collection.captures(source="ellery")) == captures
        fields = ("id", "url", "date", "kind", "status", "payload_digest", "offset", "length", "record_digest")
        assert [[getattr(c, f) for f in fields] for c in own.captures()] == [
            [getattr(c, f) for f in fields] for c in other.captures()
        ]


# Size


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(records: int) -> int:
        path = tmp_path / f"{records}.warc.gz"
        with path.open("wb") as opened:
            for n in range(records):
                one = record("response", reply(b"x" * 30_000), WARC_Target_URI=f"https://paper.test/{n}")
                opened.write(gzip.compress(one, 1))
        tracemalloc.start()
        try:
            with open_collection(path) as collection:
                assert sum(1 for _ in collection.captures()) == records
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few = peak(1000)
    assert peak(3000) < few * 1.2
