"""`World`: a time that can be set, and crawls that outlive the scheduler that began them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from crawler.scheduling.plan import Outcome, Plan
from crawler.scheduling.schedule import Schedule, read_schedule
from crawler.scheduling.scheduler import Scheduler

__all__ = ["DONE", "FAILED", "World", "schedules"]

DONE, FAILED = Outcome("done", 0), Outcome("failed", 1)


def schedules(**sources: object) -> dict[str, Schedule]:
    """What the key ``schedule`` of each source says."""
    return {name: read_schedule(value, "UTC") for name, value in sources.items()}


class World:
    """Is the runner of the one scheduler at work in it."""

    def __init__(self, sources: Mapping[str, Schedule], *, at_once: int = 2) -> None:
        self.sources = dict(sources)
        self.time = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.UTC)
        self.at_once = at_once
        self.kept: dict[str, Plan] = {}
        self.crawling: dict[str, dt.datetime] = {}
        """Scheduled crawls under way, and when each began."""
        self.by_hand: set[str] = set()
        self.left: dict[tuple[str, dt.datetime], Outcome] = {}
        """What the archive knows of crawls whose scheduler was killed."""
        self.began: list[tuple[str, dt.datetime]] = []
        self.said: list[str] = []
        self.last: dict[str, dt.datetime] = {}
        self.scheduler = self.new_scheduler()

    def new_scheduler(self) -> Scheduler:
        """The former one was killed: what it kept is all that is left of it."""
        self.scheduler = Scheduler(
            self.sources,
            self,
            plans=self.kept,
            keep=lambda plans: setattr(self, "kept", dict(plans)),
            at_once=self.at_once,
            say=lambda name, sentence: self.said.append(f"{name} {sentence}"),
            now=lambda: self.time,
        )
        return self.scheduler

    def start(self, name: str, schedule: Schedule) -> None:
        assert name not in self.crawling, "two crawls of one source"
        assert name not in self.by_hand, "a crawl beside one by hand"
        assert self.kept[name].running == self.time, "begun before that was kept"
        self.crawling[name] = self.last[name] = self.time
        assert len(self.crawling) <= self.at_once
        self.began.append((name, self.time))

    def is_busy(self, name: str) -> bool:
        return name in self.crawling or name in self.by_hand

    def look_up(self, name: str, since: dt.datetime) -> Outcome:
        return self.left.pop((name, since), Outcome("interrupted"))

    def last_run(self, name: str) -> dt.datetime | None:
        return self.last.get(name)

    def end(self, name: str, outcome: Outcome = DONE) -> None:
        """A crawl ends; whether the scheduler that began it hears of it depends on whether it lives."""
        began = self.crawling.pop(name)
        if name in self.scheduler._own:
            self.scheduler.ended(name, outcome)
        else:
            self.left[name, began] = outcome

    def wait(self, **length: float) -> None:
        self.time += dt.timedelta(**length)

    def times(self, name: str) -> list[str]:
        """When crawls of a source began."""
        return [f"{time:%d %H:%M}" for n, time in self.began if n == name]

    def live(self, *, until: dt.datetime, lasting: dt.timedelta = dt.timedelta(minutes=1)) -> None:
        """Go on until a time; every crawl lasts as long and ends well."""
        while self.time < until:
            self.scheduler.step()
            ends = [began + lasting for began in self.crawling.values()]
            comes = self.scheduler.next_time()
            times = [t for t in (*ends, comes) if t and t > self.time]
            self.time = min([*times, until])
            for name, began in list(self.crawling.items()):
                if began + lasting <= self.time:
                    self.end(name)
