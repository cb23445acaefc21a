"""`Plan`: what is remembered of one source between its runs, and when the next one is due."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec

from crawler.scheduling.schedule import Schedule

__all__ = ["Outcome", "Plan", "Result"]

Result = Literal["done", "failed", "stopped", "interrupted", "too long"]
"""How a run ended. *stopped*: with the scheduler; *interrupted*: killed, nobody knows by whom; *too long*: by its time
limit."""

_Time = Annotated[dt.datetime, msgspec.Meta(tz=True)]

_LONG_AGO = dt.timedelta(days=3660)
"""Times before that are nobody's: the file was tampered with, or the clock was wrong."""
_STEP_BACK = dt.timedelta(minutes=5)
"""A clock that goes back by less is waited for, so that nothing runs twice; after more, plans begin again from now."""


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended."""

    result: Result
    code: int | None = None
    """Its exit code; negative: the signal that killed it; None: not known."""
    summary: str = ""
    """What it fetched, or why it failed."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One source's place in its schedule. All times are aware and UTC; methods return the plan that follows."""

    when: str
    """The schedule's own words; another schedule begins from now."""
    handled: _Time
    """Regular times up to this one have been seen to."""
    running: _Time | None = None
    """When the run under way began."""
    failures: int = 0
    """Runs in a row that failed, since the last regular time."""
    again: _Time | None = None
    """When the last run is tried again."""
    began: _Time | None = None
    """The last run that has ended: when it began, ..."""
    ended: _Time | None = None
    outcome: Outcome | None = None

    @classmethod
    def new(cls, schedule: Schedule, now: dt.datetime, last_run: dt.datetime | None) -> Plan:
        """Of a source that nothing is remembered of; `last_run` is when its last crawl began, if it ever was.

        Times since then are made up for. Where there was none, an interval begins with a run at once, and a cron
        expression with its next time.
        """
        interval = schedule.interval
        handled = last_run or (now - interval if interval else now)
        return cls(when=schedule.when, handled=min(handled, now)).under(schedule, now)

    def under(self, schedule: Schedule, now: dt.datetime) -> Plan:
        """The plan at the present time: under a schedule that may have been changed, by a clock that may have jumped.

        A jump ahead needs nothing: what was left out is due, once.
        """
        plan = self
        if plan.when != schedule.when:
            plan = msgspec.structs.replace(plan, when=schedule.when, handled=max(plan.handled, now))
        if not -_LONG_AGO <= plan.handled - now <= _STEP_BACK:
            back = plan.handled > now
            plan = msgspec.structs.replace(plan, handled=now if back else now - _LONG_AGO)
        if plan.again and plan.again - now > (longest := schedule.back_off(max(plan.failures, 1))) + _STEP_BACK:
            plan = msgspec.structs.replace(plan, again=now + longest)
        return plan

    def due(self, name: str, schedule: Schedule) -> dt.datetime:
        """When source `name` is to run next; in the past if that was missed."""
        regular = self._regular(name, schedule)
        return min(regular, self.again) if self.again else regular

    def start(self, name: str, schedule: Schedule, now: dt.datetime) -> Plan:
        """A run begins, and makes up for every regular time until now."""
        plan = self.passed(name, schedule, now) if self._regular(name, schedule) <= now else self
        return msgspec.structs.replace(plan, running=now, again=None)

    def passed(self, name: str, schedule: Schedule, now: dt.datetime) -> Plan:
        """The regular times until now are seen to."""
        handled = now
        if schedule.interval:  # counted from the regular time: jitter must not add up
            handled = now - schedule.delay(name, schedule.next_after(self.handled))
        return msgspec.structs.replace(self, handled=max(handled, self.handled), failures=0)

    def end(self, schedule: Schedule, now: dt.datetime, outcome: Outcome) -> Plan:
        """The run has ended. What failed or was interrupted is tried again, what was stopped goes on next time."""
        began = self.running or now
        failures, again = 0, None
        if outcome.result == "stopped":
            failures, again = self.failures, now
        elif outcome.result in ("failed", "interrupted"):
            failures = self.failures + 1
            if failures <= schedule.retries:
                wait = schedule.back_off(failures)
                # When an interrupted run ended is not known.
                again = now + wait if outcome.result == "failed" else max(now, began + wait)
        return msgspec.structs.replace(
            self, running=None, failures=failures, again=again, began=began, ended=now, outcome=outcome
        )

    def _regular(self, name: str, schedule: Schedule) -> dt.datetime:
        time = schedule.next_after(self.handled)
        return time + schedule.delay(name, time)
