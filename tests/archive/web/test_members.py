from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest

from archive.errors import RecordError
from archive.reader import read_records
from archive.storage import Store
from archive.web.members import Member, blocks, stored_bytes


def warc(path: Path, block: bytes, *, length: int | None = None, kind: str = "resource") -> Path:
    size = len(block) if length is None else length
    head = f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:1>\r\nContent-Length: {size}\r\n\r\n"
    path.write_bytes(gzip.compress(head.encode() + block + b"\r\n\r\n"))
    return path


def test_every_record_is_read_as_the_reader_reads_it(store: Store) -> None:
    number = 0
    for name in store.files():
        path = store.path(name)
        for record in read_records(path):
            member = Member.read(path, record.offset, 1 << 20)
            assert (member.type, member.block, member.size) == (record.type, record.block, len(record.block))
            assert member.length == record.length
            assert member.is_whole
            assert b"".join(blocks(path, member)) == record.block
            assert gzip.decompress(b"".join(stored_bytes(path, member))).startswith(b"WARC/1.1")
            number += 1
    assert number > 100


def test_large_blocks_are_read_piece_by_piece(tmp_path: Path) -> None:
    block = bytes(range(256)) * 40_000
    path = warc(tmp_path / "x.warc.gz", block)
    member = Member.read(path, 0, 1000)
    assert member.block == block[:1000]
    assert member.size == len(block)
    assert not member.is_whole
    pieces = list(blocks(path, member, 5000))
    assert b"".join(pieces) == block[5000:]
    assert max(map(len, pieces)) <= 1 << 18


def test_http_heads(store: Store) -> None:
    name = store.files("originals")[0]
    response = next(r for r in read_records(store.path(name)) if r.type == "response")
    member = Member.read(store.path(name), response.offset, 1 << 20)
    assert member.block[: member.http_head].endswith(b"\r\n\r\n")
    assert member.get("warc-record-id") == response.id
    assert member.get("X-None") == ""


@pytest.mark.parametrize("offset", [1, 5, 10_000_000])
def test_where_no_record_begins(store: Store, offset: int) -> None:
    with pytest.raises(RecordError, match=rf"byte {offset}"):
        Member.read(store.path(store.files()[0]), offset, 100)


DAMAGED = {
    "empty": b"",
    "no-record": gzip.compress(b"no record at all\r\n\r\n"),
    "endless-head": gzip.compress(b"x" * 3_000_000),
    "short": gzip.compress(b"WARC/1.1\r\nContent-Length: 99\r\n\r\nshort"),
    "negative": gzip.compress(b"WARC/1.1\r\nContent-Length: -5\r\n\r\nshort"),
    "no-length": gzip.compress(b"WARC/1.1\r\nWARC-Type: x\r\n\r\nno length"),
    "torn": gzip.compress(b"WARC/1.1\r\nContent-Length: 4\r\n\r\nbody")[:-12],
    "no-gzip": zlib.compress(b"WARC/1.1\r\nContent-Length: 4\r\n\r\nbody"),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_damaged_records(tmp_path: Path, how: str) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(DAMAGED[how])
    with pytest.raises(RecordError) as error:
        Member.read(path, 0, 100)
    assert str(error.value).endswith(".")


def test_a_file_that_has_gone(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="can't be read"):
        Member.read(tmp_path / "x.warc.gz", 0, 100)
