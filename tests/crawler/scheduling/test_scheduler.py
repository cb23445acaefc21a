"""What is started when: step by step, and through random kills, clock jumps and outcomes."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crawler.scheduling.plan import Outcome
from tests.crawler.scheduling.world import FAILED, World, schedules

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def test_an_interval_begins_at_once_and_cron_at_its_time() -> None:
    world = World(schedules(often="every 45 minutes", daily="0 6 * * *"))
    world.live(until=world.time + DAY)
    assert world.times("often")[:3] == ["30 12:00", "30 12:45", "30 13:30"]
    assert world.times("daily") == ["01 06:00"]


def test_jitter_does_not_add_up() -> None:
    world = World(schedules(often={"when": "every hour", "jitter": "10 minutes"}))
    world.live(until=world.time + 3 * DAY)
    assert len(world.began) in (72, 73)
    minutes = [time.minute + time.second / 60 for _, time in world.began]
    assert all(0 <= m < 10 for m in minutes)
    assert len(set(minutes)) > 50


def test_no_more_than_may_at_once_and_who_waits_longest_comes_first() -> None:
    world = World(schedules(**{f"s{n}": f"{n} 13 * * *" for n in (3, 1, 4, 2, 0)}), at_once=2)
    world.wait(hours=2)
    assert world.scheduler.step() == ["s0", "s1"]
    assert world.scheduler.step() == []
    assert world.scheduler.due() == ["s2", "s3", "s4"]
    world.end("s1")
    assert world.scheduler.step() == ["s2"]


def test_missed_runs_are_made_up_once() -> None:
    world = World(schedules(gazette="0 * * * *"))
    world.live(until=world.time + 2 * HOUR + dt.timedelta(minutes=30))
    assert world.times("gazette") == ["30 13:00", "30 14:00"]
    world.wait(days=3)  # the machine was off
    world.new_scheduler()
    world.live(until=world.time + HOUR)
    assert world.times("gazette")[2:] == ["03 14:30", "03 15:00"]


def test_a_run_longer_than_its_interval_is_followed_by_one_other() -> None:
    world = World(schedules(gazette="*/10 * * * *"))
    world.live(until=world.time + HOUR, lasting=dt.timedelta(minutes=25))
    assert world.times("gazette") == ["30 12:10", "30 12:35"]


def test_failed_runs_are_tried_again_ever_later_until_the_next_regular_time() -> None:
    world = World(schedules(gazette={"when": "0 */4 * * *", "retries": 2, "retry_after": "10 minutes"}))
    for time in ("16:00", "16:10", "16:30", "20:00", "20:10"):
        due = world.scheduler.next_time()
        assert due is not None
        world.time = due
        assert world.scheduler.step() == ["gazette"]
        assert world.times("gazette")[-1] == f"30 {time}"
        world.end("gazette", FAILED)
    assert world.said == [
        "gazette is tried again at 2026-11-30 16:10:00 UTC (1 of 2).",
        "gazette is tried again at 2026-11-30 16:30:00 UTC (2 of 2).",
        "gazette is not tried again before its next time; it has failed too often.",
        "gazette is tried again at 2026-11-30 20:10:00 UTC (1 of 2).",
        "gazette is tried again at 2026-11-30 20:30:00 UTC (2 of 2).",
    ]


def test_too_long_is_no_reason_to_try_again() -> None:
    world = World(schedules(gazette="0 6 * * *"))
    world.time = world.scheduler.next_time() or world.time
    world.scheduler.step()
    world.end("gazette", Outcome("too long"))
    assert world.scheduler.next_time() == world.time + DAY


def test_what_was_stopped_goes_on_with_the_next_scheduler() -> None:
    world = World(schedules(gazette="0 6 * * *"))
    world.time = world.scheduler.next_time() or world.time
    world.scheduler.step()
    world.end("gazette", Outcome("stopped"))
    world.wait(minutes=3)
    assert world.new_scheduler().step() == ["gazette"]
    world.end("gazette")
    assert world.scheduler.next_time() == world.began[0][1] + DAY


def test_a_crawl_by_hand_is_waited_for() -> None:
    world = World(schedules(gazette="every hour", herald="every hour"))
    world.by_hand.add("gazette")
    assert world.scheduler.step() == ["herald"]
    assert world.scheduler.step() == []
    assert world.said == ["gazette is due, but is being crawled already; its run waits for that to end."]
    world.by_hand.clear()
    assert world.scheduler.step() == ["gazette"]


def test_a_crawl_that_outlives_its_scheduler_is_not_begun_again() -> None:
    world = World(schedules(gazette="0 * * * *"))
    world.wait(hours=1)
    world.scheduler.step()
    assert world.new_scheduler().step() == []
    assert world.scheduler.running == ["gazette"]
    world.wait(minutes=5)
    world.end("gazette")
    assert world.scheduler.step() == []
    assert world.said == ["gazette was begun by a scheduler that was killed; that run: done."]
    plan = world.scheduler.plans["gazette"]
    assert (plan.running, plan.outcome and plan.outcome.result) == (None, "done")
    assert world.scheduler.next_time() == world.began[0][1] + HOUR


def test_a_crawl_that_was_killed_with_its_scheduler_is_made_up_for() -> None:
    world = World(schedules(gazette="0 6 * * *"))
    world.time = world.scheduler.next_time() or world.time
    world.scheduler.step()
    world.crawling.clear()
    world.wait(minutes=1)
    assert world.new_scheduler().step() == []
    world.wait(minutes=4)  # not before its back-off: it may have been what brought the machine down
    assert world.scheduler.step() == ["gazette"]


def test_plans_that_are_lost_are_made_of_what_the_archive_knows() -> None:
    world = World(schedules(gazette="0 * * * *", often="every hour", fresh="0 * * * *"))
    world.last = dict.fromkeys(("gazette", "often"), world.time - HOUR)
    world.kept = {}
    assert world.new_scheduler().due() == ["gazette", "often"]


@pytest.mark.parametrize("when", ["0 * * * *", "every hour"])
def test_a_clock_that_goes_back_a_little_runs_nothing_twice(when: str) -> None:
    world = World(schedules(gazette=when))
    world.live(until=world.time + HOUR + dt.timedelta(minutes=2))
    before = len(world.began)
    world.wait(minutes=-4)
    world.live(until=world.time + dt.timedelta(minutes=50))
    assert len(world.began) == before


@pytest.mark.parametrize("when", ["0 * * * *", "every hour"])
def test_a_clock_that_was_years_ahead_leaves_no_gap(when: str) -> None:
    world = World(schedules(gazette={"when": when, "retry_after": "1 hour"}))
    world.live(until=world.time + 3 * HOUR)
    world.wait(days=4000)
    world.scheduler.step()
    world.end("gazette", FAILED)
    world.wait(days=-4000)
    before = len(world.began)
    world.live(until=world.time + 2 * HOUR + dt.timedelta(minutes=10))
    assert len(world.began) - before in (2, 3)


def test_a_changed_schedule_begins_now() -> None:
    world = World(schedules(gazette="0 6 * * *"))
    world.wait(hours=20)
    world.live(until=world.time + HOUR)
    assert len(world.began) == 1
    world.scheduler.follow(schedules(gazette="0 7 * * *"))  # 07:00 is past
    assert world.scheduler.next_time() == dt.datetime(2026, 12, 2, 7, tzinfo=dt.UTC)
    world.scheduler.follow({})
    assert world.scheduler.next_time() is None
    assert "gazette" in world.kept


def test_a_regular_time_at_which_nothing_is_due_on_the_site_passes() -> None:
    world = World(schedules(gazette="0 * * * *"))
    world.scheduler._is_worth = lambda name: world.time.hour >= 15
    world.live(until=world.time + 4 * HOUR)
    assert world.times("gazette") == ["30 15:00"]


EVENTS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 200)),
    st.tuples(st.just("next"), st.just(0)),
    st.tuples(st.just("jump"), st.sampled_from([-400_000, -1500, -61, -4, -1, 30, 1500, 400_000])),
    st.tuples(st.just("end"), st.sampled_from(["done", "done", "failed", "too long"])),
    st.tuples(st.just("kill"), st.booleans()),
    st.tuples(st.just("by hand"), st.sampled_from(["a", "b", "c"])),
    st.tuples(st.just("lose"), st.just(0)),
)
SOURCES = {
    "a": {"when": "*/20 * * * *", "retries": 1},
    "b": {"when": "every 50 minutes", "jitter": "5 minutes"},
    "c": {"when": "30 2 * * *", "timezone": "Europe/Berlin", "retry_after": "20 minutes"},
}


@settings(deadline=None, derandomize=True, max_examples=40, phases=[Phase.explicit, Phase.generate])
@given(st.lists(EVENTS, max_size=60))
def test_whatever_happens(events: list[tuple[str, object]]) -> None:
    """Never two crawls of one source, never too many (see `World.start`), and in the end every source is crawled."""
    world = World(schedules(**SOURCES))
    fell = False
    done: dict[str, dt.datetime] = {}
    for event, what in events:
        before = len(world.began)
        world.scheduler.step()
        for name, time in world.began[before:]:
            if name in done and not fell:
                late = dt.timedelta(minutes=5 if name == "b" else 0)
                assert world.sources[name].next_after(done[name] - late) <= time, "run again before its time"
        if event == "wait":
            world.wait(minutes=int(str(what)))
        elif event == "next":
            world.time = max(world.time, world.scheduler.next_time() or world.time)
        elif event == "jump":
            world.wait(minutes=int(str(what)))
            fell |= int(str(what)) < 0
        elif event == "end" and world.crawling:
            name, began = min(world.crawling.items())
            world.end(name, Outcome(what))  # type: ignore[arg-type]
            done[name] = began
            if what != "done":
                del done[name]
        elif event == "kill":
            if what:  # the machine, not the scheduler alone
                for name in world.crawling:
                    done.pop(name, None)
                world.crawling.clear()
            world.new_scheduler()
        elif event == "by hand" and what not in world.crawling:
            world.by_hand ^= {str(what)}
        elif event == "lose":
            world.kept = {}
            if not world.crawling:
                world.new_scheduler()
                done.clear()
    world.by_hand.clear()
    for name in list(world.crawling):
        world.end(name)
    world.began.clear()
    start = world.time
    world.live(until=start + 2 * DAY)
    per_day = {name: sum(n == name for n, _ in world.began) / 2 for name in world.sources}
    assert 70 <= per_day["a"] <= 73
    assert 26 <= per_day["b"] <= 30
    assert 0.5 <= per_day["c"] <= 2
