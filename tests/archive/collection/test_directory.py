"""`read_directory`: what a ZIP says of itself is held against what it is."""

from __future__ import annotations

import random
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from archive.collection.directory import DEFLATED, MOST_ENTRIES, STORED, Entry
from archive.collection.package import Package
from archive.errors import PackageError
from tests.archive.making import refused
from tests.archive.zips import LONG, File, put, zipped

PAGE = b"The ferry stays in the harbour. " * 40


def entry(tmp_path: Path, *files: File) -> Entry:
    """The first entry of a ZIP of these."""
    with Package(put(tmp_path / "a.zip", *files)) as package:
        return package.entries[0]


def refusal(path: Path) -> str:
    with pytest.raises(PackageError) as error:
        Package(path)
    return refused(error.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_zipfile_writes_is_read(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as made:
        made.writestr("pages/one.txt", PAGE)
        made.mkdir("empty")
        made.writestr("pages/två.txt", b"")
        made.comment = b"as the harbour master has it"
    with Package(path) as package:
        assert [(e.name, e.size, e.problem, e.oddity) for e in package.entries] == [
            ("pages/one.txt", len(PAGE), None, None),
            ("empty/", 0, None, None),
            ("pages/två.txt", 0, None, None),
        ]
        assert [e.is_folder for e in package.entries] == [False, True, False]
        assert package.entries[0].method == {zipfile.ZIP_STORED: STORED, zipfile.ZIP_DEFLATED: DEFLATED}[method]
        assert package.notes == ()


def test_a_stream_with_data_descriptors_and_zip64_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with path.open("wb") as raw, zipfile.ZipFile(_Pipe(raw), "w", zipfile.ZIP_DEFLATED) as made:
        with made.open("a.txt", "w", force_zip64=True) as file:
            file.write(PAGE)
        with made.open("b.txt", "w") as file:
            file.write(PAGE)
    with Package(path) as package:
        assert [(e.name, e.problem, e.oddity) for e in package.entries] == [
            ("a.txt", None, None),
            ("b.txt", None, None),
        ]
        assert package.notes == ()
        assert [package.read(e, 10_000) for e in package.entries] == [PAGE, PAGE]


class _Pipe:
    """A file that can't be sought in: zipfile then writes descriptors."""

    def __init__(self, raw: object) -> None:
        self.write, self.flush = raw.write, raw.flush  # type: ignore[attr-defined]


def test_lengths_may_follow_the_content(tmp_path: Path) -> None:
    """As writers do that stream; they put zeros or the largest number into the local header."""
    for empty in (0, LONG):
        behind = struct.pack("<4sLLL", b"PK\7\10", zlib.crc32(PAGE), len(PAGE), len(PAGE))
        local = {"crc": 0, "packed": empty, "size": empty}
        found = entry(tmp_path, File(name="a", data=PAGE, flags=8, local=local, behind=behind))
        assert (found.problem, found.oddity) == (None, None)


def test_more_than_65535_entries_need_zip64(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        for n in range(66_000):
            made.writestr(f"{n}", b"")
    with Package(path) as package:
        assert len(package.entries) == 66_000


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../etc/passwd", "climbs out"),
        ("archive/../../x", "climbs out"),
        ("/etc/passwd", "absolute"),
        ("C:/x", "absolute"),
        ("archive\\x.warc", "backslashes"),
        ("archive//x", "empty parts"),
        ("./x", "empty parts"),
        ("a\x1b[2Jb", "control characters"),
        ("a\0b", "control characters"),
        ("", "empty"),
    ],
)
def test_a_name_that_leads_elsewhere_is_a_problem(tmp_path: Path, name: str, said: str) -> None:
    assert said in (entry(tmp_path, File(name=name, data=b"x")).problem or "")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (File(name="a", data=b"x", flags=1), "encrypted"),
        (File(name="a", data=b"x", flags=1 << 6), "encrypted"),
        (File(name="a", data=b"/etc/passwd", mode=stat.S_IFLNK | 0o777), "link"),
        (File(name="a", data=b"", mode=stat.S_IFIFO), "device"),
        (File(name="a", data=b"x", method=12), "method 12"),
        (File(name="a", data=b"xyz", size=2), "two lengths differ"),
        (File(name="a/", data=b"xyz"), "folder with content"),
        (File(name="a", data=bytes(100 << 20), deflated=True), "expands"),
        (File(name="a", data=b"x", packed=LONG, size=LONG), "ZIP64"),
        (File(name="a", data=b"x", local={"name": b"b"}), "another name"),
        (File(name="a", data=b"x", local={"method": 8}), "another name or method"),
        (File(name="a", data=b"x", local={"crc": 7}), "another length or checksum"),
        (File(name="a", data=b"x", local={"size": 7}), "another length or checksum"),
        (File(name="a", data=b"x", header=1), "is not where"),
        (File(name="a", data=b"x", packed=2000, size=2000), "cut short"),
        (File(name=b"\xff\xfe", data=b"x", flags=1 << 11), "no UTF-8"),
    ],
)
def test_what_can_not_be_read_safely_is_a_problem(tmp_path: Path, file: File, said: str) -> None:
    found = entry(tmp_path, file)
    assert said in (found.problem or ""), found
    with Package(tmp_path / "a.zip") as package, pytest.raises(PackageError) as error:
        package.open(package.entries[0])
    refused(error.value)


def test_a_local_header_with_another_time_is_odd(tmp_path: Path) -> None:
    found = entry(tmp_path, File(name="a", data=b"x", local={"time": 9}))
    assert (found.problem, "another time" in (found.oddity or "")) == (None, True)


def test_a_name_that_stands_twice_is_a_problem_in_both_places(tmp_path: Path) -> None:
    with Package(put(tmp_path / "a.zip", File(name="a", data=b"1"), File(name="b"), File(name="a", data=b"2"))) as made:
        assert ["more than once" in (e.problem or "") for e in made.entries] == [True, False, True]


def test_entries_that_overlap_are_a_problem(tmp_path: Path) -> None:
    """As in a bomb whose entries share their bytes."""
    inner = zipped([File(name="b", data=PAGE)])[: 31 + len(PAGE)]
    outer, shared = File(name="a", data=inner), File(name="b", data=PAGE, header=31)
    path = put(tmp_path / "a.zip", outer, shared)
    with Package(path) as package:
        assert ["overlaps" in (e.problem or "") for e in package.entries] == [True, True]


def test_bytes_of_nobody_are_noted(tmp_path: Path) -> None:
    with Package(put(tmp_path / "a.zip", File(name="a", behind=b"hidden"), File(name="b"))) as package:
        assert package.notes == ("has 6 bytes at byte 31 that belong to no entry",)
    with Package(put(tmp_path / "b.zip", File(name="a"), before=b"#!/bin/sh")) as package:
        assert package.notes == ("has 9 bytes at byte 0 that belong to no entry",)
    with Package(put(tmp_path / "c.zip", File(name="a", behind=b"hidden"))) as package:
        assert package.notes == ("has 6 bytes at byte 31 that belong to no entry",)


def test_what_stands_before_a_zip_shifts_it(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"#!/bin/sh" + zipped([File(name="a", data=PAGE), File(name="b", data=b"x")]))
    with Package(path) as package:
        assert package.shift == 9
        assert [package.read(e, 10_000) for e in package.entries] == [PAGE, b"x"]
        assert package.notes == ()


def test_damage_and_malice_are_told_from_ways_of_packing(tmp_path: Path) -> None:
    for file, harmful in (
        (File(name="a", flags=1), False),
        (File(name="a", method=12), False),
        (File(name="../a"), True),
    ):
        assert entry(tmp_path, file).harmful == harmful
    assert not entry(tmp_path, File(name="a")).harmful


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ({"offset": 7000}, "cut short or damaged"),
        ({"length": 7000}, "cut short or damaged"),
        ({"length": 7}, "directory is damaged at byte"),
        ({"total": 7, "here": 7}, "does not hold the 7 entries"),
        ({"total": 1, "here": 1}, "does not hold the 1 entries"),
        ({"disk": 1}, "several files"),
        ({"here": 1}, "several files"),
        ({"comment": 4}, "cut short"),
    ],
)
def test_an_end_that_lies_is_refused(tmp_path: Path, end: dict[str, int], said: str) -> None:
    assert said in refusal(put(tmp_path / "a.zip", File(name="a"), File(name="b"), end=end))


def test_two_ends_are_refused(tmp_path: Path) -> None:
    one = zipped([File(name="a", data=b"true")])
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 47, 35, 0)
    path = tmp_path / "a.zip"
    path.write_bytes(one[:-2] + struct.pack("<H", len(end)) + end)
    assert "more than one end" in refusal(path)


def test_too_many_entries_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    one = zipped([File(name="a")])
    directory = one[31:-22]
    with path.open("wb") as file:
        file.write(one[:31])
        length = sum(file.write(directory * 1000) for _ in range(MOST_ENTRIES // 1000 + 1))
        total = length // len(directory)
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, total, total, length, 31)
        end = file.tell()
        file.write(record + struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, LONG, LONG, 0))
    assert "101000 entries" in refusal(path)


def zip64_of(one: bytes, *, at: int | None = None, **said: int) -> bytes:
    """A ZIP of one entry with a ZIP64 end; `said` overrides its fields."""
    body = one[:-22]
    fields = {"size": 44, "made": 45, "need": 45, "disk": 0, "first": 0, "here": 1, "total": 1, "length": 47}
    fields |= {"offset": len(body) - 47, **said}
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", *fields.values())
    return body + record + struct.pack("<4sLQL", b"PK\6\7", 0, len(body) if at is None else at, 1) + one[-22:]


def test_zip64_is_believed_only_where_it_agrees(tmp_path: Path) -> None:
    one, path = zipped([File(name="a", data=b"x")]), tmp_path / "a.zip"
    path.write_bytes(zip64_of(one))
    Package(path).close()
    for wrong in (zip64_of(one, at=3), zip64_of(one, at=1 << 62), zip64_of(one, size=99), zip64_of(one, offset=3)):
        path.write_bytes(wrong)
        refusal(path)
    path.write_bytes(zip64_of(one, offset=1 << 62)[:-6] + struct.pack("<LH", LONG, 0))
    assert "cut short or damaged" in refusal(path)


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    for data, said in (
        (b"", "no ZIP"),
        (b"PK", "no ZIP"),
        (PAGE * 100, "no ZIP"),
        (zipped([File(name="a")])[:-5], "cut"),
    ):
        path.write_bytes(data)
        assert said in refusal(path)
    assert "can't be read" in refusal(tmp_path / "none.zip")
    assert "can't be read" in refusal(tmp_path)


def test_any_damage_ends_in_a_sentence(tmp_path: Path) -> None:
    chosen, path = random.Random(5), tmp_path / "a.zip"
    whole = zipped([File(name="a", data=PAGE, deflated=True), File(name="b/c", data=PAGE), File(name="d", flags=8)])
    for _ in range(3000):
        data = bytearray(whole[: chosen.choice((len(whole), chosen.randrange(len(whole))))])
        for _ in range(chosen.randrange(1, 6)):
            if data:
                data[chosen.choice((chosen.randrange(len(data)), -1 - chosen.randrange(min(len(data), 160))))] = (
                    chosen.randrange(256)
                )
        path.write_bytes(data)
        try:
            with Package(path) as package:
                for found in package.entries:
                    with package.open(found) as file:
                        file.read()
        except PackageError as error:
            refused(error)
