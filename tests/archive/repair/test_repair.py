"""Repair: whatever is damaged in a file, every whole record stays where it was, and what is gone is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.errors import RepairError
from archive.reader import StoredRecord, read_records
from archive.rebuild import rebuild
from archive.repair.repair import examine, put_in_place
from archive.storage import Store, read_sidecar
from archive.tombstone import is_tombstone
from archive.verification.verify import verify
from tests.archive.making import (
    digest_again,
    digest_of,
    dump,
    exchange,
    keep_page,
    later,
    page,
    records,
    refused,
    running,
    wire,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages with texts, and a revisit."""
    root = tmp_path_factory.mktemp("made") / "archive"
    with running(Store(root)) as run:
        for n in range(4):
            keep_page(run, f"https://ellery.test/{n}", page(f"Storm {n} keeps twelve boats out"), at=later(n))
        run.keep(exchange("https://ellery.test/1", wire(page("Storm 1 keeps twelve boats out")), at=later(9)))
    return root


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    return Store(shutil.copytree(made, tmp_path / "archive"))


def damaged(store: Store, kind: str, damage: Callable[[bytearray, list[StoredRecord]], None]) -> str:
    """Damage the file of that kind; returns its name."""
    (name,) = store.files("originals" if kind == "originals" else "derived")
    path = store.path(name)
    held = list(read_records(path))
    data = bytearray(path.read_bytes())
    damage(data, held)
    path.write_bytes(data)
    return name


def mended(store: Store, name: str) -> Path:
    """Repair it as `scrapy repair --accept` does."""
    repair = examine(store, name)
    aside = put_in_place(store, repair)
    assert rebuild(store) == []
    return aside


def nth(held: list[StoredRecord], kind: str, number: int = 0) -> StoredRecord:
    return [record for record in held if record.type == kind][number]


KINDS = ["response", "request", "metadata", "revisit"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [3, 0.5])
def test_one_damaged_record_is_told_and_the_others_stay(store: Store, kind: str, at: float) -> None:
    lost: list[StoredRecord] = []

    def flip(data: bytearray, held: list[StoredRecord]) -> None:
        record = nth(held, kind)
        lost.append(record)
        where = record.offset + (int(at) % record.length if isinstance(at, int) else int(at * record.length))
        data[where] ^= 0x20 if at != 3 else 0xE0

    before = {record.id: record for record in records(store)}
    (name,) = store.files("originals")
    size, bad = store.path(name).stat().st_size, store.path(name)
    damaged(store, "originals", flip)
    content = bad.read_bytes()
    (stretch,) = examine(store, name).stretches
    assert (stretch.offset, stretch.end) == (lost[0].offset, lost[0].offset + lost[0].length)
    if kind in ("response", "revisit"):
        assert [(one.id, one.url, one.date) for one in stretch.lost] == [
            (lost[0].id, lost[0].url, lost[0].get("WARC-Date"))
        ]
    aside = mended(store, name)
    assert aside.read_bytes() == content
    assert read_sidecar(aside) == digest_of(content)
    assert bad.stat().st_size == size
    after = {record.id: record for record in records(store)}
    assert {i: r for i, r in before.items() if i != lost[0].id} == {
        i: r for i, r in after.items() if not is_tombstone(r)
    }
    found = verify(store, extract=False)
    assert found.faults == []
    assert len(found.gone) == 1
    assert f"byte {lost[0].offset}" in found.gone[0].where
    known = dump(store)
    rebuild(store)
    assert dump(store) == known


@pytest.mark.parametrize("kind", ["conversion", "metadata"])
@pytest.mark.parametrize("number", [0, 3])
def test_a_damaged_record_of_a_text_is_told(store: Store, kind: str, number: int) -> None:
    def flip(data: bytearray, held: list[StoredRecord]) -> None:
        record = nth(held, kind, number)
        data[record.offset + record.length // 2] ^= 0x08

    name = damaged(store, "derived", flip)
    (stretch,) = examine(store, name).stretches
    assert stretch.lost
    assert stretch.lost[0].id or stretch.lost[0].about
    mended(store, name)
    found = verify(store)
    assert found.faults == []
    assert len(found.gone) == 1


def test_without_a_catalogue_the_records_behind_tell(store: Store) -> None:
    lost: list[StoredRecord] = []

    def flip(data: bytearray, held: list[StoredRecord]) -> None:
        lost.append(nth(held, "response", 2))
        data[lost[0].offset + 1] ^= 1
        data[lost[0].offset + 12] ^= 255  # and its head can't be read

    store.catalogue_path.unlink()
    name = damaged(store, "originals", flip)
    (stretch,) = examine(store, name).stretches
    assert [(one.id, one.url) for one in stretch.lost] == [(lost[0].id, lost[0].url)]
    mended(store, name)
    assert verify(store).faults == []


def test_a_range_of_zeros_over_several_records_is_one_tombstone(store: Store) -> None:
    def blank(data: bytearray, held: list[StoredRecord]) -> None:
        first, last = nth(held, "request", 0), nth(held, "request", 2)
        data[first.offset + 30 : last.offset + 30] = bytes(last.offset - first.offset)

    name = damaged(store, "originals", blank)
    (stretch,) = examine(store, name).stretches
    assert [one.url for one in stretch.lost if one.type == "response"] == [f"https://ellery.test/{n}" for n in (1, 2)]
    mended(store, name)
    found = verify(store)
    assert (found.faults, len(found.gone)) == ([], 1)
    assert found.compared == 2


def test_a_file_that_lost_its_end_gets_its_length_back(store: Store) -> None:
    (name,) = store.files("originals")
    size = store.path(name).stat().st_size
    damaged(store, "originals", lambda data, held: data.__delitem__(slice(held[-4].offset + 50, None)))
    (stretch,) = examine(store, name).stretches
    assert stretch.end == size
    assert "revisit" in {one.type for one in stretch.lost}
    mended(store, name)
    assert store.path(name).stat().st_size == size
    assert verify(store).faults == []


def test_a_lost_description_is_made_again_from_another_file_of_the_run(store: Store) -> None:
    name = damaged(store, "originals", lambda data, held: data.__setitem__(slice(20, 60), bytes(40)))
    mended(store, name)
    first = next(read_records(store.path(name)))
    assert first.type == "warcinfo"
    assert "newswarc-run" in first.fields()
    assert verify(store).faults == []


def test_bytes_behind_the_last_record_are_cut_off(store: Store) -> None:
    before = [record.id for record in records(store)]
    name = damaged(store, "originals", lambda data, held: data.extend(b"\0" * 40))
    mended(store, name)
    assert [record.id for record in records(store)] == before
    assert verify(store).faults == []


def test_a_stretch_too_short_for_a_tombstone_is_refused_and_nothing_changes(store: Store) -> None:
    def insert(data: bytearray, held: list[StoredRecord]) -> None:
        at = nth(held, "response", 1).offset
        data[at:at] = b"\0" * 33

    name = damaged(store, "originals", insert)
    content = store.path(name).read_bytes()
    with pytest.raises(RepairError) as error:
        put_in_place(store, examine(store, name))
    assert "too few for a tombstone" in refused(error.value)
    assert store.path(name).read_bytes() == content
    assert not (store.root / "damaged").exists()
    assert [p for p in store.path(name).parent.iterdir() if p.name.startswith(".")] == []


def test_a_file_that_is_well_needs_nothing(store: Store) -> None:
    for name in store.files():
        assert examine(store, name).stretches == []


def test_an_archived_warc_file_is_not_taken_for_records(store: Store, made: Path) -> None:
    """A page that is a WARC file itself, stored; behind damage before it, its members are no records of ours."""
    (other,) = Store(made).files("derived")
    inner = Store(made).path(other).read_bytes()
    with running(store, "nordlys") as run:
        run.keep(exchange("https://nordlys.test/a.warc.gz", wire(inner)))
        run.keep(exchange("https://nordlys.test/b"))
    name = next(name for name in store.files("originals") if "nordlys" in name)
    path = store.path(name)
    first, second = [record for record in read_records(path) if record.type == "response"]
    data = bytearray(path.read_bytes())
    data[first.offset + 2] ^= 1
    path.write_bytes(data)
    digest_again(path)
    (stretch,) = examine(store, name).stretches
    assert stretch.end == first.offset + first.length
    assert second.offset > stretch.end
