"""What the scheduler remembers outlives it, or is harmlessly lost."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from archive.errors import StoreError
from crawler.scheduling.plan import Outcome, Plan
from crawler.scheduling.state import StateFile

NOON = dt.datetime(2026, 11, 30, 12, 0, 0, 250_000, tzinfo=dt.UTC)
PLANS = {
    "gazette": Plan(when="every hour", handled=NOON, running=NOON, failures=2),
    "herald": Plan(when="0 6 * * *", handled=NOON, began=NOON, ended=NOON, outcome=Outcome("failed", -9, "it was…")),
}


def test_plans_come_back_as_they_were(tmp_path: Path) -> None:
    state = StateFile(tmp_path)
    assert state.load() == {}
    state.keep(PLANS)
    assert StateFile(tmp_path).load() == PLANS
    assert [path.name for path in tmp_path.iterdir()] == ["schedule.json"]


def test_a_full_disk_leaves_what_was_kept(tmp_path: Path) -> None:
    state = StateFile(tmp_path)
    state.keep(PLANS)
    (tmp_path / "schedule.json.new").symlink_to("/dev/full")
    with pytest.raises(StoreError, match=r"schedule\.json: can't be written: No space left on device; runs go on"):
        state.keep({})
    assert state.load() == PLANS
    assert [path.name for path in tmp_path.iterdir()] == ["schedule.json"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"a": {"when": "every hour", "handled": "2026-11-30T12:00:00"}}', "\udc80", "[" * 9999]
)
def test_what_cannot_be_read_is_put_aside(text: str, tmp_path: Path) -> None:
    state = StateFile(tmp_path)
    state.path.write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(StoreError, match="does not hold what scrapy schedule wrote"):
        state.load()
    aside = state.put_aside()
    assert aside.read_text("utf-8", "surrogateescape") == text
    assert state.load() == {}
