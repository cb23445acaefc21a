"""Scanning files that are whole, damaged, lying and huge."""

from __future__ import annotations

import gzip
import io
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.collection.scan import ManyRecords, Scanned, scan
from archive.reader import parse_member
from archive.warc import sha256
from tests.archive.foreign_files import by_record, record, reply

MIB = 1 << 20
PAGE = reply(b"<p>hello", "Content-Type: text/html")
THREE = [record("response", PAGE + b"%d" % n, WARC_Target_URI=f"http://paper.test/{n}") for n in range(3)]


def scanned(data: bytes) -> tuple[list[Scanned], list[str]]:
    problems: list[str] = []
    return list(scan(io.BytesIO(data), problems.append)), problems


def urls(data: bytes) -> list[str]:
    return [found.get("WARC-Target-URI", "") for found in scanned(data)[0]]


PLAIN, GZIPPED = b"".join(THREE), by_record(*THREE)
EITHER = pytest.mark.parametrize("data", [PLAIN, GZIPPED], ids=["plain", "gzip"])
ALL = [f"http://paper.test/{n}" for n in range(3)]


@EITHER
def test_records_lie_where_it_is_said(data: bytes) -> None:
    found, problems = scanned(data)
    assert problems == []
    assert [one.get("WARC-Target-URI") for one in found] == ALL
    for number, one in enumerate(found):
        own = data[one.offset : one.offset + one.length]
        assert parse_member(own).block == PAGE + b"%d" % number
        assert one.record_digest == sha256(own)
        assert one.payload_digest == sha256(b"<p>hello%d" % number)
        assert one.start == PAGE[: -len(b"<p>hello")]


def test_a_digest_that_is_there_is_not_made_again() -> None:
    (one,), _ = scanned(record("response", PAGE, WARC_Payload_Digest="sha1:X"))
    assert one.payload_digest is None


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.replace(b"\r\n\r\nWARC", b"\r\n\r\n\r\n\r\n\r\nWARC"),
        PLAIN.replace(b"\r\n\r\nWARC", b"\r\nWARC"),
        b"\r\n\r\n" + PLAIN + b"\r\n" * 5000,
        PLAIN[:-4],
        by_record(b"\r\n" * 90 + THREE[0], *THREE[1:]),
        by_record(THREE[0], b"", THREE[1], b"\r\n", THREE[2]),
        by_record(*(one[:-4] for one in THREE)),
        PLAIN.replace(b"WARC/1.0", b"WARC/0.18"),
    ],
    ids=["more line ends", "fewer", "around", "none at the end", "before", "empty members", "none in members", "old"],
)
def test_files_that_are_odd_but_whole(data: bytes) -> None:
    assert urls(data) == ALL
    assert scanned(data)[1] == []


def test_headers_of_every_kind() -> None:
    head = b"WARC/1.0\nWarc-TYPE:response\r\nX: a\r\n b\r\nno colon\r\nY: \xe4\nZ: \xd1\x8f\r\n"
    (found,), problems = scanned(head + b"CONTENT-LENGTH: 2\r\n\r\nab\r\n\r\n")
    assert problems == []
    assert (found.type, found.get("x"), found.get("y"), found.get("z")) == ("response", "a b", "ä", "я")
    assert found.id() is None
    assert found.every("x") == ["a b"]


@pytest.mark.parametrize("size", [0, 1, 64 << 10, (256 << 10) + 1, 3 * MIB])
def test_blocks_of_every_size(size: int) -> None:
    block = reply(bytes(range(256)) * (size // 256 + 1))[: size + 20]
    for data in (record("response", block), by_record(record("response", block))):
        (found,), problems = scanned(data)
        assert problems == []
        assert found.payload_digest == sha256(block, block.find(b"\r\n\r\n") + 4)


# Damage


@EITHER
def test_a_flipped_byte_costs_one_record(data: bytes) -> None:
    found, _ = scanned(data)
    middle = found[1].offset + (2 if data is PLAIN else 30)
    damaged = bytearray(data)
    damaged[middle] ^= 0x55
    assert urls(bytes(damaged)) == [ALL[0], ALL[2]]
    (problem,) = scanned(bytes(damaged))[1]
    assert f"byte {found[1].offset}" in problem


@EITHER
@pytest.mark.parametrize("cut", [1, 30, 120])
def test_a_cut_costs_the_last_record(data: bytes, cut: int) -> None:
    cut += 4 if data is PLAIN else 0  # so many line ends are no loss
    assert urls(data[:-cut]) == ALL[:2]
    (problem,) = scanned(data[:-cut])[1]
    assert problem.endswith(("is cut short.", "does not end."))


def test_what_is_no_warc() -> None:
    for data in (
        b"",
        b"<html>",
        gzip.compress(b"<html>"),
        b"\x28\xb5\x2f\xfd" + bytes(50),
        bytes(5000),
        b"\x1f\x8b\x08",
    ):
        found, problems = scanned(data)
        assert found == []
        (sentence,) = problems
        assert sentence.endswith(".")


@pytest.mark.parametrize("length", ["", "-1", "x", "٣", "1e3", str(1 << 40), "9" * 40, "5", "500"])
@pytest.mark.parametrize("gzipped", [True, False])
def test_lengths_that_lie_cost_one_record(length: str, gzipped: bool) -> None:
    records = [THREE[0], record("response", PAGE, Content_Length=length), THREE[2]]
    data = by_record(*records) if gzipped else b"".join(records)
    found, problems = scanned(data)
    assert [one.get("WARC-Target-URI") for one in found] == [ALL[0], ALL[2]]
    assert len(problems) == 1


def test_a_record_without_type_or_end_of_its_head() -> None:
    for bad in (record("response", WARC_Type=None), b"WARC/1.0\r\nWARC-Type: response\r\n" + b"x" * (300 << 10)):
        assert urls(by_record(THREE[0], bad, THREE[2])) == [ALL[0], ALL[2]]


def test_text_that_looks_like_a_record_is_none() -> None:
    block = reply(b"\r\n\r\n" + THREE[0] + b"\nWARC/1.0\r\nWARC-Type: response\r\n\r\n")
    for data in (record("response", block), by_record(record("response", block))):
        assert urls(data + (THREE[2] if data[:1] == b"W" else by_record(THREE[2])))[1:] == ALL[2:]


def test_several_records_in_a_member_are_told() -> None:
    for data in (gzip.compress(PLAIN), by_record(THREE[0]) + gzip.compress(THREE[1] + THREE[2])):
        with pytest.raises(ManyRecords):
            scanned(data)


# Harm


def test_bombs_are_passed_over_in_bounded_memory_and_time() -> None:
    size = 90 * MIB
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = f"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: {size}\r\n\r\n".encode()
    bomb = z.compress(head) + b"".join(z.compress(bytes(MIB)) for _ in range(size // MIB)) + z.flush()
    data = by_record(THREE[0]) + bomb + by_record(THREE[2])
    tracemalloc.start()
    try:
        began = time.process_time()
        assert urls(data) == [ALL[0], ALL[2]]
        took = time.process_time() - began
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * MIB
    assert took < 5
    assert "expands without end" in scanned(data)[1][0]


@pytest.mark.parametrize(
    "data",
    [
        b"\x1f\x8b\x08" * 2 * MIB,
        b"WARC/1.0\r\n" + b"\nWARC/" * MIB,
        b"WARC/1.0\r\nContent-Length: 9\r\n\r\n" * (MIB // 4),
        b"\n" * (30 * MIB),
        bytes(20 * MIB),
    ],
    ids=["gzip signs", "versions", "records without types", "line ends", "zeros"],
)
def test_hostile_files_take_time_that_grows_with_their_size_only(data: bytes) -> None:
    began = time.process_time()
    assert urls(data) == []
    assert time.process_time() - began < 15


@settings(deadline=None, max_examples=150)
@given(st.data(), st.booleans())
def test_damage_of_any_kind_is_told_or_harmless(data: st.DataObject, gzipped: bool) -> None:
    whole = bytearray(GZIPPED if gzipped else PLAIN)
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    try:
        found, problems = scanned(bytes(whole[:cut]))
    except ManyRecords:
        return
    assert all(problem.endswith(".") and "\n" not in problem for problem in problems)
    for one in found:
        assert one.offset + one.length <= cut
