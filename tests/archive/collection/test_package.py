"""`Package`: what is read out of a ZIP, and what is not."""

from __future__ import annotations

import os
import tracemalloc
import zlib
from pathlib import Path

import pytest

from archive.collection.package import Package
from archive.errors import PackageError
from tests.archive.making import refused
from tests.archive.zips import File, put

PAGE = b"The ferry stays in the harbour. " * 40


def refusal(path: Path) -> str:
    """What is said when the first entry is read."""
    with Package(path) as package, pytest.raises(PackageError) as error, package.open(package.entries[0]) as file:
        while file.read(1 << 16):
            pass
    return refused(error.value)


def test_a_stored_entry_is_a_window(tmp_path: Path) -> None:
    with Package(put(tmp_path / "a.zip", File(name="a", data=PAGE), File(name="b", data=b"other"))) as package:
        found = package.get("a")
        assert found is not None
        with package.open(found) as file:
            assert file.seekable()
            assert (file.seek(4), file.read(5), file.tell()) == (4, b"ferry", 9)
            assert file.seek(-8, os.SEEK_END) == len(PAGE) - 8
            assert file.read() == PAGE[-8:]
            assert file.seek(len(PAGE) + 99) == len(PAGE) + 99
            assert file.read(5) == b""
            with pytest.raises(ValueError, match="before"):
                file.raw.seek(-1)
            package.close()
            assert (file.seek(0), file.read(3)) == (0, b"The")
        assert package.get("c") is None
        assert package.get("b") == package.entries[1]


def test_a_compressed_entry_is_a_stream(tmp_path: Path) -> None:
    data = os.urandom(300_000) + bytes(9_000_000)
    with Package(put(tmp_path / "a.zip", File(name="a", data=data, deflated=True))) as package:
        with package.open(package.entries[0]) as file:
            assert not file.seekable()
            assert file.read(4) == data[:4]
            assert file.read() == data[4:]
        assert package.read(package.entries[0], len(data)) == data
        with pytest.raises(PackageError) as error:
            package.read(package.entries[0], len(data) - 1)
        refused(error.value)


def test_a_compressed_entry_is_not_held_in_memory(tmp_path: Path) -> None:
    data = os.urandom(1 << 20) * 30
    with Package(put(tmp_path / "a.zip", File(name="a", data=data, deflated=True))) as package:
        tracemalloc.start()
        with package.open(package.entries[0]) as file:
            while file.read(1 << 16):
                pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"crc": 7}, "checksum"),
        ({"size": len(PAGE) - 1}, "more than"),
        ({"size": len(PAGE) + 1}, "another length"),
        ({"packed": 9}, "too early"),
    ],
)
def test_a_compressed_entry_that_is_not_as_said_is_refused(tmp_path: Path, change: dict[str, int], said: str) -> None:
    file = File(name="a", data=PAGE, deflated=True, **change)
    packed = file.fields()["bytes"]
    if "packed" in change:
        file.behind, file.local = packed[9:], {"bytes": packed[:9]}
    assert said in refusal(put(tmp_path / "a.zip", file))


def test_bytes_behind_a_compressed_stream_are_refused(tmp_path: Path) -> None:
    packed = zlib.compress(PAGE, wbits=-15) + b"more"
    file = File(name="a", data=PAGE, deflated=True, packed=len(packed), local={"bytes": packed})
    assert "another length" in refusal(put(tmp_path / "a.zip", file))


def test_damaged_compression_is_refused(tmp_path: Path) -> None:
    packed = b"\xff" * len(zlib.compress(PAGE, wbits=-15))
    file = File(name="a", data=PAGE, deflated=True, local={"bytes": packed})
    assert "can't be decompressed" in refusal(put(tmp_path / "a.zip", file))
