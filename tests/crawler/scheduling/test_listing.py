"""What ``scrapy schedule --list`` tells of each source."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from archive import clock
from archive.storage import Store
from crawler.commands.schedule import _cells
from crawler.scheduling.listing import Entry, entries
from crawler.scheduling.plan import Outcome, Plan
from crawler.scheduling.schedule import read_schedule

NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
HOURLY = read_schedule("every hour", "UTC")


def listed(store: Store, plan: Plan | None) -> Entry:
    with clock.showing(lambda: NOON):
        (entry,) = entries(store, {"gazette": HOURLY}, {"gazette": plan} if plan else {})
        return entry


def test_a_source_without_a_schedule(tmp_path: Path) -> None:
    (entry,) = entries(Store(tmp_path), {"gazette": None}, {})
    assert entry == Entry(source="gazette", schedule=None)
    assert _cells(entry) == ["gazette", "not scheduled", "never", "", ""]


def test_a_source_that_was_never_crawled(tmp_path: Path) -> None:
    entry = listed(Store(tmp_path), None)
    assert entry == Entry(source="gazette", schedule="Every hour", next=NOON)
    assert _cells(entry)[2:] == ["never", "", "now"]


def test_last_and_next_run(tmp_path: Path) -> None:
    began, ended = NOON - dt.timedelta(minutes=30), NOON - dt.timedelta(minutes=28)
    outcome = Outcome("failed", 1, "The archive\x1b is full.")
    plan = Plan(when="every hour", handled=began, began=began, ended=ended, outcome=outcome)
    entry = listed(Store(tmp_path), plan)
    assert (entry.last_began, entry.last_seconds, entry.last_result) == (began, 120, "failed")
    assert entry.next == NOON + dt.timedelta(minutes=30)
    assert _cells(entry)[3] == "failed in 120 s: The archive\ufffd is full."


def test_a_run_under_way_and_one_that_was_killed_with_its_scheduler(tmp_path: Path) -> None:
    store = Store(tmp_path)
    began = NOON - dt.timedelta(minutes=2)
    plan = Plan(when="every hour", handled=began, running=began)
    with store.lock("scheduled-gazette", "a test"):
        entry = listed(store, plan)
    assert (entry.running_since, entry.next) == (began, None)
    assert _cells(entry)[3] == f"running since {began.astimezone():%Y-%m-%d %H:%M:%S}"
    entry = listed(store, plan)
    assert (entry.running_since, entry.last_result, entry.last_summary) == (None, "interrupted", "it left nothing")
    assert entry.next == began + dt.timedelta(minutes=5), "it is tried again"
