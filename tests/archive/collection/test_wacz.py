"""Packages, good ones and such as mean harm."""

from __future__ import annotations

import io
import stat
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from archive.collection.collection import open_collection
from archive.collection.wacz import DamagedPart, Refused, Wacz
from archive.errors import ArchiveError, StoreError
from tests.archive.foreign_files import URL, by_record, contents, deflated, problems, record, reply, wacz
from tests.archive.making import refused

MIB = 1 << 20
BODY = b"<p>hello"
WARC = by_record(record("response", reply(BODY)))
NAME = "archive/data.warc.gz"


def no(path: Path) -> str:
    """Why a package is not opened, by itself; beside another file it costs only itself, and is told of."""
    with pytest.raises(StoreError) as caught:
        open_collection(path)
    sentence = refused(caught.value)
    assert str(path) in sentence
    folder = path.with_name("folder")
    folder.mkdir()
    path.rename(folder / path.name)
    (folder / "good.warc.gz").write_bytes(WARC)
    assert contents(folder) == {URL: BODY}
    assert any(one.startswith(path.name) for one in problems(folder))
    return sentence


# Good ones


@pytest.mark.parametrize("packed", [False, True])
def test_warcs_are_read_in_place_or_unpacked(tmp_path: Path, packed: bool) -> None:
    other = by_record(record("response", reply(b"two"), WARC_Target_URI=URL + "/2"))
    entries = [(NAME, WARC), ("archive/deep/b.warc", record("response", reply(b"3"), WARC_Target_URI=URL + "/3"))]
    entries += [("archive/c.warc.gz", other), ("pages/pages.jsonl", b"{}"), ("datapackage.json", b"{}")]
    path = wacz(tmp_path / "a.wacz", entries, packed=packed)
    assert contents(path) == {URL: BODY, URL + "/2": b"two", URL + "/3": b"3"}
    with open_collection(path) as collection:
        assert collection.problems == []
        assert {c.file for c in collection.captures()} == {f"a.wacz/{n}" for n, _ in entries[:3]}


def test_large_entries_zip64_and_what_stands_before_a_package(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    with zipfile.ZipFile(path, "w") as package, package.open(NAME, "w", force_zip64=True) as entry:
        entry.write(WARC)
    assert contents(path) == {URL: BODY}
    before = tmp_path / "before.wacz"
    before.write_bytes(b"PK\x03\x04 some bytes before" + path.read_bytes())
    assert contents(before) == {URL: BODY}


def test_warcs_outside_of_archive_count_if_there_are_no_others(tmp_path: Path) -> None:
    other = by_record(record("response", reply(b"2"), WARC_Target_URI=URL + "/2"))
    assert contents(wacz(tmp_path / "a.wacz", [("x.warc.gz", other)])) == {URL + "/2": b"2"}
    assert contents(wacz(tmp_path / "b.wacz", [("x.warc.gz", other), (NAME, WARC)])) == {URL: BODY}


def test_an_entry_compressed_as_a_whole(tmp_path: Path) -> None:
    import gzip

    both = gzip.compress(record("response", reply(BODY)) + record("response", reply(b"2"), WARC_Target_URI=URL + "2"))
    for packed in (False, True):
        path = wacz(tmp_path / f"{packed}.wacz", [(NAME, both)], packed=packed)
        assert contents(path) == {URL: BODY, URL + "2": b"2"}


def test_an_entry_is_a_file_of_its_own(tmp_path: Path) -> None:
    package = Wacz(wacz(tmp_path / "a.wacz", [("a.warc", b"0123456789"), (NAME, WARC)]))
    file = package.stored("a.warc")
    assert file.read() == b"0123456789"
    assert file.seek(-4, 2) == 6
    assert file.read(2) == b"67"
    assert file.seek(1, 1) == 9
    assert (file.read(50), file.read(5), file.tell()) == (b"9", b"", 10)
    file.close()
    package.close()


# Harm


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../x.warc.gz", "climbs out"),
        ("archive/../../x.warc.gz", "climbs out"),
        ("/etc/x.warc.gz", "absolute"),
        ("archive\\..\\x.warc.gz", "backslashes"),
        ("C:/x.warc.gz", "absolute"),
        ("archive//x.warc.gz", "empty parts"),
        ("./x.warc.gz", "empty parts"),
        ("archive/x\n.warc.gz", "control characters"),
        ("archive/\x1b[31m.warc.gz", "control characters"),
        ("..", "climbs out"),
    ],
)
def test_names_that_climb_out(tmp_path: Path, name: str, said: str) -> None:
    sentence = no(wacz(tmp_path / "a.wacz", [(NAME, WARC), (name, WARC)]))
    assert said in sentence
    assert sentence.isprintable()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.wacz", "folder", "good.warc.gz"]


def test_a_name_that_is_cut_by_a_zero(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz", [("archive/aXb.warc.gz", WARC)])
    path.write_bytes(path.read_bytes().replace(b"aXb", b"a\0b"))
    assert "control characters" in no(path)


def test_links(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("archive/passwd.warc")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "is a link" in no(wacz(tmp_path / "a.wacz", [(NAME, WARC), (entry, b"/etc/passwd")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name(tmp_path: Path) -> None:
    assert "more than once" in no(wacz(tmp_path / "a.wacz", [(NAME, WARC), (NAME, WARC)]))


def test_entries_over_each_other(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz", [(NAME, WARC), ("archive/two.warc.gz", WARC)])
    data = bytearray(path.read_bytes())
    second = data.rfind(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<L", 0)
    path.write_bytes(bytes(data))
    no(path)


def test_encrypted_entries(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz", [(NAME, WARC)])
    data = bytearray(path.read_bytes())
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    (sentence,) = problems(path)
    assert "is encrypted" in sentence


def test_ways_of_compression_that_are_not_known(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as package:
        package.writestr(NAME, WARC)
    (sentence,) = problems(path)
    assert "not known here" in sentence


@pytest.mark.parametrize("lie", [False, True])
def test_bombs_are_refused_with_little_memory_and_disk(tmp_path: Path, lie: bool) -> None:
    head = f"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: {90 * MIB}\r\n\r\n".encode()
    path = wacz(tmp_path / "a.wacz", [("archive/a.warc", head + bytes(90 * MIB))], packed=True)
    if lie:
        data = bytearray(path.read_bytes())
        for field in (22, data.rfind(b"PK\x01\x02") + 24):
            data[field : field + 4] = struct.pack("<L", 5000)
        path.write_bytes(bytes(data))
    tracemalloc.start()
    try:
        sentence = no(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "expands without end" in sentence
    assert peak < 20 * MIB


def test_bombs_of_several_entries_are_added_up(tmp_path: Path) -> None:
    entries = [(f"archive/{n}.warc", bytes(30 * MIB)) for n in range(5)]
    assert "expands without end" in no(wacz(tmp_path / "a.wacz", entries, packed=True))


def test_a_stored_entry_that_says_it_is_larger(tmp_path: Path) -> None:
    path = wacz(tmp_path / "a.wacz", [("archive/a.warc", record("response", reply(BODY)))])
    whole = path.read_bytes()
    for field, size in ((20, 1 << 31), (24, 1 << 31), (24, 7), (20, 0xFFFFFFFF)):
        data = bytearray(whole)
        entry = data.rfind(b"PK\x01\x02")
        data[entry + field : entry + field + 4] = struct.pack("<L", size)
        path.write_bytes(bytes(data))
        with pytest.raises(StoreError) as caught:
            open_collection(path)
        refused(caught.value)


def test_millions_of_entries(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *[0] * 16) + b""
    directory = entry * 300_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(directory), 4, 0)
    path.write_bytes(b"PK\x03\x04" + directory + end)
    began = time.process_time()
    no(path)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("where", ["before the locator", "where the locator says"])
def test_zip64_that_lies_about_its_directory(tmp_path: Path, where: str) -> None:
    lie = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1 << 60, 1 << 60, 1 << 60, 0)
    honest = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 46, 4)
    first, second = (honest, lie) if where == "before the locator" else (lie, honest)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 4, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path = tmp_path / "a.wacz"
    path.write_bytes(b"PK\x03\x04" + first + second + locator + end)
    no(path)


def test_packages_in_packages_are_not_looked_into(tmp_path: Path) -> None:
    inner = wacz(tmp_path / "inner.wacz", [(NAME, WARC)]).read_bytes()
    assert "archive/inner.wacz, which is not looked into" in no(
        wacz(tmp_path / "a.wacz", [("archive/inner.wacz", inner)])
    )


def test_packages_without_a_warc_or_anything(tmp_path: Path) -> None:
    assert "no WARC file" in no(wacz(tmp_path / "a.wacz", [("pages/pages.jsonl", b"{}")]))


def test_an_empty_package(tmp_path: Path) -> None:
    assert "no WARC file" in no(wacz(tmp_path / "a.wacz", []))


@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.99])
def test_a_package_that_is_cut_short(tmp_path: Path, part: float) -> None:
    path = wacz(tmp_path / "a.wacz", [(NAME, WARC), ("x", bytes(500))])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    assert "cut short" in no(path)


def test_damage_anywhere_is_told_or_harmless(tmp_path: Path) -> None:
    whole = wacz(tmp_path / "a.wacz", [(NAME, WARC), ("archive/b.warc", record("response", reply(b"b")))]).read_bytes()
    path = tmp_path / "b.wacz"
    for at in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        path.write_bytes(bytes(damaged))
        try:
            assert len(contents(path)) <= 2
        except ArchiveError as error:
            refused(error)


def test_what_can_be_unpacked_of_a_damaged_entry_is_read(tmp_path: Path) -> None:
    import random

    one = record("response", reply(BODY))
    two = record("response", reply(random.Random(1).randbytes(2000)), WARC_Target_URI=URL + "/2")
    path = wacz(tmp_path / "a.wacz", [("archive/a.warc", one + two)], packed=True)
    data = bytearray(path.read_bytes())
    middle = data.find(deflated(one + two)[-100:])
    data[middle] ^= 0xFF
    path.write_bytes(bytes(data))
    assert contents(path)[URL] == BODY
    assert any("is damaged" in sentence for sentence in problems(path))


def test_pieces_of_an_entry(tmp_path: Path) -> None:
    package = Wacz(wacz(tmp_path / "a.wacz", [("a", b"x" * MIB)], packed=True))
    assert b"".join(package.pieces("a")) == b"x" * MIB
    with pytest.raises(StoreError):
        list(package.pieces("b"))
    package.close()
    assert issubclass(Refused, StoreError)
    assert not issubclass(DamagedPart, StoreError)


def test_what_is_no_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    path.write_bytes(b"PK\x03\x04" + io.BytesIO(bytes(100)).read())
    assert "cut short" in no(path)
