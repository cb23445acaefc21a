"""When a source's articles count as worse than they were, and since when."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.health.judgement import SERIES, Fall, Page, fall, recovery

FIELDS = frozenset({"headline", "published", "authors", "language"})


def day(number: int) -> str:
    return f"{dt.datetime(2026, 1, 1, 6) + dt.timedelta(hours=3 * number):%Y-%m-%dT%H:%M:%SZ}"


def good(number: int, seed: int = 0, **changes: object) -> Page:
    """A page such as the source has; each is a little different."""
    chance = random.Random(1000 * seed + number)
    fields = FIELDS - ({"authors"} if number % 4 == 3 else set())
    page = Page(
        date=day(number),
        fields=fields,
        length=int(chance.lognormvariate(8, 0.3)),
        agreement=1 - chance.random() * 0.1 if number % 10 else 0.6,
    )
    return msgspec.structs.replace(page, **changes)


def falls(pages: Sequence[Page]) -> dict[str, str]:
    return {what: found.since for what in SERIES if (found := fall(what, pages))}


BAD: dict[str, dict[str, object]] = {
    "length": {"length": 90},
    "agreement": {"agreement": 0.1},
    "published": {"fields": FIELDS - {"published"}},
    "authors": {"fields": FIELDS - {"authors"}},
    "articles": {"is_read": False, "fields": frozenset(), "length": 0, "agreement": None},
}


@given(st.integers(0, 300), st.integers(0, 10**6))
def test_a_source_that_is_as_it_was_is_in_no_trouble(number: int, seed: int) -> None:
    assert not falls([good(n, seed) for n in range(number)])


def test_chance_raises_nothing() -> None:
    chance = random.Random(7)
    for often in (0.05, 0.3, 0.5, 0.7, 0.9, 0.98):
        for _ in range(20):
            names = [frozenset({"tags"} if chance.random() < often else ()) for _ in range(150)]
            assert not falls([Page(date=day(n), fields=f, length=9) for n, f in enumerate(names)])


@given(st.integers(30, 120), st.integers(0, 6), st.integers(0, 10**6))
def test_a_few_bad_pages_raise_nothing(number: int, bad: int, seed: int) -> None:
    pages = [good(n, seed) for n in range(number)]
    ruined = {"length": 0, "agreement": 0.0, "fields": frozenset[str]()}
    assert not falls(pages + [good(number + n, seed, **ruined) for n in range(bad)])


@given(st.integers(0, 60), st.integers(0, 10**6))
def test_a_young_source_is_not_judged(bad: int, seed: int) -> None:
    pages = [good(n, seed) for n in range(20)] + [good(20 + n, seed, **BAD["published"]) for n in range(bad)]
    assert not falls(pages)


def test_sundays_of_short_notices_are_nothing_new() -> None:
    short = {"length": 400, "fields": FIELDS - {"authors"}}
    pages = [good(n, **(short if n % 40 >= 32 else {})) for n in range(200)]
    assert pages[-1].length == 400
    assert not falls(pages)


@given(st.sampled_from(sorted(BAD)), st.integers(40, 200), st.integers(10, 150), st.integers(0, 10**6))
def test_a_break_is_found_and_dated(what: str, number: int, bad: int, seed: int) -> None:
    pages = [good(n, seed) for n in range(number)] + [good(number + n, seed, **BAD[what]) for n in range(bad)]
    since = falls(pages).get(what)
    if what in ("published", "articles"):
        assert since == day(number)
    elif since is not None:  # a length or an author may be missing by chance just before
        assert day(number - 4) <= since <= day(number)
    else:
        assert bad < 16


@pytest.mark.parametrize("what", sorted(BAD))
def test_a_fall_tells_what_it_was_and_is(what: str) -> None:
    pages = [good(n) for n in range(60)] + [good(60 + n, **BAD[what]) for n in range(20)]
    found = fall(what, pages)
    assert found is not None
    assert found.before > 2 * found.after


def test_a_part_of_the_pages_is_enough_if_it_is_large() -> None:
    pages = [good(n) for n in range(100)]
    half = [good(100 + n, **(BAD["published"] if n % 2 else {})) for n in range(30)]
    fifth = [good(100 + n, **(BAD["published"] if n % 5 == 4 else {})) for n in range(30)]
    assert "published" in falls(pages + half)
    assert not falls(pages + fifth)


@given(st.integers(8, 30), st.integers(8, 30), st.integers(0, 10**6))
def test_what_has_passed_is_no_fall_any_more(bad: int, well: int, seed: int) -> None:
    pages = [good(n, seed) for n in range(60)] + [good(60 + n, seed, **BAD["published"]) for n in range(bad)]
    pages += [good(60 + bad + n, seed) for n in range(well)]
    assert not falls(pages)


@given(st.sampled_from(sorted(BAD)), st.integers(8, 60), st.integers(0, 40), st.integers(0, 10**6))
def test_recovery_is_found_and_dated(what: str, bad: int, well: int, seed: int) -> None:
    before = [good(n, seed) for n in range(60)]
    after = [good(60 + n, seed, **BAD[what]) for n in range(bad)]
    fallen = Fall(what=what, since=after[0].date, before=1, after=float(what == "length" and 90))
    assert recovery(fallen, before, after) is None
    after += [good(60 + bad + n, seed) for n in range(well)]
    found = recovery(fallen, before, after)
    if well < 3:
        assert found is None
    elif well >= 12:
        assert found is not None
        assert found.is_whole or day(60 + bad - 2) <= found.since <= day(60 + bad + 2)


@given(st.sampled_from(sorted(BAD)), st.integers(1, 40), st.integers(0, 10**6))
def test_pages_that_are_all_read_again_well_are_whole(what: str, number: int, seed: int) -> None:
    before = [good(n, seed) for n in range(60)]
    fallen = Fall(what=what, since=day(60), before=1, after=float(what == "length" and 90))
    found = recovery(fallen, before, [good(60 + n, seed) for n in range(number)])
    if what in ("published", "articles") or number >= 12:
        assert found is not None
        assert found.is_whole
        assert found.since == day(60)


def test_where_no_page_is_left_nothing_is_wrong() -> None:
    found = recovery(Fall(what="length", since="", before=1, after=0), [good(n) for n in range(60)], [])
    assert found is not None
    assert found.is_whole


def test_what_can_no_more_be_measured_is_not_well() -> None:
    before = [good(n) for n in range(60)]
    fallen = Fall(what="agreement", since=day(60), before=1, after=0.1)
    assert recovery(fallen, before, [good(60 + n, agreement=None) for n in range(20)]) is None
