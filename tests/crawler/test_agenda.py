"""Runs of one source over days: what is asked for again, when, and how."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from archive import clock
from archive.capture import Announcement, Lead
from archive.catalogue import Catalogue
from archive.run import Run
from archive.storage import Store
from archive.validators import Validators
from archive.verification.verify import verify
from crawler.agenda import _ANNOUNCED, _WATCHED, READ_LEFT, Agenda, next_due
from crawler.source import Source
from tests.archive.making import exchange, wire
from tests.server.days import State, live

DEFINITION = """
feeds = ["/feed"]
article_urls = ['/a/[^/]+']
"""


def article(title: str, edit: str = "") -> str:
    lines = [f"On day {day} the ferry brought {day * 3} crates of {title} pears to the quay." for day in range(6)]
    text = "".join(f"<p>{line}</p>" for line in [*lines, edit] if line)
    return f"<html><body><article><h1>Paper {title}</h1>{text}</article></body></html>"


def feed(*entries: str, **dated: str) -> str:
    items = "".join(f"<item><link>/a/{name}</link></item>" for name in entries)
    items += "".join(f"<item><link>/a/{name}</link><pubDate>{date}</pubDate></item>" for name, date in dated.items())
    return f'<rss version="2.0"><channel><title>G</title>{items}</channel></rss>'


def check(folder: Path) -> Catalogue:
    store = Store(folder / "store")
    assert verify(store).ok
    return Catalogue(store.catalogue_path)


def test_an_unchanged_site_costs_one_small_request_a_page(tmp_path: Path) -> None:
    site = {"/feed": [State(body=feed("one", "two"))], "/a/one": [State(body=article("one"))]}
    site["/a/two"] = [State(body=article("two"))]
    first, again, nothing = live(site, [0, 3, 3.01], tmp_path, DEFINITION)
    assert sorted(first.paths) == ["/a/one", "/a/two", "/feed"]
    assert sorted(again.paths) == ["/a/one", "/a/two", "/feed"]
    assert {a.status for a in again.asked if a.path != "/robots.txt"} == {304}
    assert again.stats["conditional/unchanged"] == 3
    assert again.stats["pages/unchanged"] == 2
    assert "articles" not in again.stats
    assert nothing.paths == []
    assert "Nothing of gazette is due before 2026-11-02 " in nothing.log
    with check(tmp_path) as catalogue:
        assert len(catalogue.dump()["versions"]) == 2


def test_a_changed_article_becomes_a_version_and_is_looked_at_sooner(tmp_path: Path) -> None:
    site = {
        "/feed": [State(body=feed("still", "edited"))],
        "/a/still": [State(body=article("still"))],
        "/a/edited": [State(body=article("edited")), State(2, article("edited", "The pears were plums, in fact."))],
    }
    runs = live(site, [0, *range(1, 20)], tmp_path, f"{DEFINITION}[cadence]\narticle_stretch = 1\n")
    asked = {path: [hour for hour, run in enumerate(runs) if path in run.paths] for path in ("/a/still", "/a/edited")}
    assert len(asked["/a/still"]) < len(asked["/a/edited"]) <= 10
    with check(tmp_path) as catalogue:
        texts = {row["text_digest"] for row in catalogue.versions("http://www.gazette.example/a/edited")}
        assert len(texts) == 2


def test_what_was_announced_while_the_site_was_down_is_fetched_when_it_is_up(tmp_path: Path) -> None:
    site = {
        "/feed": [State(body=feed("one", "two")), State(1, feed("three"))],
        "/a/one": [State(status=503), State(2, article("one"))],
        "/a/two": [State(body=article("two"))],
        "/a/three": [State(status=500), State(2.5, article("three"))],
    }
    runs = live(site, [0, 1, 2, 2.6, 2.7], tmp_path, DEFINITION)
    assert sorted(runs[0].paths) == ["/a/one", "/a/two", "/feed"]
    assert {"/a/one", "/a/three", "/feed"} <= set(runs[1].paths)
    assert "/a/one" in runs[2].paths
    assert "/a/three" in runs[3].paths
    assert not {"/a/one", "/a/three"} & set(runs[4].paths)


def test_what_a_limit_leaves_is_fetched_by_the_next_run(tmp_path: Path) -> None:
    names = [f"n{number}" for number in range(6)]
    site = {"/feed": [State(body=feed(*names))], **{f"/a/{name}": [State(body=article(name))] for name in names}}
    cadence = f"{DEFINITION}[cadence]\npages_a_run = 3\npages_a_day = 5\n"
    first, second, third, fourth = live(site, [(0, {"limit": "2"}), 0.1, 0.2, 25], tmp_path, cadence)
    assert len(first.paths) == 3
    assert len(second.paths) == 3
    assert "1 articles are left for another run" in second.log
    assert third.paths == []
    assert {path for run in (first, second, fourth) for path in run.paths if path != "/feed"} == {
        f"/a/{name}" for name in names
    }


def test_a_new_date_in_the_feed_has_the_article_looked_at_at_once(tmp_path: Path) -> None:
    old, new = "Mon, 02 Nov 2026 05:00:00 GMT", "Mon, 02 Nov 2026 08:30:00 GMT"
    site = {
        "/feed": [State(body=feed(told=old, other=old)), State(2.5, feed(told=new, other=old))],
        "/a/told": [State(body=article("told")), State(2.5, article("told", "It was plums."))],
        "/a/other": [State(body=article("other"))],
    }
    cadence = f'{DEFINITION}[cadence]\narticle_soonest = "20 hours"\nlisting_soonest = "10 minutes"\n'
    first, second, third, fourth = live(site, [0, 2, 4, 6], tmp_path, cadence)
    assert len(first.paths) == 3
    assert [run.paths for run in (second, third, fourth)] == [["/feed"], ["/feed", "/a/told"], ["/feed"]]
    assert third.stats["articles"] == 1


def test_a_server_whose_304_was_wrong_is_asked_for_the_page_itself(tmp_path: Path) -> None:
    liar = {"etag": '"always"', "headers": {"Last-Modified": "Mon, 02 Nov 2026 05:00:00 GMT"}}
    site = {
        "/feed": [State(body=feed("one", "two"))],
        "/a/one": [State(body=article("one"), **liar), State(2, article("one", "Plums."), **liar)],
        "/a/two": [State(body=article("two"), **liar), State(2, article("two", "Plums."), **liar)],
    }
    cadence = f'{DEFINITION}[cadence]\narticle_latest = "2 hours"\nlisting_latest = "12 hours"\naudit = "5 hours"\n'
    runs = live(site, [0, 3, 6, 9], tmp_path, cadence)
    conditional = [
        {a.path: (a.is_conditional, a.status) for a in run.asked if a.path.startswith("/a/")} for run in runs
    ]
    assert conditional[1]["/a/two"] == (True, 304)  # blind
    assert conditional[2]["/a/two"] == (False, 200)  # the audit
    assert conditional[3]["/a/one"] == conditional[3]["/a/two"] == (False, 200)
    with check(tmp_path) as catalogue:
        for name in ("one", "two"):
            versions = catalogue.versions(f"http://www.gazette.example/a/{name}")
            assert len({row["text_digest"] for row in versions}) == 2


def test_everything_is_fetched_afresh_on_request(tmp_path: Path) -> None:
    site = {"/feed": [State(body=feed("one"))], "/a/one": [State(body=article("one"))]}
    first, again = live(site, [0, (0.1, {"fresh": "1"})], tmp_path, DEFINITION)
    assert sorted(again.paths) == sorted(first.paths) == ["/a/one", "/feed"]
    assert {asked.status for asked in again.asked if asked.path != "/robots.txt"} == {200}
    assert not any(asked.is_conditional for asked in again.asked)
    assert [asked.path for asked in again.asked].count("/robots.txt") == 1


def test_a_page_that_is_gone_is_confirmed(tmp_path: Path) -> None:
    site = {
        "/feed": [State(body=feed("one", "late"))],
        "/a/one": [State(body=article("one")), State(0.5, status=410)],
        "/a/late": [State(status=404), State(0.5, article("late"))],
    }
    runs = live(site, [0, 1.5, 3, 4], tmp_path, DEFINITION)
    assert ["/a/one" in run.paths for run in runs] == [True, True, True, False]
    assert ["/a/late" in run.paths for run in runs][:2] == [True, True]


# What the catalogue alone says

HOME = "http://www.gazette.example"
SOURCE = Source(name="gazette", title="G", home=HOME, feeds=("/feed",), article_urls=("/a/.*",))
FEED, ONE, TWO = f"{HOME}/feed", f"{HOME}/a/one", f"{HOME}/a/two"
LISTED, NOON = Lead(kind="source"), dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
KILLED = dt.datetime(2026, 11, 2, 5, 40, tzinfo=dt.UTC)
"""Shortly before `live` begins."""
PAGE = wire(article("one").encode(), headers=["Content-Type: text/html", 'ETag: "one"'])


def visit(store: Store, at: dt.datetime, *urls: str, killed: bool = False, announced: Sequence[str] = ()) -> None:
    """A run that asks for these pages and reads nothing."""
    with clock.showing(lambda: at):
        run = Run(store, "gazette", exclusive=False)
        for url in urls:
            capture = run.keep(exchange(url, PAGE, at=at, lead=LISTED if url == FEED else Lead(kind="feed", via=FEED)))
            if url == FEED and announced:
                run.keep_leads(capture, "feed", [Announcement(lead) for lead in announced])
        if killed:
            run.flush()
            run.catalogue.close()
        else:
            run.finish("finished", {})


@contextmanager
def agenda(store: Store, at: dt.datetime) -> Iterator[Agenda]:
    with clock.showing(lambda: at), Catalogue(store.catalogue_path, read_only=True) as catalogue:
        yield Agenda(catalogue, SOURCE)


def due_at(store: Store, at: dt.datetime) -> dt.datetime:
    with clock.showing(lambda: at), Catalogue(store.catalogue_path, read_only=True) as catalogue:
        return next_due(catalogue, SOURCE)


def test_a_source_is_due_when_a_page_of_it_is(tmp_path: Path) -> None:
    store, minute = Store(tmp_path / "store"), dt.timedelta(minutes=1)
    visit(store, NOON, FEED, ONE)
    due = due_at(store, NOON + minute)
    assert 50 * minute < due - NOON <= 60 * minute
    assert due_at(store, due) == due
    with agenda(store, due) as now:
        assert now.is_due(FEED)
    with agenda(store, NOON + 61 * minute) as now:
        assert [page.url for page in now.again()] == [ONE]
        assert all(page.validators == Validators('"one"') for page in now.again())
    visit(store, NOON + minute, FEED, announced=[f"{HOME}/a/two"])
    assert due_at(store, NOON + 2 * minute) == NOON + 2 * minute
    with agenda(store, NOON + 2 * minute) as now:
        assert [page.url for page in now.unanswered()] == [f"{HOME}/a/two"]


def test_a_listing_that_only_repeats_others_has_no_news(tmp_path: Path) -> None:
    store, hour, sitemap = Store(tmp_path / "store"), dt.timedelta(hours=1), f"{HOME}/sitemap.xml"
    one, two = Announcement(ONE), Announcement(f"{HOME}/a/two")
    edited = msgspec.structs.replace(one, announced="2026-11-20T13:30:00Z")
    told: list[dict[str, list[Announcement]]] = [
        {FEED: [one], sitemap: [one]},
        {FEED: [one, two], sitemap: [edited, two]},
        {sitemap: [edited, two, three := Announcement(f"{HOME}/a/three")]},
        {FEED: [one, two, three]},
    ]
    for number, listings in enumerate(told):
        at = NOON + number * hour
        with clock.showing(lambda at=at: at):
            run = Run(store, "gazette", exclusive=False)
            for url, leads in listings.items():
                capture = run.keep(exchange(url, wire(repr(leads).encode()), at=at, lead=LISTED))
                run.keep_leads(capture, "feed", leads)
            run.finish("finished", {})
    with agenda(store, NOON + 5 * hour) as now:
        assert [watch.new for watch in now.listings[FEED]] == [1, 1, 0]
        assert [watch.new for watch in now.listings[sitemap]] == [0, 1, 1]


@pytest.mark.parametrize("query", [_WATCHED, _ANNOUNCED])
def test_listings_are_looked_up_by_index(query: str, tmp_path: Path) -> None:
    """Of a source there are millions of fetches, and for each announcement only those of its URL are looked at."""
    with Catalogue(tmp_path / "catalogue.sqlite", create=True):
        pass
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection:
        values = {"source": "s", "since": "2026", "until": "2027"}
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    assert any(
        "fetches_of_listings (source=?" in step or "leads_by_source (source=? AND seen>?" in step for step in plan
    )
    assert all("o USING INDEX sqlite_autoindex_leads_1 (url=?" in step for step in plan if step.startswith("SEARCH o"))
    assert not any(step.startswith("SCAN ") for step in plan)


def test_what_a_killed_run_may_not_have_read_is_read_from_the_archive(tmp_path: Path) -> None:
    store, soon = Store(tmp_path / "store"), NOON + dt.timedelta(minutes=2)
    visit(store, NOON, FEED, ONE, killed=True)
    with agenda(store, soon) as now:
        assert now.is_due(FEED)
        assert [capture.url for capture in now.unread()] == [ONE]
        assert list(now.again()) == []  # it was fetched two minutes ago
    with agenda(store, NOON + dt.timedelta(hours=20)) as then:
        assert [(page.url, page.validators) for page in then.again()] == [(ONE, Validators())]
    assert due_at(store, soon) == soon


@pytest.mark.parametrize(
    ("stats", "reason", "left"),
    [
        ({READ_LEFT: 1}, "finished", 0),
        ({READ_LEFT: 1}, "shutdown", 1),  # it may not have come to it
        ({}, "finished", 1),  # of given pages, of scrapy furniture, scrapy health, scrapy replay
    ],
)
def test_only_a_run_that_reads_what_was_left_ends_its_waiting(
    stats: dict[str, int], reason: str, left: int, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    visit(store, NOON, FEED, ONE, killed=True)
    with clock.showing(lambda: NOON + dt.timedelta(hours=1)):
        Run(store, "gazette").finish(reason, stats)
    with agenda(store, NOON + dt.timedelta(hours=2)) as now:
        assert len(now.unread()) == left


@pytest.mark.parametrize("arguments", [{"fresh": "1"}, {"url": TWO}])
def test_what_a_killed_run_captured_is_read_whatever_comes_first(arguments: dict[str, str], tmp_path: Path) -> None:
    visit(Store(tmp_path / "store"), KILLED, FEED, ONE, killed=True, announced=[ONE])
    site = {"/feed": [State(body=feed("two"))], "/a/two": [State(body=article("two"))]}
    first, _ = live(site, [(0, arguments), 1], tmp_path, DEFINITION)
    assert first.stats.get("pages/left") == (1 if "fresh" in arguments else None)
    with check(tmp_path) as catalogue:
        assert len(catalogue.versions(ONE)) == 1


def test_what_a_killed_run_captured_is_read_and_fetched_again_when_its_turn_comes(tmp_path: Path) -> None:
    visit(Store(tmp_path / "store"), KILLED, FEED, ONE, killed=True, announced=[ONE])
    site = {
        "/feed": [State(body=feed("one"))],
        "/a/one": [State(body=article("one", "The pears were plums, in fact."))],
    }
    first, second = live(site, [0, 24], tmp_path, DEFINITION)
    assert first.stats["articles"] == 1
    assert first.paths == []
    assert "Captured before and never read, now read from the archive: 1." in first.log
    assert second.paths == ["/feed", "/a/one"]
    with check(tmp_path) as catalogue:
        one, other = catalogue.versions(ONE)
        assert one["date"] == "2026-11-02T05:40:00Z" < other["date"]
        assert one["text_digest"] != other["text_digest"]


def test_a_clock_that_ran_ahead_does_not_blind(tmp_path: Path) -> None:
    store, hour = Store(tmp_path / "store"), dt.timedelta(hours=1)
    visit(store, NOON, FEED, ONE)
    visit(store, NOON + dt.timedelta(days=9999), FEED, ONE)
    with agenda(store, NOON + 0.1 * hour) as now:
        assert not now.is_due(FEED)
        assert list(now.again()) == []
    with agenda(store, NOON + 2 * hour) as now:
        assert now.is_due(FEED)
        assert [page.url for page in now.again()] == [ONE]
