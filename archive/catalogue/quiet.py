"""`quiet`: whether a source has gone quiet, or its pages yield no articles any more, by its own history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise, takewhile
from math import sqrt
from statistics import median
from typing import Literal

import msgspec
from sqlalchemy import text

from archive.catalogue.catalogue import Catalogue
from archive.catalogue.coverage import sources_in
from archive.catalogue.rows import Row

__all__ = ["Quiet", "interval", "judge", "left_alone", "quiet"]

_HISTORY = 12 * 7
"""Days that a source is measured by; those that are judged are not among them."""
_JUDGED = 28
"""The longest stretch of days that is judged."""
_FEWEST_DAYS = 7
"""Of a history that tells anything."""
_OF_A_WEEKDAY = 4
"""So many Mondays tell what a Monday is like; with fewer, all days do."""
_SURELY = 7.0
"""If so many were to be expected, none at all is no chance (Poisson: 1 in 1,000)."""
_SPREADS = 3.0
_MAD = 1.4826
"""Makes a standard deviation of a median absolute deviation."""
_UNREAD = 10
"""Pages that tell whether pages can still be read."""
_LESS = 0.5
"""Of its usual share."""
_IDLE = 3.0
"""Times the usual time between two crawls."""

What = Literal["crawled", "announced", "captured", "extracted"]


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which a source's last days are not like those before."""

    source: str
    what: What
    """``crawled``: it is no longer visited; ``announced``, ``captured``: fewer articles than usual; ``extracted``: of
    its pages fewer yield an article."""
    since: str
    """The first day of it."""
    until: str
    """The last day that was judged."""
    found: float
    expected: float
    """In these days; of ``extracted`` a share, of ``crawled`` days between two crawls."""
    text: str
    """One sentence."""


def quiet(catalogue: Catalogue, source: str, today: dt.date) -> list[Quiet]:
    """What is unusual about a source's last days; `today` (UTC) is not over and is not judged.

    Each day is compared with the same days of the week in the twelve weeks before: with their median, and by their
    median absolute deviation, so that a few odd days change nothing. The shortest stretch of last days that can be
    judged counts: one day for a daily paper, up to four weeks for one that prints little. Days without a crawl are no
    evidence against the source. A source with less than a week of history is not judged.
    """
    first = today - dt.timedelta(days=_HISTORY + _JUDGED)
    return judge(source, catalogue.coverage(source, str(first), str(today)), today)


def judge(source: str, ledger: Sequence[Row], today: dt.date) -> list[Quiet]:
    """The same of rows of `Catalogue.coverage`."""
    days = {dt.date.fromisoformat(row["day"]): row for row in ledger if row["visits"] and row["day"] < str(today)}
    if len(days) < 2:
        return []
    found = [_not_crawled(source, sorted(days), today), *(_fewer(source, days, what) for what in _COUNTED)]
    found.append(_unread(source, days))
    return [one for one in found if one is not None]


# Is it crawled?

_LAST_VISITS = text(f"""
    {sources_in("fetches")}
    SELECT source, (SELECT max(started) FROM fetches WHERE source = f.source) AS last
    FROM found f WHERE source NOTNULL
""")  # noqa: S608 - a table of ours


def left_alone(catalogue: Catalogue, today: dt.date) -> list[Quiet]:
    """The sources, of all in the archive, that are no longer crawled, for four weeks after the last crawl."""
    found = []
    for row in catalogue.rows(_LAST_VISITS):
        if 2 < (today - dt.date.fromisoformat(row["last"][:10])).days <= _JUDGED:
            found += [one for one in quiet(catalogue, row["source"], today) if one.what == "crawled"]
    return found


def _not_crawled(source: str, days: Sequence[dt.date], today: dt.date) -> Quiet | None:
    gaps = [(b - a).days for a, b in pairwise(days)]
    usual = median(gaps)
    idle = (today - days[-1]).days - 1  # today may still come
    if len(gaps) < _FEWEST_DAYS - 1 or idle < max(_IDLE * usual, max(gaps) + 1, 2):
        return None
    since, until = str(days[-1] + dt.timedelta(days=1)), str(today - dt.timedelta(days=1))
    text = f"{source} was not crawled for {idle} days, since {days[-1]}; usually it is every {interval(usual)}."
    return Quiet(source=source, what="crawled", since=since, until=until, found=idle, expected=usual, text=text)


def interval(number: float) -> str:
    """So many days, to stand after "every"."""
    return "day" if number <= 1 else f"{number:g} days"


# Are there articles?

_COUNTED: Mapping[What, Callable[[Row], int]] = {
    "announced": lambda row: row["announced"],
    "captured": lambda row: row["captured"] - row["revisited"],
}


def _fewer(source: str, days: Mapping[dt.date, Row], what: What) -> Quiet | None:
    """Whether there was less of something, in the shortest stretch of last days that tells."""
    counts = {day: _COUNTED[what](row) for day, row in days.items()}
    judged: list[dt.date] = []
    for day in sorted(counts, reverse=True)[:_JUDGED]:
        judged.append(day)
        history = {d: n for d, n in counts.items() if d < day}
        if len(history) < _FEWEST_DAYS:
            return None
        expected, spread = _expected(history, judged)
        found = sum(counts[d] for d in judged)
        if found and found >= expected - sqrt(expected):
            return None  # the last days were as usual
        low = found < expected - _SPREADS * max(spread, sqrt(expected)) or (found == 0 and expected >= _SURELY)
        if low and found <= _LESS * expected:
            return _told(source, what, counts, judged, expected)
    return None


def _expected(history: Mapping[dt.date, int], judged: Sequence[dt.date]) -> tuple[float, float]:
    """How much such days had, and how far they lay apart."""
    everyday = list(history.values())
    total, variance = 0.0, 0.0
    for day in judged:
        same = [n for d, n in history.items() if d.weekday() == day.weekday()]
        values = same if len(same) >= _OF_A_WEEKDAY else everyday
        middle = _middle(values)
        total += middle
        variance += (_MAD * median(abs(n - middle) for n in values)) ** 2
    return total, sqrt(variance)


def _middle(values: Sequence[int]) -> float:
    """The median; of small numbers, whose median says little, the mean without the largest and the smallest tenth."""
    if (middle := median(values)) >= 3:
        return middle
    ordered = sorted(values)
    cut = len(ordered) // 10
    kept = ordered[cut : len(ordered) - cut]
    return sum(kept) / len(kept)


def _told(source: str, what: What, counts: Mapping[dt.date, int], judged: Sequence[dt.date], expected: float) -> Quiet:
    found = sum(counts[day] for day in judged)
    none = list(takewhile(lambda day: counts[day] == 0, sorted(counts, reverse=True)))
    since = min([*judged, *none]) if found == 0 else min(judged)
    number = "no article" if found == 0 else f"only {found} articles" if found > 1 else "only one article"
    verb = "announced" if what == "announced" else "captured anew"
    when = f"on {judged[0]}" if since == judged[0] else f"from {since} to {judged[0]}"
    usual = f"about {expected:.0f}" if expected >= 1.5 else f"{expected:.1f}"
    days = "on such a day" if len(judged) == 1 else f"in {len(judged)} such days"
    text = f"{source} has {number} {verb} {when}; usual {days} would be {usual}."
    return Quiet(source=source, what=what, since=str(since), until=str(judged[0]), found=found, expected=expected,
                 text=text)  # fmt: skip


# Do pages yield articles?


def _unread(source: str, days: Mapping[dt.date, Row]) -> Quiet | None:
    """Whether of the pages that were new lately fewer were read than before."""
    for judged in _stretches(sorted(days, reverse=True)):
        pages, read = _pages(days, judged)
        if pages < _UNREAD:
            continue
        before = [day for day in days if day < min(judged)]
        shares = [r / p for p, r in (_pages(days, [day]) for day in before) if p]
        if len(shares) < _FEWEST_DAYS:
            return None
        usual = median(shares)
        share = read / pages
        spread = _MAD * median(abs(s - usual) for s in shares)
        chance = sqrt(max(usual * (1 - usual), 0.01) / pages)
        if share >= min(_LESS * usual, usual - _SPREADS * max(spread, chance)):
            return None
        since, until = str(min(judged)), str(max(judged))
        when = f"on {until}" if since == until else f"from {since} to {until}"
        text = f"{source}: of {pages} new pages {when} only {read} yielded an article; usual is {usual:.0%}."
        return Quiet(source=source, what="extracted", since=since, until=until, found=share, expected=usual, text=text)
    return None


def _stretches(days: Sequence[dt.date]) -> Iterator[Sequence[dt.date]]:
    for length in range(1, min(len(days), _JUDGED) + 1):
        yield days[:length]


def _pages(days: Mapping[dt.date, Row], chosen: Sequence[dt.date]) -> tuple[int, int]:
    """New pages, and those of them that were read; what had not changed says nothing of today's pages."""
    pages = sum(days[day]["captured"] - days[day]["revisited"] for day in chosen)
    unread = sum(days[day]["captured"] - days[day]["extracted"] for day in chosen)
    return pages, max(0, pages - unread)
