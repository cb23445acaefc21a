from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from archive.errors import ExportError
from archive.export.zipping import StoredZip
from tests.archive.making import digest_of

ENTRIES = {"a/data.bin": b"x" * 5000, "empty": b"", "b/å 文.md": b"Havn"}


def write(path: Path, entries: dict[str, bytes] = ENTRIES) -> None:
    with path.open("w+b") as file, StoredZip(file) as zip_:
        for name, data in entries.items():
            zip_.add(name, len(data), [data[:7], data[7:]])


def check(path: Path, entries: dict[str, bytes] = ENTRIES) -> None:
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == entries
        assert {(i.compress_type, i.date_time) for i in opened.infolist()} == {(0, (1980, 1, 1, 0, 0, 0))}
        assert {i.external_attr >> 16 for i in opened.infolist()} == {0o100644}
    if unzip := shutil.which("unzip"):
        done = subprocess.run([unzip, "-tq", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_others_read_it(tmp_path: Path) -> None:
    write(tmp_path / "a.zip")
    check(tmp_path / "a.zip")


def test_an_empty_one(tmp_path: Path) -> None:
    write(tmp_path / "a.zip", {})
    assert zipfile.ZipFile(tmp_path / "a.zip").namelist() == []


def test_it_is_always_the_same(tmp_path: Path) -> None:
    write(tmp_path / "a.zip")
    write(tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_what_is_told_of_an_entry(tmp_path: Path) -> None:
    with (tmp_path / "a.zip").open("w+b") as file, StoredZip(file) as zip_:
        entry = zip_.add("n", 4, [b"Havn"])
    assert (entry.path, entry.size, entry.digest) == ("n", 4, digest_of(b"Havn"))


@pytest.mark.parametrize("pieces", [[b"abc"], [b"abc", b"de"]])
def test_an_entry_of_another_size_is_refused(tmp_path: Path, pieces: list[bytes]) -> None:
    with (
        (tmp_path / "a.zip").open("w+b") as file,
        pytest.raises(ExportError, match="4 bytes"),
        StoredZip(file) as zip_,
    ):
        zip_.add("n", 4, pieces)


def test_more_entries_than_16_bits_count(tmp_path: Path) -> None:
    entries = {f"{n}": b"" for n in range(0x10001)}
    write(tmp_path / "a.zip", entries)
    assert zipfile.ZipFile(tmp_path / "a.zip").namelist() == list(entries)


def test_entries_of_more_than_4_gib(tmp_path: Path) -> None:
    """Really: 4 GiB of zeros, of which the file system stores nothing."""
    path, size = tmp_path / "a.zip", (1 << 32) + 5
    with path.open("w+b") as file, StoredZip(Holes(file)) as zip_:  # type: ignore[arg-type]
        zip_.add("small", 3, [b"abc"])
        zip_.add("large", size, (bytes(min(1 << 24, size - at)) for at in range(0, size, 1 << 24)))
        zip_.add("behind", 4, [b"Havn"])
    with zipfile.ZipFile(path) as opened:
        assert opened.getinfo("large").file_size == size
        assert opened.read("small") == b"abc"
        assert opened.read("behind") == b"Havn"
        with opened.open("large") as large:
            assert large.read(10) == bytes(10)


class Holes:
    """A file in which large pieces of zeros become holes."""

    def __init__(self, file: object) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        if len(data) < 1 << 20:
            return self._file.write(data)  # type: ignore[attr-defined, no-any-return]
        assert not any(data[:: 1 << 12])
        self._file.seek(len(data) - 1, 1)  # type: ignore[attr-defined]
        self._file.write(b"\0")  # type: ignore[attr-defined]
        return len(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)
