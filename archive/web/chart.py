"""`Chart`: what was fetched of a source, over time, as bars that a template draws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from archive.catalogue.coverage import NUMBERS
from archive.catalogue.rows import Row

__all__ = ["Bar", "Chart", "Period"]

_NUMBERS = tuple(number for number in NUMBERS if number not in ("captures", "visits"))
_MOST_DAYS, _MOST_WEEKS = 130, 130
_HEIGHT = 100.0


class Period(msgspec.Struct, frozen=True):
    """Days from the first to the last, both included."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def end(self) -> str:
        """The day after the last; of the last day of all, that day."""
        return str(self.last if self.last == dt.date.max else self.last + dt.timedelta(days=1))


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A day, week or month, and where its bars stand, in units of the chart."""

    name: str
    announced: int
    seen: int
    captured: int
    extracted: int
    revisited: int
    changed: int
    failed: int
    robots: int
    paywall: int
    error: int
    too_large: int
    x: float
    width: float
    tops: dict[str, float]
    heights: dict[str, float]


class Chart(msgspec.Struct, frozen=True):
    """Bars above a line for what was seen, captured and extracted, below it for what failed; a mark at the height of
    what was announced.

    What was captured was seen and what was extracted was captured, so each bar stands in the one before, as what
    robots.txt forbade stands in what failed. The other numbers are in the table below.
    """

    period: Period
    step: str
    """``day``, ``week`` or ``month``."""
    bars: Sequence[Bar]
    width: float
    height: float
    base: float
    """Where the line runs."""
    most: int
    """The highest number of a bar."""
    totals: dict[str, int]

    @classmethod
    def of(cls, rows: Iterable[Row], period: Period) -> Chart:
        """Of rows of `Catalogue.coverage` that lie in the period."""
        step = "day" if period.days <= _MOST_DAYS else "week" if period.days <= 7 * _MOST_WEEKS else "month"
        sums = {name: dict.fromkeys(_NUMBERS, 0) for name in _names(period, step)}
        for row in rows:
            counted = sums[_name(dt.date.fromisoformat(row["day"]), step)]
            for number in _NUMBERS:
                counted[number] += row[number]
        up = max((max(s["seen"], s["announced"]) for s in sums.values()), default=0)
        down = max((s["failed"] for s in sums.values()), default=0)
        scale = _HEIGHT / max(1, up + down)
        base = up * scale if up + down else _HEIGHT
        bars = [_bar(at, name, counted, base, scale) for at, (name, counted) in enumerate(sums.items())]
        totals = {number: sum(s[number] for s in sums.values()) for number in _NUMBERS}
        return cls(period, step, bars, 10.0 * len(bars), _HEIGHT, base, max(up, down), totals)

    @property
    def filled(self) -> list[Bar]:
        """The bars that show something."""
        return [bar for bar in self.bars if any(getattr(bar, number) for number in _NUMBERS)]


def _bar(at: int, name: str, counted: dict[str, int], base: float, scale: float) -> Bar:
    heights = {number: round(counted[number] * scale, 3) for number in _NUMBERS}
    tops = {number: round(base - height, 3) for number, height in heights.items()} | dict.fromkeys(
        ("failed", "robots"), round(base, 3)
    )
    return Bar(name=name, **counted, x=10.0 * at + 1, width=8.0, tops=tops, heights=heights)


def _name(day: dt.date, step: str) -> str:
    if step == "month":
        return f"{day:%Y-%m}"
    return str(day - dt.timedelta(days=day.weekday()) if step == "week" and day.toordinal() > 7 else day)


def _names(period: Period, step: str) -> Iterable[str]:
    days = (period.first + dt.timedelta(days=n) for n in range(period.days))
    return dict.fromkeys(_name(day, step) for day in days)
