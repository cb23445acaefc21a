"""Durability: what a power cut may take, by every order that a disk may choose, and what is said when it refuses."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from archive.durability import EXCHANGE, FILE, Durability, make_folder, replace_file, sync_folder
from archive.errors import ArchiveError, StoreError
from archive.reader import read_records
from archive.storage import Store
from archive.warc import Record, WarcWriter
from tests.archive.making import exchange, killed, records, refused, running
from tests.powercuts.cuts import Cut, calls_of, check, states
from tests.powercuts.log import Call

INFO = {"created": "2026-11-20T09:00:00Z"}
traced = pytest.mark.skipif(
    shutil.which("strace") is None and not os.environ.get("CI"), reason="strace is not installed: apt install strace"
)


# The setting


@pytest.mark.parametrize(
    ("value", "expected"),
    [("exchange", EXCHANGE), ("file", FILE), ("File ", FILE), (5, Durability(5)), ("2.5", Durability(2.5))],
)
def test_the_setting_is_a_word_or_a_number_of_seconds(value: object, expected: Durability) -> None:
    assert Durability.of(value) == expected


@pytest.mark.parametrize("value", ["", "always", "0", -1, "nan", "inf", None, "5 s"])
def test_anything_else_is_refused_in_one_sentence(value: object) -> None:
    with pytest.raises(ArchiveError) as error:
        Durability.of(value)
    assert "ARCHIVE_FSYNC" in refused(error.value)


# Power cuts


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Call]]:
    """All that was done to the files of a store by its first three runs."""
    folder = tmp_path_factory.mktemp("life") / "store"
    return folder, calls_of(folder, "exchange")


@traced
def test_no_power_cut_takes_what_was_kept(life: tuple[Path, list[Call]], tmp_path: Path) -> None:
    folder, calls = life
    for where, kept in states(calls, folder, tmp_path / "left", 24, seed=7):
        try:
            assert check(Store(tmp_path / "left"), kept, strict=True) == 0
        except Cut as cut:
            pytest.fail(f"{where}: {cut}")


@traced
@pytest.mark.parametrize("left_out", [".open", "/2026-", ".sha256.new", "originals"])
def test_a_call_that_were_not_made_would_be_missed(
    life: tuple[Path, list[Call]], tmp_path: Path, left_out: str
) -> None:
    """The cuts above find what they are to find: here files, folders, digests or names are not forced onto the disk."""
    folder, calls = life
    calls = [c for c in calls if c.name != "sync" or left_out not in c.path.removeprefix(str(folder))]
    with pytest.raises((Cut, StoreError)):
        for _, kept in states(calls, folder, tmp_path / "left", 60, seed=3):
            check(Store(tmp_path / "left"), kept, strict=True)


@traced
def test_with_seconds_the_catalogue_never_knows_more_than_the_files(tmp_path: Path) -> None:
    calls = calls_of(tmp_path / "store", "60")
    for _, kept in states(calls, tmp_path / "store", tmp_path / "left", 12, seed=5):
        check(Store(tmp_path / "left"), kept, strict=False)


def test_what_was_lost_is_not_taken_for_stored(tmp_path: Path) -> None:
    """The catalogue reached the disk, the end of the file did not: the same page is a page again, no revisit."""
    store = Store(tmp_path / "archive")
    killed(
        "run = Run(Store(sys.argv[1]), 'skagen', settings_digest=SETTINGS)\n"
        "run.keep(exchange('https://skagen.test/0'))\nrun.keep(exchange('https://skagen.test/1'))\nrun.flush()",
        store.root,
    )
    (path,) = store.root.rglob("*.open")
    last = [r for r in read_records(path) if r.type == "response"][-1]
    os.truncate(path, last.offset)
    with running(store, "skagen") as run:
        assert any("a power cut took what was not yet forced onto the disk" in problem for problem in run.problems)
        assert run.keep(exchange("https://skagen.test/1")).kind == "response"
        assert run.keep(exchange("https://skagen.test/0")).kind == "revisit"
    assert len(records(store, "response")) == 2


# When it is forced


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which files were forced onto the disk by fdatasync."""
    done: list[str] = []
    real = os.fdatasync

    def fdatasync(fd: int) -> None:
        done.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        real(fd)

    monkeypatch.setattr("os.fdatasync", fdatasync)
    return done


def note(number: int) -> Record:
    return Record(type="resource", date=INFO["created"], target_uri=f"urn:x:{number}", block=b"%d" % number)


@pytest.mark.parametrize(("durability", "times"), [(EXCHANGE, 4), (FILE, 1), (Durability(3600), 1), (Durability(1), 4)])
def test_records_are_forced_onto_the_disk_when_they_are_due(
    tmp_path: Path, synced: list[str], durability: Durability, times: int
) -> None:
    writer = WarcWriter(tmp_path / "a.warc.gz", INFO, durability)
    for n in range(3):
        writer.append([note(n)])
    writer.sync_if_due()
    assert len(synced) == times
    writer.close()


def test_what_waits_is_forced_when_its_time_has_come(
    tmp_path: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    writer = WarcWriter(tmp_path / "a.warc.gz", INFO, Durability(10))
    writer.append([note(1)])
    now[0] += 7
    writer.append([note(2)])
    assert len(synced) == 1  # the warcinfo
    now[0] += 1  # in two seconds it would be ten
    writer.sync_if_due()
    writer.sync_if_due()
    assert len(synced) == 2
    writer.close()


# A disk that refuses


def test_a_disk_that_refuses_ends_the_file_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is said to be kept after it: the next fsync would claim that all is well."""
    writer = WarcWriter(tmp_path / "a.warc.gz", INFO)
    before = writer.open_path.read_bytes()
    real = os.fdatasync

    def refusing(fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("os.fdatasync", refusing)
    with pytest.raises(StoreError) as error:
        writer.append([note(1)])
    assert "Input/output error" in refused(error.value)
    assert writer.open_path.read_bytes() == before
    monkeypatch.setattr("os.fdatasync", real)
    for attempt in (lambda: writer.append([note(2)]), writer.close):
        with pytest.raises(StoreError) as error:
            attempt()
        assert "the disk has refused to keep it" in refused(error.value)
    assert not writer.path.exists()


# Parts


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    replace_file(path, b"one")
    replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError):
        replace_file(path, b"three")
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_folders_are_made_with_those_above(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    sync_folder(tmp_path)
