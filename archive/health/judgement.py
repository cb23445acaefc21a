"""`fall`: whether the articles of a source have become worse than they ever were, and since which capture.

A series is what one thing measured (`SERIES`) was in article after article. It is parted where the pages before and
those behind differ most (Pettitt 1979), and what lies behind is a fall if it is lower, by a wide band, than any stretch
of the same length was before. So a source is judged by its own history: where a quarter of the articles never had an
author, a few without one are nothing new; and one bad page, or a Sunday of short notices, is no fall.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import fmean, median

import msgspec

from archive.health.measures import FIELDS

__all__ = ["AGREEMENT", "ARTICLES", "LENGTH", "SERIES", "Fall", "Page", "Recovery", "fall", "recovery"]

HISTORY = 30
"""Pages that a source must have shown before anything is a fall."""
RECENT = 8
"""Pages that must show a fall, or that all is well again."""
WINDOW = 20
"""Pages of the longest stretches that are compared."""
BAND = 0.3
"""A share (of articles with a field, of words that agree) must fall by so much under the lowest before."""
HALF = 0.5
"""A length must fall under so much of the shortest before."""

LENGTH, AGREEMENT, ARTICLES = "length", "agreement", "articles"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of one page."""

    date: str
    """WARC-Date of the capture."""
    fields: frozenset[str] = frozenset()
    length: int = 0
    """Characters."""
    agreement: float | None = None
    is_read: bool = True
    """An article was found on it."""


class Fall(msgspec.Struct, frozen=True, kw_only=True):
    """Something has fallen."""

    what: str
    """``length`` (median, characters), ``agreement`` (median), ``articles`` (share of pages that hold one), or the name
    of a field (share of articles that have it)."""
    since: str
    """WARC-Date of the first capture from which it holds."""
    before: float
    after: float


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """Something that had fallen is well again."""

    since: str
    """WARC-Date of the first capture from which it holds."""
    is_whole: bool
    """All pages since the fall are well by now."""


Series = Callable[[Page], float | None]


def _has(name: str) -> Series:
    return lambda page: float(name in page.fields) if page.is_read else None


SERIES: dict[str, Series] = {
    ARTICLES: lambda page: float(page.is_read),
    LENGTH: lambda page: float(page.length) if page.is_read else None,
    AGREEMENT: lambda page: page.agreement,
    **{name: _has(name) for name in FIELDS},
}
"""What is measured of a page; None where it can't be."""


def fall(what: str, pages: Sequence[Page]) -> Fall | None:
    """Whether `what` (of `SERIES`) has fallen in the latest of `pages` (oldest first), and still is so low."""
    measured = [(page, value) for page in pages if (value := SERIES[what](page)) is not None]
    values = [value for _, value in measured]
    if len(values) < HISTORY + RECENT:
        return None
    at = _parting(values)
    before, after = values[:at], values[at:]
    if len(before) < HISTORY or len(after) < RECENT:
        return None
    limit = _limit(what, before, len(after))
    if _typical(what, after) >= limit or _typical(what, after[-RECENT:]) >= _limit(what, before, RECENT):
        return None
    was, now = _typical(what, before), _typical(what, after)
    middle = (was + now) / 2
    if sum(value < middle for value in after) < RECENT:
        return None
    while at < len(values) and values[at] >= middle:
        at += 1
    while at > HISTORY and values[at - 1] < middle:
        at -= 1
    return Fall(what=what, since=measured[at][0].date, before=was, after=now)


def recovery(found: Fall, before: Sequence[Page], after: Sequence[Page]) -> Recovery | None:
    """Whether what had fallen between `before` and `after` (both oldest first) is well again by now.

    It is if it lies no more than half a band under the lowest before, and nearer to what it was than to what it fell
    to. If `after` holds no page, there is nothing to say against.
    """
    what = found.what
    if not after:
        return Recovery(since="", is_whole=True)
    history = [value for page in before if (value := SERIES[what](page)) is not None]
    measured = [(page, value) for page in after if (value := SERIES[what](page)) is not None]
    values = [value for _, value in measured]
    if not history or not values:
        return None
    middle = (_typical(what, history) + found.after) / 2

    def is_well(values: Sequence[float]) -> bool:
        return _typical(what, values) >= max(middle, _limit(what, history, len(values), 0.5))

    if not is_well(values[-RECENT:]):
        return None
    if is_well(values):
        return Recovery(since=after[0].date, is_whole=True)
    if len(values) < RECENT:
        return None
    at = min(_parting(values, rising=True), len(values) - RECENT)
    while at > 0 and values[at - 1] >= middle:
        at -= 1
    return Recovery(since=measured[at][0].date, is_whole=False)


def _typical(what: str, values: Sequence[float]) -> float:
    return median(values) if what in (LENGTH, AGREEMENT) else fmean(values)


def _limit(what: str, before: Sequence[float], length: int, share: float = 1) -> float:
    """What a stretch of `length` pages must not fall under: a `share` of the band below the lowest one before."""
    window = min(length, WINDOW, len(before))
    lowest = min(_typical(what, before[at : at + window]) for at in range(len(before) - window + 1))
    return lowest * (1 - HALF * share) if what == LENGTH else lowest - BAND * share


def _parting(values: Sequence[float], *, rising: bool = False) -> int:
    """The place before which the values are higher (or, if `rising`, lower) than behind, most clearly."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + end + 1) / 2
        start = end
    mean = (len(values) + 1) / 2
    sums = list(accumulate(mean - rank if rising else rank - mean for rank in ranks))
    return max(range(len(sums)), key=sums.__getitem__) + 1
