"""A source falls into trouble: its texts go into quarantine, and come out of it when they are well."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from archive import clock
from archive.article import Article, Trace
from archive.capture import Capture, Lead
from archive.catalogue import Catalogue
from archive.catalogue.rows import capture_from
from archive.catalogue.words import words_of
from archive.health.alarms import alarms
from archive.health.measures import Measures
from archive.health.troubles import Trouble, decided, troubles_of
from archive.rebuild import rebuild
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from tests.archive.making import MORNING, SENTENCES, dump, exchange, running, wire

PAPER = "https://ellery.test/"


def article(number: int, *, bad: bool = False, kind: str = "article") -> Article:
    words = f"Boat {number} came home."
    return Article(
        url=f"{PAPER}{number}",
        kind=kind,
        headline=f"Boat {number} is safe",
        text="Accept all cookies" if bad else "\n".join((words, *SENTENCES)),
        published=None if bad else "2026-11-20",
        language="en",
    )


def keep(run: Run, number: int, *, bad: bool = False, kind: str = "article", url: str = "") -> Capture:
    """A page captured so many hours after the first."""
    at = MORNING + dt.timedelta(hours=number)
    body = f"<p>{number} {bad}".encode()
    capture = run.keep(exchange(url or f"{PAPER}{number}", wire(body), at=at))
    read(run, capture, article(number, bad=bad, kind=kind), at)
    return capture


def read(run: Run, capture: Capture, found: Article, at: dt.datetime) -> str:
    found = msgspec.structs.replace(found, url=capture.url, trace=Trace(extractor="newswarc/9"))
    measures = Measures(length=len(found.text))
    return run.keep_article(
        capture, found, words=words_of(found), started=at, ended=at, reading=Reading(), measures=measures
    )


def hour(number: int) -> str:
    return f"{MORNING + dt.timedelta(hours=number):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Forty good articles, then twelve bad ones; the third good one was seen again, and was bad."""
    store = Store(tmp_path)
    with running(store) as run:
        for number in range(40):
            keep(run, number)
    with running(store) as run:
        for number in range(40, 52):
            keep(run, number, bad=True)
        keep(run, 53, bad=True, url=f"{PAPER}3")
    return store


def state(store: Store) -> list[Trouble]:
    with Catalogue(store.catalogue_path) as catalogue:
        return troubles_of(catalogue)


def published(store: Store) -> list[str]:
    with Catalogue(store.catalogue_path) as catalogue:
        return sorted((row["url"].removeprefix(PAPER) for row in catalogue.each_article()), key=int)


def found(store: Store, words: str) -> int:
    with Catalogue(store.catalogue_path) as catalogue:
        return len(list(catalogue.each_article(words)))


def numbers(*ranges: range) -> list[str]:
    return [str(number) for numbers in ranges for number in numbers]


def rebuilt(store: Store) -> None:
    before = dump(store)
    assert not rebuild(store)
    assert dump(store) == before


def test_texts_from_the_break_on_are_in_quarantine(store: Store) -> None:
    assert [(t.what, t.kind, t.since, t.holds, t.ended) for t in state(store)] == [
        ("length", "article", hour(40), True, None),
        ("published", "article", hour(40), True, None),
    ]
    assert published(store) == numbers(range(40))
    with Catalogue(store.catalogue_path) as catalogue:
        third = catalogue.versions(f"{PAPER}3")
        assert [row["is_quarantined"] for row in third] == [False, True]
        (row,) = (row for row in catalogue.articles() if row["url"] == f"{PAPER}3")
        assert row["version"] == third[0]["id"]
        assert not [c for c in catalogue.changes() if c["url"] == f"{PAPER}3"]
        assert len(list(catalogue.each_article("boat"))) == 40
    rebuilt(store)


def test_what_comes_after_goes_into_quarantine_at_once(store: Store) -> None:
    with running(store) as run:
        keep(run, 54)
        keep(run, 55, kind="opinion")
        run.flush()
        with Catalogue(store.catalogue_path, read_only=True) as catalogue:
            assert catalogue.versions(f"{PAPER}54")[0]["is_quarantined"]
            assert not catalogue.versions(f"{PAPER}55")[0]["is_quarantined"]
    assert len(state(store)) == 2
    rebuilt(store)


def test_when_the_pages_are_well_again_so_are_the_texts_from_then_on(store: Store) -> None:
    with running(store) as run:
        for number in range(60, 72):
            keep(run, number)
    assert [(t.what, t.until, t.holds, bool(t.ended)) for t in state(store)] == [
        ("length", hour(60), True, True),
        ("published", hour(60), True, True),
    ]
    assert published(store) == numbers(range(40), range(60, 72))
    rebuilt(store)
    with running(store) as run:
        keep(run, 73)
    assert "73" in published(store)
    reread(store)
    assert published(store) == numbers(range(52), range(60, 72), range(73, 74))


def reread(store: Store) -> None:
    """A better extractor reads the bad pages well."""
    with running(store) as run, Catalogue(store.catalogue_path) as catalogue:
        captures = [row for n in (3, *range(40, 52)) for row in catalogue.captures(f"{PAPER}{n}")]
        for row in captures:
            if row["date"] >= hour(40):
                capture = capture_from(row)
                read(run, capture, article(int(capture.url.removeprefix(PAPER))), MORNING + dt.timedelta(days=30))


def test_texts_that_are_read_again_well_are_released(store: Store) -> None:
    reread(store)
    assert [(t.holds, bool(t.ended)) for t in state(store)] == [(False, True), (False, True)]
    assert published(store) == numbers(range(52))
    assert found(store, '"boat 45"') == 1
    assert found(store, "cookies") == 0
    rebuilt(store)


def test_a_person_can_release_texts_and_they_are_the_measure_from_then_on(store: Store) -> None:
    with running(store) as run:
        run.keep_troubles(decided(state(store), "released", "by Ada"))
    assert published(store) == numbers(range(52))
    assert found(store, "cookies") == 13
    with running(store) as run:
        for number in range(60, 110):
            keep(run, number, bad=True)
    assert {(t.decided, t.who, t.holds) for t in state(store)} == {("released", "by Ada", False)}
    rebuilt(store)


def test_a_person_can_keep_texts_in_quarantine_for_good(store: Store) -> None:
    with running(store) as run:
        run.keep_troubles(decided(state(store), "kept", "by Ada"))
    assert not list(decided(state(store), "kept", "by Ada"))
    reread(store)
    assert published(store) == numbers(range(40))
    assert {(t.decided, t.holds, bool(t.ended)) for t in state(store)} == {("kept", True, True)}
    with running(store) as run:
        run.keep_troubles(decided(state(store), "released", "by Bo"))
    assert published(store) == numbers(range(52))
    rebuilt(store)


def test_what_no_quarantine_is_wanted_for_is_only_a_trouble(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with running(store, quarantine_for=("published",)) as run:
        for number in range(60):
            keep(run, number, bad=number >= 45)
    assert {t.what: t.holds for t in state(store)} == {"length": False, "published": True}
    with running(store, quarantine_for=()) as run:
        run.keep_troubles(decided(state(store), "released", "by Ada"))
    assert published(store) == numbers(range(60))


def test_a_source_that_goes_quiet_is_a_trouble_until_it_prints_again(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def days(first: int, last: int, articles: int) -> list[tuple[str, str, bool]]:
        with running(store) as run:
            for day in range(first, last):
                at = MORNING + dt.timedelta(days=day)
                for number in range(articles):
                    body = b"%d %d" % (day, number)
                    run.keep(exchange(f"{PAPER}{day}/{number}", wire(body), at=at, lead=Lead(kind="feed")))
                run.keep(exchange(PAPER, wire(b"%d" % day), at=at, lead=Lead(kind="source")))
            clocks.enter_context(clock.showing(lambda: MORNING + dt.timedelta(days=last)))
        return [(t.what, t.since, bool(t.ended)) for t in state(store)]

    with ExitStack() as clocks:
        assert days(0, 15, 12) == []
        quiet = days(15, 18, 0)
        assert quiet == [("captured", "2026-12-05", False)]
        assert days(18, 22, 12) == [("captured", "2026-12-05", True)]
    rebuilt(store)


def test_a_source_that_is_no_longer_crawled_is_told_by_the_runs_of_others(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def crawl(source: str, day: int) -> list[tuple[str, str, bool]]:
        at = MORNING + dt.timedelta(days=day)
        with clock.showing(lambda: at):
            with running(store, source) as run:
                run.keep(exchange(PAPER, wire(b"%d" % day), at=at, lead=Lead(kind="source")))
            with Catalogue(store.catalogue_path) as catalogue:
                (*_, last) = [None, *alarms(catalogue, set())]
                said.append(last and (last.subject, last.text))
        return [(t.what, t.since, bool(t.ended)) for t in state(store)]

    said: list[tuple[str, str] | None] = []
    for day in range(10):
        assert crawl("ellery", day) == []
        assert crawl("harbour", day) == []
    since = f"{MORNING + dt.timedelta(days=10):%Y-%m-%d}"
    assert crawl("harbour", 12) == []
    assert crawl("harbour", 14) == [("crawled", since, False)]
    sentence = f"ellery: no crawl since {since}; usually there is one every day."
    assert said[-1] == ("newswarc: ellery is no longer crawled", f"{sentence}\nscrapy health ellery tells more.")
    assert crawl("harbour", 15) == crawl("quay", 15) == [("crawled", since, False)]
    rebuilt(store)
    assert crawl("ellery", 16) == [("crawled", since, True)]
    assert said[-1] is None
    rebuilt(store)


def test_pages_that_yield_no_article_are_a_trouble(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with running(store) as run:
        for number in range(60):
            at = MORNING + dt.timedelta(hours=number)
            capture = run.keep(exchange(f"{PAPER}{number}", wire(b"<p>%d" % number), at=at, lead=Lead(kind="feed")))
            if number < 45:
                read(run, capture, article(number), at)
    (trouble,) = state(store)
    assert (trouble.what, trouble.kind, trouble.since, trouble.holds) == ("articles", "", hour(45), False)
    assert (trouble.before, trouble.after) == (1, 0)
    rebuilt(store)
