"""Streams of plain bytes out of files."""

from __future__ import annotations

import gzip
import hashlib
import io
import os

import pytest

from archive.inspection.members import Damage, find_member, read_members, read_plain

TEXTS = [b"one", b"", b"three" * 100_000]


def test_members_are_given_one_by_one() -> None:
    packed = [gzip.compress(text) for text in TEXTS]
    offset = 0
    for member, text, data in zip(read_members(io.BytesIO(b"".join(packed)), digests=True), TEXTS, packed, strict=True):
        taken = b""
        while piece := member.take(70_000):
            taken += piece
        assert taken == text
        assert (member.offset, member.length) == (offset, len(data))
        assert member.digest == "sha256:" + hashlib.sha256(data).hexdigest()
        offset += len(data)


def test_what_is_left_of_a_member_is_passed_over() -> None:
    packed = b"".join(gzip.compress(text) for text in TEXTS)
    assert [member.take(2) for member in read_members(io.BytesIO(packed))] == [b"on", b"", b"th"]


def test_reading_may_begin_at_any_member() -> None:
    packed = gzip.compress(b"one")
    file = io.BytesIO(packed + gzip.compress(b"two"))
    member = next(read_members(file, len(packed)))
    assert (member.take(9), member.offset) == (b"two", len(packed))


def test_bytes_can_be_looked_at_before_they_are_taken() -> None:
    file = io.BytesIO(b"WARC/1.1\r\n\r\nrest of it")
    stream = read_plain(file)
    assert stream.peek() == stream.peek() == b"WARC/1.1"
    assert stream.take_head() == b"WARC/1.1\r\n\r\n"
    assert (stream.taken, stream.take(4), stream.taken) == (12, b"rest", 16)
    stream.drain()
    assert (stream.peek(), stream.take(9), stream.taken) == (b"", b"", 22)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 64])
def test_heads_and_records_are_found_across_pieces(size: int) -> None:
    class Slow(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            return super().read(size)

    stream = read_plain(Slow(b"WARC/1.1\r\nA: b\r\n\r\nblock of WARC/1.0 text\r\n\nWARC/1.1\r\n\r\n"))
    assert stream.take_head() == b"WARC/1.1\r\nA: b\r\n\r\n"
    stream.skip_to_record()
    assert stream.take_head() == b"WARC/1.1\r\n\r\n"
    assert stream.take_head() is None
    stream.skip_to_record()
    assert stream.peek() == b""


def test_a_damaged_member_is_named() -> None:
    packed = bytearray(gzip.compress(os.urandom(100)))
    packed[-1] ^= 1
    with pytest.raises(Damage, match="is damaged") as damage:
        list(read_members(io.BytesIO(gzip.compress(b"one") + packed)))
    assert damage.value.offset == len(gzip.compress(b"one"))


def test_the_next_member_is_found() -> None:
    record = gzip.compress(b"WARC/1.1\r\n\r\n")
    noise = b"\x1f\x8b\x08" + bytes(5) + b"\x1f\x8b" + gzip.compress(b"no record")
    for gap in (0, 1, (1 << 20) - 1, (1 << 20) - len(noise) - 2, 1 << 20):
        data = noise + bytes(gap) + record
        assert find_member(io.BytesIO(data), 1) == len(data) - len(record)
    assert find_member(io.BytesIO(noise), 0) is None


def test_not_every_place_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.inspection.members._TRIES", 5)
    record = gzip.compress(b"WARC/1.1\r\n\r\n")
    assert find_member(io.BytesIO(b"\x1f\x8b\x08" * 5 + record), 0) is None
    assert find_member(io.BytesIO(b"\x1f\x8b\x08" * 4 + record), 0) == 12
