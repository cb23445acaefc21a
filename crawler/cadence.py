"""`Cadence`: when a page is looked at again. Pure functions of what its visits have shown.

Articles. In news, edits come about equally often between one hour and two after publication, two and four, one day
and two: their rate falls with age. So a page is due when the time since it was looked at is a share of its age
(diffengine's rule of staleness), and how large a share follows from how often edits were found so far, at this source
and on this page (`rate`: the estimate of a Poisson process in the logarithm of age, with a prior, as Cho and
Garcia-Molina, "Estimating frequency of change", do it in plain time). A page that has changed is young again.

Listings. What they announce comes by the hour of the week. A listing is due when about one announcement is to be
expected in it, and long before those it had at the last visit can have been pushed out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import msgspec

from crawler.duration import read_duration

__all__ = [
    "Cadence",
    "Listing",
    "Page",
    "Rates",
    "Watch",
    "next_look",
    "next_visit",
    "read_cadence",
    "share_of_age",
    "spread",
]

_HOUR, _DAY, _WEEK = dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(days=7)
_EDITS, _STEPS = 0.7, 10.0
"""The prior: so many edits in so many steps of age (factors of e). Three articles in ten are edited in a month."""
_OWN = 10.0
"""What the source's other pages say weighs as much as so many steps of a page's own."""
_MISSED = 0.25
"""Edits of which no listing tells that are to be expected until the next visit."""
_LEAST_SHARE = 0.25
"""The time to the next visit as a share of the age, at least (as in diffengine)."""
_UNTOLD = 3.0
"""The prior: so many edits of which no listing told."""
_LONGEST_STRETCH = 1000
_SPREAD = 0.15
"""Visits come earlier by up to so much of their interval, so that they don't all come at once."""
_GONE = 6.0
"""That a page is gone is confirmed after so many times longer each time."""
_LIVE_FOR = dt.timedelta(hours=12)
"""A live blog that has not changed for so long has ended."""
_NEWS, _HOURS = 6.0, 6.0
"""The prior: so many announcements of a listing in so many hours."""
_CROWDED = 0.4
"""A listing of which so large a part was new is looked at twice as soon."""
_SMALL = 5


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    """The table ``[cadence]`` of a source: the limits of `next_visit` and of a run."""

    article_soonest: dt.timedelta = _HOUR
    """The least between two visits."""
    article_latest: dt.timedelta = dt.timedelta(days=30)
    """The most between two visits."""
    article_stretch: float = 18.0
    """The most between two visits, as a multiple of the time for which the article had not changed at the first."""
    article_end: dt.timedelta = dt.timedelta(days=365)
    """Articles that have not changed for so long are not looked at any more."""
    live: dt.timedelta = dt.timedelta(minutes=15)
    """Between visits of a live blog that goes on."""
    listing_soonest: dt.timedelta = dt.timedelta(minutes=10)
    listing_latest: dt.timedelta = dt.timedelta(hours=6)
    audit: dt.timedelta = dt.timedelta(days=7)
    """At least so often a page is asked for whatever the server says of its having changed."""
    pages_a_run: int = 1000
    """Most articles that one run asks for; what is left is due for the next one."""
    pages_a_day: int = 10_000


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What the visits of a page have shown (see `archive.catalogue.pages`)."""

    url: str
    born: dt.datetime
    """When it was published, or first seen."""
    last: dt.datetime
    """When it was visited last."""
    changed: dt.datetime
    """When a change was seen last, or else `born`."""
    changes: int = 0
    exposure: float = 0.0
    """Steps of age in which changes could be seen."""
    outcome: Literal["ok", "moved", "gone", "refused", "failed"] = "ok"
    """Of the last visit."""
    streak: int = 1
    """Last visits with that outcome."""
    is_live: bool = False


class Rates(msgspec.Struct, frozen=True):
    """What the pages of a source have shown together."""

    changes: int = 0
    exposure: float = 0.0
    signals: int = 0
    """Visits that a new date in a listing announced."""
    signals_changed: int = 0
    """Of these, that found a change."""

    @property
    def edits(self) -> float:
        """Edits in a step of age."""
        return (self.changes + _EDITS) / (self.exposure + _STEPS)

    @property
    def untold(self) -> float:
        """The share of edits of which no listing tells by a new date, so that only visits find them."""
        return (max(self.changes - self.signals_changed, 0) + _UNTOLD) / (self.changes + _UNTOLD)

    @property
    def cries_wolf(self) -> bool:
        """Whether new dates in listings mean nothing."""
        return self.signals >= 4 * _SMALL and (self.signals_changed + 1) / (self.signals + 2) < 0.1


_UNKNOWN = Rates()


class Watch(msgspec.Struct, frozen=True):
    """A visit of a listing."""

    at: dt.datetime
    new: int = 0
    """How many articles it announced that it had not announced before."""
    is_answered: bool = True


class Listing(msgspec.Struct, frozen=True):
    """A listing and its visits, oldest first."""

    url: str
    visits: Sequence[Watch] = ()


def next_visit(page: Page, cadence: Cadence, rates: Rates = _UNKNOWN) -> dt.datetime | None:
    """When an article is to be looked at again; None: never.

    Whatever the history, the answer lies between the limits behind the last visit.
    """
    least, most = cadence.article_soonest, cadence.article_latest
    age = max(page.last - page.changed, dt.timedelta(0))
    if age >= cadence.article_end:
        return None
    if page.outcome in ("gone", "moved"):
        return page.last + _between(least, _times(least, _GONE, page.streak - 1), most, page.url)
    if page.outcome == "refused":
        return page.last + _between(least, _times(_DAY, 2, page.streak - 1), most, page.url)
    if page.outcome == "failed":
        longest = max(least, min(most, _DAY if page.streak < 30 else most))
        return page.last + _between(least / 4, _times(least / 4, 2, page.streak - 1), longest, page.url)
    if page.is_live and age < _LIVE_FOR:
        return page.last + min(cadence.live, max(least, most))
    share = share_of_age(page.changes, page.exposure, cadence, rates)
    return page.last + _between(least, age * share, most, page.url)


def share_of_age(changes: int, exposure: float, cadence: Cadence, rates: Rates) -> float:
    """The time from a visit to the next one, as a share of the age: the oftener a page changes unannounced, the
    smaller."""
    rate = rates.untold * (changes + _OWN * rates.edits) / (exposure + _OWN)
    share = math.expm1(min(_MISSED / rate, math.log1p(cadence.article_stretch)))
    return max(share, _LEAST_SHARE)


def next_look(listing: Listing, cadence: Cadence) -> dt.datetime | None:
    """When a listing is to be looked at again; None if it never was."""
    if not listing.visits:
        return None
    visits = sorted(listing.visits, key=lambda visit: visit.at)
    last = visits[-1]
    least, most = cadence.listing_soonest, max(cadence.listing_soonest, cadence.listing_latest)
    if not last.is_answered:
        failed = next((n for n, visit in enumerate(reversed(visits)) if visit.is_answered), len(visits))
        return last.at + _between(least, _times(least, 2, failed - 1), most, listing.url)
    answered = [visit for visit in visits if visit.is_answered]
    holds = max(visit.new for visit in answered)
    wait = _until_news(answered, last.at, least, most)
    if len(answered) > 1 and holds >= _SMALL:
        news, before = answered[-1].new, answered[-1].at - answered[-2].at
        if news >= holds * _CROWDED:
            wait = min(wait, before / 2)
    return last.at + _between(least, wait, most, listing.url)


def _until_news(visits: Sequence[Watch], now: dt.datetime, least: dt.timedelta, most: dt.timedelta) -> dt.timedelta:
    """How long until about one announcement is to be expected, by the hour of the week if enough is known."""
    hours = [0.0] * 168
    watched = [0.0] * 168
    news, span = 0, 0.0
    for before, visit in pairwise(visits):
        length = (visit.at - before.at) / _HOUR
        if not 0 < length <= 168:
            continue
        news, span = news + visit.new, span + length
        for hour, part in _hours(before.at, visit.at):
            watched[hour] += part
            hours[hour] += visit.new * part / length
    mean = (news + _NEWS) / (span + _HOURS)
    if news < 50 or span < 14 * 24:
        return dt.timedelta(hours=min(1 / mean, most / _HOUR))
    expected, wait = 0.0, dt.timedelta(0)
    while wait < most:
        hour = _hour_of_week(now + wait)
        # neighbours and the mean smooth what few weeks have shown
        near = [(hour + offset) % 168 for offset in (-1, 0, 1)]
        rate = (sum(hours[h] for h in near) + mean) / (sum(watched[h] for h in near) + 1)
        step = min(dt.timedelta(minutes=10), most - wait)
        expected += rate * (step / _HOUR)
        wait += step
        if expected >= 1:
            break
    return max(wait, least)


def _hours(start: dt.datetime, end: dt.datetime) -> list[tuple[int, float]]:
    """The hours of the week from `start` to `end`, each with the part of an hour that it is in it."""
    found = []
    while start < end:
        stop = min(end, start.replace(minute=0, second=0, microsecond=0) + _HOUR)
        found.append((_hour_of_week(start), (stop - start) / _HOUR))
        start = stop
    return found


def _hour_of_week(at: dt.datetime) -> int:
    return at.weekday() * 24 + at.hour


def _times(wait: dt.timedelta, base: float, power: int) -> dt.timedelta:
    """`wait`, so many times longer; no more than a century."""
    return dt.timedelta(seconds=min(wait.total_seconds() * base ** min(max(power, 0), 30), 100 * 365 * 86_400))


def _between(least: dt.timedelta, wait: dt.timedelta, most: dt.timedelta, url: str) -> dt.timedelta:
    """`wait`, within limits, and a little less by what the URL says."""
    return max(min(wait, most) * (1 - _SPREAD * spread(url)), least)


def spread(url: str, salt: str = "") -> float:
    """A number from 0 to 1 that is always the same for a URL, and evenly spread over URLs."""
    digest = hashlib.sha256(f"{salt}{url}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)


def read_cadence(table: Any) -> Cadence:
    """What the table ``[cadence]`` of a source says; lengths of time are words such as ``45 minutes``.

    Raises `msgspec.ValidationError` that names the key.
    """

    def fail(message: str, key: str = "") -> None:
        raise msgspec.ValidationError(f"{message} - at `$.cadence{key}`")

    if not isinstance(table, dict):
        fail(f"{table!r} is no table [cadence]")
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in Cadence.__struct_fields__:
            fail("is not a key of [cadence]", f".{name}")
        if name == "article_stretch":
            if type(value) not in (int, float) or not _LEAST_SHARE <= value <= _LONGEST_STRETCH:
                fail(f"{value!r} is no number from {_LEAST_SHARE} to {_LONGEST_STRETCH}", f".{name}")
            values[name] = float(value)
            continue
        if name.startswith("pages"):
            if type(value) is not int or value < 1:
                fail(f"{value!r} is no number of pages", f".{name}")
            values[name] = value
            continue
        try:
            values[name] = read_duration(value)
        except ValueError:
            values[name] = dt.timedelta(0)
        if not values[name]:
            fail(f"{value!r} is no length of time such as '45 minutes' or '30 days'", f".{name}")
    cadence = Cadence(**values)
    for kind in ("article", "listing"):
        if getattr(cadence, f"{kind}_soonest") > getattr(cadence, f"{kind}_latest"):
            key = next(name for name in (f"{kind}_latest", f"{kind}_soonest") if name in values)
            fail(f"{kind}_soonest is longer than {kind}_latest", f".{key}")
    return cadence
