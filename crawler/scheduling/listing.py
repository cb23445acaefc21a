"""`Entry`: one source in ``scrapy schedule --list``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from archive import clock
from archive.storage import Store
from crawler.scheduling.lookup import last_run, outcome_of
from crawler.scheduling.plan import Outcome, Plan
from crawler.scheduling.schedule import Schedule, in_words

__all__ = ["Entry", "entries"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """When a source was crawled by the scheduler, how that ended, and when it is crawled next. Times are UTC."""

    source: str
    schedule: str | None
    """In words; None for a source without one."""
    running_since: dt.datetime | None = None
    last_began: dt.datetime | None = None
    last_seconds: float | None = None
    last_result: str | None = None
    last_summary: str | None = None
    next: dt.datetime | None = None
    """In the past: it is overdue, since no scheduler is at work, or none has room."""


def entries(store: Store, schedules: Mapping[str, Schedule | None], plans: Mapping[str, Plan]) -> list[Entry]:
    """An entry for each source, in order of their names."""
    return [_entry(store, name, schedule, plans.get(name)) for name, schedule in sorted(schedules.items())]


def _entry(store: Store, name: str, schedule: Schedule | None, plan: Plan | None) -> Entry:
    if not schedule:
        return Entry(source=name, schedule=None)
    now = clock.now()
    plan = plan.under(schedule, now) if plan else Plan.new(schedule, now, last_run(store, name))
    if plan.running and not store.is_held(f"scheduled-{name}"):  # its scheduler was killed, and none came after
        plan = plan.end(schedule, now, outcome_of(store, name, plan.running))
    outcome = plan.outcome or Outcome("done")
    lasted = (plan.ended - plan.began).total_seconds() if plan.ended and plan.began else None
    return Entry(
        source=name,
        schedule=in_words(schedule),
        running_since=plan.running,
        last_began=plan.began,
        last_seconds=None if lasted is None else max(lasted, 0.0),
        last_result=outcome.result if plan.outcome else None,
        last_summary=outcome.summary if plan.outcome else None,
        next=None if plan.running else plan.due(name, schedule),
    )
