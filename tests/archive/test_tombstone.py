"""Tombstones: of any length that is asked for, and every reader passes over them to what follows."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator

from archive.errors import RecordError
from archive.inspection import inspect
from archive.reader import check_digests, parse_member, read_members, read_records
from archive.tombstone import is_tombstone, tombstone_member
from archive.warc import Record, WarcWriter
from tests.archive.making import refused

DATE = "2026-11-20T09:00:00Z"
FACTS = {
    "why": "damaged",
    "bytes": "sha256:" + "7" * 64,
    "records": [{"type": "response", "id": "urn:uuid:8e7d4bd1", "url": "https://ellery.test/sturm-über-ellery"}],
}


def shortest() -> int:
    """The fewest bytes that these facts take."""
    for length in range(100, 1000):
        try:
            tombstone_member(length, FACTS, date=DATE)
        except RecordError:
            continue
        return length
    raise AssertionError


@pytest.mark.parametrize("more", [50, 51, 52, 53, 54, 4096, 16_384, 70_001, 2_000_003])
def test_it_is_exactly_as_long_as_what_it_replaces(more: int) -> None:
    length = shortest() + more
    member = tombstone_member(length, FACTS, date=DATE, info_id="urn:uuid:1")
    assert len(member) == length
    record = parse_member(member, 77)
    assert is_tombstone(record)
    assert check_digests(record) is None
    assert record.json() == FACTS
    assert (record.need("WARC-Date"), record.need("WARC-Warcinfo-ID")) == (DATE, "<urn:uuid:1>")
    z = zlib.decompressobj(31)
    assert z.decompress(member)
    assert z.eof
    assert z.unused_data == b""


def test_too_few_bytes_are_refused_in_one_sentence() -> None:
    least = shortest()
    with pytest.raises(RecordError) as error:
        tombstone_member(least // 2, FACTS, date=DATE)
    assert "bytes are too few for a tombstone" in refused(error.value)


def make(path: Path, more: int) -> tuple[int, int]:
    """A file of four records, its third one then replaced; returns where that begins, and the fourth one."""
    writer = WarcWriter(path, {"created": DATE})
    _, replaced, last = (
        writer.append(
            [
                Record(
                    type="resource",
                    date=DATE,
                    target_uri=f"https://ellery.test/{n}",
                    block=zlib.compress(bytes(n)) + gzip.compress(b"".join(b"%d " % k for k in range(more))),
                    content_type="application/octet-stream",
                )
            ]
        )[0]
        for n in range(3)
    )
    writer.close()
    data = bytearray(path.read_bytes())
    end = replaced.offset + replaced.length
    data[replaced.offset : end] = tombstone_member(replaced.length, FACTS, date=DATE, info_id=writer.info_id)
    path.write_bytes(data)
    path.with_name(path.name + ".sha256").unlink()
    return replaced.offset, last.offset


@pytest.mark.parametrize("size", [2_000, 60_000, 600_000])
def test_all_readers_find_what_stands_behind_it(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a-originals.warc.gz"
    at, last = make(path, size)
    types = ["warcinfo", "resource", "metadata", "resource"]
    assert [r.type for r in read_records(path)] == types
    assert [r.offset for r, _ in read_members(path)][2:] == [at, last]
    with path.open("rb") as file:
        records = ArchiveIterator(file)
        seen = [(r.rec_type, r.raw_stream.read() and records.get_record_offset()) for r in records]
    assert [kind for kind, _ in seen] == types
    assert [offset for _, offset in seen][2:] == [at, last]
    fast = list(FastIterator(io.BytesIO(path.read_bytes()), record_types=WarcRecordType.any_type))
    assert [r.stream_pos for r in fast][2:] == [at, last]
    assert [line for line in gzip.decompress(path.read_bytes()).split(b"\r\n") if line.startswith(b"WARC-Type: ")] == [
        f"WARC-Type: {kind}".encode() for kind in types
    ]
    found = inspect([path])
    assert found.faults == []
