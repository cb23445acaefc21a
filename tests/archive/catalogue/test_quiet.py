"""A source that goes quiet, or whose pages yield no articles any more, is found by its own history."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import pytest

from archive.catalogue.coverage import NUMBERS
from archive.catalogue.quiet import Quiet, judge
from archive.catalogue.rows import Row

TODAY = dt.date(2026, 11, 30)  # a Monday
Day = Callable[[dt.date, int], dict[str, int] | None]


def ledger(day: Day, length: int = 90) -> list[Row]:
    """What a function tells of each day and its age; None for a day without a crawl."""
    rows = []
    for age in range(length, 0, -1):
        date = TODAY - dt.timedelta(days=age)
        if (told := day(date, age)) is not None:
            rows.append({"day": str(date), **dict.fromkeys(NUMBERS, 0), "visits": 5, **told})
    return rows


def paper(n: int, **more: Any) -> dict[str, int]:
    """A day with so many articles, all of them had and read, and twice as many old ones unchanged."""
    day = {"announced": n, "seen": 3 * n, "captured": 3 * n, "extracted": 3 * n, "revisited": 2 * n}
    return {**day, **more}


def found(day: Day, length: int = 90) -> list[Quiet]:
    return judge("ellery", ledger(day, length), TODAY)


def told(day: Day, length: int = 90) -> list[str]:
    return [one.what for one in found(day, length)]


def noisy(seed: int, mean: float, weekend: float) -> Day:
    rng = random.Random(seed)

    def day(date: dt.date, _: int) -> dict[str, int]:
        usual = mean * (weekend if date.weekday() >= 5 else 1)
        return paper(sum(rng.random() < usual / 100 for _ in range(100)))

    return day


@pytest.mark.parametrize(("mean", "weekend"), [(40, 0.3), (40, 0), (8, 1), (3, 0.5), (0.5, 1), (0.1, 1)])
def test_the_ups_and_downs_of_a_paper_are_usual(mean: float, weekend: float) -> None:
    alarms = [told(noisy(seed, mean, weekend)) for seed in range(60)]
    assert sum(map(bool, alarms)) <= 1


def test_a_daily_paper_that_announces_nothing_is_told_after_a_day() -> None:
    one, two = found(lambda date, age: paper(0 if age == 1 else 30 + date.day % 5))
    assert (one.what, two.what) == ("announced", "captured")
    assert (one.since, one.until, one.found, one.expected) == ("2026-11-29", "2026-11-29", 0, 31.5)
    assert one.text == "ellery has no article announced on 2026-11-29; usual on such a day would be about 32."


def test_the_days_of_the_week_are_compared_with_their_like() -> None:
    def day(date: dt.date, age: int, sunday: int = 0) -> dict[str, int]:
        return paper(sunday if date.weekday() == 6 else 50)

    assert told(day) == []  # yesterday was a Sunday
    assert told(lambda date, age: paper(50 if date.weekday() == 6 and age > 1 else 0 if age == 1 else 3)) != []


def test_a_sharp_fall_is_told_and_a_slow_one_is_not() -> None:
    assert told(lambda _, age: paper(8 if age <= 3 else 40))[:1] == ["announced"]
    assert told(lambda _, age: paper(30 if age <= 3 else 40)) == []
    assert found(lambda _, age: paper(8 if age <= 3 else 40))[0].text.startswith(
        "ellery has only 8 articles announced on 2026-11-29; usual on such a day would be about 40."
    )


def test_a_source_that_prints_little_is_given_time() -> None:
    def weekly(quiet_for: int) -> Day:
        return lambda date, age: paper(int(date.weekday() == 2 and age > quiet_for) * 3)

    assert told(weekly(8)) == []
    assert told(weekly(14)) == []
    (one, _) = found(weekly(28))
    assert one.found == 0
    assert one.since <= "2026-11-05"


def test_odd_days_in_the_past_change_nothing() -> None:
    def day(_: dt.date, age: int) -> dict[str, int]:
        return paper(0 if age == 1 else 400 if age % 17 == 0 else 20)

    assert told(day)[0] == "announced"


def test_pages_that_yield_no_articles_any_more() -> None:
    def redesigned(_: dt.date, age: int) -> dict[str, int]:
        return paper(20, extracted=40 if age <= 2 else 60)

    (one,) = found(redesigned)
    assert (one.what, one.found, one.expected, one.since) == ("extracted", 0, 1, "2026-11-29")
    assert one.text == "ellery: of 20 new pages on 2026-11-29 only 0 yielded an article; usual is 100%."
    assert told(lambda _, age: paper(20, extracted=55 if age <= 2 else 60)) == []
    assert told(lambda _, age: paper(1, extracted=2 if age <= 20 else 3)) == ["extracted"]


def test_a_source_that_is_no_longer_crawled() -> None:
    (one,) = found(lambda _, age: paper(20) if age > 5 else None)
    assert (one.what, one.since, one.found) == ("crawled", "2026-11-25", 5)
    assert one.text == "ellery was not crawled for 5 days, since 2026-11-24; usually it is every day."
    assert told(lambda _, age: paper(20) if age > 2 and age % 7 else None) == []
    weekly = found(lambda _, age: paper(20) if age > 27 and age % 7 == 0 else None)
    assert weekly[0].text.endswith("usually it is every 7 days.")


def test_days_without_a_crawl_are_no_evidence() -> None:
    assert told(lambda _, age: None if age == 1 else paper(20)) == []
    assert told(lambda _, age: None if age == 2 else paper(20)) == []


def test_a_young_source_is_not_judged() -> None:
    for length in range(7):
        assert told(lambda _, age: paper(0 if age == 1 else 30), length) == []
    assert told(lambda _, age: paper(0 if age == 1 else 30), 8) == ["announced", "captured"]
    assert judge("ellery", [], TODAY) == []


def test_today_is_not_over() -> None:
    rows = [*ledger(lambda *_: paper(30)), {"day": str(TODAY), **dict.fromkeys(NUMBERS, 0), "visits": 1}]
    assert judge("ellery", rows, TODAY) == []
