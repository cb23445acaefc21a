"""`Run`: what a crawl's exchanges, failures and articles become in the WARC files and in the catalogue."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import brotli
import msgspec
import pytest
from click.testing import CliRunner
from fastwarc.cli import main as fastwarc_command
from sqlalchemy import text
from warcio.bufferedreaders import BufferedReader
from warcio.checker import Checker

from archive.capture import Capture, Exchange, Lead
from archive.catalogue import Catalogue
from archive.errors import ArchiveError, RecordError, StoreError
from archive.http import parse_response
from archive.reader import StoredRecord, check_digests, parse_member, read_records
from archive.rights.statement import Statement
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from archive.verification.verify import verify
from archive.version import SOFTWARE
from archive.warc import OPEN_SUFFIX, PROFILE_IDENTICAL, PROFILE_NOT_MODIFIED
from tests.archive.making import (
    MORNING,
    SETTINGS,
    digest_of,
    dump,
    exchange,
    failure,
    keep_article,
    keep_page,
    killed,
    later,
    page,
    read_json,
    records,
    refused,
    running,
    varied_store,
    wire,
)
from tests.seeds.seed import SHARED

URL = "https://ellery.test/2026/11/storm"
BODY = page("Storm keeps twelve boats out")
NOT_MODIFIED = wire(status="304 Not Modified", headers=['ETag: "7"'])
KIT = SHARED / "kit" / "strict_check.py"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "archive")


@pytest.fixture
def run(store: Store) -> Iterator[Run]:
    with running(store) as run:
        yield run


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with some of everything; not to be changed."""
    return varied_store(tmp_path_factory.mktemp("varied") / "archive")


def stored(store: Store, capture: Capture) -> StoredRecord:
    """The record that a capture tells of."""
    return parse_member(store.read(capture.file, capture.offset, capture.length), capture.offset)


def beside(store: Store, capture: Capture, kind: str) -> StoredRecord:
    """The request or metadata record of a capture."""
    (found,) = (r for r in records(store, kind) if r.refers_to("WARC-Concurrent-To") == capture.id)
    return found


def facts_of(store: Store, capture: Capture) -> dict[str, Any]:
    return read_json(beside(store, capture, "metadata"))


# Exchanges


def test_blocks_are_the_bytes_that_crossed_the_wire(store: Store, run: Run) -> None:
    response = (
        b"HTTP/1.0 200 all\xe9 right\nset-COOKIE: a=1\r\nSet-Cookie:  b=2 \r\nX: one\r\n two\r\n"
        b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n3;x=y\r\n\x1f\x8b\x08\r\n0\r\nT: z\r\n\r\n"
    )
    request = b"GET /2026/11/storm?x=%20&y HTTP/1.1\r\nhost: ellery.test\r\nX-Odd:value\r\n\r\n"
    capture = run.keep(exchange(URL, response, request=request))
    record = stored(store, capture)
    assert record.block == response
    assert record.content_type == "application/http"
    assert record.get("Content-Type") == "application/http; msgtype=response"
    assert beside(store, capture, "request").block == request
    assert beside(store, capture, "request").get("Content-Type") == "application/http; msgtype=request"


def test_the_capture_says_where_the_record_lies_before_the_file_is_closed(store: Store, run: Run) -> None:
    capture = run.keep(exchange(URL, wire(BODY)))
    data = store.path(capture.file).read_bytes()[capture.offset : capture.offset + capture.length]
    record = parse_member(data, capture.offset)
    assert capture == Capture(
        id=record.id,
        kind="response",
        url=URL,
        date="2026-11-20T09:00:00Z",
        status=200,
        mime="text/html",
        payload_digest=digest_of(BODY),
        file=capture.file,
        offset=capture.offset,
        length=len(data),
        record_digest=digest_of(data),
    )
    assert record.get("WARC-Payload-Digest") == digest_of(BODY)
    assert not capture.file.endswith(OPEN_SUFFIX)


def test_what_is_kept_is_seen_within_a_second_if_somebody_asks_for_it(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("archive.run.time.monotonic", lambda: now)
    run.flush()
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        run.keep(exchange(URL, wire(b"one")))
        run.flush_if_due()
        assert catalogue.captures(URL) == []
        now += 1.1
        run.flush_if_due()
        assert len(catalogue.captures(URL)) == 1


def test_every_fact_of_an_exchange_is_kept(store: Store, run: Run) -> None:
    allowed = Statement("robots", "allowed", "robots.txt", "", "urn:uuid:0b07", "2026-11-20T08:00:00Z")
    full = Exchange(
        url=URL,
        method="GET",
        request=b"GET / HTTP/1.1\r\n\r\n",
        response=b"HTTP/1.0 200 OK\r\nContent-Type: Text/HTML; charset=x\r\n\r\nhal",
        interim=(b"HTTP/1.1 103 Early Hints\r\nLink: </\xe9>\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        started=MORNING,
        first_byte=MORNING + dt.timedelta(microseconds=1),
        ended=later(0.5),
        ip="192.0.2.7",
        port=8443,
        tls="TLSv1.3",
        cipher="TLS_AES_128_GCM_SHA256",
        truncated="time",
        error="No byte came for 20 s.",
        surplus=17,
        attempts=3,
        lead=Lead(kind="feed", via="https://ellery.test/feed", announced="2026-11-20"),
        rights=(allowed,),
    )
    capture = run.keep(full)
    assert facts_of(store, capture) == {
        "url": URL,
        "method": "GET",
        "status": 200,
        "mime": "text/html",
        "size": len(full.response) if isinstance(full.response, bytes) else 0,
        "outcome": "truncated",
        "protocol": "http/1.0",
        "interim": ["HTTP/1.1 103 Early Hints\r\nLink: </é>\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"],
        "started": "2026-11-20T09:00:00.123456Z",
        "first_byte": "2026-11-20T09:00:00.123457Z",
        "ended": "2026-11-20T09:30:00.123456Z",
        "ip": "192.0.2.7",
        "port": 8443,
        "proxy": None,
        "tls": "TLSv1.3",
        "cipher": "TLS_AES_128_GCM_SHA256",
        "truncated": "time",
        "error": "No byte came for 20 s.",
        "surplus": 17,
        "attempts": 3,
        "lead": {"kind": "feed", "via": "https://ellery.test/feed", "announced": "2026-11-20"},
        "rights": [msgspec.to_builtins(allowed)],
    }
    blocks = {"request", "response"}  # records of their own
    assert {f.name for f in msgspec.structs.fields(Exchange)} - blocks <= facts_of(store, capture).keys()
    assert stored(store, capture).get("WARC-IP-Address") == "192.0.2.7"


def test_the_address_of_a_proxy_is_not_the_servers(store: Store, run: Run) -> None:
    capture = run.keep(exchange(URL, ip="192.0.2.8", proxy="http://proxy.test:3128"))
    assert stored(store, capture).get("WARC-IP-Address") is None
    assert facts_of(store, capture)["ip"] == "192.0.2.8"
    assert facts_of(store, capture)["proxy"] == "http://proxy.test:3128"


@pytest.mark.parametrize("reason", ["length", "time", "disconnect", "unspecified"])
def test_truncated_responses_are_marked(store: Store, run: Run, reason: str) -> None:
    capture = run.keep(exchange(URL, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", truncated=reason))
    assert stored(store, capture).get("WARC-Truncated") == reason
    assert facts_of(store, capture)["outcome"] == "truncated"
    assert capture.truncated == reason


@pytest.mark.parametrize("status", ["200 OK", "301 Moved", "404 Not Found", "503 Busy", "999 Odd", "304 Not Modified"])
def test_every_response_is_kept_whatever_its_status(store: Store, run: Run, status: str) -> None:
    capture = run.keep(exchange(URL, wire(b"x", status)))
    assert (capture.kind, capture.status) == ("response", int(status[:3]))
    assert stored(store, capture).block == wire(b"x", status)


@pytest.mark.parametrize("response", [b"", b"<html>no head</html>", b"HTTP/2 200\r\n\r\n"])
def test_what_is_no_http_is_refused_and_the_file_is_as_before(store: Store, run: Run, response: bytes) -> None:
    run.keep(exchange(URL))
    path = store.path(store.files()[0])
    before = path.read_bytes()
    with pytest.raises(RecordError, match="No HTTP status line"):
        run.keep(exchange(URL, response))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "bad",
    [
        exchange("https://ellery.test/a\r\nWARC-Type: response"),
        exchange(URL, ip="192.0.2.1\n"),
        pytest.param(exchange("https://ellery.test/\ud83d")),
        pytest.param(exchange(URL, error="broken \ud83d")),
    ],
    ids=["line-end-in-url", "line-end-in-address", "surrogate-in-url", "surrogate-in-error"],
)
def test_what_cannot_be_kept_raises_our_error_and_leaves_the_file_as_before(
    store: Store, run: Run, bad: Exchange
) -> None:
    run.keep(exchange(URL))
    path = store.path(store.files()[0])
    before = path.read_bytes()
    with pytest.raises(ArchiveError):
        run.keep(bad)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "url",
    [
        URL + "?q=å&r=日本",
        "https://ellery.test:8443/a%20b#c",
        "http://192.0.2.1/",
        "http://[::1]/x",
        "https://[no-url/",
    ],
)
def test_urls_come_back_as_they_went_in(store: Store, run: Run, url: str) -> None:
    assert stored(store, run.keep(exchange(url))).url == url


@pytest.mark.parametrize(
    "path",
    [
        "<b>",
    ],
)
def test_urls_that_are_none_come_back_too(store: Store, run: Run, path: str) -> None:
    url = "https://ellery.test/" + path
    assert stored(store, run.keep(exchange(url))).url == url


# Large responses


@pytest.fixture
def large() -> Iterator[tuple[Any, bytes]]:
    """A response in a file, 6 MB that can't be compressed; and its body."""
    body = random.Random(1).randbytes(6 << 20)
    with tempfile.TemporaryFile() as file:
        file.write(wire(body, headers=["Content-Type: video/mp4"]))
        yield file, body


def test_a_large_response_in_a_file_is_kept_byte_for_byte(store: Store, run: Run, large: tuple[Any, bytes]) -> None:
    file, body = large
    capture = run.keep(exchange(URL, file))
    record = stored(store, capture)
    assert capture.length > 4 << 20
    assert record.block == wire(body, headers=["Content-Type: video/mp4"])
    assert capture.payload_digest == digest_of(body)
    assert check_digests(record) is None
    assert facts_of(store, capture)["size"] == len(record.block)
    again = run.keep(exchange(URL, file, at=later(1)))
    assert (again.kind, again.refers_to) == ("revisit", capture.id)
    assert again.length < 1000


def test_a_file_with_a_very_long_head(store: Store, run: Run) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(wire(b"body", headers=[f"X-{n}: {'x' * 4000}" for n in range(300)]))
        capture = run.keep(exchange(URL, file))
    assert capture.payload_digest == digest_of(b"body")


def test_a_file_in_memory_is_a_file_too(run: Run) -> None:
    assert run.keep(exchange(URL, io.BytesIO(wire(b"body")))).payload_digest == digest_of(b"body")


# Revisits


def headers_of_revisit(record: StoredRecord) -> dict[str, str | None]:
    names = ("WARC-Profile", "WARC-Refers-To", "WARC-Refers-To-Target-URI", "WARC-Refers-To-Date")
    return {name: record.get(name) for name in names}


@pytest.mark.parametrize("flushed", [False, True])
def test_an_identical_payload_is_a_revisit_with_its_own_head(store: Store, run: Run, flushed: bool) -> None:
    first = run.keep(exchange(URL, wire(BODY)))
    if flushed:
        run.flush()
    again = run.keep(exchange(URL, wire(BODY, headers=["Content-Type: text/html", "Age: 7"]), at=later(1)))
    record = stored(store, again)
    assert (again.kind, again.refers_to, again.status) == ("revisit", first.id, 200)
    assert record.block == wire(BODY, headers=["Content-Type: text/html", "Age: 7"])[: -len(BODY)]
    assert record.get("WARC-Payload-Digest") == first.payload_digest == digest_of(BODY)
    assert headers_of_revisit(record) == {
        "WARC-Profile": PROFILE_IDENTICAL,
        "WARC-Refers-To": f"<{first.id}>",
        "WARC-Refers-To-Target-URI": URL,
        "WARC-Refers-To-Date": first.date,
    }
    assert record.get("WARC-Truncated") == "length"  # the block is; the payload that it stands for is whole
    assert again.truncated is None
    assert beside(store, again, "request").block.startswith(b"GET ")
    assert facts_of(store, again)["size"] == len(wire(BODY, headers=["Content-Type: text/html", "Age: 7"]))


def test_revisits_refer_to_the_response_and_never_to_a_revisit(store: Store) -> None:
    with running(store) as run:
        first = run.keep(exchange(URL, wire(BODY)))
    for n in range(3):
        with running(store, "nordlys") as run:  # in other runs, of another source
            again = run.keep(exchange(URL, wire(BODY), at=later(n + 1)))
            assert (again.kind, again.refers_to) == ("revisit", first.id)
    assert verify(store, extract=False).faults == []


@pytest.mark.parametrize(
    "second",
    [
        exchange(URL + "?other", wire(BODY), at=later(1)),
        exchange(URL, wire(BODY + b" "), at=later(1)),
        exchange(URL, wire(BODY, "404 Not Found"), at=later(1)),
        exchange(URL, wire(BODY), at=later(1), method="POST"),
        exchange(URL, wire(BODY), at=later(1), truncated="length"),
    ],
    ids=["url", "payload", "status", "POST", "truncated"],
)
@pytest.mark.parametrize("flushed", [False, True])
def test_no_revisit_of_what_differs(run: Run, second: Exchange, flushed: bool) -> None:
    run.keep(exchange(URL, wire(BODY)))
    if flushed:
        run.flush()
    assert run.keep(second).kind == "response"


@pytest.mark.parametrize(
    "first",
    [
        exchange(URL, wire(BODY), method="POST"),
        exchange(URL, wire(BODY), truncated="disconnect"),
        exchange(URL, wire(BODY, "203 Altered")),
    ],
    ids=["POST", "truncated", "status"],
)
@pytest.mark.parametrize("flushed", [False, True])
def test_nothing_refers_to_what_is_no_whole_get(run: Run, first: Exchange, flushed: bool) -> None:
    run.keep(first)
    if flushed:
        run.flush()
    assert run.keep(exchange(URL, wire(BODY), at=later(1))).kind == "response"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("flushed", [False, True])
def test_empty_bodies_and_heads_are_never_revisits(run: Run, method: str, flushed: bool) -> None:
    for n in range(3):
        moved = wire(b"", "301 Moved", ["Location: /elsewhere"])
        assert run.keep(exchange(URL, moved, at=later(n), method=method)).kind == "response"
        if flushed:
            run.flush()


@pytest.mark.parametrize("flushed", [False, True])
def test_an_unchanged_304_is_a_revisit_without_a_block(store: Store, run: Run, flushed: bool) -> None:
    run.keep(exchange(URL, wire(b"older")))
    first = run.keep(exchange(URL, wire(BODY), at=later(1)))
    if flushed:
        run.flush()
    again = run.keep(exchange(URL, NOT_MODIFIED, at=later(2)))
    record = stored(store, again)
    assert (again.kind, again.refers_to, again.status) == ("revisit", first.id, 304)
    assert again.payload_digest == record.get("WARC-Payload-Digest") == digest_of(BODY)
    assert (record.block, record.get("Content-Length"), record.get("Content-Type")) == (b"", "0", None)
    assert headers_of_revisit(record) == {
        "WARC-Profile": PROFILE_NOT_MODIFIED,
        "WARC-Refers-To": f"<{first.id}>",
        "WARC-Refers-To-Target-URI": URL,
        "WARC-Refers-To-Date": first.date,
    }
    facts = facts_of(store, again)
    assert facts["head"].encode("latin-1") == NOT_MODIFIED
    assert facts["size"] == len(NOT_MODIFIED)


def test_a_304_refers_to_the_page_that_was_there_last(run: Run) -> None:
    first = run.keep(exchange(URL, wire(BODY)))
    second = run.keep(exchange(URL, wire(BODY + b"2"), at=later(1)))
    run.keep(exchange(URL, wire(BODY, "404 Not Found"), at=later(2)))
    run.keep(exchange(URL, wire(b"cut"), at=later(3), truncated="time"))
    assert run.keep(exchange(URL, NOT_MODIFIED, at=later(4))).refers_to == second.id
    assert run.keep(exchange(URL, wire(BODY), at=later(5))).refers_to == first.id
    assert run.keep(exchange(URL, NOT_MODIFIED, at=later(6))).refers_to == first.id
    assert run.keep(exchange(URL, NOT_MODIFIED, at=later(7))).refers_to == first.id


@pytest.mark.parametrize("fields", [{"method": "POST"}, {"method": "HEAD"}, {"truncated": "time"}, {}])
def test_a_304_that_answers_something_else_is_a_plain_response(store: Store, run: Run, fields: dict[str, str]) -> None:
    url = URL if fields else URL + "/never-seen"
    run.keep(exchange(URL, wire(BODY)))
    capture = run.keep(exchange(url, NOT_MODIFIED, at=later(1), **fields))
    assert capture.kind == "response"
    assert stored(store, capture).block == NOT_MODIFIED


def test_a_refers_to_date_tells_one_response_of_a_url(store: Store, run: Run) -> None:
    run.keep(exchange(URL, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncut", truncated="disconnect"))
    first = run.keep(exchange(URL, wire(BODY), at=MORNING + dt.timedelta(milliseconds=300)))
    assert first.kind == "response"
    for n, response in enumerate((wire(BODY), NOT_MODIFIED, wire(BODY), NOT_MODIFIED)):
        again = stored(store, run.keep(exchange(URL, response, at=later(n + 1))))
        if again.type == "revisit":
            meant = [r.id for r in records(store, "response") if r.get("WARC-Date") == again.get("WARC-Refers-To-Date")]
            assert meant == [again.refers_to()]


# Failures, the run itself


def test_failures_are_records_too(store: Store, run: Run) -> None:
    received = bytes(range(256))
    lead = Lead(kind="section", via=URL)
    run.keep_failure(failure("https://nowhere.test/", kind="not-http", error="No HTTP.", received=received, lead=lead))
    (record,) = records(store, "metadata")
    assert re.fullmatch(r"urn:newswarc:failure:[0-9a-f-]{36}", record.url or "")
    assert (record.content_type, record.get("WARC-Date")) == ("application/warc-fields", "2026-11-20T09:00:00Z")
    facts = read_json(record)
    assert facts.pop("received").encode("latin-1") == received
    assert facts == {
        "url": "https://nowhere.test/",
        "method": "GET",
        "outcome": "not-http",
        "error": "No HTTP.",
        "size": 256,
        "started": "2026-11-20T09:00:00.123456Z",
        "ended": "2026-11-20T09:00:36.123456Z",
        "lead": {"kind": "section", "via": URL},
    }
    run.flush()
    (row,) = run.catalogue.dump()["fetches"]
    assert (row["outcome"], row["capture"], row["status"], row["size"]) == ("not-http", None, None, 256)
    assert (row["lead_kind"], row["lead_via"]) == ("section", URL)


def test_a_run_is_described_at_its_beginning_and_its_end(store: Store) -> None:
    info = {"operator": "Tests <tests@ellery.test>", "robots": "obey", "http-header-user-agent": "Ünser"}
    run = Run(store, "ellery", settings_digest=SETTINGS, info=info)
    run.finish("shutdown", {"items": 3, "nested": {"a": None}})
    fields = records(store, "warcinfo")[0].fields()
    assert fields | info == fields
    assert fields["software"] == SOFTWARE
    assert (fields["isPartOf"], fields["newswarc-run"]) == ("ellery", run.id)
    assert fields["newswarc-settings"] == SETTINGS
    last = records(store)[-1]
    assert (last.url or "").startswith("urn:newswarc:run:")
    end = read_json(last)
    assert (end["reason"], end["stats"]) == ("shutdown", {"items": 3, "nested": {"a": None}})
    (row,) = dump(store)["runs"]
    assert (row["source"], row["reason"], row["ended"]) == ("ellery", "shutdown", end["ended"])
    assert json.loads(row["stats"]) == end["stats"]
    assert row["started"] <= row["ended"]


ENDING = """
import signal
run = Run(Store(sys.argv[1]), "ellery", settings_digest=SETTINGS)
keep_page(run, "http://paper.test/a", page("A story"))
run.flush()
add, rest = run.catalogue.add, [int(sys.argv[2])]
def add_and_die(**rows):
    add(**rows)
    rest[0] -= 1
    if not rest[0]:
        os.kill(os.getpid(), signal.SIGKILL)
run.catalogue.add = add_and_die
run.finish("finished", {})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_between_two_transactions_of_the_end_is_made_good(tmp_path: Path) -> None:
    for number in range(1, 5):
        store = Store(tmp_path / str(number))
        killed(ENDING, store.root, number)
        Run(store, "ellery", settings_digest=SETTINGS).finish("finished", {})
        assert [str(fault) for fault in verify(store, extract=False).faults] == []


def test_files_rotate_by_size_between_exchanges(store: Store) -> None:
    with running(store, max_file_size=20_000) as run:
        captures = [run.keep(exchange(URL + str(n), wire(random.randbytes(6000)))) for n in range(12)]
    names = store.files()
    assert [name.split("-")[-2] for name in names] == [f"{n + 1:05}" for n in range(len(names))] != ["00001"]
    assert [c.file for c in captures] == sorted(c.file for c in captures)
    for name in names:
        found = list(read_records(store.path(name)))
        assert found[0].type == "warcinfo"
        sets = [r.type for r in found[1:]]
        assert sets[: len(sets) // 3 * 3] == ["response", "request", "metadata"] * (len(sets) // 3)
        assert store.path(name).stat().st_size < 20_000 + 8000
    assert read_json(found[-1])["reason"] == "finished"
    assert {row["name"]: row["indexed"] for row in dump(store)["files"]} == {
        name: store.path(name).stat().st_size for name in names
    }
    assert all(stored(store, capture).id == capture.id for capture in captures)


def test_derived_files_rotate_too(store: Store) -> None:
    with running(store, max_file_size=1000) as run:
        for n in range(3):
            keep_page(run, URL + str(n), page(f"Storm number {n}"))
    assert len(store.files("derived")) == 3
    assert verify(store, extract=False).faults == []


def test_rows_follow_the_records(store: Store, run: Run) -> None:
    capture = run.keep(exchange(URL, lead=Lead(kind="given")))
    run.flush()
    row = run.catalogue.capture(capture.id)
    assert row is not None
    assert {name: row[name] for name in msgspec.structs.asdict(capture)} == msgspec.structs.asdict(capture)
    (fetch,) = run.catalogue.dump()["fetches"]
    assert fetch["id"] == beside(store, capture, "metadata").id
    assert (fetch["capture"], fetch["outcome"], fetch["lead_kind"]) == (capture.id, "complete", "given")


def test_two_runs_of_different_sources_at_once(store: Store) -> None:
    one, two = Run(store, "one", settings_digest=SETTINGS), Run(store, "two", settings_digest=SETTINGS)
    for n in range(4):
        keep_page(one, f"https://one.test/{n}", page(f"One says {n}"), at=later(n))
        keep_page(two, f"https://two.test/{n}", page(f"Two says {n}"), at=later(n))
        one.flush()
        two.flush()
    one.finish("finished", {})
    two.finish("finished", {})
    found = verify(store, extract=False)
    assert found.faults == []
    assert (found.files, found.conversions, found.open_files) == (4, 8, [])


def test_runs_that_are_not_exclusive_suffer_each_other(store: Store) -> None:
    runs = [Run(store, "ellery", settings_digest=SETTINGS, exclusive=False) for _ in range(3)]
    for n, run in enumerate(runs):
        assert run.keep(exchange(URL, wire(BODY), at=later(n))).kind == ("revisit" if n else "response")
        run.flush()
    for run in runs:
        run.finish("finished", {})
    assert len(store.files()) == 3
    assert verify(store, extract=False).faults == []


def test_a_run_that_cannot_begin_holds_no_lock(store: Store) -> None:
    store.create()
    store.catalogue_path.write_text("no database at all, but long enough to be taken for something" * 20)
    for _ in range(2):
        with pytest.raises(StoreError) as error:
            Run(store, "ellery")
        assert "scrapy rebuild" in refused(error.value)
        assert "in use" not in str(error.value)
    assert store.files() == []


def broken_catalogue(store: Store) -> None:
    """Take the table of fetches away from a run that is on."""
    catalogue = Catalogue(store.catalogue_path)
    with catalogue._database.engine.begin() as connection:
        connection.execute(text("DROP TABLE fetches"))
    catalogue.close()


def test_rows_that_the_catalogue_refuses_wait(store: Store) -> None:
    run = Run(store, "ellery", settings_digest=SETTINGS)
    run.keep(exchange(URL))
    broken_catalogue(store)
    with pytest.raises(StoreError) as error:
        run.flush()
    assert "no such table: fetches" in refused(error.value)
    assert run._fetches
    with pytest.raises(StoreError):
        run.finish("finished", {})
    assert len(records(store, "response")) == 1


def test_the_files_are_closed_even_if_the_catalogue_is_broken(store: Store) -> None:
    run = Run(store, "ellery", settings_digest=SETTINGS)
    run.keep(exchange(URL))
    broken_catalogue(store)
    with pytest.raises(StoreError):
        run.finish("finished", {})
    assert list(store.root.rglob("*" + OPEN_SUFFIX)) == []


def test_a_finished_run_frees_its_source_even_if_the_disk_refuses(store: Store) -> None:
    run = Run(store, "ellery", settings_digest=SETTINGS)
    for path in (store.root / "originals").rglob("*" + OPEN_SUFFIX):
        path.with_name(path.name.removesuffix(OPEN_SUFFIX) + ".sha256").mkdir()  # the sidecar can't be written
    with pytest.raises(StoreError) as error:
        run.finish("finished", {})
    assert "can't write its end" in refused(error.value)
    with store.lock("source-ellery", "the next run"):
        pass


# Articles


def test_an_article_is_text_details_and_provenance(store: Store, run: Run) -> None:
    capture = keep_page(run, URL, BODY)
    text_record, details, proof = (r for r in records(store) if r.refers_to())
    assert [r.type for r in (text_record, details, proof)] == ["conversion", "metadata", "metadata"]
    assert text_record.refers_to() == capture.id
    assert (text_record.url, text_record.get("Content-Type")) == (URL, "text/plain; charset=utf-8")
    assert (
        text_record.get("WARC-Payload-Digest") == text_record.get("WARC-Block-Digest") == digest_of(text_record.block)
    )
    assert b"harbour of Ellery" in text_record.block
    for record, kind in ((details, "article"), (proof, "provenance")):
        assert record.refers_to() == text_record.id
        assert re.fullmatch(rf"urn:newswarc:{kind}:[0-9a-f-]{{36}}", record.url or "")
    told = read_json(details)
    assert told["article"]["headline"] == "Storm keeps twelve boats out"
    assert "text" not in told["article"]
    assert told["article"]["trace"]["capture"] == capture.id
    assert told["article"]["trace"]["removed"]
    assert (told["date"], told["text_digest"]) == (capture.date, digest_of(text_record.block))
    run.flush()
    (row,) = run.catalogue.versions(URL)
    assert (row["id"], row["capture"], row["file"]) == (text_record.id, capture.id, store.files("derived")[0])
    for prefix, record in (("", text_record), ("details_", details), ("provenance_", proof)):
        member = store.read(row["file"], row[prefix + "offset"], row[prefix + "length"])
        assert parse_member(member).id == record.id
    assert run.catalogue.is_read(capture.id)
    assert not run.catalogue.is_read(text_record.id)


def test_half_characters_of_a_page_do_not_stop_its_article(store: Store, run: Run) -> None:
    author = '{"@type": "NewsArticle", "author": {"@type": "Person", "name": "Ann\\ud83d Cod"}}'
    html = page("Storm keeps twelve boats out", head=f'<script type="application/ld+json">{author}</script>')
    capture = run.keep(exchange(URL, wire(html)))
    keep_article(run, capture, Reading())
    assert len(records(store, "conversion")) == 1


# The seven rules (docs/warc.md), over everything at once


def of_each_file(store: Store) -> Iterator[tuple[str, list[StoredRecord]]]:
    for name in store.files():
        yield name, list(read_records(store.path(name)))


def test_rule_1_members_ids_and_digests(varied: Store) -> None:
    seen = set()
    for name, found in of_each_file(varied):
        data = varied.path(name).read_bytes()
        assert found[0].type == "warcinfo"
        assert [r.type for r in found].count("warcinfo") == 1
        for record in found:
            member = gzip.decompress(data[record.offset : record.offset + record.length])
            assert member.startswith(b"WARC/1.1\r\nWARC-Type: ")
            assert member.endswith(b"\r\n\r\n" + record.block + b"\r\n\r\n")
            assert record.id not in seen
            seen.add(record.id)
            assert (record.get("WARC-Warcinfo-ID") is None) == (record.type == "warcinfo")
            assert record.refers_to("WARC-Warcinfo-ID") in (None, found[0].id)
            assert record.get("WARC-Block-Digest") == digest_of(record.block)
            payload = record.get("WARC-Payload-Digest")
            assert (payload is None) == (record.type in ("metadata", "warcinfo"))
            assert payload is None or re.fullmatch(r"sha256:[0-9a-f]{64}", payload)
            assert check_digests(record) is None
            names = [n.lower() for n, _ in record.headers]
            assert len(names) == len(set(names))
        assert sum(r.length for r in found) == len(data)


def test_rule_2_originals_and_derived_are_two_files(varied: Store) -> None:
    types: dict[str, set[str]] = {"originals": set(), "derived": set()}
    for name, found in of_each_file(varied):
        types[name.split("/")[0]] |= {r.type for r in found}
        assert name.endswith(f"-{name.split('/')[0]}.warc.gz")
    assert types == {
        "originals": {"warcinfo", "request", "response", "revisit", "metadata"},
        "derived": {"warcinfo", "conversion", "metadata"},
    }


def test_rule_3_metadata_is_no_page(varied: Store) -> None:
    for name, found in of_each_file(varied):
        original = name.startswith("originals/")
        for record in (r for r in found if r.type == "metadata"):
            kinds = "exchange|failure|run" if original else "article|provenance"
            assert re.fullmatch(rf"urn:newswarc:({kinds}):[0-9a-f-]{{36}}", record.url or "")
            assert record.content_type == ("application/warc-fields" if original else "application/json")


def test_rule_4_whole_seconds_outside_and_exact_times_inside(varied: Store) -> None:
    for record in records(varied):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record.need("WARC-Date"))
        if ":exchange:" in (record.url or ""):
            assert read_json(record)["started"].startswith(record.need("WARC-Date")[:-1] + ".123456")


def test_rule_5_revisits_say_of_what(varied: Store) -> None:
    responses = {record.id: record for record in records(varied, "response")}
    kinds = set()
    for record in records(varied, "revisit"):
        original = responses[record.refers_to() or ""]
        assert record.need("WARC-Refers-To-Target-URI") == original.url
        assert record.need("WARC-Refers-To-Date") == original.get("WARC-Date")
        assert record.need("WARC-Payload-Digest") == original.get("WARC-Payload-Digest")
        kinds.add(record.need("WARC-Profile"))
        assert (record.block == b"") == (record.need("WARC-Profile") == PROFILE_NOT_MODIFIED)
        assert not record.block or parse_response(record.block).body == b""
        assert record.get("WARC-Truncated") == ("length" if record.block else None)
    assert kinds == {PROFILE_IDENTICAL, PROFILE_NOT_MODIFIED}


def test_rule_6_conversions_refer_to_responses(varied: Store) -> None:
    responses = {record.id: record for record in records(varied, "response")}
    conversions = records(varied, "conversion")
    assert conversions
    for record in conversions:
        assert responses[record.refers_to() or ""].url == record.url


def test_rule_7_nothing_is_left_open(varied: Store) -> None:
    assert list(varied.root.rglob("*" + OPEN_SUFFIX)) == []
    assert all(varied.path(name).with_name(Path(name).name + ".sha256").exists() for name in varied.files())


# Other people's tools


def tool(*command: object, **options: Any) -> str:
    """The output of a program that has to find nothing wrong."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def codings_store(root: Path) -> Store:
    """Responses in every coding, chunked too."""
    store = Store(root)
    with running(store) as run:
        for coding, body in (("gzip", gzip.compress(BODY)), ("br", brotli.compress(BODY)), ("zstd", b"(\xb5/\xfd")):
            headers = ["Content-Type: text/html", f"Content-Encoding: {coding}"]
            run.keep(exchange(URL + coding, wire(body, headers=headers)))
            head = "\r\n".join(["HTTP/1.1 200 OK", *headers, "Transfer-Encoding: chunked", "", ""]).encode()
            run.keep(exchange(URL + coding + "-chunked", head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)))
    return store


@pytest.mark.parametrize("codings", [False, True])
def test_warcio_checks_the_files(
    varied: Store, store: Store, codings: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # warcio 1.8.1 crashes on a body in brotli (its reader hands the decoder an argument that brotli has
    # not); the fault is warcio's, and its digests are over the raw bytes anyway.
    monkeypatch.delitem(BufferedReader.DECOMPRESSORS, "br", raising=False)
    checked = codings_store(store.root) if codings else varied
    paths = [str(checked.path(name)) for name in checked.files()]
    result = Checker(SimpleNamespace(inputs=paths, verbose=False)).process_all()
    assert (result, capsys.readouterr().out) == (0, "")


@pytest.mark.parametrize("codings", [False, True])
def test_fastwarc_checks_the_files(varied: Store, store: Store, codings: bool) -> None:
    checked = codings_store(store.root) if codings else varied
    for name in checked.files():
        done = CliRunner().invoke(fastwarc_command, ["check", "-q", str(checked.path(name))])
        assert (done.exit_code, done.output) == (0, "")


@pytest.fixture(scope="module")
def indexes(varied: Store) -> dict[str, list[str]]:
    """What `cdxj-indexer -s` says of each file of originals, without the empty lines between records."""
    # In one process of its own: a module that it imports has a syntax that warns.
    code = """if True:
        import io, json, sys
        from cdxj_indexer.main import write_cdx_index

        found = {}
        for path in sys.argv[1:]:
            out = io.StringIO()
            write_cdx_index(out, [path], {"sort": True})
            found[path] = [line for line in out.getvalue().splitlines() if line]
        print(json.dumps(found))
    """
    paths = {str(varied.path(name)): name for name in varied.files("originals")}
    found = json.loads(tool(sys.executable, "-c", code, *paths))
    return {paths[path]: lines for path, lines in found.items()}


def test_cdxj_indexer_finds_each_capture_once(varied: Store, indexes: dict[str, list[str]]) -> None:
    for name, index in indexes.items():
        lines = [line for line in index if not line.startswith("urn:")]
        captures = [r for r in read_records(varied.path(name)) if r.type in ("response", "revisit")]
        found = sorted((json.loads(line.split(" ", 2)[2])["url"], line.split(" ", 2)[1]) for line in lines)
        assert found == sorted((r.url or "", re.sub(r"[-:TZ]", "", r.need("WARC-Date"))) for r in captures)


def test_an_index_is_sorted(indexes: dict[str, list[str]]) -> None:
    for lines in indexes.values():
        tool("sort", "-c", input="\n".join(lines), env={**os.environ, "LC_ALL": "C"})


def test_cdxj_indexer_finds_nothing_but_captures(varied: Store, indexes: dict[str, list[str]]) -> None:
    for name, lines in indexes.items():
        captures = [r for r in read_records(varied.path(name)) if r.type in ("response", "revisit")]
        assert len(lines) == len(captures)


@pytest.mark.skipif(not KIT.exists(), reason="the developers' strict_check.py is not on this machine")
def test_the_strict_check_finds_nothing(varied: Store) -> None:
    paths = [varied.path(name) for name in varied.files()]
    assert tool(sys.executable, KIT, *paths).endswith("strict_check: 0 problems\n")


@pytest.mark.skipif(not KIT.exists(), reason="the developers' strict_check.py is not on this machine")
def test_the_strict_check_finds_nothing_in_one_run(store: Store) -> None:
    with running(store) as run:
        run.keep(exchange(URL, wire(BODY)))
        run.keep(exchange(URL, NOT_MODIFIED, at=later(1)))
        run.keep(exchange(URL, wire(BODY), at=later(2)))
        run.keep(exchange(URL, b"HTTP/1.1 200 OK\r\n\r\n", at=later(3), truncated="time"))
        run.keep_failure(failure("https://nowhere.test/"))
    assert tool(sys.executable, KIT, store.path(store.files()[0])).endswith("strict_check: 0 problems\n")


def test_no_character_of_a_server_s_words_keeps_an_exchange_out(store: Store) -> None:
    with running(store) as run:
        for number, odd in enumerate([*map(chr, range(256)), "\u2028", "\u202e", "\ufffe"]):
            run.keep_failure(failure(f"https://ellery.test/{number}", error=f"No {odd} host."))
            interim = (f"HTTP/1.1 103 Early {odd}\r\n\r\n".encode().decode("latin-1").encode("latin-1"),)
            capture = run.keep(exchange(f"https://ellery.test/{number}", interim=interim, error=f"It {odd} ended."))
            assert capture.kind == "response"
    kept = [read_json(record) for record in records(store, "metadata")]
    errors = [facts["error"] for facts in kept if facts.get("error")]
    assert f"It {chr(0x7F)} ended." in errors
    assert f"No {chr(0x7F)} host." in errors
    assert len(errors) == 2 * 259
