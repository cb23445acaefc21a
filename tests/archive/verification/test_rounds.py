"""Verification in rounds: what is remembered, what is believed of it, and what has its turn."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from pathlib import Path

import pytest

from archive import clock
from archive.storage import Store
from archive.verification.files import Throttle, check_files
from archive.verification.memory import Memory
from archive.verification.rounds import verify_round
from archive.verification.verification import Verification
from archive.verification.verify import verify
from tests.archive.making import exchange, keep_page, page, running, wire


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six files; the last run's texts and revisits are of pages of the first one."""
    root = tmp_path_factory.mktemp("made") / "archive"
    for source in ("ellery", "skagen", "nordlys"):
        with running(Store(root), source) as run:
            keep_page(run, f"https://{source}.test/storm", page(f"Storm keeps the boats of {source} in"))
            run.keep(exchange("https://shared.test/", wire(b"shared")))
    return root


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    return Store(shutil.copytree(made, tmp_path / "archive", copy_function=shutil.copy2))


def flip(path: Path) -> None:
    """Change a byte and leave size and time of change as they were."""
    times = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def share(store: Store, **options: float | int) -> tuple[Verification, set[str]]:
    """One round of a share; returns also the files that were looked at."""
    before = Memory(store).looks
    time.sleep(0)
    found, said = verify_round(store, extract=False, **options)  # type: ignore[arg-type]
    assert said == []
    now = Memory(store).looks
    return found, {name for name, look in now.items() if look is not before.get(name) and look != before.get(name)}


def at(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    moment = dt.datetime(2026, 12, 1, tzinfo=dt.UTC) + dt.timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_all_files_are_verified_and_remembered(store: Store) -> None:
    found, said = verify_round(store)
    assert (found.faults, found.skipped, said) == ([], 0, [])
    assert set(Memory(store).looks) == set(store.files())
    assert all(look.ok and look.extracted for look in Memory(store).looks.values())
    assert verify(store, extract=False).faults == []


def test_what_was_verified_lately_has_no_turn(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, 0)
    verify_round(store, extract=False)
    at(monkeypatch, 5)
    found, seen = share(store, older_than=7)
    assert (found.files, found.skipped, seen) == (0, 6, set())
    at(monkeypatch, 8)
    found, seen = share(store, older_than=7)
    assert (found.files, found.skipped) == (6, 0)


def test_a_budget_takes_the_oldest_first_and_comes_to_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    for day in range(6):  # each day takes one file at least
        at(monkeypatch, day)
        found, now = share(store, budget=4000)
        assert found.faults == []
        seen.append(now)
    assert set.union(*seen) == set(store.files())
    assert all(seen)


@pytest.mark.parametrize("kind", ["originals", "derived"])
def test_a_changed_file_has_its_turn_at_once(store: Store, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one whose size and time were put back: a change of the inode can't be."""
    at(monkeypatch, 0)
    verify_round(store, extract=False)
    name = store.files("originals" if kind == "originals" else "derived")[1]
    flip(store.path(name))
    at(monkeypatch, 1)
    found, seen = share(store, older_than=30)
    assert seen == {name}
    assert any(name in fault.where for fault in found.faults)
    at(monkeypatch, 2)
    found, seen = share(store, older_than=30)
    assert seen == {name}
    assert found.faults


def test_pages_in_files_that_had_no_turn_are_looked_up(store: Store) -> None:
    found = verify_round(store)[0]
    for name in store.files():
        if "nordlys" in name:
            os.utime(store.path(name), ns=(1, time.time_ns()))
    found, seen = share(store, older_than=30)
    assert found.faults == []
    assert seen == {name for name in store.files() if "nordlys" in name}


def test_without_extraction_is_not_enough_for_with(store: Store) -> None:
    verify_round(store, extract=False)
    assert verify_round(store, extract=False, older_than=30)[0].files == 0
    assert verify_round(store, older_than=30)[0].files == 6
    assert verify_round(store, older_than=30)[0].files == 0


def test_a_memory_that_was_changed_is_not_believed(store: Store) -> None:
    verify_round(store, extract=False)
    path = store.root / "verified.json"
    path.write_bytes(path.read_bytes().replace(b"true", b"false", 1))
    found, said = verify_round(store, extract=False, older_than=30)
    assert found.files == 6
    assert [fault.where for fault in found.faults] == ["verified.json"]
    assert "every file counts as never verified" in said[0]
    assert verify(store, extract=False).faults == []


def test_a_store_that_cannot_be_written_is_verified_all_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr("archive.verification.memory.replace_file", refuse)
    found, said = verify_round(store, extract=False)
    assert (found.faults, found.files) == ([], 6)
    assert said == [
        f"{store.root / 'verified.json'}: can't be written: Read-only file system; that these files were verified is "
        "not remembered."
    ]


def test_files_that_are_gone_are_forgotten(store: Store) -> None:
    verify_round(store, extract=False)
    gone = store.files()[0]
    store.path(gone).unlink()
    verify_round(store, extract=False, older_than=1)
    assert gone not in Memory(store).looks


# Several at a time


def test_several_processes_find_what_one_does(store: Store) -> None:
    flip(store.path(store.files()[0]))
    flip(store.path(store.files()[3]))
    one, several = (verify(store, extract=False, jobs=jobs) for jobs in (1, 2))
    assert several == one
    assert several.files == 6
    names = store.files()
    assert [report.name for report, _ in check_files(store, names, jobs=3, throttle=Throttle())] == names


def test_the_rate_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", sleep)
    throttle = Throttle(1000)
    for _ in range(10):
        throttle.take(500)
    assert now[0] == pytest.approx(5)
    unlimited = Throttle()
    unlimited.take(1 << 40)
    assert now[0] == pytest.approx(5)


def test_all_that_is_read_counts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    monkeypatch.setattr(Throttle, "take", lambda self, size: taken.append(size))
    verify(store, extract=False, rate=1e9)
    assert sum(taken) >= 2 * sum(store.path(name).stat().st_size for name in store.files())
