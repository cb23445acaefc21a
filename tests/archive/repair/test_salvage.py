"""Salvage: every whole record of anyone's file, however it is compressed."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from archive.errors import RepairError
from archive.reader import read_records
from archive.repair.salvage import salvage
from archive.storage import Store
from tests.archive.making import exchange, refused, running, wire


@pytest.fixture(scope="module")
def warc(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file of ours, compressed by record."""
    store = Store(tmp_path_factory.mktemp("warc"))
    chosen = random.Random(5)
    with running(store) as run:
        for n in range(12):
            run.keep(exchange(f"https://ellery.test/{n}", wire(chosen.randbytes(900))))
    (name,) = store.files("originals")
    return store.path(name).read_bytes()


def ids(path: Path) -> list[str]:
    return [record.id for record in read_records(path)]


def put(folder: Path, data: bytes) -> Path:
    path = folder / "theirs.warc"
    path.write_bytes(data)
    return path


def expected(warc: bytes, folder: Path) -> list[str]:
    return ids(put(folder, warc))


def test_whole_files_of_all_kinds_lose_nothing(warc: bytes, tmp_path: Path) -> None:
    want = expected(warc, tmp_path)
    plain = gzip.decompress(warc)
    for number, data in enumerate((warc, plain, gzip.compress(plain))):
        done = salvage(put(tmp_path, data), tmp_path / f"{number}.warc.gz")
        assert ids(tmp_path / f"{number}.warc.gz") == want
        assert (done.records, done.gaps, done.problems) == (len(want), [], [])


@pytest.mark.parametrize("form", ["by record", "plain", "whole"])
def test_damage_in_the_middle_costs_what_it_hit(warc: bytes, tmp_path: Path, form: str) -> None:
    want = expected(warc, tmp_path)
    held = list(read_records(put(tmp_path, warc)))
    data = bytearray(warc)
    if form == "by record":
        at = held[10].offset
        data[at : at + 100] = bytes(100)
        kept = want[:10] + want[11:]
    else:
        data = bytearray(gzip.decompress(warc))
        at = data.index(b"WARC/1.1", data.index(want[10].encode()) - 200)
        if form == "plain":
            at = data.rindex(b"WARC/1.1", 0, data.index(want[10].encode()))
            data[at : at + 40] = bytes(40)
            kept = want[:10] + want[11:]
        else:
            data = bytearray(gzip.compress(bytes(data), 6))
            data[len(data) * 2 // 3 :] = bytes(len(data) - len(data) * 2 // 3)
            kept = []
    done = salvage(put(tmp_path, bytes(data)), tmp_path / "new.warc.gz")
    got = ids(tmp_path / "new.warc.gz")
    if form == "whole":
        blocks = {record.id: record.block for record in held}
        assert all(blocks[record.id] == record.block for record in read_records(tmp_path / "new.warc.gz"))
        assert len(want) // 2 < len(got) < len(want)
        assert done.unpacked
    else:
        assert got == kept
        assert len(done.gaps) == 1
    assert done.problems


def test_a_new_file_never_replaces_one(warc: bytes, tmp_path: Path) -> None:
    path = put(tmp_path, warc)
    with pytest.raises(RepairError) as error:
        salvage(path, path)
    assert "exists already" in refused(error.value)
    assert path.read_bytes() == warc
    with pytest.raises(RepairError) as error:
        salvage(tmp_path / "none.warc.gz", tmp_path / "new.warc.gz")
    refused(error.value)
    assert not (tmp_path / "new.warc.gz").exists()
