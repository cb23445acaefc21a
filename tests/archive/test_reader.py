"""Reading records back: from our files, from anyone's, and from what is left of them."""

from __future__ import annotations

import bz2
import gzip
import io
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import RecordError
from archive.reader import StoredRecord, check_digests, parse_member, read_members, read_records
from archive.storage import Store
from tests.archive.foreign_files import record as foreign
from tests.archive.making import digest_of, exchange, failure, later, read_json, records, running, wire

BODY = random.Random(1).randbytes(60_000)
"""Of several of warcio's buffers, so that damage can come after a beginning that is well."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of three exchanges and a failure; not to be changed."""
    store = Store(tmp_path_factory.mktemp("reader"))
    with running(store) as run:
        run.keep(exchange("https://ellery.test/1", wire(BODY)))
        run.keep(exchange("https://ellery.test/2"))
        run.keep(exchange("https://ellery.test/1", wire(BODY), at=later(1)))
        run.keep_failure(failure("https://nowhere.test/"))
    return store.path(store.files()[0])


@pytest.fixture(scope="module")
def whole(path: Path) -> list[StoredRecord]:
    return list(read_records(path))


def plain(*blocks: bytes, type_: str = "resource") -> bytes:
    """Records as other software may write them."""
    head = f"WARC/1.0\r\nWARC-Type: {type_}\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: <http://a.test/>\r\n"
    return b"".join(f"{head}Content-Length: {len(b)}\r\n\r\n".encode() + b + b"\r\n\r\n" for b in blocks)


def read_until_error(data: bytes) -> tuple[list[StoredRecord], RecordError | None]:
    found = []
    try:
        for record in read_records(io.BytesIO(data)):
            found.append(record)
    except RecordError as error:
        assert str(error).endswith(".")
        return found, error
    return found, None


# Whole files


def test_records_follow_each_other_from_byte_0_to_the_last(path: Path, whole: list[StoredRecord]) -> None:
    assert [r.type for r in whole] == ["warcinfo"] + ["response", "request", "metadata"] * 2 + [
        "revisit",
        "request",
        "metadata",
        "metadata",
        "metadata",
    ]
    at = 0
    for record in whole:
        assert record.offset == at
        at += record.length
    assert at == path.stat().st_size


def test_reading_can_start_at_any_record(path: Path, whole: list[StoredRecord]) -> None:
    for number, record in enumerate(whole):
        assert list(read_records(path, start=record.offset)) == whole[number:]
        data = path.read_bytes()[record.offset : record.offset + record.length]
        assert parse_member(data, record.offset) == record
    assert list(read_records(path, start=path.stat().st_size)) == []


def test_members_come_with_their_digests(path: Path, whole: list[StoredRecord]) -> None:
    data = path.read_bytes()
    found = list(read_members(path))
    assert [record for record, _ in found] == whole
    for record, digest in found:
        assert digest == digest_of(data[record.offset : record.offset + record.length])


def test_what_a_record_says(whole: list[StoredRecord]) -> None:
    info, response, request, about, *_ = whole
    assert response.url == "https://ellery.test/1"
    assert response.id.startswith("urn:uuid:")
    assert response.get("warc-type") == "response"
    assert response.get("WARC-Nothing") is None
    assert request.refers_to("WARC-Concurrent-To") == response.id
    assert request.refers_to() is None
    assert (response.content_type, about.content_type) == ("application/http", "application/warc-fields")
    assert about.json()["url"] == "https://ellery.test/1"
    assert info.fields()["isPartOf"] == "ellery"
    with pytest.raises(RecordError, match=r"^The response record at byte \d+ has no WARC-Nothing\.$"):
        response.need("WARC-Nothing")
    assert about.json() == read_json(about)
    for record in (response, request):
        with pytest.raises(RecordError, match=r"is no JSON: .*\.$"):
            record.json()


@pytest.mark.parametrize("block", [b"[]", b"1", b"\xff\xfe{", b"", b"NaN"])
def test_json_is_an_object(block: bytes) -> None:
    record = StoredRecord("metadata", (), block, 7, 1)
    with pytest.raises(RecordError, match=r"^The metadata record at byte 7 is no JSON"):
        record.json()


def test_json_that_is_nested_without_end() -> None:
    with pytest.raises(RecordError):
        StoredRecord("metadata", (), b"[" * 200_000, 7, 1).json()


def test_fields_with_odd_lines() -> None:
    record = StoredRecord("warcinfo", (), b"a: b\r\nno colon\r\n: x\nc:d:e\r\n\r\nf: \xff\r\n", 0, 1)
    assert record.fields() == {"a": "b", "": "x", "c": "d:e", "f": "\ufffd"}


def test_fields_end_at_line_ends_only() -> None:
    record = StoredRecord("warcinfo", (), "operator: Ann\u2028newswarc-run: other\x85\r\n".encode(), 0, 1)
    assert list(record.fields()) == ["operator"]


# Other people's files


def test_uncompressed_files() -> None:
    found = list(read_records(io.BytesIO(plain(b"one", b"", b"\r\n\r\n"))))
    assert [r.block for r in found] == [b"one", b"", b"\r\n\r\n"]
    assert found[0].url == "http://a.test/"
    assert [r.id for r in found] == ["urn:uuid:1"] * 3


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.warc").write_bytes(b"")
    assert list(read_records(tmp_path / "empty.warc")) == []
    assert list(read_members(tmp_path / "empty.warc")) == []
    with pytest.raises(RecordError, match=r"^No WARC record at byte 7\.$"):
        parse_member(b"", 7)


def test_records_that_share_a_gzip_member_are_read_but_are_not_ours(tmp_path: Path) -> None:
    data = gzip.compress(plain(b"one", b"two")) + gzip.compress(plain(b"three"))
    found, error = read_until_error(data)
    assert [r.block for r in found] == [b"one", b"two", b"three"]
    assert error is None
    (tmp_path / "a.warc.gz").write_bytes(data)
    with pytest.raises(RecordError, match="holds more than one record"):
        list(read_members(tmp_path / "a.warc.gz"))


@pytest.mark.parametrize(
    "data",
    [
        b"<html></html>",
        b"GIF89a",
        b"\0" * 100,
        random.Random(2).randbytes(3000),
        gzip.compress(b"<html></html>"),
        bz2.compress(plain(b"one")),
        b"WARC/",
        b"WARC/1.1\r\n",
        plain(b"one")[:30],
        b"\n\n\n",
    ],
    ids=["html", "gif", "zeros", "random", "gzipped html", "bzip2", "begun", "no head", "half a head", "empty lines"],
)
def test_what_is_no_warc_is_refused(data: bytes) -> None:
    found, error = read_until_error(data)
    assert found == []
    assert error is not None


def test_a_file_that_cannot_be_read_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"a\.warc: can't be read: No such file or directory\.$"):
        list(read_records(tmp_path / "a.warc"))
    with pytest.raises(RecordError, match=r"can't be read: Is a directory\.$"):
        list(read_records(tmp_path))


def test_members_of_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(RecordError):
        list(read_members(tmp_path / "a.warc.gz"))


@settings(deadline=None)
@given(st.binary(max_size=300), st.booleans(), st.booleans())
def test_random_bytes_raise_nothing_but_our_error(data: bytes, compressed: bool, begun: bool) -> None:
    data = plain(b"one") + data if begun else data
    read_until_error(gzip.compress(data) if compressed else data)


# Damaged files


def flips(path: Path, first: int, last: int, number: int) -> list[bytes]:
    """Copies of a file's bytes, each with one bit other than it was."""
    data, chosen, copies = path.read_bytes(), random.Random(3), []
    for _ in range(number):
        copy = bytearray(data)
        copy[chosen.randrange(first, last)] ^= 1 << chosen.randrange(8)
        copies.append(bytes(copy))
    return copies


def test_damage_of_small_records_ends_the_reading(path: Path, whole: list[StoredRecord]) -> None:
    first = whole[2]  # behind the large one
    compressed = first.offset + 10  # bits of gzip's own head say nothing
    for data in flips(path, compressed, compressed + 300, 40):
        found, error = read_until_error(data)
        assert error is not None
        assert found == whole[: len(found)]


def test_damage_of_large_records_ends_the_reading_too(path: Path, whole: list[StoredRecord]) -> None:
    large = whole[1]
    for data in flips(path, large.offset + 10, large.offset + large.length, 20):
        found, error = read_until_error(data)
        assert error is not None
        assert found == whole[: len(found)]


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_torn_record_is_no_record(path: Path, whole: list[StoredRecord], part: float) -> None:
    large = whole[1]
    found, error = read_until_error(path.read_bytes()[: large.offset + int(large.length * part)])
    assert found == whole[:1]
    assert error is not None


def test_a_torn_member_is_no_record(path: Path, whole: list[StoredRecord]) -> None:
    large = whole[1]
    with pytest.raises(RecordError):
        parse_member(path.read_bytes()[large.offset : large.offset + large.length // 2])


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\0" * 7,
        b"rubbish",
        b"\x1f\x8b",
        gzip.compress(b"no record"),
        gzip.compress(b""),
        gzip.compress(b"\r\n"),
    ],
    ids=["zeros", "rubbish", "begun", "no record", "empty member", "member of a line end"],
)
def test_members_must_fill_the_file(path: Path, whole: list[StoredRecord], tmp_path: Path, rubbish: bytes) -> None:
    data, copy = path.read_bytes(), tmp_path / "copy.warc.gz"
    for at in (whole[2].offset, whole[5].offset, len(data)):
        copy.write_bytes(data[:at] + rubbish + data[at:])
        with pytest.raises(RecordError, match=r"\.$"):
            list(read_members(copy))


def test_single_bits_of_a_file_are_seen_by_somebody(path: Path, whole: list[StoredRecord], tmp_path: Path) -> None:
    """What `read_members` and the digests let pass are bits of gzip's head, which say nothing."""
    copy, silent = tmp_path / "copy.warc.gz", set()
    members = [digest for _, digest in read_members(path)]
    for data in flips(path, 0, path.stat().st_size, 150) + flips(path, whole[2].offset, path.stat().st_size, 150):
        copy.write_bytes(data)
        try:
            found = list(read_members(copy))
        except RecordError:
            continue
        if not any(check_digests(record) for record, _ in found):
            assert [record for record, _ in found] == whole
            silent.add([digest for _, digest in found] != members)
    assert silent <= {True}  # and the members' own digests tell even those


# Digests


def record_of(block: bytes, content_type: str = "text/plain", **headers: str) -> StoredRecord:
    told = [("Content-Type", content_type), *((name.replace("_", "-"), value) for name, value in headers.items())]
    return StoredRecord(headers.pop("type", "response"), tuple(told), block, 0, 1)


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (record_of(b"abc", WARC_Block_Digest=digest_of(b"abc")), None),
        (record_of(b"abd", WARC_Block_Digest=digest_of(b"abc")), "its block does not match WARC-Block-Digest"),
        (record_of(b"abc", WARC_Payload_Digest=digest_of(b"abc")), None),
        (record_of(b"abc", WARC_Payload_Digest=digest_of(b"")), "its payload does not match WARC-Payload-Digest"),
        (record_of(wire(b"abc"), "application/http; a=b", WARC_Payload_Digest=digest_of(b"abc")), None),
        (
            record_of(wire(b"abc"), "application/http", WARC_Payload_Digest=digest_of(wire(b"abc"))),
            "its payload does not match WARC-Payload-Digest",
        ),
        (record_of(wire(b""), "application/http", type="revisit", WARC_Payload_Digest=digest_of(b"abc")), None),
        (record_of(b"abc", WARC_Block_Digest="sha1:VMZW3YOYCVRZG35BBC2OVKC2UNSA3ZOZ"), None),
        (record_of(b"abc"), None),
    ],
)
def test_digests(record: StoredRecord, problem: str | None) -> None:
    assert check_digests(record) == problem


def test_every_record_that_we_write_has_good_digests(path: Path) -> None:
    store = Store(path.parent.parent.parent)
    assert [check_digests(record) for record in records(store)] == [None] * len(records(store))


def test_nothing_of_a_record_is_printed(caplog: pytest.LogCaptureFixture) -> None:
    """warcio warns of spaces in URLs, and repeats them with whatever a stranger wrote for our terminal."""
    url = "https://paper.test/\x1b[2Ja b"
    (found,) = read_records(io.BytesIO(foreign("response", b"x", WARC_Target_URI=url)))
    assert found.url == url.replace(" ", "%20")
    assert caplog.records == []


PLAIN = (
    b"WARC/1.1\r\nWARC-Type: resource\r\nWARC-Target-URI: urn:a\r\nContent-Length: 5\r\n"
    b"WARC-Record-ID: <urn:uuid:1>\r\n\r\nhello\r\n\r\n"
)


@given(
    at=st.integers(0, len(PLAIN)),
    gone=st.integers(0, 12),
    put=st.sampled_from(
        [b"", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b":", b"\xff", b"\xc2\xa0", b"x", b"9", b"<", b"\0", PLAIN]
    ),
)
@settings(max_examples=300, deadline=None)
def test_plain_records_are_read_as_the_whole_parser_reads_them(at: int, gone: int, put: bytes) -> None:
    data = gzip.compress(PLAIN[:at] + put + PLAIN[at + gone :], 1)
    try:
        expected = next(read_records(io.BytesIO(data)), None)
    except RecordError:
        expected = None
    if expected is None:
        with pytest.raises(RecordError):
            parse_member(data)
    else:
        assert parse_member(data) == expected
