"""`Scheduler`: decides which sources are crawled now. It waits for nothing and knows no processes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from archive import clock
from crawler.scheduling.plan import Outcome, Plan
from crawler.scheduling.schedule import Schedule

__all__ = ["Runner", "Scheduler"]


class Runner(Protocol):
    """What crawls, and knows of crawls that the scheduler did not start."""

    def start(self, name: str, schedule: Schedule) -> None:
        """Begin a crawl of a source; `Scheduler.ended` is to be called when it has ended, and may be at once."""

    def is_busy(self, name: str) -> bool:
        """Whether a crawl of the source is under way, whoever started it."""

    def look_up(self, name: str, since: dt.datetime) -> Outcome:
        """How a crawl ended that was begun at `since` by a scheduler that has been killed."""

    def last_run(self, name: str) -> dt.datetime | None:
        """When the last crawl of the source began that the archive knows."""


class Scheduler:
    """Drive it with `step` whenever `next_time` has come, and tell it what has `ended`.

    Parts: `plans`, as they were kept; `keep`, called with all of them after each change and before a crawl starts;
    `at_once`, the most runs at a time; `say`, for sentences; `is_worth`, which may let a regular time pass when nothing
    is due on the site.
    """

    def __init__(
        self,
        schedules: Mapping[str, Schedule],
        runner: Runner,
        *,
        plans: Mapping[str, Plan] | None = None,
        keep: Callable[[dict[str, Plan]], None] = lambda plans: None,
        at_once: int = 2,
        say: Callable[[str, str], None] = lambda name, sentence: None,
        is_worth: Callable[[str], bool] = lambda name: True,
        now: clock.Clock | None = None,
    ) -> None:
        self.plans = dict(plans or {})
        self.schedules: dict[str, Schedule] = {}
        self._runner = runner
        self._keep = keep
        self._at_once = max(at_once, 1)
        self._say = say
        self._is_worth = is_worth
        self._now = now or clock.now
        self._own: set[str] = set()
        """Sources whose runs we have started."""
        self._waiting: set[str] = set()
        """Sources that are due while somebody else crawls them."""
        self.follow(schedules)

    def follow(self, schedules: Mapping[str, Schedule]) -> None:
        """Go by these schedules from now on. Plans of sources that are not among them are kept, but not followed."""
        self.schedules = dict(schedules)
        self._renew()

    def _renew(self) -> None:
        """Bring all plans to the present time."""
        now, before = self._now(), dict(self.plans)
        for name, schedule in self.schedules.items():
            if plan := self.plans.get(name):
                self.plans[name] = plan.under(schedule, now)
            else:
                self.plans[name] = Plan.new(schedule, now, self._runner.last_run(name))
        if self.plans != before:
            self._keep(self.plans)

    @property
    def running(self) -> list[str]:
        """The sources with a run under way, those included that a killed scheduler has left."""
        return [name for name, plan in self.plans.items() if plan.running]

    def due(self) -> list[str]:
        """The sources whose time has come and that are not running, longest waiting first."""
        self._renew()
        now = self._now()
        return [name for time, name in sorted((self.plans[n].due(n, s), n) for n, s in self._idle()) if time <= now]

    def next_time(self) -> dt.datetime | None:
        """When the next source is due, be it in the past; None if none is left to wait for."""
        self._renew()
        return min((self.plans[name].due(name, schedule) for name, schedule in self._idle()), default=None)

    def step(self, only: Iterable[str] | None = None) -> list[str]:
        """Start what is due (of `only` these, if given), as far as there is room. Returns what was started."""
        self.take_over()
        started = []
        wanted = None if only is None else set(only)
        for name in self.due():
            if wanted is not None and name not in wanted:
                continue
            if len(self.running) >= self._at_once:
                break
            if self._start(name):
                started.append(name)
        return started

    def _start(self, name: str) -> bool:
        now, schedule = self._now(), self.schedules[name]
        plan = self.plans[name]
        if self._runner.is_busy(name):
            if name not in self._waiting:
                self._waiting.add(name)
                self._say(name, "is due, but is being crawled already; its run waits for that to end.")
            return False
        waited = name in self._waiting
        self._waiting.discard(name)
        if not plan.again and not self._is_worth(name):
            if waited:
                self._say(name, "needs no run now: nothing is due on its site.")
            self._set(name, plan.passed(name, schedule, now))
            return False
        self._set(name, plan.start(name, schedule, now))
        self._own.add(name)
        self._runner.start(name, schedule)
        return True

    def take_over(self) -> None:
        """See to the runs that a killed scheduler left: wait for those that go on, note how the others ended."""
        for name, plan in list(self.plans.items()):
            if plan.running and name not in self._own and not self._runner.is_busy(name):
                outcome = self._runner.look_up(name, plan.running)
                about = f": {outcome.summary}" if outcome.summary else ""
                self._say(name, f"was begun by a scheduler that was killed; that run: {outcome.result}{about}.")
                self.ended(name, outcome)

    def ended(self, name: str, outcome: Outcome) -> None:
        """The run of a source has ended."""
        now = self._now()
        self._own.discard(name)
        plan = self.plans[name]
        schedule = self.schedules.get(name) or Schedule(when=plan.when, timezone="UTC")
        plan = plan.end(schedule, now, outcome)
        self._set(name, plan)
        if outcome.result in ("failed", "interrupted"):
            self._say(name, _next_try(plan, schedule))

    def _idle(self) -> list[tuple[str, Schedule]]:
        return [(name, schedule) for name, schedule in self.schedules.items() if not self.plans[name].running]

    def _set(self, name: str, plan: Plan) -> None:
        self.plans[name] = plan
        self._keep(self.plans)


def _next_try(plan: Plan, schedule: Schedule) -> str:
    if plan.again:
        return f"is tried again at {plan.again:%Y-%m-%d %H:%M:%S} UTC ({plan.failures} of {schedule.retries})."
    return "is not tried again before its next time; it has failed too often."
