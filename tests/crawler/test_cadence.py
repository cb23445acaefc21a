"""When pages are looked at again, over all kinds of histories."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.cadence import Cadence, Listing, Page, Rates, Watch, next_look, next_visit, read_cadence, spread

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
URL = "http://www.gazette.example/a/1"
CADENCE = Cadence()

spans = st.timedeltas(dt.timedelta(seconds=1), dt.timedelta(days=4000))
odd_spans = st.timedeltas(-dt.timedelta(days=4000), dt.timedelta(days=4000))
cadences = st.builds(
    lambda a, b, c, d, end, live: Cadence(
        article_soonest=min(a, b), article_latest=max(a, b), listing_soonest=min(c, d), listing_latest=max(c, d),
        article_end=end, live=live,
    ),
    spans, spans, spans, spans, spans, spans,
)  # fmt: skip
rates = st.builds(Rates, *[st.integers(0, 10_000), st.floats(0, 1e6), st.integers(0, 10_000), st.integers(0, 10_000)])
pages = st.builds(
    Page,
    url=st.text(),
    born=odd_spans.map(lambda span: NOON + span),
    last=odd_spans.map(lambda span: NOON + span),
    changed=odd_spans.map(lambda span: NOON + span),
    changes=st.integers(0, 10_000),
    exposure=st.floats(0, 1e4),
    outcome=st.sampled_from(["ok", "moved", "gone", "refused", "failed"]),
    streak=st.integers(0, 10**9),
    is_live=st.booleans(),
)
watches = st.lists(st.builds(Watch, odd_spans.map(lambda s: NOON + s / 50), st.integers(0, 10**6), st.booleans()))


def page(hours: float, unchanged_for: float | None = None, **fields: object) -> Page:
    """A page visited last so many hours after it was published."""
    last = NOON + hours * HOUR
    changed = NOON if unchanged_for is None else last - unchanged_for * HOUR
    return msgspec.convert({"url": URL, "born": NOON, "last": last, "changed": changed, **fields}, Page)


def wait(of: Page, rates: Rates = Rates(), cadence: Cadence = CADENCE) -> float:  # noqa: B008 - frozen
    """Hours to the next visit."""
    visit = next_visit(of, cadence, rates)
    assert visit is not None
    return (visit - of.last) / HOUR


@given(pages, cadences, rates)
def test_every_history_has_an_answer_within_limits(page: Page, cadence: Cadence, rates: Rates) -> None:
    visit = next_visit(page, cadence, rates)
    if visit is None:
        assert page.last - page.changed >= cadence.article_end
        return
    least = cadence.article_soonest
    if page.outcome == "failed":
        least /= 4
    elif page.is_live:
        least = min(least, cadence.live)
    assert least <= visit - page.last <= max(cadence.article_soonest, cadence.article_latest)


@given(pages, rates, st.timedeltas(dt.timedelta(0), dt.timedelta(days=30)))
def test_the_longer_a_page_has_not_changed_the_longer_it_waits(page: Page, rates: Rates, span: dt.timedelta) -> None:
    later = msgspec.structs.replace(page, last=page.last + span, is_live=False)
    page = msgspec.structs.replace(page, is_live=False)
    visit, after = next_visit(page, CADENCE, rates), next_visit(later, CADENCE, rates)
    if visit is None or after is None:
        assert after is None
    else:
        assert after - later.last >= visit - page.last


@given(pages, rates, st.integers(1, 100))
def test_a_page_that_changed_oftener_is_looked_at_sooner(page: Page, rates: Rates, more: int) -> None:
    changed = msgspec.structs.replace(page, changes=page.changes + more)
    visit, sooner = next_visit(page, CADENCE, rates), next_visit(changed, CADENCE, rates)
    assert (visit is None) == (sooner is None)
    assert visit is None or sooner is None or sooner <= visit


@given(pages, rates)
def test_what_fails_waits_longer_each_time(page: Page, rates: Rates) -> None:
    again = msgspec.structs.replace(page, streak=page.streak + 1)
    visit, after = next_visit(page, CADENCE, rates), next_visit(again, CADENCE, rates)
    assert visit is None or after is None or after >= visit


@given(watches, cadences)
def test_every_listing_has_an_answer_within_limits(visits: list[Watch], cadence: Cadence) -> None:
    look = next_look(Listing(URL, visits), cadence)
    if look is None:
        assert not visits
        return
    last = max(visit.at for visit in visits)
    assert cadence.listing_soonest <= look - last <= max(cadence.listing_soonest, cadence.listing_latest)


def visits_of(page_: Page, until: float, edited: tuple[float, ...] = ()) -> list[float]:
    """The hours at which a page is visited that is edited at some."""
    found, now = [0.0], 0.0
    while True:
        visit = next_visit(page_, CADENCE)
        if visit is None or (visit - NOON) / HOUR > until:
            return found
        before, now = now, (visit - NOON) / HOUR
        found.append(now)
        has_changed = any(before < edit <= now for edit in edited)
        page_ = msgspec.structs.replace(
            page_,
            last=visit,
            changed=visit if has_changed else page_.changed,
            changes=page_.changes + has_changed,
        )


def test_a_fresh_article_often_then_ever_less() -> None:
    hours = visits_of(page(0), 365 * 24)
    assert 1 <= hours[1] <= 1.2
    gaps = [round(after - before, 6) for before, after in pairwise(hours)]
    assert gaps == sorted(gaps)
    assert 3 <= len([hour for hour in hours if hour <= 24 * 30]) <= 5
    assert max(gaps) <= 30 * 24


def test_an_article_that_was_edited_is_young_again() -> None:
    once = [hour for hour in visits_of(page(0), 1000, edited=(10.0,)) if hour > 10]
    never = [hour for hour in visits_of(page(0), 1000) if hour > 10]
    assert len(once) > len(never)


def test_an_article_that_was_published_long_ago_is_no_fresh_one() -> None:
    assert wait(page(24 * 100)) > 24 * 20


def test_articles_that_have_not_changed_for_a_year_are_left() -> None:
    assert next_visit(page(24 * 366), CADENCE) is None
    assert next_visit(page(24 * 364), CADENCE) is not None


def test_a_source_that_never_edits_is_asked_less_and_one_that_edits_much_more() -> None:
    quiet, busy = Rates(changes=0, exposure=3000), Rates(changes=900, exposure=3000)
    assert wait(page(10), busy) < wait(page(10)) <= wait(page(10), quiet)
    assert 10 * 0.5 < wait(page(10), busy) < 10 * 2
    assert wait(page(10), quiet) <= 180


def test_where_listings_tell_of_edits_pages_wait_for_them() -> None:
    honest, silent = Rates(200, 300, 300, 200), Rates(200, 300, 100, 50)
    assert honest.untold < 0.1 < silent.untold < 0.8
    assert Rates().untold == 1.0
    assert wait(page(5), honest) > 10 * wait(page(5), silent)
    assert Rates(1, 300, 100, 1).cries_wolf and not honest.cries_wolf and not Rates().cries_wolf


def test_the_longest_wait_is_a_multiple_of_the_age_that_can_be_set() -> None:
    waits = [wait(page(20), cadence=Cadence(article_stretch=stretch)) for stretch in (0.25, 1.0, 5.0, 20.0)]
    assert all(0.85 * 20 * s <= w <= 20 * s for s, w in zip((0.25, 1, 5, 20), waits, strict=True))
    assert read_cadence({"article_stretch": 3}).article_stretch == 3.0
    for value in (0.2, 1001, True, "3", float("nan")):
        with pytest.raises(
            msgspec.ValidationError, match=r"no number from 0\.25 to 1000 - at `\$\.cadence\.article_stretch"
        ):
            read_cadence({"article_stretch": value})


def test_a_live_blog_is_looked_at_until_it_has_ended() -> None:
    assert wait(page(30, unchanged_for=1, is_live=True)) == 0.25
    assert wait(page(30, unchanged_for=13, is_live=True)) > 10


def test_that_a_page_is_gone_is_confirmed_a_few_times_and_then_rarely() -> None:
    waits = [wait(page(100, outcome="gone", streak=streak)) for streak in range(1, 7)]
    assert waits[0] == 1
    assert waits == sorted(waits)
    assert sum(waits[:3]) < 48
    assert waits[-1] > 24 * 20


def test_a_page_that_fails_is_tried_soon_and_then_ever_less() -> None:
    waits = [wait(page(100, outcome="failed", streak=streak)) for streak in (1, 2, 3, 8, 29)]
    assert waits[0] == 0.25
    assert waits == sorted(waits)
    assert waits[-1] > 20


def watched(days: int, every: float, news: dict[int, int], holds: int = 20) -> list[Watch]:
    """Visits of a listing that announces so many articles in an hour of each day."""
    visits = [Watch(NOON, holds)]
    for number in range(1, int(days * 24 / every)):
        at = NOON + number * every * HOUR
        hours = {(at - step * HOUR).hour for step in range(int(every))} or {at.hour}
        visits.append(Watch(at, sum(news.get(hour, 0) for hour in hours)))
    return visits


def look(visits: list[Watch], cadence: Cadence = CADENCE) -> float:
    """Hours from the last visit to the next one."""
    answer = next_look(Listing(URL, visits), cadence)
    assert answer is not None
    return (answer - visits[-1].at) / HOUR


def test_a_listing_is_looked_at_as_often_as_it_brings_something() -> None:
    quick, slow = watched(3, 1, dict.fromkeys(range(24), 3)), watched(3, 1, {8: 1})
    assert look(quick) < 0.5
    assert look(slow) == pytest.approx(6, rel=0.2)
    assert look(quick) < look([Watch(NOON, 20)]) < look(slow)


def test_a_paper_that_sleeps_at_night_is_left_to_sleep() -> None:
    by_day = dict.fromkeys(range(7, 20), 2)
    visits = watched(40, 1, by_day)
    night = [visit for visit in visits if visit.at < NOON + 35 * DAY + 9 * HOUR]
    day = [visit for visit in visits if visit.at < NOON + 35 * DAY - 2 * HOUR]
    assert night[-1].at.hour == 20 and day[-1].at.hour == 9
    assert look(night) > 4
    assert look(day) < 1


def test_a_listing_that_was_half_new_is_looked_at_twice_as_soon() -> None:
    calm = [Watch(NOON, 10), Watch(NOON + 6 * HOUR, 0), Watch(NOON + 12 * HOUR, 1)]
    crowded = [*calm[:2], Watch(NOON + 12 * HOUR, 5)]
    assert look(crowded) <= 3
    assert look(calm) > look(crowded)


def test_a_listing_that_fails_is_tried_again_soon_and_then_less() -> None:
    fails = [Watch(NOON, 10), *(Watch(NOON + n * HOUR, 0, is_answered=False) for n in range(1, 5))]
    waits = [look(fails[: n + 1]) for n in range(1, 5)]
    assert waits[0] == pytest.approx(1 / 6)
    assert waits == sorted(waits)


def test_visits_spread() -> None:
    urls = [f"http://www.gazette.example/a/{number}" for number in range(1000)]
    parts = [spread(url) for url in urls]
    assert parts == [spread(url) for url in urls]
    assert all(70 <= sum(n / 10 <= part < (n + 1) / 10 for part in parts) <= 130 for n in range(10))
    waits = {wait(msgspec.structs.replace(page(50), url=url)) for url in urls}
    assert len(waits) > 900
    assert max(waits) / min(waits) < 1.25


# The table


def test_a_table_is_read() -> None:
    table = {"article_soonest": "20 minutes", "article_latest": "2 weeks", "pages_a_run": 7, "audit": "1 day 12 hours"}
    cadence = read_cadence(table)
    assert (cadence.article_soonest, cadence.article_latest) == (HOUR / 3, 14 * DAY)
    assert (cadence.pages_a_run, cadence.audit) == (7, 36 * HOUR)
    assert read_cadence({}) == Cadence()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("hourly", "'hourly' is no table [cadence] - at `$.cadence`"),
        ({"often": "1 hour"}, "is not a key of [cadence] - at `$.cadence.often`"),
        ({"live": "soon"}, "'soon' is no length of time such as '45 minutes' or '30 days' - at `$.cadence.live`"),
        ({"live": 15}, "15 is no length of time"),
        ({"live": "0 minutes"}, "is no length of time"),
        ({"pages_a_day": 0}, "0 is no number of pages - at `$.cadence.pages_a_day`"),
        ({"pages_a_run": True}, "True is no number of pages"),
        ({"article_soonest": "60 days"}, "is longer than article_latest - at `$.cadence.article_soonest`"),
        ({"listing_latest": "1 minute"}, "listing_soonest is longer than listing_latest"),
    ],
)  # fmt: skip
def test_a_table_that_makes_no_sense(table: object, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        read_cadence(table)
    assert words in str(error.value)
