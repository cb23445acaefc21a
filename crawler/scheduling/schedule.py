"""`Schedule`: when a source is crawled, as its TOML file says."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

from crawler.duration import read_duration

__all__ = ["Schedule", "in_words", "read_schedule"]

_NAMES = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}
_SHORTEST, _LONGEST = dt.timedelta(seconds=10), dt.timedelta(days=366)


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a source is crawled, and what becomes of a run that fails or lasts too long.

    Times are aware, lengths are words such as ``45 minutes`` or ``1 hour 30 minutes``.
    """

    when: str
    """``every 45 minutes``, or five cron fields: minute, hour, day of month, month, day of week."""
    timezone: str = ""
    """IANA zone of the cron expression; default: the source's."""
    jitter: str = "0 seconds"
    """Each run begins up to so much later."""
    time_limit: str = "6 hours"
    """A run that lasts longer is stopped."""
    retries: int = 3
    """How often a run that failed is tried again before the next regular one."""
    retry_after: str = "5 minutes"
    """When the first time; after twice as long each time after that."""

    @property
    def interval(self) -> dt.timedelta | None:
        """Between two runs; None for a cron expression."""
        words = self.when.split(maxsplit=1)
        if not words or words[0].lower() != "every":
            return None
        rest = words[1] if len(words) > 1 else ""
        return read_duration(rest if rest[:1].isdigit() else f"1 {rest}")

    def next_after(self, time: dt.datetime) -> dt.datetime:
        """The first regular time after `time`, in UTC, without jitter.

        When clocks are set forward, what falls into the hour left out comes at its end; when they are set back, what
        has a fixed hour comes once, and what comes every hour or oftener goes on (as Debian's cron does it).
        """
        interval = self.interval
        return time.astimezone(dt.UTC) + interval if interval else _next(self.when, self.timezone or "UTC", time)

    def delay(self, name: str, time: dt.datetime) -> dt.timedelta:
        """The jitter of the run of source `name` at that regular time: always the same for the same time."""
        longest = read_duration(self.jitter)
        digest = hashlib.sha256(f"{name} {time.astimezone(dt.UTC).isoformat()}".encode()).digest()
        return longest * (int.from_bytes(digest[:4], "big") / (1 << 32))

    def back_off(self, failures: int) -> dt.timedelta:
        """How long after so many failures in a row the run is tried again: twice as long each time, a day at most."""
        return min(read_duration(self.retry_after) * 2.0 ** min(failures - 1, 20), dt.timedelta(days=1))

    @property
    def limit(self) -> dt.timedelta:
        """How long a run may last."""
        return read_duration(self.time_limit)


def read_schedule(value: object, timezone: str) -> Schedule:
    """What the key ``schedule`` of a source holds: a text, or a table with `Schedule`'s keys.

    `timezone` is the source's. Raises `msgspec.ValidationError` that names the key.
    """
    if not isinstance(value, str | dict):
        _fail(f"{value!r} is no schedule such as 'every 45 minutes' or '*/30 6-22 * * *', nor a table", "")
    try:
        schedule = msgspec.convert({"when": value} if isinstance(value, str) else value, Schedule)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise msgspec.ValidationError(f"{message} - at `$.schedule{path.rstrip('`')}`") from error
    when = "" if isinstance(value, str) else ".when"
    schedule = msgspec.structs.replace(schedule, timezone=schedule.timezone or timezone)
    for key in ("jitter", "time_limit", "retry_after"):
        text = getattr(schedule, key)
        try:
            read_duration(text)
        except ValueError:
            _fail(f"{text!r} is no length of time such as '45 minutes' or '1 hour 30 minutes'", f".{key}")
    if not 0 <= schedule.retries <= 100:
        _fail(f"{schedule.retries} is no number of retries; say 0 to 100", ".retries")
    if schedule.limit < dt.timedelta(seconds=1):
        _fail(f"{schedule.time_limit!r} is too short for a crawl", ".time_limit")
    try:
        ZoneInfo(schedule.timezone)
    except (KeyError, ValueError, OSError):
        _fail(f"{schedule.timezone!r} is no IANA time zone such as Europe/Berlin", ".timezone")
    try:
        interval = schedule.interval
        schedule.next_after(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    except CronSimError as error:
        _fail(f"{schedule.when!r} is no cron expression ({_wrong(schedule.when, error)})", when)
    except (ValueError, OverflowError):
        _fail(f"{schedule.when!r} is no interval such as 'every 45 minutes' or 'every 2 hours'", when)
    if interval and not _SHORTEST <= interval <= _LONGEST:
        _fail(f"{schedule.when!r} is too short or too long; the least are 10 seconds, the most a year", when)
    return schedule


@lru_cache(maxsize=256)
def in_words(schedule: Schedule) -> str:
    """A schedule for people: ``Every 30th minute from 06:00 through 22:59, Europe/Moscow``."""
    if schedule.interval:
        return " ".join(schedule.when.split()).capitalize()
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return f"{CronSim(_cron(schedule.when), now).explain()}, {schedule.timezone}"


@lru_cache(maxsize=1024)
def _next(when: str, timezone: str, time: dt.datetime) -> dt.datetime:
    zone = ZoneInfo(timezone)
    for found in CronSim(_cron(when), time.astimezone(zone)):
        # In the hour that comes twice, a fixed time is found in the past.
        if (at := found.replace(tzinfo=found.tzinfo or zone).astimezone(dt.UTC)) > time:
            return at
    raise CronSimError(f"{when!r} never comes")


def _cron(when: str) -> str:
    fields = _NAMES.get(when.strip().lower(), when)
    if len(fields.split()) != 5:  # six would begin with seconds
        raise CronSimError("Wrong number of fields")
    return fields


def _wrong(when: str, error: CronSimError) -> str:
    said = str(error)
    if said.startswith("Bad "):
        return f"its {said.removeprefix('Bad ').replace('-', ' ')} is wrong"
    if said.startswith("Wrong"):
        return f"it has {len(when.split())} fields, not five: minute hour day month weekday; or say 'every 45 minutes'"
    return "it names a day that never comes"


def _fail(message: str, key: str) -> None:
    raise msgspec.ValidationError(f"{message} - at `$.schedule{key}`")
