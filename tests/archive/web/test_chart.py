from __future__ import annotations

import datetime as dt

import pytest

from archive.catalogue.rows import Row
from archive.web.chart import Chart, Period


def row(day: str, seen: int, captured: int = 0, extracted: int = 0, failed: int = 0) -> Row:
    none = dict.fromkeys(("announced", "revisited", "changed", "robots", "paywall", "error", "too_large"), 0)
    return {"day": day, **none, "seen": seen, "captured": captured, "extracted": extracted, "failed": failed}


def period(first: str, last: str) -> Period:
    return Period(dt.date.fromisoformat(first), dt.date.fromisoformat(last))


def test_bars_stand_in_one_another_and_failures_hang_below() -> None:
    chart = Chart.of([row("2026-11-02", 30, 20, 10, 10)], period("2026-11-01", "2026-11-03"))
    assert [bar.seen for bar in chart.bars] == [0, 30, 0]
    (bar,) = chart.filled
    assert chart.base == 75
    places = {name: (bar.tops[name], bar.heights[name]) for name in ("seen", "captured", "extracted", "failed")}
    assert places == {"seen": (0, 75), "captured": (25, 50), "extracted": (50, 25), "failed": (75, 25)}
    assert 0 < bar.x < bar.x + bar.width < chart.width
    totals = {name: number for name, number in chart.totals.items() if number}
    assert totals == {"seen": 30, "captured": 20, "extracted": 10, "failed": 10}
    assert chart.most == 30


def test_what_was_announced_has_its_place_though_nothing_was_fetched() -> None:
    chart = Chart.of([row("2026-11-02", 10, 10) | {"announced": 40}], period("2026-11-02", "2026-11-02"))
    (bar,) = chart.filled
    assert (bar.tops["announced"], bar.tops["seen"], chart.most) == (0, 75, 40)
    chart = Chart.of([row("2026-11-02", 0) | {"announced": 4}], period("2026-11-02", "2026-11-02"))
    assert [bar.announced for bar in chart.filled] == [4]


def test_nothing_at_all() -> None:
    chart = Chart.of([], period("2026-11-01", "2026-11-01"))
    assert chart.filled == []
    assert chart.base == chart.height


@pytest.mark.parametrize(
    ("last", "step", "bars"), [("2026-04-30", "day", 120), ("2026-12-31", "week", 53), ("2030-12-31", "month", 60)]
)
def test_long_times_are_summed(last: str, step: str, bars: int) -> None:
    days = [row("2026-01-01", 1, 1), row("2026-01-02", 2, 1), row("2026-04-30", 4, 0, 0, 4)]
    chart = Chart.of(days, period("2026-01-01", last))
    assert (chart.step, len(chart.bars)) == (step, bars)
    assert chart.totals["seen"] == 7
    assert sum(bar.seen for bar in chart.bars) == 7


def test_the_ends_of_the_calendar() -> None:
    chart = Chart.of([row("0001-01-01", 1)], period("0001-01-01", "0001-12-31"))
    assert chart.totals["seen"] == 1
    late = period("9999-12-31", "9999-12-31")
    assert late.end == "9999-12-31"
    assert late.days == 1
