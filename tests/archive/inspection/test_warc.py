"""WARC files: what is found in each, and what is found well."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest

from archive.warc import write_sidecar
from tests.archive.inspection.files import (
    INFO_ID,
    PAGE,
    PAGE_ID,
    REVISIT_ID,
    URL,
    Rec,
    advice,
    conversion,
    faults,
    good,
    info,
    judged,
    later,
    member,
    metadata,
    only,
    put,
    request,
    response,
    revisit,
    sha1_base32,
    warc,
)


@pytest.fixture(params=["a.warc.gz", "a.warc"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A compressed and a plain one."""
    return tmp_path / str(request.param)


def test_a_good_file_is_well(path: Path) -> None:
    found = judged(put(path, *good()))
    assert (found.faults, found.advice, found.files, found.records) == ([], [], 1, 6)


def test_where_a_fault_is_is_said(tmp_path: Path) -> None:
    records = good()
    records[2] = request(fields={"WARC-Date": "yesterday"})
    offset = len(warc(*records[:2]))
    text = only(faults(put(tmp_path / "a.warc.gz", *records)), "'yesterday'")
    assert text.startswith(f"a.warc.gz, byte {offset}: has the WARC-Date")
    offset = sum(len(r.plain()) for r in records[:2])
    assert only(faults(put(tmp_path / "a.warc", *records)), "yesterday").startswith(f"a.warc, byte {offset}: ")


# Files


def test_what_is_no_warc_is_named(tmp_path: Path) -> None:
    for data, said in (
        (b"", "is empty"),
        (b"<html>", "is no WARC file: it begins with '<html>'; "),
        (b"\x28\xb5\x2f\xfd" + b"x" * 99, "zstandard"),
        (b"\x1f\x8b", "cut short"),
        (gzip.compress(b""), "holds 0 records"),
        (gzip.compress(b"hello"), "does not begin with the head"),
        (b"WARC/", "does not begin with the head"),
        (b"WARC/1.1\r\n", "does not begin with the head"),
    ):
        path = tmp_path / "a.warc.gz"
        path.write_bytes(data)
        assert said in faults(path)[0], data


def test_all_records_in_one_member_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip.compress(b"".join(r.plain() for r in good())))
    assert "warcio recompress" in only(faults(path), "holds 6 records in one gzip member")
    assert judged(path).records == 6


def test_two_records_in_a_member_are_a_fault(tmp_path: Path) -> None:
    one, other = info().plain(), response().plain()
    path = put(tmp_path / "a.warc.gz", member(one + other), request())
    assert only(faults(path), "holds 2 records").startswith("a.warc.gz, byte 0: ")


def test_a_fault_in_a_later_record_of_a_member_is_placed(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", member(info().plain() + response(payload=b"other").plain()))
    assert any(text.startswith("a.warc.gz, byte 0, record 2: has a payload") for text in faults(path))


def test_a_file_that_ends_too_early_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", *good())
    data = path.read_bytes()
    start = len(warc(*good()[:5]))
    for cut in (1, 8, 30, len(data) - start - 2):
        path.write_bytes(data[:-cut])
        assert only(faults(path), "cut short").startswith(f"a.warc.gz, byte {start}: ")
    path.write_bytes(data[: start + 1])
    only(faults(path), "cut short")


def test_a_plain_file_that_ends_too_early_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc", *good())
    data = path.read_bytes()
    for cut, said in ((1, "two line ends"), (9, "Content-Length"), (len(later().block) + 5, "head of a WARC record")):
        path.write_bytes(data[:-cut])
        only(faults(path), said)


def test_damage_in_the_middle_hides_nothing_behind_it(tmp_path: Path) -> None:
    broken = bytearray(member(response().plain()))
    broken[len(broken) // 2] ^= 255
    bad = request(fields={"Content-Type": None, "WARC-Date": "never"})
    path = put(tmp_path / "a.warc.gz", info(), bytes(broken), bad)
    first, second = faults(path)
    start = len(warc(info()))
    assert first.startswith(f"a.warc.gz, byte {start}: is damaged")
    assert f"reading goes on at byte {start + len(broken)}" in first
    assert "'never'" in second


def test_a_damaged_first_member_hides_nothing_behind_it(tmp_path: Path) -> None:
    broken = bytearray(member(info().plain()))
    broken[12] ^= 255
    found = judged(put(tmp_path / "a.warc.gz", bytes(broken), response(), request()))
    assert found.records == 2


@pytest.mark.parametrize("between", [b"\0" * 40, b"garbage", b"\x1f\x8b garbage", b"\x1f\x8b\x08garbage"])
def test_what_lies_between_members_is_named(tmp_path: Path, between: bytes) -> None:
    path = put(tmp_path / "a.warc.gz", info(), between, response())
    only(faults(path), f"byte {len(warc(info()))}: ")
    assert judged(path).records == 2
    only(faults(put(tmp_path / "b.warc.gz", info(), response(), between)), "byte")


def test_a_resynchronised_plain_file_is_read_on(tmp_path: Path) -> None:
    long = response(fields={"Content-Length": "7"})
    path = put(tmp_path / "a.warc", info(), long, request(date="never", more=[]), b"junk\r\n", metadata(date="never"))
    texts = faults(path)
    assert len(texts) == 4
    for text, said in zip(texts, ("7 bytes of block", "'never'", "two line ends", "'never'"), strict=True):
        assert said in text


def test_a_bomb_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.inspection.members.EXPANSION_FROM", 1 << 20)
    path = put(tmp_path / "a.warc.gz", info(), response(bytes(40 << 20)), later())
    only(faults(path), "expands more than 100 times")


# Heads


@pytest.mark.parametrize("name", ["WARC-Type", "WARC-Record-ID", "WARC-Date", "Content-Length"])
def test_what_every_record_needs_is_missed(path: Path, name: str) -> None:
    texts = faults(put(path, info(), response(fields={name: None})))
    assert any(f"has no {name}" in text for text in texts), texts


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (response(url=None), "is a response without WARC-Target-URI"),
        (request(url=None, more=[]), "is a request without WARC-Target-URI"),
        (conversion(url=None), "is a conversion without WARC-Target-URI"),
        (Rec(type="resource", block=b"x", content_type="text/plain"), "is a resource without WARC-Target-URI"),
        (Rec(type="continuation", url=URL), "is a continuation without WARC-Segment-Origin-ID"),
        (revisit(fields={"WARC-Profile": None}), "is a revisit without WARC-Profile"),
        (response(fields={"WARC-Refers-To": f"<{PAGE_ID}>"}), "is a response with WARC-Refers-To"),
        (request(more=[], fields={"WARC-Refers-To": f"<{PAGE_ID}>"}), "is a request with WARC-Refers-To"),
        (metadata(fields={"WARC-Refers-To-Date": "2026-11-20T09:00:00Z"}), "is a metadata with WARC-Refers-To-Date"),
        (conversion(more=[("WARC-Concurrent-To", f"<{PAGE_ID}>")]), "is a conversion with WARC-Concurrent-To"),
        (conversion(more=[("WARC-IP-Address", "10.0.0.1")]), "is a conversion with WARC-IP-Address"),
        (info(url=URL, id="urn:x:1"), "is a warcinfo with WARC-Target-URI"),
        (info(fields={"WARC-Warcinfo-ID": f"<{INFO_ID}>"}, id="urn:x:1"), "is a warcinfo with WARC-Warcinfo-ID"),
        (response(fields={"WARC-Filename": "a.warc.gz"}), "is a response with WARC-Filename"),
        (request(more=[("WARC-Date", "2026-01-01T00:00:00Z")]), "has WARC-Date more than once"),
        (request(more=[("warc-target-uri", URL)]), "has WARC-Target-URI more than once"),
        (request(more=[("Content-Length", "54")]), "has Content-Length more than once"),
        (response(id="not a uri"), "has the WARC-Record-ID '<not a uri>', which is no URI"),
        (response(id="nouri"), "which is no URI"),
        (response(url="/2026/herring"), "has the WARC-Target-URI '/2026/herring', which is no URI"),
        (response(version="WARC/2.0"), "is of version WARC/2.0"),
        (response(version="WARC/1.0", date="2026-11-20T09:00:00.5Z"), "though WARC/1.0 wants whole seconds"),
        (response(more=[("bad name", "x")]), "has a head line that is no field: 'bad name: x'"),
        (response(more=[("X-Name", "a\x1bb")]), "has control characters in X-Name"),
        (response(more=[("X-Name", "a\nno colon here")]), "has a head line that is no field: 'no colon here'"),
    ],
)
def test_heads_are_judged_by_the_standard(path: Path, record: Rec, said: str) -> None:
    texts = faults(put(path, info(), *([] if record.id == PAGE_ID else [response()]), record))
    assert any(said in text for text in texts), texts
    assert all("; " in text for text in texts), "each says what to do"


@pytest.mark.parametrize(
    "date",
    [
        "20261120150000", "2026-11-20 09:00:00Z", "2026-11-20T09:00:00", "2026-11-20T09:00:00+01:00",
        "2026-13-20T09:00:00Z", "2026-02-30T09:00:00Z", "2026-11-20T25:00:00Z", "2026-11-20T09:00:61Z",
        "2026-11-20T09:00:00.Z", "",        "2026-11-20T09:00:00.1234567890Z", "２０26-11-20T09:00:00Z",
    ],
)  # fmt: skip
def test_a_date_that_is_none_is_a_fault(tmp_path: Path, date: str) -> None:
    assert any("WARC-Date" in text for text in faults(put(tmp_path / "a.warc.gz", info(), response(date=date))))


@pytest.mark.parametrize("date", ["2026-11-20T09:00:60Z", "2024-02-29T23:59:59Z", "1999-01-01T00:00:00.123456789Z"])
def test_odd_but_good_dates_are_well(tmp_path: Path, date: str) -> None:
    assert faults(put(tmp_path / "a.warc.gz", info(), response(date=date))) == []


@pytest.mark.parametrize("date", ["2026", "2026-11", "2026-11-20", "2026-11-20T09:00Z"])
def test_vague_dates_are_advised_against(tmp_path: Path, date: str) -> None:
    path = put(tmp_path / "a.warc.gz", info(), response(date=date))
    assert faults(path) == []
    only(advice(path), "too vague")


def test_a_head_in_latin_1_or_with_bare_line_feeds_is_a_fault(tmp_path: Path) -> None:
    raw = response().plain()
    path = put(tmp_path / "a.warc.gz", info(), member(raw.replace(b"herring\r\n", b"h\xe5rring\r\n", 1)))
    only(faults(path), "no UTF-8")
    head, _, block = raw.partition(b"\r\n\r\n")
    path = put(tmp_path / "a.warc.gz", info(), member(head.replace(b"\r\n", b"\n") + b"\n\n" + block))
    only(faults(path), "do not end in CR LF")


def test_other_letters_case_and_folding_are_understood(tmp_path: Path) -> None:
    raw = response().plain().replace(b"WARC-Target-URI:", b"warc-target-uri:\r\n\t")
    path = put(tmp_path / "a.warc.gz", info(), member(raw))
    assert faults(path) == []
    only(advice(path), "folded")


def test_a_head_without_end_is_not_held_in_memory(tmp_path: Path) -> None:
    endless = b"WARC/1.1\r\n" + b"X-More: and more\r\n" * (1 << 21)
    path = put(tmp_path / "a.warc.gz", info(), member(endless + os.urandom(1 << 20)), response())
    tracemalloc.start()
    only(faults(path), "does not begin with the head")
    assert tracemalloc.get_traced_memory()[1] < 12 << 20
    tracemalloc.stop()
    assert judged(path).records == 3


# Lengths


@pytest.mark.parametrize(("change", "said"), [(+1, "two line ends"), (+7, "ends after"), (-1, "two line ends")])
def test_a_wrong_content_length_is_named(path: Path, change: int, said: str) -> None:
    wrong = metadata(fields={"Content-Length": str(len(metadata().block) + change)})
    if path.suffix == ".warc":
        said = "two line ends"
    only(faults(put(path, info(), wrong, response(date="")))[:1], said)
    only(faults(path)[1:], "has the WARC-Date ''")


@pytest.mark.parametrize("length", ["-1", "1e3", "７", "", "99999999999999999999999"])
def test_a_content_length_that_is_no_number_is_named(path: Path, length: str) -> None:
    only(faults(put(path, info(), metadata(fields={"Content-Length": length}), response())), "which is no number")


def test_a_record_whose_end_is_missing_is_named(tmp_path: Path) -> None:
    for end in (b"", b"\r\n", b"\n\n", b"\r\n\r\n\r\n"):
        only(faults(put(tmp_path / "a.warc.gz", info(), response(end=end))), "two line ends")


# Digests


@pytest.mark.parametrize("digest", [sha1_base32, lambda d: sha1_base32(d).lower().replace("sha1", "SHA-1")])
def test_digests_of_other_writers_are_understood(path: Path, digest: object) -> None:
    path = put(path, info(), response(digest=digest), request(digest=digest))
    assert faults(path) == []
    only(advice(path), "by sha1, which can be forged")


def test_a_block_that_was_changed_is_named(path: Path) -> None:
    record = response()
    changed = record.plain().replace(b"early", b"never")
    texts = faults(put(path, info(), changed if path.suffix == ".warc" else member(changed)))
    assert [("block" in text, "payload" in text) for text in texts] == [(True, False), (False, True)]
    assert all(text.endswith(f"({PAGE_ID})") for text in texts)


@pytest.mark.parametrize(
    "record", [response(payload=b"other"), request(payload=b"x"), conversion(payload=b"x"), metadata(payload=b"x")]
)
def test_a_wrong_payload_digest_is_named(tmp_path: Path, record: Rec) -> None:
    before = [info()] if record.type == "response" else [info(), response(url="https://skagen.test/other")]
    only(faults(put(tmp_path / "a.warc.gz", *before, record)), "payload that does not match")


def test_a_payload_digest_of_metadata_is_advised_against(tmp_path: Path) -> None:
    """warcio writes it, though the standard says that metadata has no payload."""
    record = metadata(payload=metadata().block)
    path = put(tmp_path / "a.warc.gz", info(), response(), record)
    assert faults(path) == []
    only(advice(path), "it can have no payload")


@pytest.mark.parametrize("text", ["sha256", "sha256:", "sha256:12", "sha1:" + "A" * 31, "sha256:" + "z" * 64])
def test_a_digest_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    record = response(fields={"WARC-Block-Digest": text})
    only(faults(put(tmp_path / "a.warc.gz", info(), record)), "is no digest")


def test_an_unknown_digest_is_advised_against(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", info(), response(fields={"WARC-Block-Digest": "xxh128:abc"}))
    assert faults(path) == []
    only(advice(path), "can't be checked here")


@pytest.mark.parametrize("payload", [b"5\r\nhello\r\n6;x=y\r\n there\r\n0\r\n\r\n", b"hello there"])
def test_a_chunked_payload_may_be_summed_either_way(tmp_path: Path, payload: bytes) -> None:
    body = b"5\r\nhello\r\n6;x=y\r\n there\r\n0\r\n\r\n"
    record = response(body, head="HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", payload=payload)
    assert faults(put(tmp_path / "a.warc.gz", info(), record)) == []


@pytest.mark.parametrize("body", [b"5\r\nhello\r\n!\r\n", b"5\r\nhello6\r\n", b"5\r\nhello", b"x" * 9000, b""])
def test_chunks_that_are_broken_harm_nothing(tmp_path: Path, body: bytes) -> None:
    head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert faults(put(tmp_path / "a.warc.gz", info(), response(body, head=head))) == []
    only(faults(put(tmp_path / "a.warc.gz", info(), response(body, head=head, payload=b"other"))), "payload")


def test_a_segment_has_the_digest_of_the_whole(tmp_path: Path) -> None:
    first = response(payload=PAGE * 2, fields={"WARC-Segment-Number": "1"})
    fields: dict[str, str | None] = {"WARC-Segment-Number": "2", "WARC-Segment-Total-Length": str(len(PAGE) * 2)}
    fields["WARC-Segment-Origin-ID"] = f"<{PAGE_ID}>"
    rest = Rec(type="continuation", url=URL, block=PAGE, fields=fields)
    assert faults(put(tmp_path / "a.warc.gz", info(), first, rest)) == []


def test_a_head_that_never_ends_has_an_empty_payload(tmp_path: Path) -> None:
    record = response(b"", head="HTTP/1.1 200 OK\r\nX-Long: " + "x" * 200_000)
    assert faults(put(tmp_path / "a.warc.gz", info(), record)) == []


# Messages


def test_a_revisit_with_the_head_of_a_304_is_a_fault(path: Path) -> None:
    fields: dict[str, str | None] = {"WARC-Profile": "http://netpreserve.org/warc/1.1/revisit/server-not-modified"}
    with_block = revisit(fields=fields, block=b"HTTP/1.1 304 Not Modified\r\n\r\n")
    only(faults(put(path, info(), response(), with_block)), "replays as a blank page")
    assert faults(put(path, info(), response(), revisit(fields=fields, block=b""))) == []


def test_wgets_block_digest_of_a_revisit_is_no_fault(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", info(), response(), revisit(fields={"WARC-Block-Digest": sha1_base32(b"")}))
    assert faults(path) == []
    assert any("as wget writes it" in text for text in advice(path))
    wrong = revisit(fields={"WARC-Block-Digest": sha1_base32(b"x")})
    only(faults(put(tmp_path / "a.warc.gz", info(), response(), wrong)), "block that does not match")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (response(version="WARC/1.0"), "is WARC/1.0"),
        (response(version="WARC/0.18"), "is of version WARC/0.18"),
        (response(digest=None), "has no WARC-Block-Digest"),
        (response(fields={"WARC-Warcinfo-ID": None}), "has no WARC-Warcinfo-ID"),
        (response(fields={"WARC-Record-ID": PAGE_ID}), "without angle brackets"),
        (response(fields={"WARC-Target-URI": f"<{URL}>"}), "in angle brackets"),
        (response(url=URL + "/å b"), "characters that no URI has"),
        (response(fields={"Content-Type": None}), "has no Content-Type"),
        (response(fields={"Content-Type": "text/html"}, payload=None), "not of the type application/http"),
        (response(head="ICY 200 OK\r\n\r\n"), "does not begin with an HTTP status line"),
        (response(more=[("WARC-IP-Address", "localhost")]), "which is no address"),
        (response(more=[("WARC-Profile", "urn:x")]), "is a response with WARC-Profile"),
        (Rec(type="screenshot", url=URL, block=b"x", content_type="image/png"), "which the standard does not know"),
        (metadata(more=[("WARC-Identified-Payload-Type", "text/html")]), "it can have no payload"),
    ],
)
def test_what_could_be_better_is_advice(tmp_path: Path, record: Rec, said: str) -> None:
    path = put(tmp_path / "a.warc.gz", info(), record)
    assert faults(path) == []
    assert any(said in text for text in advice(path)), advice(path)


def test_a_file_without_warcinfo_is_advised_once(tmp_path: Path) -> None:
    path = put(
        tmp_path / "a.warc.gz", *(response(id=f"urn:x:{n}", fields={"WARC-Warcinfo-ID": None}) for n in range(9))
    )
    assert faults(path) == []
    first, second = advice(path)
    assert first == "a.warc.gz: begins with a response instead of a warcinfo record"
    assert second.endswith("(and 8 more like it)")


# Much, and any


def test_memory_does_not_grow_with_records_or_files(tmp_path: Path) -> None:
    def peak(count: int, size: int) -> int:
        chosen = random.Random(1)
        records = (response(chosen.randbytes(size), id=f"urn:x:{n}", url=f"{URL}/{n}") for n in range(count))
        path = put(tmp_path / "a.warc.gz", info(), *records)
        tracemalloc.start()
        assert faults(path) == []
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few = peak(20, 100)
    assert peak(1000, 100) < few + (1 << 20)
    assert peak(2, 16 << 20) < few + (8 << 20)


def plain_of(data: bytes) -> bytes | None:
    """The plain bytes of all members, by another reader; None if it can't be read."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


@pytest.mark.parametrize("seed", range(4))
def test_any_flip_that_changes_what_a_file_says_is_found(tmp_path: Path, seed: int) -> None:
    """Without a digest beside it, only what no reader looks at can change unseen (docs/verify.md)."""
    chosen, path = random.Random(seed), tmp_path / "a.warc.gz"
    data = warc(*good())
    for _ in range(150):
        at, bit = chosen.randrange(len(data)), chosen.randrange(8)
        changed = bytearray(data)
        changed[at] ^= 1 << bit
        path.write_bytes(changed)
        if faults(path) == []:
            assert plain_of(bytes(changed)) == plain_of(data), (at, bit)


@pytest.mark.parametrize("name", ["a.warc.gz", "a.warc"])
def test_any_flip_is_found_by_the_digest_beside_the_file(tmp_path: Path, name: str) -> None:
    chosen, path = random.Random(9), put(tmp_path / name, *good())
    data = path.read_bytes()
    write_sidecar(path, "sha256:" + hashlib.sha256(data).hexdigest())
    assert faults(path) == []
    ends = [0, 4, 5, 6, 7, 8, 9, len(data) - 1]
    for at in ends + [chosen.randrange(len(data)) for _ in range(60)]:
        changed = bytearray(data)
        changed[at] ^= 1 << chosen.randrange(8)
        path.write_bytes(changed)
        assert any("does not match a.warc" in text for text in faults(path)), at


@pytest.mark.parametrize("seed", range(2))
def test_nothing_that_is_read_ends_in_an_error(tmp_path: Path, seed: int) -> None:
    """Cuts, copies and noise of all kinds, plain ones too, where no checksum stands in the way."""
    chosen = random.Random(seed)
    for name in ("a.warc.gz", "a.warc"):
        path = put(tmp_path / name, *good(), conversion(url=None), revisit(id="urn:x:9"))
        data = path.read_bytes()
        for _ in range(80):
            changed = bytearray(data)
            for _ in range(chosen.randrange(1, 5)):
                at = chosen.randrange(len(changed))
                kind = chosen.randrange(4)
                if kind == 0:
                    changed[at : at + chosen.randrange(40)] = chosen.randbytes(chosen.randrange(40))
                elif kind == 1:
                    del changed[at : at + chosen.randrange(200)]
                elif kind == 2:
                    changed[at:at] = changed[at : at + chosen.randrange(600)]
                else:
                    changed[at] = chosen.randrange(256)
                changed = changed or bytearray(b"\0")
            path.write_bytes(changed)
            found = judged(path)
            assert all(fault.what and "\n" not in fault.what for fault in found.faults)


def test_a_reference_without_a_record_id_is_named_by_its_place(tmp_path: Path) -> None:
    text = only(
        faults(put(tmp_path / "a.warc.gz", info(), metadata(fields={"WARC-Record-ID": None}))), "WARC-Record-ID"
    )
    assert not text.endswith(f"({REVISIT_ID})")


@pytest.mark.parametrize("line", [b" and more\r\n", b"no field\r\n", b"X-Field: x\x01\r\n"])
def test_a_head_of_many_lines_takes_no_long_time(tmp_path: Path, line: bytes) -> None:
    raw = response().plain().replace(b"\r\n\r\n", b"\r\n" + line * 60_000 + b"\r\n", 1)
    started = time.process_time()
    assert any("has more than 1000 head lines" in text for text in faults(put(tmp_path / "a.warc.gz", member(raw))))
    assert time.process_time() - started < 5
