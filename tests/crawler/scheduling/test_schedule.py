"""When the next run is: cron expressions and intervals, over the days on which clocks are changed."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.duration import read_duration
from crawler.scheduling.schedule import Schedule, in_words, read_schedule

HALF_HOURS = "*/30 6-22 * * *"


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def times(when: str, zone: str, start: str, number: int) -> list[str]:
    """The regular times after `start` (UTC), as clocks on the wall show them (UTC)."""
    schedule, time, found = read_schedule(when, zone), utc(start), []
    for _ in range(number):
        time = schedule.next_after(time)
        found.append(f"{time:%d %H:%M}")
    return found


def test_cron_goes_by_the_zone_of_the_source() -> None:
    assert times(HALF_HOURS, "Europe/Moscow", "2026-11-30T19:10", 3) == ["30 19:30", "01 03:00", "01 03:30"]
    assert times("0 6 * * *", "Asia/Kathmandu", "2026-11-30T12:00", 1) == ["01 00:15"]
    table = read_schedule({"when": "0 6 * * *", "timezone": "UTC"}, "Europe/Moscow")
    assert table.next_after(utc("2026-11-30T12:00")) == utc("2026-12-01T06:00")


@pytest.mark.parametrize(
    ("when", "start", "expected"),
    [
        # Clocks go forward at 01:00 UTC: there is no 02:30 in Berlin.
        ("30 2 * * *", "2026-03-28T02:00", ["29 01:00", "30 00:30"]),
        ("*/30 * * * *", "2026-03-29T00:30", ["29 01:00", "29 01:30"]),
        # They go back at 01:00 UTC: 02:30 comes twice.
        ("30 2 * * *", "2026-10-24T12:00", ["25 00:30", "26 01:30"]),
        ("30 2 * * *", "2026-10-25T01:10", ["26 01:30", "27 01:30"]),
        ("*/30 * * * *", "2026-10-25T00:10", ["25 00:30", "25 01:00", "25 01:30", "25 02:00"]),
    ],
)
def test_days_on_which_clocks_change(when: str, start: str, expected: list[str]) -> None:
    assert times(when, "Europe/Berlin", start, len(expected)) == expected


def test_intervals() -> None:
    assert times("every 45 minutes", "Europe/Berlin", "2026-10-25T00:30", 2) == ["25 01:15", "25 02:00"]
    assert read_schedule("every hour", "UTC").interval == dt.timedelta(hours=1)
    assert read_schedule("Every 2 hours 30 minutes", "UTC").interval == dt.timedelta(minutes=150)


def test_lengths_of_time() -> None:
    for text in ("90 minutes", "1 hour 30 minutes", "1 hour, 30 minutes", "1 hour and 30 min", "1h30m", "5400 s"):
        assert read_duration(text) == dt.timedelta(minutes=90), text
    for text in ("", "45", "minutes", "-5 minutes", "5 moons", "5 minutes or so", "1.5 hours", "9999999 days"):
        with pytest.raises(ValueError, match="^" + (text or "$")):
            read_duration(text)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("* * *", "it has 3 fields, not five"),
        ("* * * * * *", "it has 6 fields, not five"),
        ("61 * * * *", "its minute is wrong"),
        ("0 24 * * *", "its hour is wrong"),
        ("0 0 31 2 *", "its day of month is wrong"),
        ("0 0 * * FRY", "its day of week is wrong"),
        ("0 0 * * MON#5,", "its day of week is wrong"),
        ("", "it has 0 fields"),
        ("every now and then", "is no interval such as 'every 45 minutes'"),
        ("every", "is no interval"),
        ("every 3 seconds", "the least are 10 seconds"),
        ("every 500 days", "the most a year"),
        (30, "30 is no schedule such as 'every 45 minutes'"),
        (["0 6 * * *"], "is no schedule such as"),
        ({"jitter": "1 minute"}, "missing required field `when` - at `$.schedule`"),
        ({"when": "every hour", "often": True}, "unknown field `often` - at `$.schedule`"),
        ({"when": 5}, "got `int` - at `$.schedule.when`"),
        ({"when": "61 * * * *"}, "its minute is wrong - at `$.schedule.when`"),
        ({"when": "every hour", "jitter": "a while"}, "'a while' is no length of time - at `$.schedule.jitter`"),
        ({"when": "every hour", "time_limit": "0 seconds"}, "too short for a crawl - at `$.schedule.time_limit`"),
        ({"when": "every hour", "retries": -1}, "-1 is no number of retries - at `$.schedule.retries`"),
        ({"when": "every hour", "timezone": "Mars/Olympus"}, "no IANA time zone - at `$.schedule.timezone`"),
    ],
)
def test_what_is_no_schedule(value: object, message: str) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        read_schedule(value, "UTC")
    said, _, key = str(error.value).partition(" - at ")
    assert message.partition(" - at ")[0] in said
    assert key == (message.partition(" - at ")[2] or "`$.schedule`")


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.one_of(st.text(alphabet="0123456789*/,-#LWMONevry hours@ daily", max_size=24), st.text(max_size=12)))
def test_any_text_is_a_schedule_or_refused_in_one_sentence(text: str) -> None:
    try:
        schedule = read_schedule(text, "America/New_York")
    except msgspec.ValidationError as error:
        assert str(error).endswith(" - at `$.schedule`")
        return
    now = utc("2026-11-01T05:30")
    assert schedule.next_after(now) > now
    assert in_words(schedule)


def test_in_words() -> None:
    assert (
        in_words(read_schedule(HALF_HOURS, "Europe/Moscow"))
        == "Every 30th minute from 06:00 through 22:59, Europe/Moscow"
    )
    assert in_words(read_schedule("@daily", "UTC")) == "At 00:00 every day, UTC"
    assert in_words(read_schedule("every  45 minutes", "UTC")) == "Every 45 minutes"


def test_jitter_is_the_same_whenever_it_is_asked_for() -> None:
    schedule = Schedule(when="every hour", jitter="10 minutes")
    start = utc("2026-11-30T00:00")
    delays = [schedule.delay("gazette", start + dt.timedelta(hours=h)) for h in range(200)]
    assert delays == [schedule.delay("gazette", start + dt.timedelta(hours=h)) for h in range(200)]
    assert all(dt.timedelta() <= d < dt.timedelta(minutes=10) for d in delays)
    assert min(delays) < dt.timedelta(minutes=1) < dt.timedelta(minutes=9) < max(delays)
    assert schedule.delay("herald", start) != schedule.delay("gazette", start)
    assert Schedule(when="every hour").delay("gazette", start) == dt.timedelta()


def test_back_off_doubles() -> None:
    schedule = Schedule(when="every hour", retry_after="5 minutes")
    assert [schedule.back_off(n).total_seconds() / 60 for n in (1, 2, 3, 100)] == [5, 10, 20, 1440]


def test_what_is_left_out() -> None:
    schedule = read_schedule({"when": "0 6 * * *"}, "Europe/Berlin")
    assert schedule == Schedule(when="0 6 * * *", timezone="Europe/Berlin")
    assert schedule.limit == dt.timedelta(hours=6)
    assert schedule.retries == 3
