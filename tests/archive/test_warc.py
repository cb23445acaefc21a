"""`WarcWriter`: what lies on the disk after each append, whatever goes wrong in between."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import random
import subprocess
import tempfile
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import RecordError, StoreError
from archive.reader import read_records
from archive.warc import OPEN_SUFFIX, Record, WarcWriter, finish_file, new_id, sha256, sidecar_of
from tests.archive.making import digest_of, refused, run_python

DATE = "2026-11-20T09:00:00Z"
INFO = {"created": DATE, "software": "tests", "isPartOf": "ellery"}
MIB = 1 << 20


def new_writer(folder: Path) -> WarcWriter:
    return WarcWriter(folder / "2026-11" / "a-originals.warc.gz", INFO)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[WarcWriter]:
    writer = new_writer(tmp_path)
    yield writer
    if writer.open_path.exists():
        writer.close()


def resource(block: bytes | IO[bytes], **fields: object) -> Record:
    told = {"type": "resource", "date": DATE, "target_uri": "https://ellery.test/", "content_type": "text/plain"}
    return Record(block=block, **(told | fields))  # type: ignore[arg-type]


def members(path: Path) -> list[bytes]:
    """Each gzip member's content, inflated one at a time."""
    data, found = path.read_bytes(), []
    while data:
        z = zlib.decompressobj(31)
        found.append(z.decompress(data))
        assert z.eof
        data = z.unused_data
    return found


# One file


def test_the_open_file_is_called_open_until_it_is_closed(tmp_path: Path) -> None:
    writer = new_writer(tmp_path)
    assert [p.name for p in writer.path.parent.iterdir()] == ["a-originals.warc.gz.open"]
    digest = writer.close()
    assert {p.name for p in writer.path.parent.iterdir()} == {"a-originals.warc.gz", "a-originals.warc.gz.sha256"}
    assert digest == digest_of(writer.path.read_bytes())


def test_the_digest_beside_a_closed_file_is_what_sha256sum_reads(writer: WarcWriter) -> None:
    writer.append([resource(b"one"), resource(b"two")])
    writer.close()
    sidecar = writer.path.name + ".sha256"
    command = ["sha256sum", "--check", "--strict", sidecar]
    done = subprocess.run(command, cwd=writer.path.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "a-originals.warc.gz: OK\n")


def test_each_record_is_one_gzip_member_where_append_says(writer: WarcWriter) -> None:
    blocks = [b"", b"one", random.Random(1).randbytes(200_000), b"\r\n\r\n"]
    appended = [m for block in blocks for m in writer.append([resource(block)])]
    appended += writer.append([resource(b"a"), resource(b"b")])
    data = writer.open_path.read_bytes()
    assert len(members(writer.open_path)) == 1 + len(blocks) + 2
    assert appended[-1].offset + appended[-1].length == len(data) == writer.size
    for member, block in zip(appended, [*blocks, b"a", b"b"], strict=True):
        piece = data[member.offset : member.offset + member.length]
        assert member.digest == digest_of(piece)
        assert gzip.decompress(piece).endswith(b"\r\n\r\n" + block + b"\r\n\r\n")


def test_the_first_record_describes_the_file(writer: WarcWriter) -> None:
    (info,) = read_records(writer.open_path)
    assert (info.type, info.content_type) == ("warcinfo", "application/warc-fields")
    assert info.get("WARC-Filename") == "a-originals.warc.gz"
    assert info.get("WARC-Warcinfo-ID") is None
    assert info.get("WARC-Payload-Digest") is None
    assert info.fields() == {
        "format": "WARC File Format 1.1",
        "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        **INFO,
    }


def test_headers_of_a_record(writer: WarcWriter) -> None:
    record = resource(b"text", headers=[("WARC-Concurrent-To", "<urn:a>"), ("WARC-Concurrent-To", "<urn:b>")])
    record.payload_digest = sha256(b"text")
    writer.append([record])
    head = members(writer.open_path)[1].split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert head == [
        "WARC/1.1",
        "WARC-Type: resource",
        f"WARC-Record-ID: <{record.id}>",
        f"WARC-Date: {DATE}",
        "WARC-Target-URI: https://ellery.test/",
        "WARC-Concurrent-To: <urn:a>",
        "WARC-Concurrent-To: <urn:b>",
        f"WARC-Warcinfo-ID: <{writer.info_id}>",
        f"WARC-Payload-Digest: {digest_of(b'text')}",
        f"WARC-Block-Digest: {digest_of(b'text')}",
        "Content-Type: text/plain",
        "Content-Length: 4",
    ]


@pytest.mark.parametrize("type_", ["response", "revisit", "request", "metadata", "conversion", "warcinfo"])
def test_blocks_are_verbatim_whatever_the_type(writer: WarcWriter, type_: str) -> None:
    block = b"HTTP/1.0 200 fine\nset-COOKIE: a\r\nX:  y \r\n z\r\n\r\n\x00\xff\x1f\x8b"
    writer.append([resource(block, type=type_, content_type="application/http; msgtype=response")])
    assert list(read_records(writer.open_path))[-1].block == block
    assert members(writer.open_path)[-1].endswith(b"\r\n\r\n" + block + b"\r\n\r\n")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=3000), max_size=4), st.lists(st.sampled_from(["ä", " ", "x:", "日", "%"])))
def test_any_block_and_any_text_in_headers_comes_back(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[bytes], value: list[str]
) -> None:
    writer = new_writer(tmp_path_factory.mktemp("any"))
    text = "".join(value).strip()
    writer.append([resource(block, headers=[("WARC-X", text)]) for block in blocks])
    writer.close()
    found = list(read_records(writer.path))[1:]
    assert [record.block for record in found] == blocks
    assert all(record.get("WARC-X") == text for record in found)


def test_two_files_of_one_name_are_refused(writer: WarcWriter) -> None:
    with pytest.raises(StoreError) as error:
        new_writer(writer.path.parent.parent)
    assert "File exists" in refused(error.value)


def test_a_folder_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "2026-11").write_text("in the way")
    with pytest.raises(StoreError) as error:
        new_writer(tmp_path)
    assert str(tmp_path / "2026-11") in refused(error.value)


def test_sealing_leaves_no_file_without_a_digest(tmp_path: Path) -> None:
    open_path = tmp_path / ("a.warc.gz" + OPEN_SUFFIX)
    open_path.write_bytes(b"bytes")
    sidecar_of(tmp_path / "a.warc.gz").mkdir()  # so the digest can't be written
    with pytest.raises(OSError, match="directory"):
        finish_file(open_path, digest_of(b"bytes"))
    assert open_path.exists()
    assert not (tmp_path / "a.warc.gz").exists()


def test_ids_differ() -> None:
    assert len({new_id() for _ in range(100)}) == 100
    assert len({Record(type="resource", date=DATE).id for _ in range(100)}) == 100


# One write(2)


def test_records_that_belong_together_are_one_write(writer: WarcWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    write, written = os.write, []

    def counting(fd: int, data: bytes) -> int:
        written.append(len(data))
        return write(fd, data)

    monkeypatch.setattr(os, "write", counting)
    block = random.Random(2).randbytes(MIB)
    appended = writer.append([resource(block), resource(b"request"), resource(b"about")])
    assert written == [sum(member.length for member in appended)]


def test_a_write_that_the_kernel_cuts_short_goes_on(writer: WarcWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:1000]))
    block = random.Random(3).randbytes(5000)
    writer.append([resource(block)])
    digest = writer.close()
    assert digest == digest_of(writer.path.read_bytes())
    assert list(read_records(writer.path))[1].block == block


@pytest.mark.parametrize("size", [3 * MIB, 24 * MIB])
def test_a_large_block_streams_from_its_file(writer: WarcWriter, size: int) -> None:
    with tempfile.TemporaryFile() as file:
        random_bytes, sha = random.Random(4), hashlib.sha256()
        for _ in range(size // MIB):
            piece = random_bytes.randbytes(MIB)
            sha.update(piece)
            file.write(piece)
        tracemalloc.start()
        try:
            (member,) = writer.append([resource(file)])
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 16 * MIB
    assert member.length > size
    digest = writer.close()
    data = writer.path.read_bytes()
    assert digest == digest_of(data)
    assert member.digest == digest_of(data[member.offset : member.offset + member.length])
    record = list(read_records(writer.path))[1]
    assert digest_of(record.block) == "sha256:" + sha.hexdigest() == record.get("WARC-Block-Digest")


def test_a_file_is_read_from_its_start(writer: WarcWriter) -> None:
    file = io.BytesIO(b"whole block")
    file.seek(6)
    writer.append([resource(file)])
    assert list(read_records(writer.open_path))[1].block == b"whole block"


# What goes wrong


@pytest.mark.parametrize("value", ["a\r\nb", "a\nWARC-Type: response", "a\r", "\n"])
@pytest.mark.parametrize("place", ["target_uri", "date", "headers", "payload_digest"])
def test_a_line_end_in_a_header_is_refused_and_the_file_is_as_before(
    writer: WarcWriter, value: str, place: str
) -> None:
    writer.append([resource(b"before")])
    before = writer.open_path.read_bytes()
    bad = resource(b"bad", **{place: [("WARC-X", value)] if place == "headers" else value})
    with pytest.raises(RecordError, match=r"has a line end in it"):
        writer.append([resource(b"with it"), bad])
    assert writer.open_path.read_bytes() == before
    assert writer.size == len(before)


@pytest.mark.parametrize(
    "bad",
    [
        resource(b"", content_type="text/plain\r\nWARC-X: y"),
        resource(b"", headers=[("WARC-X: y\r\nWARC-Y", "z")]),
    ],
    ids=["content-type", "name"],
)
def test_no_other_way_puts_a_line_end_into_the_head(writer: WarcWriter, bad: Record) -> None:
    with pytest.raises(RecordError):
        writer.append([bad])


def test_a_line_end_in_the_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises((RecordError, StoreError)):
        WarcWriter(tmp_path / "b.warc.gz", {**INFO, "operator": "Ann\r\nnewswarc-settings: sha256:other"})


def test_text_that_is_no_unicode_is_refused_in_one_sentence(writer: WarcWriter) -> None:
    with pytest.raises(RecordError):
        writer.append([resource(b"", target_uri="https://ellery.test/\ud83d")])


class Torn(io.BytesIO):
    """A file whose disk fails half-way through the second reading (the first is for the digest)."""

    def __init__(self, data: bytes, error: BaseException) -> None:
        super().__init__(data)
        self._error, self._rounds = error, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self._rounds += whence == 0
        return super().seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        if self._rounds > 1 and self.tell() > 6 * MIB:
            raise self._error
        return super().read(size)


@pytest.mark.parametrize(
    ("raised", "seen"),
    [(OSError(errno.EIO, "Input/output error"), StoreError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_what_was_spilled_of_a_record_is_taken_back(
    writer: WarcWriter, raised: BaseException, seen: type[BaseException]
) -> None:
    writer.append([resource(b"before")])
    before = writer.open_path.read_bytes()
    with pytest.raises(seen):
        writer.append([resource(Torn(random.Random(5).randbytes(8 * MIB), raised))])
    assert writer.open_path.read_bytes() == before
    writer.append([resource(b"after")])
    digest = writer.close()
    assert digest == digest_of(writer.path.read_bytes())
    assert [record.block for record in read_records(writer.path)][1:] == [b"before", b"after"]


def test_a_bad_record_behind_a_spilled_one_takes_it_along(writer: WarcWriter) -> None:
    before = writer.open_path.read_bytes()
    large = resource(random.Random(6).randbytes(9 * MIB))
    with pytest.raises(RecordError):
        writer.append([large, resource(b"", target_uri="a\nb")])
    assert writer.open_path.read_bytes() == before


FULL_DISK = """
import random, resource
from pathlib import Path
from archive.errors import StoreError
from archive.warc import Record, WarcWriter

writer = WarcWriter(Path(sys.argv[1]) / "a.warc.gz", {"created": "2026-11-20T09:00:00Z"})
random = random.Random(7)
record = lambda size: Record(type="resource", date="2026-11-20T09:00:00Z", block=random.randbytes(size))
writer.append([record(1000)])
before = writer.open_path.read_bytes()
for size in (300_000, 9 << 20):  # in one write, and in parts
    resource.setrlimit(resource.RLIMIT_FSIZE, (size - 100_000, resource.RLIM_INFINITY))
    try:
        writer.append([record(size), record(10)])
    except StoreError as error:
        print(error)
    assert writer.open_path.read_bytes() == before
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.append([record(300_000)])
writer.close()
"""


def test_a_full_disk_leaves_the_file_as_it_was_and_the_next_append_works(tmp_path: Path) -> None:
    done = run_python(FULL_DISK, tmp_path)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "a.warc.gz"
    sentence = f"{path}.open: can't write: File too large; what was stored before is whole."
    assert done.stdout.splitlines() == [sentence, sentence]
    assert [len(record.block) for record in read_records(path)][1:] == [1000, 300_000]
    assert sidecar_of(path).read_text() == f"{digest_of(path.read_bytes()).removeprefix('sha256:')}  a.warc.gz\n"


def test_a_file_that_cannot_even_be_begun_leaves_nothing(tmp_path: Path) -> None:
    code = """
import resource
from pathlib import Path
from archive.errors import StoreError
from archive.warc import WarcWriter

resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    WarcWriter(Path(sys.argv[1]) / "a.warc.gz", {"created": "2026-11-20T09:00:00Z"})
except StoreError as error:
    os.write(1, str(error).encode())
"""
    done = run_python(code, tmp_path)
    assert "can't write: File too large" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []
