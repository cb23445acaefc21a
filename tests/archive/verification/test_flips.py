"""Flipped bits and truncations of every file of a store, the short form of ``python -m tests.flips``."""

from __future__ import annotations

import pytest

from archive.storage import Store
from archive.verification.verify import verify
from tests.flips.flips import try_flips, watched
from tests.flips.store import full_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return full_store(tmp_path_factory.mktemp("full") / "archive")


def test_every_kind_of_file_is_there(store: Store) -> None:
    kinds = {path.relative_to(store.root).parts[0] for path in watched(store)}
    own = {"alarms-mail.json", "schedule.json", "verified.json", "catalogue.sqlite", "catalogue.sqlite.sha256"}
    assert kinds == {"originals", "derived", "damaged"} | own


def test_every_flip_is_found_and_its_record_named(store: Store) -> None:
    tally = try_flips(store, 150, seed=3)
    assert tally.silent == []
    assert tally.misplaced == []
    assert tally.in_records > 30
    assert tally.truncations == 15


def test_verify_says_what_the_quick_check_says(store: Store) -> None:
    """The long form looks at one file at a time; the whole verification finds the same in it."""
    for path in [p for p in watched(store) if p.suffix != ".sha256"][::7]:
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 4]))
        named = path.relative_to(store.root).as_posix()
        assert any(fault.where.startswith(named) for fault in verify(store, extract=False).faults), named
        path.write_bytes(data)
    assert verify(store, extract=False).faults == []
