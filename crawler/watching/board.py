"""`Board`: what a scheduler knows of its sources now, for the live view and for metrics."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from archive import clock
from archive.tally import Tally
from crawler.scheduling.plan import Outcome, Plan
from crawler.scheduling.schedule import Schedule
from crawler.watching.report import Report

__all__ = ["Board", "added"]


class Board:
    """Written by the scheduler's thread alone; others may read, what they get is a copy or never changed."""

    def __init__(self) -> None:
        self.began = clock.now()
        self.stopping = False
        self._plans: Mapping[str, Plan] = {}
        self._schedules: Mapping[str, Schedule] = {}
        self._reports: dict[str, Report] = {}
        self._ended: dict[str, Tally] = {}
        self._results: Counter[tuple[str, str]] = Counter()

    def follow(self, schedules: Mapping[str, Schedule], plans: Mapping[str, Plan]) -> None:
        """These are the schedules and plans now."""
        self._schedules, self._plans = dict(schedules), dict(plans)

    def begins(self, source: str) -> None:
        """A crawl has begun."""
        self._reports[source] = Report(source=source)

    def report(self, source: str, report: Report) -> None:
        """A crawl tells how it stands."""
        self._reports[source] = msgspec.structs.replace(report, source=source)

    def ended(self, source: str, outcome: Outcome) -> None:
        """A crawl has ended; its last report counts."""
        if report := self._reports.pop(source, None):
            self._ended[source] = added(self._ended.get(source, Tally()), report.tally)
        self._results[source, outcome.result] += 1

    @property
    def reports(self) -> list[Report]:
        """The crawls under way that this scheduler has begun, in order of their names."""
        return [report for _, report in sorted(self._reports.copy().items())]

    @property
    def plans(self) -> dict[str, Plan]:
        """Of the sources that are followed."""
        plans, schedules = self._plans, self._schedules
        return {name: plans[name] for name in sorted(schedules) if name in plans}

    @property
    def results(self) -> dict[tuple[str, str], int]:
        """How many runs of a source ended with which result, since the scheduler began."""
        return dict(self._results.copy())

    def tallies(self) -> dict[str, Tally]:
        """Of each source since the scheduler began, the runs under way included."""
        ended, reports = self._ended.copy(), self._reports.copy()
        names = sorted({*self._schedules, *ended, *reports})
        return {
            name: added(ended.get(name, Tally()), reports[name].tally if name in reports else Tally()) for name in names
        }

    def due(self, source: str) -> dt.datetime | None:
        """When a source is crawled next; None while it is."""
        plan, schedule = self._plans.get(source), self._schedules.get(source)
        return plan.due(source, schedule) if plan and schedule and not plan.running else None

    def next(self) -> tuple[str, dt.datetime] | None:
        """The source that is crawled next, and when."""
        found = [(due, name) for name in self.plans if (due := self.due(name))]
        return (min(found)[1], min(found)[0]) if found else None


def added(one: Tally, other: Tally) -> Tally:
    """Two tallies together; of memory the greater."""
    sums: dict[str, Any] = {}
    for name in Tally.__struct_fields__:
        a, b = getattr(one, name), getattr(other, name)
        if isinstance(a, dict):
            sums[name] = {key: a.get(key, 0) + b.get(key, 0) for key in sorted(a.keys() | b.keys())}
        else:
            sums[name] = max(a, b) if name == "peak_memory" else a + b
    return Tally(**sums)
