"""Adoption: what others have stored becomes ours, byte for byte, by all our rules; what is wrong is refused."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from archive.catalogue.rows import Row
from archive.collection.adoption import Adopted, Adoption, check_foreign, own_id
from archive.collection.collection import open_collection
from archive.collection.inventory import Inventory
from archive.reader import StoredRecord
from archive.rebuild import rebuild
from archive.storage import Store
from archive.verification.verify import verify
from tests.archive.making import dump, page, read_json, records, refused, running, wire

URL = "https://paper.test/storm"
ID = "urn:uuid:6f9619ff-8b86-4011-b42d-00cf4fc964{:02}"
PAGE = wire(page("Storm keeps twelve boats out"))
REQUEST = b"GET /storm HTTP/1.1\r\nHost: paper.test\r\n\r\n"


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def record(kind: str, block: bytes = b"", number: int = 1, **headers: str | None) -> bytes:
    """A record as a foreign writer makes it, with digests by SHA-1; None leaves a header out."""
    types = {"response": "application/http; msgtype=response", "request": "application/http; msgtype=request"}
    payload = block.partition(b"\r\n\r\n")[2]
    fields: dict[str, str | None] = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<{ID.format(number)}>",
        "WARC-Date": "2026-11-20T09:00:00.25Z",
        "WARC-Target-URI": URL,
        "WARC-Block-Digest": sha1(block),
        "WARC-Payload-Digest": sha1(payload) if kind == "response" else None,
        "Content-Type": types.get(kind, "application/http; msgtype=response") if block else None,
        **{name.replace("_", "-"): value for name, value in headers.items()},
        "Content-Length": str(len(block)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    return f"WARC/1.0\r\n{head}\r\n".encode() + block + b"\r\n\r\n"


def together(number: int) -> str:
    return f"<{ID.format(number)}>"


def warc(path: Path, *parts: bytes) -> Path:
    path.write_bytes(b"".join(gzip.compress(part) for part in parts))
    return path


class Taking:
    """A store that takes files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, Store(folder / "archive")
        self.said: list[str] = []

    def take(self, *parts: bytes) -> Adopted:
        path = warc(self.folder / "foreign.warc.gz", *parts)
        return self.take_file(path)

    def take_file(self, path: Path) -> Adopted:
        def source_of(row: Row) -> str:
            return "paper"

        self.said = []
        with open_collection(path) as collection, Inventory(collection, source_of) as inventory:
            adoption = Adoption(collection, inventory, lambda error: self.said.append(refused(error)))
            with running(self.store, "paper") as run:
                return adoption.adopt(run, lambda *_: None)

    def sound(self) -> None:
        assert [str(fault) for fault in verify(self.store).faults] == []
        before = dump(self.store)
        assert rebuild(self.store) == []
        assert dump(self.store) == before

    def of(self, kind: str) -> list[StoredRecord]:
        return records(self.store, kind)


@pytest.fixture
def taking(tmp_path: Path) -> Taking:
    return Taking(tmp_path)


def test_an_exchange_is_taken_as_it_is(taking: Taking) -> None:
    address = {"WARC_IP_Address": "192.0.2.7"}
    response = record("response", PAGE, **address)
    request = record("request", REQUEST, 2, WARC_Concurrent_To=together(1), WARC_Payload_Digest=None)
    assert taking.take(response, request) == Adopted(stored=1)
    assert taking.said == []
    (kept,) = taking.of("response")
    assert (kept.id, kept.url, kept.block, kept.get("WARC-Date")) == (ID.format(1), URL, PAGE, "2026-11-20T09:00:00Z")
    assert kept.get("WARC-IP-Address") == "192.0.2.7"
    assert kept.get("WARC-Payload-Digest") == "sha256:" + hashlib.sha256(PAGE.partition(b"\r\n\r\n")[2]).hexdigest()
    (asked,) = taking.of("request")
    assert (asked.id, asked.block, asked.get("WARC-Concurrent-To")) == (ID.format(2), REQUEST, together(1))
    (row,) = dump(taking.store)["captures"]
    assert (row["source"], row["method"], row["status"], row["mime"]) == ("paper", "GET", 200, "text/html")
    taking.sound()


def test_where_it_is_from_stands_beside_it(taking: Taking) -> None:
    response = record("response", PAGE)
    taking.take(record("warcinfo", b"software: other\r\n", 9, WARC_Target_URI=None, Content_Type="x/y"), response)
    about = next(read_json(r) for r in taking.of("metadata") if ":exchange:" in (r.url or ""))
    told = about["adopted"]
    assert (told["collection"], told["file"]) == ("foreign.warc.gz", "foreign.warc.gz")
    data = (taking.folder / "foreign.warc.gz").read_bytes()
    member = data[told["offset"] : told["offset"] + told["length"]]
    assert told["record_digest"] == "sha256:" + hashlib.sha256(member).hexdigest()
    assert gzip.decompress(member) == response
    assert ["WARC-Block-Digest", sha1(PAGE)] in told["headers"]
    assert about["started"] == about["ended"] == "2026-11-20T09:00:00.250000Z"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # As warcio, wget and Common Crawl, and Heritrix of old have it.
        ({}, {"WARC_Concurrent_To": together(1)}),
        ({"WARC_Concurrent_To": together(2)}, {}),
        ({}, {}),
    ],
)
def test_a_request_is_found_however_it_is_tied(first: dict[str, str], second: dict[str, str], taking: Taking) -> None:
    other = record("request", b"GET /other HTTP/1.1\r\n\r\n", 7, WARC_Target_URI="https://paper.test/other")
    taking.take(record("request", REQUEST, 2, **second), other, record("response", PAGE, 1, **first))
    assert [asked.block for asked in taking.of("request")] == [REQUEST]
    taking.sound()


def test_a_response_without_request_is_taken_too(taking: Taking) -> None:
    assert taking.take(record("response", PAGE)).stored == 1
    assert taking.of("request") == []
    taking.sound()


def test_the_method_is_that_of_the_request(taking: Taking) -> None:
    asked = record("request", b"POST /storm HTTP/1.1\r\n\r\n", 2, WARC_Concurrent_To=together(1))
    taking.take(record("response", PAGE), asked)
    assert [row["method"] for row in dump(taking.store)["captures"]] == ["POST"]
    taking.sound()


def test_a_chunked_body_whose_digest_is_of_the_joined_chunks(taking: Taking) -> None:
    html = page("Storm")
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(html), html)
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    assert taking.take(record("response", block, WARC_Payload_Digest=sha1(html))).stored == 1
    assert taking.of("response")[0].block == block
    taking.sound()


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"WARC_Block_Digest": sha1(b"other")}, "does not match its WARC-Block-Digest"),
        ({"WARC_Payload_Digest": sha1(b"other")}, "does not match its WARC-Payload-Digest"),
        ({"WARC_Block_Digest": "sha256:" + "0" * 64}, "does not match its WARC-Block-Digest"),
        ({"WARC_Block_Digest": "md5:" + "0" * 32}, "does not match its WARC-Block-Digest"),
    ],
)
def test_a_wrong_digest_is_refused_with_one_sentence(headers: dict[str, str], words: str, taking: Taking) -> None:
    good = record("response", PAGE, 5, WARC_Target_URI="https://paper.test/good")
    assert taking.take(record("response", PAGE, **headers), good) == Adopted(stored=1, refused=1)
    (said,) = taking.said
    assert words in said
    assert URL in said
    assert "foreign.warc.gz, byte 0" in said
    assert [kept.id for kept in taking.of("response")] == [ID.format(5)]
    taking.sound()


def test_a_request_with_a_wrong_digest_is_left_out(taking: Taking) -> None:
    asked = record("request", REQUEST, 2, WARC_Concurrent_To=together(1), WARC_Block_Digest=sha1(b"other"))
    assert taking.take(record("response", PAGE), asked).stored == 1
    assert len(taking.said) == 1
    assert "the request is not taken" in taking.said[0]
    assert taking.of("request") == []
    taking.sound()


def test_what_holds_no_exchange_is_said(taking: Taking) -> None:
    resource = record("resource", b"<p>hello", Content_Type="text/html", WARC_Payload_Digest=None)
    nothing = record("response", b"\x16\x03\x01 no http", 2)
    assert taking.take(resource, nothing).stored == 0
    assert any("a resource record" in said for said in taking.said)
    taking.sound()


def test_what_is_there_already_is_passed_over(taking: Taking) -> None:
    response = record("response", PAGE)
    taking.take(response)
    before = len(taking.of("response"))
    assert taking.take(response) == Adopted(known=1)
    assert taking.said == []
    assert len(taking.of("response")) == before


def test_another_record_with_a_known_id_is_refused(taking: Taking) -> None:
    taking.take(record("response", PAGE))
    assert taking.take(record("response", PAGE, WARC_Target_URI="https://paper.test/x")).refused == 1
    assert "another record with its id" in taking.said[0]


def test_an_id_that_is_no_uuid_gets_one(taking: Taking) -> None:
    taking.take(record("response", PAGE, WARC_Record_ID="<https://paper.test/records/1>"))
    (kept,) = taking.of("response")
    assert kept.id == own_id("https://paper.test/records/1")
    assert kept.id.startswith("urn:uuid:")
    assert taking.take(record("response", PAGE, WARC_Record_ID="<https://paper.test/records/1>")).known == 1
    taking.sound()


def revisit(block: bytes, number: int = 3, **headers: str | None) -> bytes:
    told: dict[str, Any] = {
        "WARC_Date": "2026-11-21T09:00:00Z",
        "WARC_Profile": "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest",
        "WARC_Payload_Digest": sha1(PAGE.partition(b"\r\n\r\n")[2]),
        **headers,
    }
    return record("revisit", block, number, **told)


@pytest.mark.parametrize(
    "refers",
    [
        {"WARC_Refers_To": together(1)},
        {"WARC_Refers_To_Target_URI": URL, "WARC_Refers_To_Date": "2026-11-20T09:00:00.25Z"},
        {},
    ],
)
@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nAge: 5\r\n\r\n", b""])
def test_a_revisit_follows_its_original(refers: dict[str, str], head: bytes, taking: Taking) -> None:
    assert taking.take(revisit(head, **refers), record("response", PAGE)) == Adopted(stored=2)
    (kept,) = taking.of("revisit")
    (original,) = taking.of("response")
    assert (kept.id, kept.block, kept.refers_to()) == (ID.format(3), head, original.id)
    assert kept.get("WARC-Refers-To-Date") == "2026-11-20T09:00:00Z"
    assert kept.get("WARC-Payload-Digest") == original.get("WARC-Payload-Digest")
    assert (kept.get("WARC-Profile") or "").endswith("1.1/revisit/identical-payload-digest")
    taking.sound()


def test_a_304_has_no_block(taking: Taking) -> None:
    head = b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"
    profile = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
    taking.take(record("response", PAGE), revisit(head, WARC_Profile=profile, WARC_Refers_To=together(1)))
    (kept,) = taking.of("revisit")
    assert (kept.block, kept.get("WARC-Profile")) == (b"", profile)
    about = [read_json(r) for r in taking.of("metadata") if ":exchange:" in (r.url or "")]
    assert [a["head"] for a in about if "head" in a] == [head.decode()]
    taking.sound()


def test_a_revisit_of_what_the_archive_has(taking: Taking) -> None:
    taking.take(record("response", PAGE))
    assert taking.take(revisit(b"", WARC_Refers_To=together(1))).stored == 1
    taking.sound()
    assert taking.take(
        revisit(b"", 4, WARC_Refers_To_Target_URI=URL, WARC_Refers_To_Date="2026-11-20T09:00:00Z")
    ).stored
    taking.sound()


def test_a_revisit_without_original_is_said(taking: Taking) -> None:
    assert taking.take(revisit(b"", WARC_Refers_To=together(1))) == Adopted(refused=1)
    assert "its original is neither in the archive nor was it taken" in taking.said[0]
    refused_one = record("response", PAGE, WARC_Block_Digest=sha1(b"other"))
    assert taking.take(refused_one, revisit(b"", WARC_Refers_To=together(1))) == Adopted(refused=2)
    taking.sound()


def test_what_was_cut_short_stays_so(taking: Taking) -> None:
    taking.take(record("response", PAGE[:-300], WARC_Truncated="time"))
    assert [row["truncated"] for row in dump(taking.store)["captures"]] == ["time"]
    assert [row["outcome"] for row in dump(taking.store)["fetches"]] == ["truncated"]
    taking.sound()


def test_our_own_files_may_be_handed_on(taking: Taking, tmp_path: Path) -> None:
    from tests.archive.making import varied_store

    other = varied_store(tmp_path / "other")
    adopted = taking.take_file(other.root)
    assert taking.said == []
    assert adopted.stored == len([r for r in records(other) if r.type in ("response", "revisit")])
    assert {r.id: r.block for r in taking.of("response")} == {r.id: r.block for r in records(other, "response")}
    assert {r.id for r in taking.of("request")} == {r.id for r in records(other, "request")}
    taking.sound()


@pytest.mark.parametrize("kind", ["warcinfo", "response"])
def test_a_record_without_digests_can_not_be_checked(kind: str) -> None:
    headers: Sequence[tuple[str, str]] = (("WARC-Type", kind), ("WARC-Record-ID", "<urn:x:1>"))
    check_foreign(StoredRecord(kind, tuple(headers), b"HTTP/1.1 200 OK\r\n\r\n", 0, 0))
